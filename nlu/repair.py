"""Typing mistakes mended: an unknown word becomes the known word it was meant to be.

Words are skeletons (see `nlu.normal.skeleton`). Three letters allow one edit, eight letters two where the first
stands, nine letters two wherever; an edit is a letter added, left out, changed, or two neighbours swapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np

SHORTEST = 3
"""Letters a word needs to be mended, and to be what another is mended to: shorter ones have too many neighbours."""
LONG = 9
"""Letters from which two edits are mended: with eight, "hastings" became "greetings"."""
LONGISH = 8
"""And from which they are where the first letter stands: it is the one that is hardly ever mistyped."""

_REMEMBERED = 8192  # words not mended twice
_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_LAYOUTS = ("йцукенгшщзхїфівапролджєячсмитьбю", "йцукенгшщзхъфывапролджэячсмитьбю")
_OTHERWISE = [str.maketrans(_QWERTY, layout) for layout in _LAYOUTS]
_OTHERWISE += [str.maketrans(layout, _QWERTY) for layout in _LAYOUTS]


def meant_from(phrases: int) -> int:
    """How often a word must occur in so many phrases for an unknown one to be mended to it: among thousands, what
    is said once or twice is rather a rare word, or a mistake itself, than what somebody else meant."""
    return min(1 + phrases // 2000, 3)


class Repair:
    """Known words with how often each occurs, and how to get from a wrong word to one of them: to those only that
    occur `least` times."""

    def __init__(self, counts: Mapping[str, int], common: Iterable[str] = (), *, least: int = 1) -> None:
        self._counts = counts
        self._common = frozenset(common)
        often = (word for word, count in counts.items() if count >= least)
        known = sorted((word for word in often if len(word) >= SHORTEST and word.isalpha()), key=len)
        self._words = known
        self._longest = len(known[-1]) if known else 0
        lengths = np.array(list(map(len, known)), np.int32)
        self._shorter: list[int] = np.searchsorted(lengths, np.arange(self._longest + 2)).tolist()
        self._letters = np.array([_bits(word) for word in known], np.uint64)
        self._pairs = np.array([_bits(_pairs(word)) for word in known], np.uint64)
        self.mend = lru_cache(_REMEMBERED)(self._mend)
        """The known word that a word most likely was meant to be, or itself."""

    def knows(self, word: str) -> bool:
        """Whether `word` needs no mending."""
        return word in self._counts or word in self._common

    def _mend(self, word: str) -> str:
        if len(word) < SHORTEST or not word.isalpha() or self.knows(word):
            return word
        return self._nearest(word, 2 if len(word) >= LONGISH else 1) or word

    def _nearest(self, word: str, edits: int) -> str | None:
        best: tuple[int, bool, int, str] | None = None
        for candidate in self._alike(word, edits):
            # Two edits that leave no third of the word whole are too many to be sure.
            sure = edits == 1 or len(word) >= LONG or candidate[0] == word[0]
            limit = edits if sure and (edits == 1 or _share_a_piece(word, candidate, edits)) else 1
            distance = edit_distance(word, candidate, limit)
            if distance > limit:
                continue
            key = (distance, candidate[0] != word[0], -self._counts[candidate], candidate)
            if best is None or key < best:
                best = key
        return best[3] if best else None

    def _alike(self, word: str, edits: int) -> list[str]:
        """The known words of about that length with about those letters and pairs of neighbours: of both
        together another letter changes six (two and four), a swap six (pairs), one more or less four."""
        begin, end = (
            self._shorter[min(size, self._longest + 1)] for size in (len(word) - edits, len(word) + edits + 1)
        )
        letters = np.bitwise_count(self._letters[begin:end] ^ np.uint64(_bits(word)))
        pairs = np.bitwise_count(self._pairs[begin:end] ^ np.uint64(_bits(_pairs(word))))
        near = np.flatnonzero((letters <= 2 * edits) & (letters + pairs <= 6 * edits))
        return [self._words[begin + place] for place in near.tolist()]


def _bits(things: Iterable[str]) -> int:
    """The set of `things` as 64 bits: sets that differ in n bits differ in n things or more."""
    bits = 0
    for thing in things:
        bits |= 1 << (hash(thing) & 63)
    return bits


def _pairs(word: str) -> list[str]:
    return [one + other for one, other in pairwise(f" {word} ")]


def _share_a_piece(word: str, known: str, edits: int) -> bool:
    """Whether one of the `edits` + 1 pieces of `known` is whole in `word`, at most `edits` places off."""
    bounds = [part * len(known) // (edits + 1) for part in range(edits + 2)]
    for start, end in pairwise(bounds):
        found = word.find(known[start:end], max(start - edits, 0))
        if 0 <= found <= start + edits:
            return True
    return False


def edit_distance(one: str, other: str, limit: int) -> int:
    """Edits between two words, or `limit` + 1 where there are more than `limit`.

    Additions, omissions, changes and swaps of neighbours count 1: the optimal string alignment
    distance (Damerau 1964, without repeated edits of one place). Where the words first differ one of
    the four was made, so each is tried on what remains: for one or two edits quicker than a table.
    """
    if one == other:
        return 0
    if not limit or abs(len(one) - len(other)) > limit:
        return limit + 1
    same = 0
    for letter, target in zip(one, other, strict=False):
        if letter != target:
            break
        same += 1
    one, other = one[same:], other[same:]
    if not one or not other:
        return len(one) + len(other)
    rests = [(one[1:], other[1:]), (one[1:], other), (one, other[1:])]
    if one[1:2] == other[0] and one[0] == other[1:2]:
        rests.append((one[2:], other[2:]))
    if limit == 1:
        return 1 if any(rest == meant for rest, meant in rests) else 2
    return 1 + min([edit_distance(rest, meant, limit - 1) for rest, meant in rests])


def other_layouts(word: str) -> list[str]:
    """`word` as it would read had the keyboard stood on the other language («ghbdsn» is «привіт»)."""
    readings = [word.translate(table) for table in _OTHERWISE]
    return [reading for reading in dict.fromkeys(readings) if reading != word]
