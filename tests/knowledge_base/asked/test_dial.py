"""The dial: what counts now, what it gives by what was measured, and that every process follows."""

from __future__ import annotations

import pytest

from gateway.improving.dial import LEAST, MOST, Dial, point_at, turned
from gateway.learning import DialPoint, TrainingReport
from gateway.live import Change
from gateway.processes.wakeups import KNOWLEDGE
from gateway.settings import Dialogue
from gateway.storage.engine import Database
from tests.conftest import SteppingClock

WRITTEN = Dialogue(answer_confidence=0.6, clarify_confidence=0.3)


def a_report(*points: tuple[float, float, float, float]) -> TrainingReport:
    dial = tuple(DialPoint(confidence=c, answered=a, right=r, strange=s) for c, a, r, s in points)
    return TrainingReport(revision=1, phrases=1, intents=1, seconds=0.0, dial=dial)


async def test_what_one_process_sets_another_takes_over(
    database: Database, clock: SteppingClock, announced: list[Change]
) -> None:
    here, there = Dial(database, WRITTEN, clock), Dial(database, WRITTEN, clock)
    await here.refresh()
    assert here() == WRITTEN
    await here.turn(0.8, author="Олена", staff_id=None)
    assert here().answer_confidence == 0.8
    assert [change.topic for change in announced] == [KNOWLEDGE]
    assert there() == WRITTEN
    assert await there.refresh()
    assert there() == here()
    assert not await there.refresh()


async def test_it_can_be_given_back_and_everybody_is_remembered(database: Database, clock: SteppingClock) -> None:
    dial = Dial(database, WRITTEN, clock)
    await dial.turn(0.8, author="Олена", staff_id=None)
    await dial.turn(None, author="Петро", staff_id=None)
    assert dial() == WRITTEN
    assert [(one.author, one.confidence) for one in await dial.history()] == [("Петро", None), ("Олена", 0.8)]


@pytest.mark.parametrize(("wanted", "got"), [(0.0, LEAST), (1.0, MOST), (0.5049, 0.5)])
async def test_it_stays_within_its_bounds(
    sqlite_database: Database, clock: SteppingClock, wanted: float, got: float
) -> None:
    dial = Dial(sqlite_database, WRITTEN, clock)
    await dial.turn(wanted, author="Олена", staff_id=None)
    assert dial().answer_confidence == got


@pytest.mark.parametrize(
    ("policy", "confidence", "clarify"),
    [
        (WRITTEN, 0.8, 0.4),
        (WRITTEN, 0.2, 0.1),
        (WRITTEN, 0.6, 0.3),
        (Dialogue(answer_confidence=0.0, clarify_confidence=0.0), 0.5, 0.0),
        (Dialogue(answer_confidence=0.3, clarify_confidence=0.6), 0.5, 0.5),
    ],
)
def test_asking_back_follows(policy: Dialogue, confidence: float, clarify: float) -> None:
    assert turned(policy, confidence).clarify_confidence == pytest.approx(clarify)


class TestWhatASettingGives:
    REPORT = a_report((0.2, 0.9, 0.8, 0.5), (0.6, 0.5, 0.9, 0.1))

    def test_between_two_points_in_proportion(self) -> None:
        found = point_at(self.REPORT, 0.3)
        assert found
        assert (found.answered, found.right, found.strange) == pytest.approx((0.8, 0.825, 0.4))

    @pytest.mark.parametrize(("confidence", "answered"), [(0.05, 0.9), (0.6, 0.5), (0.95, 0.5)])
    def test_outside_the_nearest(self, confidence: float, answered: float) -> None:
        found = point_at(self.REPORT, confidence)
        assert found
        assert (found.confidence, found.answered) == (confidence, answered)

    @pytest.mark.parametrize("report", [None, a_report()])
    def test_nothing_where_nothing_was_measured(self, report: TrainingReport | None) -> None:
        assert point_at(report, 0.5) is None
