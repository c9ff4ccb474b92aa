"""A sender goes along in a turn's transaction: one commit decides and leases, the next one records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from gateway import outbox
from gateway.errors import StorageUnavailable, Unreachable
from gateway.ports import Action
from gateway.steps import Step
from gateway.storage.deliveries import Deliveries, DeliveryState, Outcome
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from tests.fakes import FakeChannel, inbound
from tests.gateway.flaky import FlakyDatabase, Late, until
from tests.gateway.sends import Held, conversation_of, deliveries_of
from tests.gateway.spine import Spine

KNOWN = {"ціна": ("cost", 0.9)}
ACTIONS = {"cost": Action.ANSWER}


@pytest.fixture(autouse=True)
def long_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """No slow machine lets the sender record by itself before the next turn comes."""
    monkeypatch.setattr(outbox, "GATHER_SECONDS", 60.0)


class Steps:
    """What the steps were told of, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Step, int]] = []

    def __call__(self, step: Step, count: int) -> None:
        self.told.append((step, count))


def spine_of(database: Database, clock, channel: FakeChannel | None = None, watch: Steps | None = None) -> Spine:
    return Spine(database, clock, known=KNOWN, actions=ACTIONS, channel=channel, watch=watch or Steps(), at_hand=True)


@asynccontextmanager
async def sending(spine: Spine) -> AsyncIterator[None]:
    """The sender runs; at the end it stops, and everything is recorded."""
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        # Its first look is over, and it waits for the bell.
        await until(lambda: bool(spine.sender._bell._waiters))  # type: ignore[attr-defined]
        try:
            yield
        finally:
            spine.wakeups.stop()


async def states(spine: Spine, address: str = "7") -> list[DeliveryState]:
    """What became of the answers to `address`."""
    conversation = await conversation_of(spine, address)
    return [delivery.state for delivery in await deliveries_of(spine, conversation)]


async def hear(spine: Spine, *addresses: str, number: int = 1) -> None:
    await spine.hear(*(inbound("ціна", address=address, platform_id=f"{address}:{number}") for address in addresses))


