"""Which of the bot's languages a text is in: uk, ru or en, with a probability.

Letters that only one language has are near-certain; else everyday words and letter sequences vote. Latin
text is English unless its words are Ukrainian or Russian ones written in Latin letters. Mixed speech
(surzhyk) counts as Ukrainian where it has Ukrainian letters or words: its speakers understand the answer,
and writing back in Russian would be the ruder mistake.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from gateway.messages import Value
from gateway.settings import LANGUAGES
from nlu.background import everyday_text
from nlu.normal import Reading, normalise, skeleton, squeeze, words
from nlu.vocabulary import NOBODYS, ONLY, common_words, telling_words

_OWN_LETTERS = {"uk": re.compile("[іїєґ]"), "ru": re.compile("[ыъэ]")}
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-z]")
_ADDRESSED = re.compile(r"[@\d]|https?://|www\.")
_RUN = re.compile(r"\S+")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_DIGIT = re.compile(r"\d")
_REMEMBERED = 4096  # words whose votes are not counted twice
_MAX_WORDS = 60
_LETTER_WEIGHT = 4.0  # one such letter is worth e⁴ ≈ 55 to 1
_WORD_WEIGHT = 2.5
_HINT = 1.2  # about 77 to 23: decides near ties, never against a clear text
_SMOOTHING = 0.5
_GRAM_SHARE = 0.45  # neighbouring sequences overlap, so each counts for about half


class Guess(Value, frozen=True, kw_only=True):
    """A language (uk, ru, en) and how probable it is, 0–1."""

    language: str
    probability: float


class Languages:
    """The guesser; its statistics are made once from the built-in word lists."""

    def __init__(self) -> None:
        lists = {language: common_words(language) for language in LANGUAGES}
        learned = {name: [*listed, *words(normalise(everyday_text(name)))] for name, listed in lists.items()}
        self._cyrillic = _Letters({language: learned[language] for language in ("uk", "ru")})
        self._latin = _Letters({name: map(skeleton, listed) for name, listed in learned.items()})
        self._sets = {language: set(telling_words(language)) for language in LANGUAGES}
        self._skeletons = {name: {skeleton(word) for word in listed} for name, listed in self._sets.items()}
        only = {language: set(normalise(listed).split()) for language, listed in ONLY.items()}
        self._only = {"uk": only["uk"] - only["ru"], "ru": only["ru"] - only["uk"]}
        self._voter = lru_cache(_REMEMBERED)(self._ask)

    def guess(self, reading: Reading, hint: str | None = None, fallback: str = "uk") -> Guess:
        """The language of a text; `hint` is the conversation's so far, `fallback` the firm's own.

        A text without letters gives the hint (else the fallback) with probability 0.5.
        """
        votes = _votes([self._voter(word) for word in _spoken(reading)])
        if votes is None:
            return Guess(language=hint if hint in LANGUAGES else fallback, probability=0.5)
        if hint in votes:
            votes[hint] += _HINT
        elif fallback in votes:
            votes[fallback] += _HINT / 4
        return _verdict(votes)

    def _ask(self, word: str) -> _Voter:
        return _Voter(
            self._in_cyrillic(word) if _CYRILLIC.search(word) else None,
            self._in_latin(word) if _LATIN.search(word) and word not in NOBODYS else None,
        )

    def _in_cyrillic(self, word: str) -> _Voice:
        listed = {language: word in self._sets[language] for language in ("uk", "ru")}
        votes = dict.fromkeys(listed, 0.0) if any(listed.values()) else self._cyrillic.votes(word)
        proofs = []
        for (language, letter), other in zip(_OWN_LETTERS.items(), ("ru", "uk"), strict=True):
            lettered, only = bool(letter.search(word)), word in self._only[language]
            own = listed[language] and not listed[other]
            votes[language] += _LETTER_WEIGHT * lettered + _WORD_WEIGHT * (own + only)
            proofs.append(lettered + only)
        return _Voice(len(word), tuple(votes.values()), tuple(proofs))

    def _in_latin(self, word: str) -> _Voice:
        bare = skeleton(word)
        votes = self._latin.votes(bare)
        if word in self._sets["en"]:
            votes["en"] += _WORD_WEIGHT
        elif len(bare) > 1:
            for language in ("uk", "ru"):
                votes[language] += _WORD_WEIGHT * (bare in self._skeletons[language])
        return _Voice(len(word), tuple(votes.values()))


class _Voice(NamedTuple):
    """A word's letters and its votes for each language of its script; for Cyrillic also how many proofs
    of Ukrainian and of Russian it is."""

    letters: int
    votes: tuple[float, ...]
    proofs: tuple[int, ...] = ()


class _Voter(NamedTuple):
    """What a word says in each script it has letters of: a mixed one speaks in both."""

    cyrillic: _Voice | None
    latin: _Voice | None


def _spoken(reading: Reading) -> list[str]:
    """The first words of the text without addresses and anything with a digit: nobody's language."""
    if not _ADDRESSED.search(reading.normal):
        return reading.words[:_MAX_WORDS]
    runs = _RUN.findall(reading.normal)
    kept = [_LINK.sub(" ", run) for run in runs if not _DIGIT.search(run) and "@" not in run[1:-1]]
    return words(squeeze(" ".join(kept)))[:_MAX_WORDS]


