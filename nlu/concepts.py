"""Finds the thesaurus's concepts in a list of words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from nlu.normal import normalise, skeleton
from nlu.thesaurus import CONCEPTS

_CACHE_LIMIT = 20_000
_PAIRED = 10  # concepts of one text that are paired: 45 pairs at most, a longer text is no question


class Concepts:
    """The thesaurus, compiled for skeleton words (see `nlu.normal.skeleton`)."""

    def __init__(self, thesaurus: str = CONCEPTS) -> None:
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._sequences: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._cache: dict[str, tuple[str, ...]] = {}
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

    def of_word(self, word: str) -> tuple[str, ...]:
        """The concepts of one word: those of the whole word and of its longest known stem."""
        found = self._cache.get(word)
        if found is None:
            names = set(self._exact.get(word, ()))
            for end in range(len(word), 1, -1):
                if word[:end] in self._stems:
                    names |= self._stems[word[:end]]
                    break
            found = tuple(sorted(names))
            if len(self._cache) < _CACHE_LIMIT:
                self._cache[word] = found
        return found

    def of(self, words: Sequence[str]) -> list[str]:
        """The different concepts in `words`, sorted."""
        names: set[str] = set()
        for position, word in enumerate(words):
            names.update(self.of_word(word))
            for sequence, name in self._sequences.get(word[:2], ()):
                here = words[position : position + len(sequence)]
                if len(here) == len(sequence) and all(map(str.startswith, here, sequence)):
                    names.add(name)
        return sorted(names)

    def grams(self, words: Sequence[str]) -> list[str]:
        """The concepts in `words` and every pair of them, as feature names."""
        names = self.of(words)
        return names + [f"{one}+{other}" for one, other in combinations(names[:_PAIRED], 2)]
