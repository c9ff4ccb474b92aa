"""Which phrases of which intents have a feature, and how near a text is to the nearest phrase of an intent.

A *cell* is a feature in an intent: the run of that intent's phrases that have it. Whether there is one, and
which, is read from one bit for each intent and the count of the bits before it, so that a text meets only
the phrases of the intents that are asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nlu.features import Floats, Ints, Places

_BITS = 64
_AT_ONCE = 24  # pairs of a text and an intent in one go: what they touch stays in the processor's cache


class Sparse(NamedTuple):
    """Sparse rows one after another: row n has `indices` and `values` from `starts[n]` to `starts[n + 1]`."""

    starts: Places
    indices: Places | Ints
    values: Floats


class Postings:
    """The phrases of F features, by intent.

    Args:
        columns: for each feature the phrases that have it, with their values; phrases sorted by intent.
        firsts: the first phrase of each intent.
        phrases: how many phrases there are.
    """

    def __init__(self, columns: Sparse, firsts: Ints, phrases: int) -> None:
        self._sizes = np.diff(firsts, append=phrases)
        labels = np.repeat(np.arange(len(firsts), dtype=np.int32), self._sizes)[columns.indices]
        features = np.repeat(np.arange(len(columns.starts) - 1, dtype=np.int32), np.diff(columns.starts))
        fresh = np.ones(len(labels), np.bool_)
        fresh[1:] = (labels[1:] != labels[:-1]) | (features[1:] != features[:-1])
        self._cells = np.append(np.flatnonzero(fresh), len(labels)).astype(np.int32)
        self._bits = np.zeros((len(columns.starts) - 1, len(firsts) // _BITS + 1), np.uint64)
        self._ones = np.uint64(1) << (np.arange(len(firsts), dtype=np.uint64) % np.uint64(_BITS))
        labelled = labels[fresh]
        np.bitwise_or.at(self._bits, (features[fresh], labelled // _BITS), self._ones[labelled])
        counts = np.bitwise_count(self._bits).astype(np.int32).reshape(-1)
        self._before = (np.cumsum(counts, dtype=np.int32) - counts).reshape(self._bits.shape)
        self._rows = (columns.indices - firsts[labels]).astype(np.min_scalar_type(int(self._sizes.max())))
        self._values = columns.values

    def intents(self, feature: int) -> int:
        """The intents whose phrases have the feature, as bits: intent n is bit n."""
        return int.from_bytes(self._bits[feature].astype("<u8").tobytes(), "little")

    def likeness(self, texts: Sparse, of: Sequence[int], intents: Sequence[int]) -> list[float]:
        """For each pair of a text (`of` gives its number) and an intent: the highest product of the text's
        row with one of the intent's phrases."""
        found: list[float] = []
        for begin in range(0, len(of), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            found += self._best(texts, np.array(of[some]), np.array(intents[some]))
        return found

    def _best(self, texts: Sparse, of: Places, intents: Places) -> list[float]:
        begins = texts.starts[of]
        sizes = texts.starts[of + 1] - begins
        pairs = _bounds(sizes)
        entries = _spread(begins, sizes, pairs)
        cells, here = self._find(texts.indices[entries], intents.repeat(sizes))
        begins = self._cells[cells].astype(np.intp)
        runs = self._cells[cells + 1] - begins
        bounds = _bounds(runs)
        postings = _spread(begins, runs, bounds)
        products = self._values.take(postings)
        products *= texts.values[entries[here]].repeat(runs)
        phrases = self._rows.take(postings)
        ends = bounds[here.searchsorted(pairs)].tolist()
        return [
            float(np.bincount(phrases[begin:end], products[begin:end]).max()) if begin < end else 0.0
            for begin, end in pairwise(ends)
        ]

    def _find(self, features: Places | Ints, intents: Places) -> tuple[Places, Places]:
        """The cells of these features in these intents, and the places of those that have one."""
        word, one = intents // _BITS, self._ones[intents]
        bits = self._bits[features, word]
        here = np.flatnonzero(bits & one)
        before = np.bitwise_count(bits[here] & (one[here] - np.uint64(1)))
        return self._before[features[here], word[here]] + before.astype(np.intp), here


def _bounds(sizes: Places) -> Places:
    """Where runs of these sizes begin when they lie one after another, and where the last ends."""
    bounds = np.zeros(len(sizes) + 1, np.intp)
    np.cumsum(sizes, out=bounds[1:])
    return bounds


def _spread(begins: Places, sizes: Places, bounds: Places) -> Places:
    """All places of the runs of these sizes that begin there; `bounds` are theirs."""
    places = np.arange(bounds[-1])
    places += (begins - bounds[:-1]).repeat(sizes)
    return places
