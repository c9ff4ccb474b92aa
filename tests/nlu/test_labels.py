"""Tests of labelled messages: kept over both databases, and learnt by the next training."""

from __future__ import annotations

from datetime import datetime

from gateway.learning import Labelled, Labels, Phrase
from gateway.storage.engine import Database
from gateway.storage.work import Work
from nlu.confidence import ANSWER
from nlu.corpus import clashes, count_languages
from nlu.model import ASIDE, Model, from_bytes
from nlu.storage import NOBODYS, Models, StoredLabels
from nlu.trainer import ProcessTrainer
from nlu.training import train
from tests.conftest import SteppingClock
from tests.nlu.samples import PHRASES

RIDDLE = "де їде моя коробочка з лиманів"


def label(text: str = RIDDLE, intent: str | None = "track", message: int | None = None) -> Labelled:
    return Labelled(text=text, language="uk", intent=intent, message=message)


async def put(work: Work, *given: Labelled, now: datetime) -> None:
    labels: Labels = StoredLabels()
    for one in given:
        await labels.put(work, one, now)


async def test_labels_come_back_newest_first(database: Database, clock: SteppingClock) -> None:
    async with database.write() as work:
        await put(work, label("раз"), label("два", None), now=clock())
    async with database.read() as view:
        found = await StoredLabels().phrases(view)
        assert [(phrase.text, phrase.intent) for phrase in found] == [("два", NOBODYS), ("раз", "track")]
        assert [phrase.text for phrase in await StoredLabels().phrases(view, 1)] == ["два"]


async def test_nobodys_matter_is_the_models_silent_intent() -> None:
    assert NOBODYS == ASIDE


async def test_the_next_training_learns_them(sqlite_database: Database, clock: SteppingClock) -> None:
    before = Model(train(1, PHRASES)[0]).rank(RIDDLE)[0]
    async with sqlite_database.write() as work:
        await put(work, label(), label("про інше", "an article of yesterday"), now=clock())
    report = await ProcessTrainer(sqlite_database, clock).train(2, PHRASES)
    assert (report.phrases, report.labelled, report.intents) == (len(PHRASES) + 1, 1, 6)
    async with sqlite_database.read() as view:
        arrays = await Models(view.connection).arrays(2)
    assert arrays
    best = from_bytes(arrays).rank(RIDDLE)[0]
    assert best.intent == "track"
    assert best.confidence > max(before.confidence, ANSWER)


def test_what_nobody_should_answer_is_learnt_though_it_resembles_an_article() -> None:
    asked = "скільки коштує доставка піци"
    before = Model(train(1, PHRASES)[0]).rank(asked)[0]
    after = Model(train(1, PHRASES, [Phrase(intent=ASIDE, language="uk", text=asked)])[0]).rank(asked)[0]
    assert after.confidence < before.confidence


def test_phrasings_in_two_articles_are_named() -> None:
    doubled = [*PHRASES, Phrase(intent="track", language="uk", text="Графік  роботи")]
    [clash] = clashes(doubled)
    assert (clash.text, clash.intents) == ("графік роботи", ("hours", "track"))
    assert clashes(PHRASES) == ()


def test_each_language_is_counted() -> None:
    counted = count_languages([Phrase(intent="a", language=language, text="x") for language in ("en", "uk", "uk")])
    assert list(counted.items()) == [("uk", 2), ("en", 1)]
