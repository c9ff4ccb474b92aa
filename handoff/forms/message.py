"""The form that takes a message for when people are back: whatever is said next is the message. Pure."""

from __future__ import annotations

from gateway.conversations import Form
from gateway.messages import Button, Outbound
from gateway.texts import Translator
from handoff.wording import say

NAME = "message"
FORM = Form(name=NAME, step="text")


def ask(texts: Translator, when: str | None) -> Outbound:
    """Ask for the message; `when` says from when on people answer, None while they are there."""
    _ = texts.gettext
    words = [_("Write your message here in one go; photos are welcome.")]
    words.append(_("We answer {when}.").format(when=when) if when else _("We answer as soon as somebody is free."))
    return say(" ".join(words), [Button(label=_("No message"), payload=f"f:{NAME}:no")])
