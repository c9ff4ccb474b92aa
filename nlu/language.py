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

from gateway.messages import Value
from gateway.settings import LANGUAGES
from nlu.background import everyday_text
from nlu.normal import normalise, skeleton, squeeze, words
from nlu.vocabulary import ONLY, common_words

_UKRAINIAN_LETTER = re.compile("[іїєґ]")
_RUSSIAN_LETTER = re.compile("[ыъэ]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-z]")
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|\S*\d\S*")
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
        self._sets = {language: set(listed) for language, listed in lists.items()}
        self._skeletons = {language: {skeleton(word) for word in lists[language]} for language in LANGUAGES}
        only = {language: set(normalise(listed).split()) for language, listed in ONLY.items()}
        self._only = {"uk": only["uk"] - only["ru"], "ru": only["ru"] - only["uk"]}

    def guess(self, text: str, hint: str | None = None, fallback: str = "uk") -> Guess:
        """The language of `text`; `hint` is the conversation's so far, `fallback` the firm's own.

        A text without letters gives the hint (else the fallback) with probability 0.5.
        """
        found = words(squeeze(_ADDRESS.sub(" ", normalise(text))))[:_MAX_WORDS]
        cyrillic = [word for word in found if _CYRILLIC.search(word)]
        latin = [word for word in found if _LATIN.search(word)]
        if not cyrillic and not latin:
            return Guess(language=hint if hint in LANGUAGES else fallback, probability=0.5)
        if cyrillic and sum(map(len, cyrillic)) * 2 >= sum(map(len, latin)):
            votes = self._cyrillic_votes(cyrillic)
        else:
            votes = self._latin_votes(latin)
        if hint in votes:
            votes[hint] += _HINT
        elif fallback in votes:
            votes[fallback] += _HINT / 4
        return _verdict(votes)

    def _cyrillic_votes(self, found: list[str]) -> dict[str, float]:
        listed = self._sets["uk"] | self._sets["ru"]
        votes = self._cyrillic.votes([word for word in found if word not in listed])
        ukrainian = sum(bool(_UKRAINIAN_LETTER.search(word)) for word in found)
        russian = sum(bool(_RUSSIAN_LETTER.search(word)) for word in found)
        votes["uk"] += _LETTER_WEIGHT * ukrainian
        votes["ru"] += _LETTER_WEIGHT * russian
        for language, other in (("uk", "ru"), ("ru", "uk")):
            own = self._sets[language] - self._sets[other]
            votes[language] += _WORD_WEIGHT * sum(word in own for word in found)
            votes[language] += _WORD_WEIGHT * sum(word in self._only[language] for word in found)
        ukrainian += sum(word in self._only["uk"] for word in found)
        russian += sum(word in self._only["ru"] for word in found)
        if ukrainian and votes["uk"] < votes["ru"] and ukrainian >= russian:
            votes["uk"] = votes["ru"] + 1.0  # surzhyk: see above
        return votes

    def _latin_votes(self, found: list[str]) -> dict[str, float]:
        folded = [skeleton(word) for word in found]
        votes = self._latin.votes(folded)
        for word, bare in zip(found, folded, strict=True):
            if word in self._sets["en"]:
                votes["en"] += _WORD_WEIGHT
                continue
            for language in ("uk", "ru"):
                votes[language] += _WORD_WEIGHT * (bare in self._skeletons[language] and len(bare) > 1)
        votes["en"] += 2.0  # most Latin text is English
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

    def votes(self, found: Iterable[str]) -> dict[str, float]:
        grams = [gram for word in found for gram in _grams(word)]
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
