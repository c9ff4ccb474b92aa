"""How far a visitor has read: for each of their conversations the last `seq` they hold.

A visitor's conversations form one thread on the screen, but sequence numbers count within one
conversation, and two conversations can commit in the opposite order of their message ids (PostgreSQL).
So no single number says "everything up to here"; this list of pairs does. To clients it is an opaque
text, ``7.12-9.3`` for seq 12 of conversation 7 and seq 3 of conversation 9.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import RequestRefused

Cursor = Mapping[int, int]

MAX_CONVERSATIONS = 50
"""A thread shows at most this many conversations, the newest; so a cursor is never long."""
MAX_DIGITS = 18


def encode(cursor: Cursor) -> str:
    """The text a client keeps and gives back."""
    return "-".join(f"{conversation}.{seq}" for conversation, seq in sorted(cursor.items()))


def decode(text: str) -> dict[int, int]:
    """The inverse of `encode`. Raises RequestRefused(400) for anything else."""
    pairs = text.split("-") if text else []
    if len(pairs) > 4 * MAX_CONVERSATIONS:
        raise _refused()
    cursor = {}
    for pair in pairs:
        conversation, _, seq = pair.partition(".")
        cursor[_number(conversation)] = _number(seq)
    return cursor


def merge(older: Cursor, newer: Cursor) -> dict[int, int]:
    """The cursor of somebody who holds all that either says."""
    return {key: max(older.get(key, 0), newer.get(key, 0)) for key in {*older, *newer}}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise _refused()
    return int(text)


def _refused() -> RequestRefused:
    return RequestRefused(400, "the cursor cannot be read; leave it away to begin anew")
