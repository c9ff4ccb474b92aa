"""Puts labelled texts to models that never saw them, and keeps what each said and how long it took."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import structs

from gateway.errors import FrontdeskError
from gateway.learning import Phrase
from gateway.messages import Value
from gateway.ports import Ranked
from nlu.embeddings.joined import Encodes
from nlu.evaluation import Question
from nlu.model import Model
from nlu.training import train

STRANGER_ROUNDS = 3
MOST_STRANGE = 1200
"""Questions on matters unknown that are asked: a share of them is wanted, not each."""

Advance = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is."""


class Asked(Value, frozen=True, kw_only=True):
    """A question and what a model said; where it was wrong, `cause` is the phrasing of the wrong intent that
    is nearest the question, and `missed` that of the right one."""

    question: Question
    ranking: tuple[Ranked, ...]
    seconds: float
    cause: str | None = None
    missed: str | None = None

    @property
    def got(self) -> str | None:
        """The intent ranked first."""
        return self.ranking[0].intent if self.ranking else None

    @property
    def confidence(self) -> float:
        """How sure of it."""
        return self.ranking[0].confidence if self.ranking else 0.0

    @property
    def right(self) -> bool:
        """Whether it is the right one."""
        return self.got is not None and self.got == self.question.intent


class Examined(NamedTuple):
    """All that were asked; `strangers` are of intents held out whole, put as questions on matters that the
    model does not know. `trainings` are the seconds that each training took."""

    asked: list[Asked]
    strangers: list[Asked]
    trainings: list[float]


def cross_validate(phrases: Sequence[Phrase], folds: int, advance: Advance, encoder: Encodes | None = None) -> Examined:
    """Each phrase put to a model of the others: trained `folds` times on what is left of every intent.

    Raises FrontdeskError where there are not two intents with two phrases, or the `encoder` has no vectors.
    """
    parts = _deal(phrases, folds)
    known = [phrase for part in parts for phrase in part]
    if len({phrase.intent for part in parts[1:] for phrase in part}) < 2:
        raise FrontdeskError("cross-validation needs at least two intents with two phrasings each")
    rounds = folds + STRANGER_ROUNDS
    asked: list[Asked] = []
    trainings: list[float] = []
    if encoder:
        encoder.vectors([phrase.text for phrase in known])  # not in the middle of what is timed
    for number, part in enumerate(parts):
        advance("examine", number, rounds)
        taught = [phrase for other in parts if other is not part for phrase in other]
        asked += _examine(taught, [_question(phrase) for phrase in part], trainings, encoder)
    strangers = _ask_strangers(known, trainings, encoder, lambda done: advance("strangers", folds + done, rounds))
    advance("strangers", rounds, rounds)
    return Examined(asked, strangers, trainings)


def examine(
    phrases: Sequence[Phrase], questions: Sequence[Question], advance: Advance, encoder: Encodes | None = None
) -> Examined:
    """`questions` put to a model of all `phrases`. Raises FrontdeskError where that cannot be trained, or the
    `encoder` has no vectors."""
    trainings: list[float] = []
    advance("examine", 0, 1)
    asked = _examine(phrases, questions, trainings, encoder)
    advance("examine", 1, 1)
    known = [one for one in asked if one.question.intent is not None]
    return Examined(known, [one for one in asked if one.question.intent is None], trainings)


def _deal(phrases: Sequence[Phrase], folds: int) -> list[list[Phrase]]:
    """The distinct phrases dealt out like cards, intent by intent, so that every part has some of each."""
    distinct = {(phrase.intent, " ".join(phrase.text.casefold().split())): phrase for phrase in phrases}
    chance = random.Random(0)  # noqa: S311 — the same parts every time
    cards = sorted(distinct.values(), key=lambda phrase: (phrase.intent, phrase.language, phrase.text))
    chance.shuffle(cards)
    cards.sort(key=lambda phrase: (phrase.intent, phrase.language))
    return [cards[part::folds] for part in range(folds)]


def _ask_strangers(
    phrases: Sequence[Phrase], trainings: list[float], encoder: Encodes | None, advance: Callable[[int], None]
) -> list[Asked]:
    """Questions of intents that a model was not taught: a sixth of them held out at a time."""
    chance = random.Random(1)  # noqa: S311 — the same intents every time
    intents = sorted({phrase.intent for phrase in phrases})
    chance.shuffle(intents)
    size = max(len(intents) // (2 * STRANGER_ROUNDS), 1)
    found: list[Asked] = []
    for number in range(STRANGER_ROUNDS if len(intents) > 2 else 0):
        advance(number)
        held = set(intents[number * size : (number + 1) * size])
        taught = [phrase for phrase in phrases if phrase.intent not in held]
        if len({phrase.intent for phrase in taught}) < 2 or not held:
            break
        foreign = [Question(text=p.text, intent=None, language=p.language) for p in phrases if p.intent in held]
        foreign = chance.sample(foreign, min(len(foreign), MOST_STRANGE // STRANGER_ROUNDS))
        found += _examine(taught, foreign, trainings, encoder)
    return found


def _examine(
    taught: Sequence[Phrase], questions: Sequence[Question], trainings: list[float], encoder: Encodes | None
) -> list[Asked]:
    learnt, report = train(1, taught, encoder=encoder)
    if report.without_embeddings:
        raise FrontdeskError(report.without_embeddings)
    trainings.append(report.seconds)
    model = Model(learnt)
    texts: dict[str, list[str]] = {}
    for phrase in taught:
        texts.setdefault(phrase.intent, []).append(phrase.text)
    return [_ask(model, question, texts, encoder) for question in questions]


def _ask(model: Model, question: Question, texts: dict[str, list[str]], encoder: Encodes | None) -> Asked:
    began = time.perf_counter()
    ranking = model.rank(question.text, encoder.vectors([question.text]) if encoder else None)
    seconds = time.perf_counter() - began
    asked = Asked(question=question, ranking=ranking, seconds=seconds)
    if asked.got is None or asked.right:
        return asked
    return structs.replace(
        asked,
        cause=_nearest(model, question.text, texts.get(asked.got, [])),
        missed=_nearest(model, question.text, texts.get(question.intent or "", [])),
    )


def _nearest(model: Model, text: str, phrases: list[str]) -> str | None:
    place = model.nearest(text, phrases)
    return phrases[place] if place >= 0 else None


def _question(phrase: Phrase) -> Question:
    return Question(text=phrase.text, intent=phrase.intent, language=phrase.language)
