"""A text as numbers: three blocks of weighted features, each of length one before its share is applied.

Blocks: words cut to their beginnings with pairs of neighbours; letter sequences inside words; concepts
of the thesaurus with pairs. A feature weighs (1 + ln tf) · idf^½ · (1 − e·H) with H the entropy of the
feature over the intents, so words that say nothing about the intent fade.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.concepts import Concepts
from nlu.normal import normalise, skeleton, squeeze, words
from nlu.repair import Repair, other_layouts
from nlu.vocabulary import common_skeletons

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

SHARES = (0.7, 1.0, 0.7)
"""What each block (words, letters, concepts) counts for."""
STEM = 5
SHORTEST, LONGEST = 2, 4
TOTAL = math.sqrt(sum(share * share for share in SHARES))
"""The length of a vector whose blocks are all filled."""

COMMON_SHARE = 0.3  # an everyday word that no phrase has says little of a strange matter
_NUMBER = re.compile(r"\d+")

Grams = tuple[Counter[str], Counter[str], Counter[str]]


class Vector(NamedTuple):
    """A sparse vector: feature numbers, their values, and its length with unseen features counted in.

    `words` are the numbers of its single words, `word_weights` theirs, `word_total` the weight of all
    its single words, unseen ones too.
    """

    indices: Ints
    values: Floats
    length: float
    words: Ints
    word_weights: Floats
    word_total: float


class Reader:
    """Turns a text into skeleton words, and words into the names of its features."""

    def __init__(self, repair: Repair | None = None) -> None:
        self._repair = repair
        self._concepts = Concepts()

    def words(self, text: str) -> list[str]:
        """The words of any `text`, in comparable form, mended where a Repair was given."""
        return [word for word in map(self._word, words(squeeze(normalise(text)))) if word]

    def _word(self, raw: str) -> str:
        word = _NUMBER.sub(_shape, skeleton(raw))
        repair = self._repair
        if repair is None or repair.knows(word) or self._concepts.of_word(word):
            return word
        for reading in other_layouts(raw):
            other = skeleton(reading)
            if len(other) > 3 and repair.knows(other):
                return other
        return repair.mend(word)

    def grams(self, found: Sequence[str]) -> Grams:
        """The features of a text with these words, by block, counted."""
        stems = [word[:STEM] for word in found]
        pairs = [f"={one} {other}" for one, other in pairwise(stems)]
        return (
            Counter([f"={stem}" for stem in stems] + pairs),
            Counter(_letters(found)),
            Counter([f"#{name}" for name in self._concepts.grams(found)]),
        )


def _shape(number: re.Match[str]) -> str:
    """All short numbers are alike, and so are all long ones (parcel numbers, phones): 5 kg or 7 kg."""
    return "0" if len(number.group()) < 5 else "00000"


def _letters(found: Sequence[str]) -> list[str]:
    """Letter sequences of the words, a space marking a word's edge."""
    sequences = []
    for word in found:
        padded = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            if len(padded) <= size:
                sequences.append(padded)
                break
            sequences += [padded[start : start + size] for start in range(len(padded) - size + 1)]
    return sequences


class Weights:
    """What each known feature weighs; `unseen` is the weight of any other."""

    def __init__(self, index: Mapping[str, int], gains: Floats, unseen: float) -> None:
        self.index = index
        self._common = {f"={word[:STEM]}" for word in common_skeletons()}
        self.gains = gains
        self.unseen = unseen
        self._gains: list[float] = gains.tolist()  # Python floats: numpy scalars are slow one by one

    def vector(self, grams: Grams) -> Vector:
        """The vector of a text with these features."""
        indices: list[int] = []
        values: list[float] = []
        square = 0.0
        for share, block in zip(SHARES, grams, strict=True):
            known, unseen = self._weigh(block)
            seen = sum(value * value for value in known.values())
            if seen:
                scale = share / math.sqrt(seen)
                indices += known
                values += [value * scale for value in known.values()]
                square += share * share * (seen + unseen) / seen
            elif unseen:
                square += share * share
        return Vector(
            np.array(indices, np.int32), np.array(values, np.float32), math.sqrt(square), *self._words(grams[0])
        )

    def _words(self, block: Counter[str]) -> tuple[Ints, Floats, float]:
        """The single words of the words block: numbers and weights of the known ones, weight of all."""
        numbers: list[int] = []
        weights: list[float] = []
        total = 0.0
        for name in block:
            if " " in name:
                continue
            number = self.index.get(name)
            if number is None:
                total += self.unseen * (COMMON_SHARE if name in self._common else 1.0)
            else:
                numbers.append(number)
                weights.append(self._gains[number])
                total += self._gains[number]
        return np.array(numbers, np.int32), np.array(weights, np.float32), total

    def _weigh(self, block: Counter[str]) -> tuple[dict[int, float], float]:
        """The weights of the known features of a block, and the sum of squares of the others."""
        known: dict[int, float] = {}
        unseen = 0.0
        for name, count in block.items():
            tf = 1.0 + math.log(count) if count > 1 else 1.0
            number = self.index.get(name)
            if number is None:
                unseen += (tf * self.unseen) ** 2
            else:
                known[number] = tf * self._gains[number]
        return known, unseen


def presence(starts: Ints, rows: Ints, labels: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Which of F features occur in phrases of which of `count` intents: F × count.

    `starts` and `rows` list each feature's phrases, `labels` is each phrase's intent number.
    """
    found = np.zeros((len(starts) - 1, count), np.bool_)
    found[np.repeat(np.arange(len(starts) - 1), np.diff(starts)), labels[rows]] = True
    return found


def coverage(vector: Vector, present: NDArray[np.bool_]) -> Floats:
    """For each intent the weighted share of the text's words that occur in its phrases, 0–1."""
    if not vector.word_total:
        return np.zeros(present.shape[1], np.float32)
    result: Floats = (vector.word_weights @ present[vector.words]) / np.float32(vector.word_total)
    return result
