"""What was understood lately, by its words: greetings, questions from a list and button texts come again and again."""

from __future__ import annotations

from gateway.messages import Value
from gateway.ports import Understanding, Utterance

ENTRIES = 2000
LONGEST = 200
"""Characters of a text worth remembering: longer ones do not come twice."""


class Remembered(Value, frozen=True, kw_only=True):
    """An understanding; `timed` says that its text may name a time, which each day is another."""

    understanding: Understanding
    timed: bool


class Memory:
    """Some thousand understandings of one model; the one that was not asked for the longest goes first."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._entries = entries
        self._known: dict[tuple[str, str | None], Remembered] = {}

    def recall(self, asked: Utterance) -> Remembered | None:
        """What was understood of the same words in the same language."""
        key = (asked.text, asked.language)
        known = self._known.pop(key, None)
        if known is not None:
            self._known[key] = known
        return known

    def keep(self, asked: Utterance, known: Remembered) -> None:
        """Remember what was understood."""
        if len(asked.text) > LONGEST:
            return
        self._known[asked.text, asked.language] = known
        if len(self._known) > self._entries:
            del self._known[next(iter(self._known))]
