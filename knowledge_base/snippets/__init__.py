"""Snippets: texts with a name that articles share, so that opening hours are written down once."""
