"""Finds the thesaurus's concepts in a list of words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from nlu.normal import normalise, skeleton
from nlu.thesaurus import CONCEPTS

_REMEMBERED = 4096  # words whose concepts are not looked up twice
PAIRED = 10  # concepts of one text that are paired: 45 pairs at most, a longer text is no question

_Sequence = tuple[tuple[str, ...], str]


class Concepts:
    """The thesaurus, compiled for skeleton words (see `nlu.normal.skeleton`)."""

    def __init__(self, thesaurus: str = CONCEPTS) -> None:
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._sequences: dict[str, list[_Sequence]] = {}
        self.of_word = lru_cache(_REMEMBERED)(self._of_word)
        """The concepts of one word: those of the whole word and of its longest known stem."""
        self.begun_by = lru_cache(_REMEMBERED)(self._look_up)
        """The rows of words that begin with this one: what must follow, and the concept."""
        lines = [line.partition(": ") for line in thesaurus.replace("\n ", " ").splitlines()]
        self.names = tuple(sorted({name for name, _, _ in lines}))
        """All concepts."""
        for name, _, stems in lines:
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
        begun = self._sequences.get(word[:2], ())
        return [(parts[1:], name) for parts, name in begun if word.startswith(parts[0])]

    def of(self, words: Sequence[str]) -> list[str]:
        """The different concepts in `words`, sorted."""
        names: set[str] = set()
        for position, word in enumerate(words):
            names.update(self.of_word(word))
            for rest, name in self.begun_by(word):
                if follows(words, position, rest):
                    names.add(name)
        return sorted(names)

    def grams(self, words: Sequence[str]) -> list[str]:
        """The concepts in `words` and every pair of them, as feature names."""
        names = self.of(words)
        return [gram(name) for name in names] + [gram(*two) for two in combinations(names[:PAIRED], 2)]


def gram(*names: str) -> str:
    """The feature name of one concept, or of a pair."""
    return f"#{'+'.join(names)}"


def follows(words: Sequence[str], position: int, rest: Sequence[str]) -> bool:
    """Whether the words after `position` begin as `rest` says."""
    here = words[position + 1 : position + 1 + len(rest)]
    return len(here) == len(rest) and all(map(str.startswith, here, rest))
