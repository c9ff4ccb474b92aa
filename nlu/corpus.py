"""The training phrases, prepared: distinct, sorted by intent, as words and as counted features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from gateway.errors import FrontdeskError
from gateway.learning import Clash, Phrase
from nlu.background import everyday_questions
from nlu.counts import Counts, Labels
from nlu.features import SPELLING, TOTAL, Grams, Reader
from nlu.model import ASIDE
from nlu.normal import read
from nlu.products import products

PHRASE_LIMIT = 60_000
"""Phrases that one training takes."""

_ALIKE = 0.6  # cosine from which an everyday question is too near to an article's phrasing
_SHARED = 2  # phrases that have a sequence of letters as typed, from which it counts
_CLASHES = 50  # phrasings in several articles that are named: who has more has not looked at the first

_Key = tuple[str, tuple[str, ...]]


class Corpus(NamedTuple):
    """Distinct phrases sorted by intent: intent names, each phrase's intent number, words, features, and the text as
    it was first written."""

    intents: tuple[str, ...]
    labels: Labels
    words: tuple[tuple[str, ...], ...]
    counts: Counts
    texts: tuple[str, ...]


def read_corpus(phrases: Sequence[Phrase]) -> Corpus:
    """Prepare `phrases`; those of the intent ASIDE are labelled as nobody's matter.

    Raises FrontdeskError where no classifier can be trained from them.
    """
    if len(phrases) > PHRASE_LIMIT:
        raise FrontdeskError(
            f"{len(phrases)} phrasings are more than one training takes ({PHRASE_LIMIT}); "
            "archive articles or remove phrasings that say the same"
        )
    reader = Reader()
    given: dict[_Key, str] = {}
    for phrase in phrases:
        given.setdefault((phrase.intent, tuple(reader.words(phrase.text))), phrase.text)
    if len({intent for intent, words in given if words and intent != ASIDE}) < 2:
        raise FrontdeskError("training needs phrasings of at least two articles; publish more articles")
    others = {(ASIDE, tuple(reader.words(text))): text for text in everyday_questions()}
    written = others | given
    ordered = sorted(key for key in written if key[1])
    grams = [reader.grams(key[1], read(written[key]).words) for key in ordered]
    counts = Counts(_with_spelling_of(grams, [key in given for key in ordered]))
    kept = _without_near(ordered, others.keys() - given.keys(), counts)
    intents = tuple(dict.fromkeys(ordered[row][0] for row in kept))
    numbers = {intent: number for number, intent in enumerate(intents)}
    return Corpus(
        intents=intents,
        labels=np.array([numbers[ordered[row][0]] for row in kept], np.int64),
        words=tuple(ordered[row][1] for row in kept),
        counts=counts.only(np.array(kept)),
        texts=tuple(written[ordered[row]] for row in kept),
    )


def _with_spelling_of(grams: Sequence[Grams], mine: Sequence[bool]) -> list[Grams]:
    """`grams` with only such spelling as several of my phrases share: what one has, or everyday questions alone,
    tells no intents apart and takes room."""
    spread = Counter(name for own, blocks in zip(mine, grams, strict=True) if own for name in blocks[SPELLING])
    shared = {name for name, count in spread.items() if count >= _SHARED}
    return [
        tuple(_only(block, shared) if number == SPELLING else block for number, block in enumerate(blocks))
        for blocks in grams
    ]


def _only(block: Counter[str], names: Container[str]) -> Counter[str]:
    return Counter({name: count for name, count in block.items() if name in names})


def _without_near(ordered: Sequence[_Key], everyday: set[_Key], counts: Counts) -> list[int]:
    """The rows of `counts` without everyday questions that an article's phrasing resembles."""
    aside = sum(intent == ASIDE for intent, _ in ordered)  # ASIDE sorts first
    labels = np.array([intent != ASIDE for intent, _ in ordered], np.int64)
    rows = counts.rows(counts.gains(np.arange(len(ordered)), labels, 0.0)).compared
    nearest = products(rows[:aside], rows[aside:]).max(1) / TOTAL**2
    kept = [row for row in range(aside) if nearest[row] < _ALIKE or ordered[row] not in everyday]
    return [*kept, *range(aside, len(ordered))]


def clashes(phrases: Sequence[Phrase]) -> tuple[Clash, ...]:
    """The phrasings that several articles have, as they were first written; at most 50."""
    intents: dict[str, dict[str, None]] = {}
    written: dict[str, str] = {}
    for phrase in phrases:
        key = " ".join(phrase.text.casefold().split())
        intents.setdefault(key, {})[phrase.intent] = None
        written.setdefault(key, phrase.text)
    found = (Clash(text=written[key], intents=tuple(named)) for key, named in intents.items() if len(named) > 1)
    return tuple(clash for _, clash in zip(range(_CLASHES), found, strict=False))


def count_languages(phrases: Sequence[Phrase]) -> dict[str, int]:
    """How many phrases there are in each language, commonest first."""
    return dict(Counter(phrase.language for phrase in phrases).most_common())
