"""Finds the thesaurus's concepts in a list of words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from nlu.normal import normalise, skeleton
from nlu.thesaurus import CONCEPTS

_REMEMBERED = 4096  # words whose concepts are not looked up twice
_PAIRED = 10  # concepts of one text that are paired: 45 pairs at most, a longer text is no question

_Sequence = tuple[tuple[str, ...], str]


class Concepts:
    """The thesaurus, compiled for skeleton words (see `nlu.normal.skeleton`)."""

    def __init__(self, thesaurus: str = CONCEPTS) -> None:
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._sequences: dict[str, list[_Sequence]] = {}
        self.of_word = lru_cache(_REMEMBERED)(self._of_word)
        """The concepts of one word: those of the whole word and of its longest known stem."""
        self._begun_by = lru_cache(_REMEMBERED)(self._look_up)
        for line in thesaurus.replace("\n ", " ").splitlines():
            name, _, stems = line.partition(": ")
            for stem in stems.split():
                self._add(name, stem)

    def _add(self, name: str, stem: str) -> None:
        parts = tuple(skeleton(normalise(part)) for part in stem.removesuffix(".").split("-"))
        if len(parts) > 1:
            self._sequences.setdefault(parts[0][:2], []).append((parts, name))
        elif stem.endswith("."):
            self._exact.setdefault(parts[0], set()).add(name)
        else:
            self._stems.setdefault(parts[0], set()).add(name)

    def _of_word(self, word: str) -> tuple[str, ...]:
        names = set(self._exact.get(word, ()))
        for end in range(len(word), 1, -1):
            if word[:end] in self._stems:
                names |= self._stems[word[:end]]
                break
        return tuple(sorted(names))

    def _look_up(self, word: str) -> list[_Sequence]:
        """The rows of words that begin with this one: what must follow, and the concept."""
        begun = self._sequences.get(word[:2], ())
        return [(parts[1:], name) for parts, name in begun if word.startswith(parts[0])]

    def of(self, words: Sequence[str]) -> list[str]:
        """The different concepts in `words`, sorted."""
        names: set[str] = set()
        for position, word in enumerate(words):
            names.update(self.of_word(word))
            for rest, name in self._begun_by(word):
                here = words[position + 1 : position + 1 + len(rest)]
                if len(here) == len(rest) and all(map(str.startswith, here, rest)):
                    names.add(name)
        return sorted(names)

    def grams(self, words: Sequence[str]) -> list[str]:
        """The concepts in `words` and every pair of them, as feature names."""
        names = self.of(words)
        return [f"#{name}" for name in names] + [f"#{one}+{other}" for one, other in combinations(names[:_PAIRED], 2)]
