"""Texts as weighted vectors while serving: the numbers that `nlu.counts` gives the training phrases.

What a word adds is looked up once and remembered, and the arithmetic is done for many texts at once: a
message costs a few look-ups and its share of a few array operations.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import COMMON_SHARE, SHARES, STEM, Floats, Reader, letters
from nlu.index import Index
from nlu.postings import Sparse
from nlu.vocabulary import common_skeletons

_REMEMBERED = 4096  # words not taken apart twice
_BLOCKS = len(SHARES)
_WORDS, _LETTERS, _CONCEPTS = range(_BLOCKS)
_SHIFT = 32  # a feature's number lies under its block's
_MASK = (1 << _SHIFT) - 1
_PACKED = np.dtype(np.intc).itemsize


class Word(NamedTuple):
    """A word as the model knows it: its form (empty where nothing is left), its stem with the number (-1:
    unknown), the weight of that and the intents whose phrases have it (as bits), the packed numbers of its
    letter sequences, and those that are unknown."""

    form: str
    stem: str
    number: int
    weight: float
    intents: int
    letters: bytes
    strange: tuple[str, ...]


class Vectors(NamedTuple):
    """Texts: their weighted features, their lengths with unseen features counted in, and their words."""

    features: Sparse
    lengths: list[float]
    words: list[list[Word]]


class Weigher:
    """Weighs texts with what each feature gains; `unseen` is the weight of any other.

    Args:
        names: the features' names, in the order of `gains`.
        reader: gives words their comparable form.
        intents_of: gives the intents, as bits, whose phrases have the feature of a number.
    """

    def __init__(
        self, names: Sequence[str], gains: Floats, unseen: float, reader: Reader, intents_of: Callable[[int], int]
    ) -> None:
        self._index = Index(names)
        self._gains = gains
        self._unseen = unseen
        self._reader = reader
        self._intents_of = intents_of
        self._common = {word[:STEM] for word in common_skeletons()}
        self._word = lru_cache(_REMEMBERED)(self._look_up)
        self._apart = lru_cache(_REMEMBERED)(self._take_apart)  # all parcel numbers have one form

    def meet(self, words: Iterable[str]) -> None:
        """Take these words apart, to have them at hand in `vectors`."""
        for word in words:
            self._word(word)

    def vectors(self, texts: Iterable[Sequence[str]]) -> Vectors:
        """The vectors of texts with these words (see `nlu.normal.read`)."""
        words = [[word for word in map(self._word, text) if word.form] for text in texts]
        found, strange = self._features(words)
        fresh = np.ones(len(found) + 1, np.bool_)
        np.not_equal(found[1:], found[:-1], out=fresh[1:-1])
        bounds = np.flatnonzero(fresh)
        counts = bounds[1:] - bounds[:-1]
        found = found[bounds[:-1]]
        block, indices = found >> _SHIFT, found & _MASK
        values = self._gains[indices].astype(np.float64)
        several = np.flatnonzero(counts > 1)
        values[several] *= 1.0 + np.log(counts[several])
        seen = np.bincount(block, values * values, minlength=len(strange)).tolist()
        parts = [_share(*part) for part in zip(SHARES * len(words), seen, strange, strict=True)]
        values *= np.array([scale for scale, _ in parts])[block]
        firsts = range(0, len(strange), _BLOCKS)
        lengths = [math.sqrt(sum([square for _, square in parts[n : n + _BLOCKS]])) for n in firsts]
        starts = block.searchsorted(np.arange(0, len(strange) + 1, _BLOCKS))
        return Vectors(Sparse(starts, indices, values.astype(np.float32)), lengths, words)

    def _features(self, texts: Sequence[Sequence[Word]]) -> tuple[NDArray[np.int64], list[float]]:
        """The known features, sorted, one for each time they occur, as the number of the block (three for
        each text) above the feature's; and for each block the squared weights of the unknown ones."""
        pairs = [[f"={one.stem} {other.stem}" for one, other in pairwise(words)] for words in texts]
        concepts = [self._reader.concepts.grams([word.form for word in words]) for words in texts]
        names = [name for both in zip(pairs, concepts, strict=True) for some in both for name in some]
        numbers = iter(self._index.find(names).tolist())
        known: list[list[int]] = []
        unknown: list[list[str]] = []
        for words, paired, meant in zip(texts, pairs, concepts, strict=True):
            stems = [word.number for word in words if word.number >= 0]
            strange = [f"={word.stem}" for word in words if word.number < 0]
            _sort_out(paired, numbers, stems, strange)
            unknown += (strange, [name for word in words for name in word.strange], [])
            known += (stems, [])
            _sort_out(meant, numbers, known[-1], unknown[-1])
        packed = [b"".join([word.letters for word in words]) for words in texts]
        blocks = np.arange(len(unknown), dtype=np.int64).reshape(-1, _BLOCKS) << _SHIFT
        others = np.array([number for some in known for number in some], np.int64)
        others += blocks[:, [_WORDS, _CONCEPTS]].reshape(-1).repeat([len(some) for some in known])
        letters_of = np.frombuffer(b"".join(packed), np.intc).astype(np.int64)
        letters_of += blocks[:, _LETTERS].repeat([len(some) // _PACKED for some in packed])
        found = np.concatenate([others, letters_of])
        found.sort()
        return found, [_squares(some) * self._unseen**2 if some else 0.0 for some in unknown]

    def _look_up(self, raw: str) -> Word:
        return self._apart(self._reader.word(raw))

    def _take_apart(self, form: str) -> Word:
        stem = form[:STEM]
        sequences = letters(form)
        number, *numbers = self._index.find([f"={stem}", *sequences]).tolist()
        weight = self._gains[number] if number >= 0 else self._unseen * (COMMON_SHARE if stem in self._common else 1.0)
        return Word(
            form,
            stem,
            number,
            float(weight),
            self._intents_of(number) if number >= 0 else 0,
            np.array([known for known in numbers if known >= 0], np.intc).tobytes(),
            tuple([name for name, known in zip(sequences, numbers, strict=True) if known < 0]),
        )


def _sort_out(names: Iterable[str], numbers: Iterator[int], known: list[int], unknown: list[str]) -> None:
    """Add to `known` the numbers of the `names` that have one, to `unknown` the other names."""
    for name, number in zip(names, numbers, strict=False):
        if number >= 0:
            known.append(number)
        else:
            unknown.append(name)


def _share(share: float, seen: float, strange: float) -> tuple[float, float]:
    """What a block's values are multiplied by, and its part of the squared length."""
    if seen:
        return share / math.sqrt(seen), share * share * (seen + strange) / seen
    return 0.0, share * share if strange else 0.0


def _squares(unknown: list[str]) -> float:
    """The sum of (1 + ln tf)² of features of weight one."""
    if len(set(unknown)) == len(unknown):
        return float(len(unknown))
    return sum([(1.0 + math.log(count)) ** 2 for count in Counter(unknown).values()])