def _votes(voters: list[_Voter]) -> dict[str, float] | None:
    """The languages' votes by the script that most is written in; None without letters of either."""
    cyrillic = [cyrillic for cyrillic, _ in voters if cyrillic]
    latin = [latin for _, latin in voters if latin]
    if not cyrillic and not latin:
        return None
    letters = sum([voice.letters for voice in latin]) if latin else 0
    if cyrillic and sum([voice.letters for voice in cyrillic]) * 2 >= letters:
        return _cyrillic_votes(cyrillic)
    summed = [sum(each, 0.0) for each in zip(*[voice.votes for voice in latin], strict=True)]
    votes = dict(zip(LANGUAGES, summed, strict=True))
    votes["en"] += 2.0  # most Latin text is English
    return votes


def _cyrillic_votes(voices: list[_Voice]) -> dict[str, float]:
    votes = {"uk": sum([voice.votes[0] for voice in voices]), "ru": sum([voice.votes[1] for voice in voices])}
    ukrainian, russian = sum([voice.proofs[0] for voice in voices]), sum([voice.proofs[1] for voice in voices])
    if ukrainian and votes["uk"] < votes["ru"] and ukrainian >= russian:
        votes["uk"] = votes["ru"] + 1.0  # surzhyk: see above
    return votes


class _Letters:
    """Naive Bayes over letter pairs and triples with word edges, from lists of words."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        counts = {language: Counter(g for word in listed for g in _grams(word)) for language, listed in lists.items()}
        kinds = len(set().union(*counts.values()))
        self._scores: dict[str, dict[str, float]] = {}
        self._unseen: dict[str, float] = {}
        for language, counted in counts.items():
            total = sum(counted.values()) + _SMOOTHING * kinds
            self._scores[language] = {g: math.log((n + _SMOOTHING) / total) for g, n in counted.items()}
            self._unseen[language] = math.log(_SMOOTHING / total)

    def votes(self, word: str) -> dict[str, float]:
        """What the letters of `word` say for each language."""
        grams = _grams(word)
        return {
            language: _GRAM_SHARE * sum(scores.get(gram, self._unseen[language]) for gram in grams)
            for language, scores in self._scores.items()
        }


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[start : start + size] for size in (2, 3) for start in range(len(padded) - size + 1)]


def _verdict(votes: Mapping[str, float]) -> Guess:
    top = max(votes.values())
    powers = {language: math.exp(vote - top) for language, vote in votes.items()}
    best = max(powers, key=lambda language: powers[language])
    return Guess(language=best, probability=round(powers[best] / sum(powers.values()), 4))
