"""What a call is about, taken from what the customer already said. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.ports import Tried

SAYS_SOMETHING = ("reply", "clarify", "unknown", "tell")
"""The bot's deeds after which the customer's words were about the matter itself (see `dialogue`)."""

MIN_WORDS = 3
LIMIT = 200


def topic_of(tried: Sequence[Tried]) -> str | None:
    """The customer's newest words of at least three about their matter; a greeting is no topic."""
    for one in reversed(tried):
        if one.did in SAYS_SOMETHING and len(one.text.split()) >= MIN_WORDS:
            return " ".join(one.text.split())[:LIMIT]
    return None
