"""Nothing lost, nothing done twice, nothing out of order: kill -9 between every two steps, and at random.

The long set is `make faults`.
"""

from __future__ import annotations

import random

import pytest

from gateway.steps import Step
from tests.faults.checker import Verdict
from tests.faults.scenes import (
    EVERYWHERE,
    MANY,
    RISKIEST,
    TAKEOVER_SECONDS,
    Scene,
    Stage,
    dying,
    hanging,
    rolling,
    stopping,
    taking_over,
    visiting,
)
from tests.faults.street import Fate

pytestmark = pytest.mark.asyncio(loop_scope="session")


def random_fates(count: int, seed: int) -> list[Fate]:
    dice = random.Random(seed)
    return [Fate(after=dice.uniform(0.0, 0.1), served=20, early=number == 1) for number in range(count)]


def assert_clean(verdict: Verdict) -> None:
    assert verdict.violations == ()
    assert verdict.acked > 0


async def test_an_end_between_every_two_steps_sqlite(sqlite_stage: Stage) -> None:
    verdict = await sqlite_stage.play(Scene(play=dying(EVERYWHERE)))
    assert_clean(verdict)
    assert verdict.kills == len(EVERYWHERE)


async def test_an_end_at_the_riskiest_steps_postgresql(postgres_stage: Stage) -> None:
    assert_clean(await postgres_stage.play(Scene(play=dying(RISKIEST), chats=MANY)))


async def test_ends_at_random_moments_sqlite(sqlite_stage: Stage) -> None:
    assert_clean(await sqlite_stage.play(Scene(play=dying(random_fates(4, seed=1)))))


async def test_ends_at_random_moments_postgresql(postgres_stage: Stage) -> None:
    assert_clean(await postgres_stage.play(Scene(play=dying(random_fates(3, seed=2)), chats=MANY)))


async def test_a_send_of_unknown_fate_is_shown_and_not_repeated_where_the_policy_is_never(sqlite_stage: Stage) -> None:
    fates = [Fate(answer=True), Fate(answer=True)]
    verdict = await sqlite_stage.play(Scene(play=dying(fates), unknown="never"))
    assert_clean(verdict)
    assert verdict.repeats == 0
    assert verdict.doubtful >= len(fates)
    assert verdict.unknown >= verdict.doubtful


async def test_a_send_of_unknown_fate_is_repeated_once_where_the_policy_says_so(sqlite_stage: Stage) -> None:
    verdict = await sqlite_stage.play(Scene(play=dying([Fate(answer=True)]), chats=1))
    assert_clean(verdict)
    assert verdict.repeats == 1
    assert verdict.unknown == 0


async def test_a_planned_stop_under_load_leaves_nothing_unknown(sqlite_stage: Stage) -> None:
    verdict = await sqlite_stage.play(Scene(play=stopping))
    assert_clean(verdict)
    assert verdict.unknown == verdict.repeats == verdict.kills == 0


async def test_a_rolling_restart_leaves_nothing_unknown(postgres_stage: Stage) -> None:
    play = rolling(3, random.Random(4), kills=0.0)
    verdict = await postgres_stage.play(Scene(play=play, doors=2, chats=MANY))
    assert_clean(verdict)
    assert verdict.unknown == verdict.repeats == verdict.kills == 0


async def test_a_web_chat_is_read_on_without_a_gap_through_every_end(sqlite_stage: Stage) -> None:
    fates = [Fate(step=step, nth=2) for step in (Step.STORED, Step.DECIDED, Step.TURNED, Step.PUSHED)]
    verdict = await sqlite_stage.play(Scene(play=visiting(fates), chats=0, webchat=True))
    assert verdict.violations == ()


async def test_two_processes_are_ended_and_begun_again_in_turn(postgres_stage: Stage) -> None:
    assert_clean(await postgres_stage.play(Scene(play=rolling(4, random.Random(3)), doors=2, chats=MANY)))


async def test_a_process_that_hangs_in_its_turn_holds_nobody_up(postgres_stage: Stage) -> None:
    assert_clean(await postgres_stage.play(Scene(play=hanging, doors=2, chats=1)))


async def test_a_dead_senders_conversations_go_on_soon(postgres_stage: Stage) -> None:
    verdict = await postgres_stage.play(Scene(play=taking_over, doors=2, chats=3))
    assert_clean(verdict)
    assert verdict.longest_pause < TAKEOVER_SECONDS
