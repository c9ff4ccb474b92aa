"""Web chat: the embeddable widget, and the gateway's own messenger behind it."""