async def test_one_commit_decides_and_leases(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    async with sending(spine):
        await hear(spine, "1", "2", "3")
        flaky.writes = 0
        assert await spine.turns.take_waiting() == 3
        assert flaky.writes == 1
        await until(lambda: len(spine.channel.sent) == 3)
        assert flaky.writes == 1  # nobody had to look what is due
    assert [await states(spine, address) for address in "123"] == [[DeliveryState.SENT]] * 3


async def test_the_next_turn_records_what_was_sent(flaky: FlakyDatabase, clock) -> None:
    steps = Steps()
    spine = spine_of(flaky, clock, watch=steps)
    async with sending(spine):
        await hear(spine, "1")
        await spine.turns.take_waiting()
        await hear(spine, "2")
        flaky.writes = 0
        steps.told.clear()
        assert len(spine.channel.sent) == 1
        await spine.turns.take_waiting()
        assert steps.told[:2] == [(Step.SETTLED, 1), (Step.LEASED, 1)]
        assert await states(spine, "1") == [DeliveryState.SENT]
        assert flaky.writes == 1
    assert await states(spine, "2") == [DeliveryState.SENT]


async def test_where_no_turn_comes_the_sender_records_by_itself(
    flaky: FlakyDatabase, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "GATHER_SECONDS", 0.01)
    steps = Steps()
    spine = spine_of(flaky, clock, watch=steps)
    async with sending(spine):
        await hear(spine, "1")
        await spine.turns.take_waiting()
        await until(lambda: steps.told[-1:] == [(Step.SETTLED, 1)])
        assert await states(spine, "1") == [DeliveryState.SENT]


async def test_what_is_not_committed_is_not_sent(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    async with sending(spine):
        await hear(spine, "1")
        flaky.failures = [StorageUnavailable("away")]
        with pytest.raises(StorageUnavailable):
            await spine.turns.take_waiting()
        await asyncio.sleep(0.1)
        assert spine.channel.sent == []
        assert await spine.turns.take_waiting() == 1
    assert len(spine.channel.sent) == 1
    assert await states(spine, "1") == [DeliveryState.SENT]


async def test_a_recording_that_was_not_committed_is_made_again(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    async with sending(spine):
        await hear(spine, "1")
        await spine.turns.take_waiting()
        await hear(spine, "2")
        assert len(spine.channel.sent) == 1
        flaky.failures = [StorageUnavailable("away")]
        with pytest.raises(StorageUnavailable):
            await spine.turns.take_waiting()
        await spine.turns.take_waiting()
    assert [await states(spine, address) for address in "12"] == [[DeliveryState.SENT]] * 2
    assert len(spine.channel.sent) == 2


async def test_a_sender_that_breaks_harms_no_turn(
    sqlite_database: Database, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine = spine_of(sqlite_database, clock)
    settle = Deliveries.settle
    broken = 1

    async def break_once(self: Deliveries, outcomes: list[Outcome], now: object) -> set[int]:
        nonlocal broken
        if outcomes and broken:
            broken -= 1
            raise RuntimeError("bug")
        return await settle(self, outcomes, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Deliveries, "settle", break_once)
    async with sending(spine):
        await hear(spine, "1")
        await spine.turns.take_waiting()
        await hear(spine, "2", "3")
        assert len(spine.channel.sent) == 1
        with structlog.testing.capture_logs() as logs:
            assert await spine.turns.take_waiting() == 2
        assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["turns_split"]
        await until(lambda: len(spine.channel.sent) == 3)
    assert [await states(spine, address) for address in "123"] == [[DeliveryState.SENT]] * 3
    async with spine.database.read() as view:
        assert await view.inbox.count(InboxStatus.DONE) == 3


async def test_a_channel_without_news_is_not_asked(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    async with sending(spine), sqlite_database.write() as work:
        assert await spine.sender.board(work)
        assert work.ends == []


async def test_who_does_not_run_or_is_to_stop_does_not_go_along(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    await hear(spine, "1")
    await spine.turns.take_waiting()
    assert await states(spine, "1") == [DeliveryState.QUEUED]
    channel = Held()
    spine = spine_of(sqlite_database, clock, channel)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        await channel.begun.wait()
        spine.wakeups.stop()
        await hear(spine, "2")
        await spine.turns.take_waiting()
        assert await states(spine, "2") == [DeliveryState.QUEUED]
        channel.answer.set()
    assert await states(spine, "1") == [DeliveryState.SENT]


async def test_a_full_house_is_no_end_of_it(flaky: FlakyDatabase, clock) -> None:
    """More is decided than may be sent at once: the rest follows as places are free."""
    channel = Held()
    spine = spine_of(flaky, clock, channel)
    people = [str(number) for number in range(130)]
    async with sending(spine):
        await hear(spine, *people)
        await spine.turns.take_waiting()
        await channel.begun.wait()
        channel.answer.set()
        await until(lambda: len(channel.sent) == len(people))
    assert sorted(send.address for send in channel.sent) == sorted(people)


async def test_a_refused_send_is_tried_again_though_turns_go_on(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    spine.channel.failures = [Unreachable("refused")]
    async with sending(spine):
        await hear(spine, "1")
        await spine.turns.take_waiting()
        for number in range(40):
            clock.advance(seconds=1)
            await hear(spine, "2", number=number)
            await spine.turns.take_waiting()
            if len(spine.channel.texts) > number + 1:
                break
    assert await states(spine, "1") == [DeliveryState.SENT]


async def test_what_was_leased_by_a_commit_in_doubt_is_put_back(late: Late, clock) -> None:
    """The commit came through, its answer did not: its sends must not wait until their lease runs out."""
    spine = spine_of(late, clock)
    async with sending(spine):
        await hear(spine, "1")
        late.lost = 1
        with pytest.raises(StorageUnavailable):
            await spine.turns.take_waiting()
        await asyncio.sleep(0.1)
        assert spine.channel.sent == []
        await hear(spine, "2")
        await spine.turns.take_waiting()
        await until(lambda: len(spine.channel.sent) == 2)
    assert [await states(spine, address) for address in "12"] == [[DeliveryState.SENT]] * 2
