"""Web chat: the embeddable widget, and the gateway's own messenger behind it."""

from bots.webchat.channel import KIND

__all__ = ["KIND"]
