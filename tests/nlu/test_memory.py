"""What was understood lately is understood again without work, and never wrongly."""

from __future__ import annotations

from datetime import timedelta

from msgspec import structs

from gateway.ports import Understanding
from gateway.storage.engine import Database
from nlu.engine import EmbeddedEngine
from nlu.entities import Extractor
from nlu.memory import LONGEST, Memory, Remembered
from nlu.model import Learnt, Model, to_bytes
from nlu.training import train
from tests.conftest import SteppingClock
from tests.nlu.samples import PHRASES, utterance
from tests.nlu.test_engine import _put


def remembered(text: str) -> Remembered:
    return Remembered(understanding=Understanding(text=text, language="uk", language_confidence=1.0), timed=False)


def test_the_one_not_asked_for_the_longest_goes_first() -> None:
    memory = Memory(2)
    for text in ("а", "б"):
        memory.keep(utterance(text), remembered(text))
    assert memory.recall(utterance("а"))
    memory.keep(utterance("в"), remembered("в"))
    assert [bool(memory.recall(utterance(text))) for text in "абв"] == [True, False, True]


def test_another_language_before_is_another_question() -> None:
    memory = Memory()
    memory.keep(utterance("так", "uk"), remembered("так"))
    assert memory.recall(utterance("так", "ru")) is None


def test_long_texts_are_not_kept() -> None:
    memory = Memory()
    memory.keep(utterance("а" * (LONGEST + 1)), remembered("а"))
    assert memory.recall(utterance("а" * (LONGEST + 1))) is None


async def test_the_second_time_costs_no_ranking_and_says_the_same(
    database: Database, clock: SteppingClock, learnt: Learnt
) -> None:
    engine = EmbeddedEngine(database, Extractor())
    await _put(database, clock, 1, to_bytes(learnt))
    await engine.refresh()
    asked = [utterance("де моя посилка"), utterance("how much is delivery")]
    first = await engine.understand(asked)
    engine._model = _Mute(learnt)
    assert await engine.understand(asked[::-1]) == first[::-1]


class _Mute(Model):
    def rank_all(self, texts: object) -> list[tuple[()]]:  # type: ignore[override]
        raise AssertionError("asked again")


async def test_a_time_is_counted_from_the_day_it_is_said(database: Database) -> None:
    engine = EmbeddedEngine(database, Extractor())
    today = utterance("подзвоніть завтра о 10:00")
    tomorrow = structs.replace(today, now=today.now + timedelta(days=1))
    [first], [again] = await engine.understand([today]), await engine.understand([tomorrow])
    assert [entity.value[:10] for entity in (*first.entities, *again.entities)] == [
        (moment.now + timedelta(days=1)).date().isoformat() for moment in (today, tomorrow)
    ]


async def test_a_new_model_remembers_nothing_of_the_old(
    database: Database, clock: SteppingClock, learnt: Learnt
) -> None:
    engine = EmbeddedEngine(database, Extractor())
    [before] = await engine.understand([utterance("де моя посилка")])
    assert before.ranking == ()
    await _put(database, clock, 2, to_bytes(train(2, PHRASES)[0]))
    await engine.refresh()
    [after] = await engine.understand([utterance("де моя посилка")])
    assert after.best is not None
