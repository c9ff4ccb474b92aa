"""Tests of the embedded engine over both databases: swapping models, and what it says of a text."""

from __future__ import annotations

import asyncio

import msgspec

from gateway.learning import TrainingReport
from gateway.messages import clean_text
from gateway.ports import Engine, EntityKind
from gateway.storage.engine import Database
from nlu.engine import EmbeddedEngine
from nlu.entities import ORDER_PATTERNS, Extractor
from nlu.model import Learnt, to_bytes
from nlu.storage import KEPT, Models
from nlu.training import train
from tests.conftest import SteppingClock
from tests.nlu.samples import PHRASES, utterance


def _engine(database: Database) -> EmbeddedEngine:
    return EmbeddedEngine(database, Extractor(ORDER_PATTERNS), language="uk")


async def _put(database: Database, clock: SteppingClock, revision: int, arrays: bytes) -> None:
    report = TrainingReport(revision=revision, phrases=1, intents=1, seconds=0.1)
    async with database.write() as work:
        await Models(work.connection).put(report, arrays, clock())


async def test_before_any_training_it_knows_language_entities_and_mood(database: Database) -> None:
    engine: Engine = _engine(database)
    assert engine.revision is None
    assert not await engine.refresh()
    (found,) = await engine.understand([utterance("где моя посылка zh123456789ua, вы что, идиоты?")])
    assert (found.ranking, found.best) == ((), None)
    assert found.language == "ru"
    assert [(entity.kind, entity.value) for entity in found.entities] == [(EntityKind.ORDER, "ZH123456789UA")]
    assert found.mood.anger >= 0.7


async def test_a_stored_model_is_taken_once(database: Database, clock: SteppingClock, learnt: Learnt) -> None:
    engine = _engine(database)
    await _put(database, clock, 1, to_bytes(learnt))
    assert await engine.refresh()
    assert engine.revision == 1
    assert not await engine.refresh()
    found = await engine.understand([utterance("де моя посилка"), utterance("how much is delivery")])
    assert [one.best.intent for one in found if one.best] == ["track", "price"]
    assert [one.language for one in found] == ["uk", "en"]


async def test_a_newer_revision_and_a_repeated_training_are_taken(
    database: Database, clock: SteppingClock, learnt: Learnt
) -> None:
    engine = _engine(database)
    await _put(database, clock, 1, to_bytes(learnt))
    await engine.refresh()
    await _put(database, clock, 2, to_bytes(train(2, PHRASES)[0]))
    assert await engine.refresh()
    assert engine.revision == 2
    clock.advance(minutes=1)
    await _put(database, clock, 2, to_bytes(train(2, PHRASES)[0]))
    assert await engine.refresh()


async def test_a_broken_model_leaves_the_old_one_serving(
    database: Database, clock: SteppingClock, learnt: Learnt
) -> None:
    engine = _engine(database)
    await _put(database, clock, 1, to_bytes(learnt))
    await engine.refresh()
    await _put(database, clock, 2, to_bytes(learnt)[:1000])
    assert not await engine.refresh()
    assert not await engine.refresh()
    assert engine.revision == 1
    (found,) = await engine.understand([utterance("де моя посилка")])
    assert found.best
    assert found.best.intent == "track"


async def test_only_the_newest_models_are_kept(database: Database, clock: SteppingClock) -> None:
    for revision in range(1, KEPT + 3):
        await _put(database, clock, revision, b"x")
    async with database.read() as view:
        models = Models(view.connection)
        assert await models.newest() == KEPT + 2
        assert await models.arrays(2) is None
        assert await models.arrays(3) == b"x"
        assert await models.trained_at(3) == clock()
        report = await models.report(3)
        assert report
        assert report.revision == 3


async def test_strange_texts_are_understood_as_nothing(
    database: Database, clock: SteppingClock, learnt: Learnt
) -> None:
    engine = _engine(database)
    await _put(database, clock, 1, to_bytes(learnt))
    await engine.refresh()
    strange = ["", "\x00", "\ud800", "\u202e\u200f", "a" * 100_000, "посилка " * 20_000, "{{ x }}", "😀" * 500]
    found = await engine.understand([utterance(text, "ru") for text in strange])
    assert [one.text for one in found] == [clean_text(text) for text in strange]
    assert all(msgspec.json.encode(one) for one in found)
    assert found[0].language == "ru"


async def test_no_utterances_give_no_understandings(database: Database) -> None:
    assert await _engine(database).understand([]) == []


async def test_others_come_in_while_many_texts_are_understood(sqlite_database: Database) -> None:
    engine, turns = _engine(sqlite_database), 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        counting = tasks.create_task(count())
        found = await engine.understand([utterance(f"де моя посилка {n}") for n in range(100)])
        long = await engine.understand([utterance("посилка " * 250) for _ in range(5)])
        counting.cancel()
    assert [one.text for one in found] == [f"де моя посилка {n}" for n in range(100)]
    assert len(long) == 5
    assert turns >= 7  # between four portions of 25 short texts, and between five long ones
