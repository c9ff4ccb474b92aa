"""What a channel kind is called when we speak to people of it."""

from __future__ import annotations

from gateway.texts import Translator

BRANDS = {"whatsapp": "WhatsApp", "vk": "VK", "max": "MAX", "sms": "SMS"}


def channel_word(kind: str, texts: Translator) -> str:
    """A kind as people call it; brand names stay as they are."""
    _ = texts.gettext
    named = {"webchat": _("web chat"), "mail": _("e-mail"), "http": _("our app")}
    return named.get(kind) or BRANDS.get(kind) or kind.replace("_", " ").capitalize()
