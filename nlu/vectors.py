"""Texts as weighted vectors while serving: the numbers that `nlu.counts` gives the training phrases.

What a word adds is looked up once and remembered, and the arithmetic is done for many texts at once: a
message costs a few look-ups and its share of a few array operations.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.concepts import PAIRED, follows, gram
from nlu.features import (
    COMMON_SHARE,
    COMPARED,
    LARGEST,
    SHARES,
    SPELLING,
    STEM,
    Floats,
    Reader,
    letters,
    size,
    spelling,
)
from nlu.index import Index
from nlu.postings import Sparse
from nlu.vocabulary import common_skeletons

_REMEMBERED = 4096  # words not taken apart twice
_AT_ONCE = 64  # words taken apart together
_BLOCKS = len(SHARES)
_, _LETTERS, _CONCEPTS, _, _SIZE = range(_BLOCKS)
_SHIFT = 32  # a feature's number lies under its block's
_MASK = (1 << _SHIFT) - 1
_PACKED = "q"
_BYTES = array(_PACKED).itemsize


class Word(NamedTuple):
    """A word as the model knows it: its form (empty where nothing is left), its stem with the number (-1:
    unknown), the weight of that and the intents whose phrases have it (as bits), the packed numbers of its
    letter sequences, those that are unknown, the numbers of its concepts, the rows of words that begin with it (what
    must follow, and the concept), and the packed numbers of its letter sequences as typed."""

    form: str
    stem: str
    number: int
    weight: float
    intents: int
    letters: bytes
    strange: tuple[str, ...]
    concepts: tuple[int, ...]
    rows: tuple[tuple[tuple[str, ...], int], ...]
    typed: bytes = b""


class Vectors(NamedTuple):
    """Texts: their weighted features, whether any of them is compared, their lengths with unseen features counted
    in, and their words."""

    features: Sparse
    known: list[bool]
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
        self._gains = gains.astype(np.float64)
        self._unseen = unseen
        self._reader = reader
        self._intents_of = intents_of
        self._common = {word[:STEM] for word in common_skeletons()}
        self._concepts = {name: number for number, name in enumerate(reader.concepts.names)}
        self._sizes = [
            _pack([number], _SIZE) for number in self._index.find(list(map(size, range(LARGEST + 1)))).tolist()
        ]
        self._alone, self._together = self._concept_features(reader.concepts.names)
        self._word = lru_cache(_REMEMBERED)(self._look_up)
        self._apart = lru_cache(_REMEMBERED)(self._take_apart)  # all parcel numbers have one form
        self._known: dict[str, Word] = {}

    def learn(self, forms: Sequence[str]) -> None:
        """Take the first thousands of these words of the model's own apart, for good."""
        for begin in range(0, min(len(forms), _REMEMBERED), _AT_ONCE):
            some = forms[begin : begin + _AT_ONCE]
            named = [[f"={form[:STEM]}", *letters(form)] for form in some]
            numbers = iter(self._index.find([name for names in named for name in names]).tolist())
            for form, names in zip(some, named, strict=True):
                self._known[form] = self._word_of(form, names, [next(numbers) for _ in names])

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
        bounds = fresh.nonzero()[0]
        counts = bounds[1:] - bounds[:-1]
        found = found[bounds[:-1]]
        block, indices = found >> _SHIFT, found & _MASK
        values = self._gains[indices]
        several = (counts > 1).nonzero()[0]
        values[several] *= 1.0 + np.log(counts[several])
        seen = np.bincount(block, values * values, minlength=len(strange)).tolist()
        parts = [_share(*part) for part in zip(SHARES * len(words), seen, strange, strict=True)]
        values *= np.array([scale for scale, _ in parts])[block]
        firsts = range(0, len(strange), _BLOCKS)
        known = [any(seen[n : n + COMPARED]) for n in firsts]
        lengths = [math.sqrt(sum([square for _, square in parts[n : n + COMPARED]])) for n in firsts]
        starts = block.searchsorted(np.arange(0, len(strange) + 1, _BLOCKS))
        return Vectors(Sparse(starts, indices, values.astype(np.float32)), known, lengths, words)

    def _features(self, texts: Sequence[Sequence[Word]]) -> tuple[NDArray[np.int64], list[float]]:
        """The known features, sorted, one for each time they occur, as the number of the block (five for each
        text) above the feature's; and for each block the squared weights of the unknown ones, 0 where that is not
        asked for."""
        pairs = [[f"={one.stem} {other.stem}" for one, other in pairwise(words)] for words in texts]
        numbers = iter(self._index.find([name for some in pairs for name in some]).tolist())
        packed: list[bytes] = []
        squares: list[float] = []
        for words, paired in zip(texts, pairs, strict=True):
            known = [word.number for word in words]
            known += [number for _, number in zip(paired, numbers, strict=False)]
            unknown: list[str] = []
            if min(known, default=0) < 0:
                stems = [f"={word.stem}" for word in words]
                unknown = [name for name, number in zip(stems + paired, known, strict=True) if number < 0]
                known = [number for number in known if number >= 0]
            meant = self._meant(words)
            met = [number for number in meant if number >= 0]
            strange = [name for word in words for name in word.strange]
            size_of = self._sizes[min(len(words), LARGEST)]
            parts = [array(_PACKED, known + met).tobytes(), size_of]
            parts += [part for word in words for part in (word.letters, word.typed)]
            packed.append(b"".join(parts))
            squares += (_squares(unknown), _squares(strange), float(len(meant) - len(met)), 0.0, 0.0)
        found = np.frombuffer(b"".join(packed), np.int64)
        if len(packed) > 1:
            blocks = np.arange(0, _BLOCKS * len(packed), _BLOCKS, dtype=np.int64) << _SHIFT
            found = found + blocks.repeat([len(some) // _BYTES for some in packed])
        return np.sort(found), [square * self._unseen**2 for square in squares]

    def _meant(self, words: Sequence[Word]) -> list[int]:
        """The features of the words' concepts and of every pair of them, -1 for each that is unknown."""
        concepts: set[int] = set()
        for position, word in enumerate(words):
            concepts.update(word.concepts)
            for rest, concept in word.rows:
                if follows([one.form for one in words], position, rest):
                    concepts.add(concept)
        ordered, together = sorted(concepts), self._together
        found = [self._alone[concept] for concept in ordered]
        return found + [together[one][other] for one, other in combinations(ordered[:PAIRED], 2)]

    def _concept_features(self, names: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        """The features of concepts, and of pairs of them (the first being the one before)."""
        asked = [[gram(name) for name in names], *([gram(one, other) for other in names] for one in names)]
        found = [self._index.find(some).tolist() for some in asked]
        block = _CONCEPTS << _SHIFT
        alone, *together = [[number + block if number >= 0 else -1 for number in some] for some in found]
        return alone, together

    def _look_up(self, raw: str) -> Word:
        form = self._reader.word(raw)
        word = self._known.get(form) or self._apart(form)
        names = spelling(raw) if form else []
        if not names:
            return word
        return word._replace(typed=_pack(self._index.find(names).tolist(), SPELLING))

    def _take_apart(self, form: str) -> Word:
        names = [f"={form[:STEM]}", *letters(form)]
        return self._word_of(form, names, self._index.find(names).tolist())

    def _word_of(self, form: str, names: Sequence[str], found: Sequence[int]) -> Word:
        """The word with these features, the stem's first, which have these numbers."""
        stem, (_, *sequences), (number, *numbers) = form[:STEM], names, found
        weight = self._gains[number] if number >= 0 else self._unseen * (COMMON_SHARE if stem in self._common else 1.0)
        concepts = self._reader.concepts
        return Word(
            form,
            stem,
            number,
            float(weight),
            self._intents_of(number) if number >= 0 else 0,
            _pack(numbers, _LETTERS),
            tuple([name for name, known in zip(sequences, numbers, strict=True) if known < 0]),
            tuple([self._concepts[name] for name in concepts.of_word(form)]),
            tuple([(rest, self._concepts[name]) for rest, name in concepts.begun_by(form)]),
        )


def _pack(numbers: Sequence[int], block: int) -> bytes:
    """Features of a block, as `Word.letters` holds them; unknown ones, -1, are left out."""
    return array(_PACKED, [number + (block << _SHIFT) for number in numbers if number >= 0]).tobytes()


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
