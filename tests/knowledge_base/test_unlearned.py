"""Publications whose training failed or was cut off with its process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.storage.engine import Database
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Editor
from knowledge_base.unlearned import PATIENCE, Unlearned
from tests.conftest import SteppingClock
from tests.gateway.flaky import until
from tests.knowledge_base.fakes import RecordingTrainer, an_article

NONE = timedelta()


@pytest.fixture
async def published(publisher: Publisher, editor: Editor) -> Publisher:
    await publisher.save(an_article(), editor, based_on=None)
    await publisher.publish(editor)
    return publisher


def unlearned(
    database: Database, publisher: Publisher, clock: SteppingClock, trainer: RecordingTrainer, seconds: float = 60
) -> Unlearned:
    async def learned(revision: int) -> bool:
        return any(known == revision for known, _ in trainer.trained)

    return Unlearned(database, publisher, clock, learned, seconds=seconds)


def revisions(trainer: RecordingTrainer) -> list[int]:
    return [revision for revision, _ in trainer.trained]


async def test_nothing_published_is_nothing_to_learn(
    database: Database, publisher: Publisher, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    await unlearned(database, publisher, clock, trainer).look(NONE)
    assert trainer.trained == []


async def test_what_was_cut_off_is_learned_once(
    database: Database, published: Publisher, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    looking = unlearned(database, published, clock, trainer)
    for _ in range(2):
        await looking.look(NONE)
    assert revisions(trainer) == [1]


async def test_what_cannot_be_learned_is_not_tried_again_until_it_changes(
    database: Database, published: Publisher, editor: Editor, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    looking = unlearned(database, published, clock, trainer)
    trainer.failure = "too few phrases"
    await looking.look(NONE)
    trainer.failure = None
    await looking.look(NONE)
    assert trainer.trained == []
    await published.save(an_article("refund"), editor, based_on=None)
    await published.publish(editor)
    await looking.look(NONE)
    assert revisions(trainer) == [2]


async def test_what_the_database_kept_from_being_learned_is_tried_again(
    database: Database, published: Publisher, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    trainer.away = True
    running = asyncio.create_task(unlearned(database, published, clock, trainer, seconds=0.01).run())
    await asyncio.sleep(0.1)
    trainer.away = False
    await until(lambda: revisions(trainer) == [1])
    assert not running.done()
    running.cancel()


async def test_who_published_a_moment_ago_is_training_himself(
    database: Database, published: Publisher, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    looking = unlearned(database, published, clock, trainer)
    await looking.look(PATIENCE)
    assert trainer.trained == []
    clock.now += PATIENCE
    await looking.look(PATIENCE)
    assert revisions(trainer) == [1]


async def test_a_process_that_begins_waits_for_nobody_and_goes_on_looking(
    database: Database, published: Publisher, editor: Editor, clock: SteppingClock, trainer: RecordingTrainer
) -> None:
    running = asyncio.create_task(unlearned(database, published, clock, trainer, seconds=0.01).run())
    await until(lambda: revisions(trainer) == [1])
    await published.save(an_article("refund"), editor, based_on=None)
    await published.publish(editor)
    clock.now += PATIENCE
    await until(lambda: revisions(trainer) == [1, 2])
    running.cancel()
