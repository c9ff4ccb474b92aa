"""The training phrases as one table of counted features, so that weighing them is array arithmetic.

The same numbers as `nlu.features.Weights` gives one text at a time while serving; a test holds the two
together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import APART, COMMON_SHARE, COMPARED, SHARES, SIZE, STEM, Floats, Grams, Ints
from nlu.vocabulary import common_skeletons

Labels = NDArray[np.int64]


class Gains(NamedTuple):
    """What each feature weighs, 0 for one the taught phrases lack; `unseen` is what such a one counts."""

    known: Floats
    unseen: float


class Rows(NamedTuple):
    """Weighted phrases: a sparse n × F matrix, the same without the blocks that are not compared, each row's
    length in that with unseen features counted in, and the weights of its single words (0 elsewhere) with their
    total."""

    matrix: Any
    compared: Any
    lengths: Floats
    words: Any
    word_totals: Floats


class Counts:
    """n phrases, F features: an entry for each feature of each phrase."""

    def __init__(self, documents: Sequence[Grams]) -> None:
        index: dict[str, int] = defaultdict(count().__next__)
        features: list[int] = []
        frequencies: list[int] = []
        for grams in documents:
            for block in grams:
                features += map(index.__getitem__, block)
                frequencies += block.values()
        blocks = np.tile(np.arange(len(SHARES)), len(documents))
        sizes = [len(block) for grams in documents for block in grams]
        self.names = tuple(index)
        self._features: Ints = np.array(features, np.int32)
        self._tf = (1 + np.log(np.array(frequencies, np.float64))).astype(np.float32)
        self._group = np.repeat(np.arange(len(sizes)), sizes)  # phrase × block
        self._shares = np.array(SHARES, np.float32)[blocks]
        self._starts = np.concatenate([[0], np.cumsum([sum(map(len, grams)) for grams in documents])])
        common = {f"={word[:STEM]}" for word in common_skeletons()}
        self._single = np.array([name.startswith("=") and " " not in name for name in index], np.bool_)
        self._compared = np.array([not name.startswith(APART) for name in index], np.bool_)
        self._size = np.array([name.startswith(SIZE) for name in index], np.bool_)
        self._familiar = np.array([COMMON_SHARE if name in common else 1.0 for name in index], np.float32)

    def only(self, kept: Labels) -> Counts:
        """The table of the phrases numbered `kept`; features they lack weigh nothing from then on."""
        blocks = len(SHARES)
        mask = np.zeros(len(self._starts) - 1, np.bool_)
        mask[kept] = True
        entries = np.repeat(mask, np.diff(self._starts))
        part = copy(self)
        part._features, part._tf = self._features[entries], self._tf[entries]  # noqa: SLF001 — of its own kind
        renumbered = np.cumsum(np.repeat(mask, blocks)) - 1
        part._group = renumbered[self._group[entries]]  # noqa: SLF001
        part._shares = self._shares[np.repeat(mask, blocks)]  # noqa: SLF001
        part._starts = np.concatenate([[0], np.cumsum(np.diff(self._starts)[mask])])  # noqa: SLF001
        return part

    def gains(self, taught: Labels, labels: Labels, evenness: float, *, sized: bool = False) -> Gains:
        """The weights of features that the phrases numbered `taught`, of intents `labels`, teach.

        `evenness` is e: what a feature spread evenly over all intents loses of its weight, 0–1. Unless `sized`, the
        size of a text weighs nothing.
        """
        intents = int(labels.max()) + 1
        label_of = np.full(len(self._starts) - 1, -1)
        label_of[taught] = labels
        entry_labels = np.repeat(label_of, np.diff(self._starts))
        mine = entry_labels >= 0
        cells = self._features[mine].astype(np.int64) * intents + entry_labels[mine]
        spread = np.bincount(cells)
        filled = np.flatnonzero(spread)  # few features are known to many intents
        features, spread = filled // intents, spread[filled]
        frequency = np.bincount(features, spread, minlength=len(self.names))
        shares = spread / frequency[features]
        surprise = np.bincount(features, shares * np.log(shares), minlength=len(self.names))
        entropy = -surprise / math.log(max(intents, 2))
        total = len(taught)
        idf = np.log((1 + total) / (1 + frequency)) + 1
        known = np.where(frequency > 0, np.sqrt(idf) * (1 - evenness * entropy), 0).astype(np.float32)
        if not sized:
            known[self._size] = 0
        return Gains(known, math.sqrt(math.log(1 + total) + 1))

    def rows(self, gains: Gains) -> Rows:
        """All phrases, weighted."""
        from scipy.sparse import csr_array  # noqa: PLC0415 — not needed to serve

        known = gains.known[self._features]
        values = self._tf * known
        strange = np.where(known > 0, np.float32(0), self._tf * np.float32(gains.unseen))
        groups = len(self._shares)
        seen = np.bincount(self._group, values * values, minlength=groups)
        unseen = np.bincount(self._group, strange * strange, minlength=groups)
        scale = np.divide(self._shares, np.sqrt(seen), out=np.zeros(groups), where=seen > 0)
        filled = np.where(seen > 0, (seen + unseen) / np.where(seen > 0, seen, 1), unseen > 0)
        lengths = np.sqrt((self._shares**2 * filled).reshape(-1, len(SHARES))[:, :COMPARED].sum(1))
        shape = (len(self._starts) - 1, len(self.names))
        single = self._single[self._features]
        words = np.where(single, known, 0)
        foreign = np.where(single & (known == 0), gains.unseen * self._familiar[self._features], 0)
        totals = np.bincount(self._group // len(SHARES), words + foreign, minlength=shape[0])
        matrix = csr_array(((values * scale[self._group]).astype(np.float32), self._features, self._starts), shape)
        return Rows(
            matrix=matrix,
            compared=_without(matrix, ~self._compared),
            lengths=np.maximum(lengths, 1e-6).astype(np.float32),
            words=csr_array((words.astype(np.float32), self._features, self._starts), shape),
            word_totals=np.maximum(totals, 1e-6).astype(np.float32),
        )


def _without(matrix: Any, features: NDArray[np.bool_]) -> Any:
    """The rows of `matrix` without these features."""
    if not features.any():
        return matrix
    rest = matrix.copy()
    rest.data[features[rest.indices]] = 0
    rest.eliminate_zeros()
    return rest
