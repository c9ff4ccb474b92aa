"""A text as numbers: five blocks of weighted features, each of length one before its share is applied.

Blocks: words cut to their beginnings with pairs of neighbours; letter sequences inside words; concepts of the
thesaurus with pairs. These three are in the form that languages share, and tell how alike two texts are. To the
classifier alone speak letter sequences of Cyrillic words as typed («мыл» is not «мил», but one language's phrases
must not be strange to another's) and, of many phrases, how many words there are: of few that is chance.

A feature weighs (1 + ln tf) · idf^½ · (1 − e·H) with H the entropy of the feature over the intents, so words that
say nothing about the intent fade.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlu.concepts import Concepts
from nlu.normal import is_cyrillic, read, skeleton
from nlu.repair import Repair, other_layouts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Places = NDArray[np.intp]

SHARES = (0.7, 1.0, 0.5, 0.7, 0.3)
"""What each block (words, letters, concepts, spelling, size) counts for."""
COMPARED = 3
"""The blocks that tell how alike texts are: the first ones."""
SPELLING = COMPARED
"""The block of letters as typed."""
APART = "~"
"""What the names of features of the other blocks begin with."""
SIZE = f"{APART}="
"""What the name of a text's size begins with."""
LARGEST = 8
"""Words of a text that are counted."""
STEM = 5
SHORTEST, LONGEST = 2, 4
TOTAL = math.sqrt(sum(share * share for share in SHARES[:COMPARED]))
"""The length of a vector whose compared blocks are all filled."""

COMMON_SHARE = 0.3  # an everyday word that no phrase has says little of a strange matter
_REMEMBERED = 4096  # words not looked at twice
_NUMBER = re.compile(r"\d+")

Grams = tuple[Counter[str], ...]
"""Features with how often they occur, by block."""


class Reader:
    """Turns a text into skeleton words, and words into the names of its features."""

    def __init__(self, repair: Repair | None = None) -> None:
        self._repair = repair
        self.concepts = Concepts()
        self.word = lru_cache(_REMEMBERED)(self._word)
        """The comparable form of a word as `nlu.normal.read` gives it; empty where nothing is left."""
        self._letters = lru_cache(_REMEMBERED)(letters)
        self._spelling = lru_cache(_REMEMBERED)(spelling)

    def words(self, text: str) -> list[str]:
        """The words of any `text`, in comparable form, mended where a Repair was given."""
        return [word for word in map(self.word, read(text).words) if word]

    def _word(self, raw: str) -> str:
        word = _NUMBER.sub(_shape, skeleton(raw))
        repair = self._repair
        if repair is None or _NUMBER.search(raw) or repair.knows(word) or self.concepts.of_word(word):
            return word
        for reading in other_layouts(raw):
            other = skeleton(reading)
            if len(other) > 3 and repair.knows(other):
                return other
        return repair.mend(word)

    def grams(self, found: Sequence[str], typed: Sequence[str] = ()) -> Grams:
        """The features of a text with these words, by block, counted; `typed` are the words as they came
        (see `nlu.normal.read`), without which there is no spelling."""
        stems = [word[:STEM] for word in found]
        pairs = [f"={one} {other}" for one, other in pairwise(stems)]
        return (
            Counter([f"={stem}" for stem in stems] + pairs),
            Counter([sequence for word in found for sequence in self._letters(word)]),
            Counter(self.concepts.grams(found)),
            Counter([sequence for raw in typed if self.word(raw) for sequence in self._spelling(raw)]),
            Counter([size(len(found))]),
        )


def _shape(number: re.Match[str]) -> str:
    """All short numbers are alike, and so are all long ones (parcel numbers, phones): 5 kg or 7 kg."""
    return "0" if len(number.group()) < 5 else "00000"


def letters(word: str) -> list[str]:
    """Letter sequences of a word, a space marking its edges."""
    sequences = []
    padded = f" {word} "
    for size in range(SHORTEST, LONGEST + 1):
        if len(padded) <= size:
            sequences.append(padded)
            break
        sequences += [padded[start : start + size] for start in range(len(padded) - size + 1)]
    return sequences


def spelling(raw: str) -> list[str]:
    """The names of the letter sequences of a word as typed; none where its comparable form merges no letters."""
    if not is_cyrillic(raw):
        return []
    padded = f" {raw} "
    return [f"{APART}{padded[start : start + LONGEST]}" for start in range(len(padded) - LONGEST + 1)]


def size(words: int) -> str:
    """The name of the size of a text with so many words."""
    return f"{SIZE}{min(words, LARGEST)}"


def presence(starts: Ints, rows: Ints, labels: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Which of F features occur in phrases of which of `count` intents: F × count.

    `starts` and `rows` list each feature's phrases, `labels` is each phrase's intent number.
    """
    found = np.zeros((len(starts) - 1, count), np.bool_)
    found[np.repeat(np.arange(len(starts) - 1), np.diff(starts)), labels[rows]] = True
    return found
