"""How angry a text sounds, and why.

Careful on purpose: from 0.7 a person is called, so a broken parcel, a loud hello or a strong adverb of
praise must stay under it, and only what a person would take for real anger goes over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from gateway.ports import Mood, Understanding
from nlu.mood_words import KIND_WORDS, KINDS, NEGATIONS, US, Kind
from nlu.normal import LIMIT, Reading, read

_SIGNS = re.compile(r"[!?]{3,}")
_CAPITALS_FROM = 9  # fewer letters than this may be an abbreviation
_CAPITALS = 0.3
_EXCLAMATION = 0.2
_QUESTION = 0.12
_THANKED = 0.5
_MOST = 0.99
_REMEMBERED = 4096  # words not tried against the patterns twice
_CALM = Mood()
_AGAIN = (0.0, 0.2, 0.35)  # said once, twice, three times and more
_MISSED = (0.0, 0.1, 0.25)  # turns in a row that were not understood
_SAME = 0.6  # share of the words of two texts that both have, from which one says the other again
_FEWEST = 2  # words of a text that can be said again: «так» twice is no complaint

_Pattern = tuple[Kind, tuple[re.Pattern[str], ...]]


class Moods:
    """Measures anger; its patterns are compiled once, its words remembered."""

    def __init__(self) -> None:
        self._patterns = [(kind, _parts(pattern)) for kind in KINDS for pattern in kind.patterns.split()]
        self._first = re.compile("|".join(parts[0].pattern for _, parts in self._patterns))
        self._kind_word = _any_of(KIND_WORDS)
        self._negation = _any_of(NEGATIONS)
        self._us = _any_of(US)
        self._begun_by = lru_cache(_REMEMBERED)(self._look_up)

    def of(self, reading: Reading) -> Mood:
        """The anger of a text, 0–1, with the reasons, strongest first, as English keys: swearing, coarse
        words, insult, rudeness, outrage, out of patience, threat, discontent, capitals, many ! or ?."""
        found = reading.words
        weights = _loudness(reading.text)
        for kind, first, last in self._matches(found):
            if self._meant(found, first, last):
                weight = kind.to_us if self._to_us(found, first, last) else kind.weight
                weights[kind.key] = max(weight, weights.get(kind.key, 0.0))
        if not weights:
            return _CALM
        calm = 1.0
        for weight in weights.values():
            calm *= 1 - weight
        anger = 1 - calm
        if not {"swearing", "insult"} & weights.keys() and any(map(self._kind_word.fullmatch, found)):
            anger *= _THANKED
        reasons = sorted(weights, key=lambda key: -weights[key])
        return Mood(anger=round(min(anger, _MOST), 2), reasons=tuple(reasons))

    def amid(self, said: Understanding, before: Sequence[str], misses: int) -> Mood:
        """See `gateway.ports.Moods`: saying it again and not being understood add the reasons "asks again" and
        "was not understood". Alone they never call a person; with a sharp word they do."""
        mood, words = said.mood, read(said.text[:LIMIT]).words
        again = sum(_same(words, read(text[:LIMIT]).words) for text in before)
        added = {
            "asks again": _AGAIN[min(again, len(_AGAIN) - 1)],
            "was not understood": _MISSED[min(misses, len(_MISSED) - 1)],
        }
        added = {reason: weight for reason, weight in added.items() if weight}
        if not added:
            return mood
        calm = 1 - mood.anger
        for weight in added.values():
            calm *= 1 - weight
        return Mood(anger=round(min(1 - calm, _MOST), 2), reasons=(*mood.reasons, *added))

    def _matches(self, found: Sequence[str]) -> list[tuple[Kind, int, int]]:
        """The angry words and phrases: kind, first word, word after the last."""
        return [
            (kind, place, place + len(parts))
            for place, begun in enumerate(map(self._begun_by, found))
            if begun
            for kind, parts in begun
            if place + len(parts) <= len(found)
            and all(part.fullmatch(found[place + n]) for n, part in enumerate(parts))
        ]

    def _look_up(self, word: str) -> tuple[_Pattern, ...]:
        """The patterns whose first word this is: few words begin any."""
        if not self._first.fullmatch(word):
            return ()
        return tuple(pattern for pattern in self._patterns if pattern[1][0].fullmatch(word))

    def _meant(self, found: Sequence[str], first: int, last: int) -> bool:
        """Whether the words are meant as they read: not denied before, not turned to praise after."""
        before = found[max(first - 2, 0) : first]
        if any(map(self._negation.fullmatch, before)):
            return False
        return not any(map(self._kind_word.fullmatch, found[last : last + 2]))

    def _to_us(self, found: Sequence[str], first: int, last: int) -> bool:
        near = [*found[max(first - 3, 0) : last], *found[last : last + 2]]
        return any(map(self._us.fullmatch, near))


def _same(said: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the words say the same again, in any order."""
    one, two = set(said), set(other)
    return len(one) >= _FEWEST and len(one & two) >= _SAME * len(one | two)


def _any_of(patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns.split()))


def _parts(pattern: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(part) for part in pattern.split("_"))


def _loudness(text: str) -> dict[str, float]:
    """Capitals all through, and rows of exclamation or question marks."""
    found: dict[str, float] = {}
    shouted = len([word for word in text.split() if word.isupper() and len(word) > 2])
    letters = sum(map(str.isalpha, text)) if shouted >= 2 else 0
    if letters >= _CAPITALS_FROM and sum(map(str.isupper, text)) >= 0.7 * letters:
        found["capitals"] = _CAPITALS
    rows = _SIGNS.findall(text)
    if rows:
        found["many ! or ?"] = _EXCLAMATION if any("!" in row for row in rows) else _QUESTION
    return found
