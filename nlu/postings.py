"""The phrases of each intent by their features: how near a text is to the nearest phrase of an intent.

Phrases lie one after another, sorted by intent, so that those of an intent are one stretch of numbers: it is
multiplied with the text, spread out once to a number for each feature, in three array operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import Floats, Ints, Places


class Sparse(NamedTuple):
    """Sparse rows one after another: row n has `indices` and `values` from `starts[n]` to `starts[n + 1]`."""

    starts: Places
    indices: Places | Ints
    values: Floats


class _Stretch(NamedTuple):
    """Where the entries of an intent's phrases lie, and where in that each phrase begins that has any."""

    entries: slice
    begins: Places


class Postings:
    """The phrases of F features, by intent.

    Args:
        columns: for each feature the phrases that have it, with their values; phrases sorted by intent.
        firsts: the first phrase of each intent.
        phrases: how many phrases there are.
    """

    def __init__(self, columns: Sparse, firsts: Ints, phrases: int) -> None:
        self._count = len(columns.starts) - 1
        features = np.repeat(np.arange(self._count, dtype=np.int32), np.diff(columns.starts))
        self._bits = _presence(features, columns.indices, self._count, np.append(firsts, phrases))
        order = np.argsort(columns.indices, kind="stable")
        self._features = features[order]
        self._values = columns.values[order]
        starts = np.append(0, np.cumsum(np.bincount(columns.indices, minlength=phrases)))
        self._spare: list[Floats] = []
        """Rows of zeros, each used by one call at a time: to make one takes as long as to use it."""
        self._stretches = [
            _stretch(starts[begin : end + 1])
            for begin, end in zip(firsts.tolist(), [*firsts[1:].tolist(), phrases], strict=True)
        ]

    def intents(self, feature: int) -> int:
        """The intents whose phrases have the feature, as bits: intent n is bit n."""
        return int.from_bytes(self._bits[feature].tobytes(), "little")

    def likeness(self, texts: Sparse, of: Sequence[int], intents: Sequence[int]) -> list[float]:
        """For each pair of a text (`of` gives its number) and an intent: the highest product of the text's
        row with one of the intent's phrases. Quickest where the pairs of a text stand together."""
        found: list[float] = []
        starts = texts.starts.tolist()
        spread = self._spare.pop() if self._spare else np.zeros(self._count, np.float32)
        mine, last = texts.indices[:0], -1
        for text, intent in zip(of, intents, strict=True):
            if text != last:
                spread[mine] = 0
                mine, last = texts.indices[starts[text] : starts[text + 1]], text
                spread[mine] = texts.values[starts[text] : starts[text + 1]]
            entries, begins = self._stretches[intent]
            if not len(begins):
                found.append(0.0)
                continue
            products = spread.take(self._features[entries])
            products *= self._values[entries]
            found.append(float(np.add.reduceat(products, begins, dtype=np.float64).max()))
        spread[mine] = 0
        self._spare.append(spread)
        return found


def _stretch(starts: Places) -> _Stretch:
    """The stretch of phrases whose entries begin there; the last start is where they end."""
    begin, end = int(starts[0]), int(starts[-1])
    return _Stretch(slice(begin, end), starts[:-1][starts[1:] > starts[:-1]] - begin)


def _presence(features: Ints, phrases: Places | Ints, count: int, bounds: Ints) -> NDArray[np.uint8]:
    """For each of `count` features a bit for each intent whose phrases have it; intents lie between `bounds`."""
    intents = len(bounds) - 1
    labels = np.repeat(np.arange(intents, dtype=np.uint32), np.diff(bounds))[phrases]
    bits = np.zeros((count, intents // 8 + 1), np.uint8)
    np.bitwise_or.at(bits, (features, labels // 8), np.uint8(1) << (labels % 8).astype(np.uint8))
    return bits
