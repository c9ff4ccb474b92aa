"""The question after closing: how was it, 1–5, and perhaps a word more. Pure."""

from __future__ import annotations

from gateway.messages import Author, Button, Outbound
from gateway.texts import Translator
from handoff.wording import say

NAME = "rating"
COMMENT = "comment"
SCORES = (1, 2, 3, 4, 5)
COMMENT_LIMIT = 2000


def ask(texts: Translator, conversation_id: int) -> Outbound:
    """The question. A typed digit is a button's label and so counts as its press; the buttons name
    the conversation, because a later one may be open by then."""
    buttons = [Button(label=str(score), payload=f"f:{NAME}:{score}:{conversation_id}") for score in SCORES]
    words = texts.gettext("How did we do? 1 means badly, 5 means very well.")
    return say(words, buttons, author=Author.SYSTEM)


def read(press: str) -> tuple[int, int | None] | None:
    """(score, conversation id if named) of a pressed button's value; None where it is neither."""
    score, _, conversation = press.partition(":")
    if not (score.isdecimal() and int(score) in SCORES):
        return None
    return int(score), int(conversation) if conversation.isdecimal() else None


def thanks(texts: Translator, score: int) -> Outbound:
    """Thank, and ask for a word more: after a low score for what went wrong."""
    _ = texts.gettext
    words = (
        _("Thank you for telling us. What should we have done better? You can write it here.")
        if score <= 3
        else _("Thank you! If you like, add a word about it; we read everything.")
    )
    return say(words, [Button(label=_("Nothing to add"), payload=f"f:{NAME}:done")])
