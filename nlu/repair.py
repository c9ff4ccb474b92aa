"""Typing mistakes mended: an unknown word becomes the known word it was meant to be.

Words are skeletons (see `nlu.normal.skeleton`). Four letters allow one edit, nine letters two; an edit
is a letter added, left out, changed, or two neighbours swapped. Candidates come from an index of word
pieces: of two words within d edits, one of d + 1 pieces is the same in both, at most d places off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

SHORTEST = 4
"""Letters a word needs to be mended: shorter ones have too many neighbours."""
LONG = 9
"""Letters from which two edits are mended: with eight, "hastings" became "greetings"."""

_CACHE_LIMIT = 20_000
_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_LAYOUTS = ("йцукенгшщзхїфівапролджєячсмитьбю", "йцукенгшщзхъфывапролджэячсмитьбю")


class Repair:
    """Known words with how often each occurs, and how to get from a wrong word to one of them."""

    def __init__(self, counts: Mapping[str, int], common: Iterable[str] = ()) -> None:
        self._counts = counts
        self._common = frozenset(common)
        self._pieces: dict[tuple[int, int, int, str], list[str]] = {}
        self._cache: dict[str, str] = {}
        for word in counts:
            if len(word) >= SHORTEST - 1 and word.isalpha():
                self._index(word)

    def _index(self, word: str) -> None:
        for edits in (1, 2):
            for place, (start, end) in enumerate(_cuts(len(word), edits)):
                self._pieces.setdefault((edits, len(word), place, word[start:end]), []).append(word)

    def knows(self, word: str) -> bool:
        """Whether `word` needs no mending."""
        return word in self._counts or word in self._common

    def mend(self, word: str) -> str:
        """`word`, or the known word that it most likely was meant to be."""
        mended = self._cache.get(word)
        if mended is None:
            mended = word
            if len(word) >= SHORTEST and word.isalpha() and not self.knows(word):
                mended = self._nearest(word, 2 if len(word) >= LONG else 1) or word
            if len(self._cache) < _CACHE_LIMIT:
                self._cache[word] = mended
        return mended

    def _nearest(self, word: str, edits: int) -> str | None:
        best: tuple[int, bool, int, str] | None = None
        for candidate in set(self._candidates(word, edits)):
            distance = edit_distance(word, candidate, edits)
            if distance > edits:
                continue
            key = (distance, candidate[0] != word[0], -self._counts[candidate], candidate)
            if best is None or key < best:
                best = key
        return best[3] if best else None

    def _candidates(self, word: str, edits: int) -> Iterator[str]:
        for length in range(len(word) - edits, len(word) + edits + 1):
            for place, (start, end) in enumerate(_cuts(length, edits)):
                for shift in range(-min(edits, start), edits + 1):
                    piece = word[start + shift : end + shift]
                    yield from self._pieces.get((edits, length, place, piece), ())
        for place in range(len(word) - 1):  # a swap across the cut spoils both pieces
            swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            if swapped in self._counts:
                yield swapped


def _cuts(length: int, edits: int) -> list[tuple[int, int]]:
    """Where a word of `length` letters is cut into `edits` + 1 pieces."""
    bounds = [part * length // (edits + 1) for part in range(edits + 2)]
    return list(pairwise(bounds))


def edit_distance(one: str, other: str, limit: int) -> int:
    """Edits between two words, or `limit` + 1 where there are more than `limit`.

    Additions, omissions, changes and swaps of neighbours count 1: the optimal string alignment
    distance (Damerau 1964, without repeated edits of one place).
    """
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    if not one or not other:
        return min(len(one) + len(other), limit + 1)
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, target in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == target:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return min(last[-1], limit + 1)


def other_layouts(word: str) -> list[str]:
    """`word` as it would read had the keyboard stood on the other language («ghbdsn» is «привіт»)."""
    readings = [word.translate(str.maketrans(_QWERTY, layout)) for layout in _LAYOUTS]
    readings += [word.translate(str.maketrans(layout, _QWERTY)) for layout in _LAYOUTS]
    return [reading for reading in dict.fromkeys(readings) if reading != word]
