"""Leases: renewed while their sender lives, taken over when it died, and never trusted when they ran out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from gateway.errors import StorageUnavailable
from gateway.ledger import LEASE, LOOK, RENEW
from gateway.live import Change
from gateway.processes.wakeups import OUTBOX
from gateway.steps import Step
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.fakes import FakeChannel
from tests.gateway.flaky import FlakyDatabase, Late, until
from tests.gateway.sends import Held, deliveries_of, say, spine_of
from tests.gateway.spine import Spine


def look(spine: Spine) -> None:
    spine.wakeups.ring([Change(topic=OUTBOX, kind="queued")])


async def test_a_sender_that_lives_keeps_its_lease_and_one_that_died_is_followed(database: Database, clock) -> None:
    channel = Held()
    first, second = spine_of(database, clock, channel), spine_of(database, clock)
    conversation = await say(first, "one", "two")
    running = asyncio.create_task(first.sender.run())
    await channel.begun.wait()
    for _ in range(6):
        clock.advance(seconds=RENEW.total_seconds() + 0.1)
        look(first)
        await renewed(database, clock() + LEASE)
        assert await second.sender.send_due() == 0
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    clock.now += LEASE - timedelta(seconds=0.1)
    await second.settle()
    assert (await deliveries_of(second, conversation))[0].state is DeliveryState.SENDING
    clock.now += LOOK
    for _ in range(2):
        await second.settle()
        clock.advance(seconds=2)
    one, two = await deliveries_of(second, conversation)
    assert (one.state, one.resent, two.state, two.resent) == ("sent", True, "sent", False)
    assert second.channel.texts == ["one", "two"]


async def renewed(database: Database, at_least) -> None:
    """Return once what is under way is leased until then."""
    async with asyncio.timeout(20):
        while True:
            async with database.write() as work:
                if not await work.deliveries.expired("shop", at_least - timedelta(microseconds=1)):
                    return
            await asyncio.sleep(0.01)


def test_a_dead_senders_sends_are_judged_within_ten_seconds() -> None:
    assert LEASE + LOOK + timedelta(seconds=1) < timedelta(seconds=10)
    assert RENEW * 3 <= LEASE


async def test_a_lease_that_ran_out_before_its_send_began_is_not_used(sqlite_database: Database, clock) -> None:
    stalls = [LEASE]

    def stall(step: Step, _count: int) -> None:
        if step is Step.SENDING and stalls:
            clock.now += stalls.pop()

    spine = spine_of(sqlite_database, clock, watch=stall)
    conversation = await say(spine, "one")
    assert await spine.sender.send_due() == 1
    assert spine.channel.sent == []
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.attempts, delivery.resent) == (DeliveryState.QUEUED, 0, False)
    await spine.settle()
    assert spine.channel.texts == ["one"]


async def test_an_outcome_whose_lease_is_gone_changes_nothing_and_is_told(database: Database, clock) -> None:
    channel = Held()
    slow, quick = spine_of(database, clock, channel), spine_of(database, clock, unknown="never")
    conversation = await say(slow, "one")
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(slow.sender.run())
            await channel.begun.wait()
            clock.now += LEASE
            await quick.settle()
            slow.wakeups.stop()
            channel.answer.set()
    [delivery] = await deliveries_of(slow, conversation)
    assert (delivery.state, delivery.reason, delivery.platform_id) == ("unknown", "sender died", None)
    assert "lease_lost" in [entry["event"] for entry in logs]


async def test_what_was_leased_by_a_commit_nobody_heard_of_is_simply_sent(late: Late, clock) -> None:
    spine = spine_of(late, clock, unknown="never")
    conversation = await say(spine, "one", "two")
    late.lost = 1
    with structlog.testing.capture_logs():
        assert await spine.sender.send_due() == 0
    await spine.settle()
    assert spine.channel.texts == ["one", "two"]
    states = [(one.state, one.attempts, one.resent) for one in await deliveries_of(spine, conversation)]
    assert states == [("sent", 1, False)] * 2


async def test_what_was_recorded_by_a_commit_nobody_heard_of_stays_recorded(late: Late, clock) -> None:
    def lose_the_next(step: Step, _count: int) -> None:
        late.lost = 1 if step is Step.ANSWERED else late.lost

    spine = spine_of(late, clock, watch=lose_the_next)
    conversation = await say(spine, "one")
    with structlog.testing.capture_logs() as logs:
        assert await spine.sender.send_due() == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["outbox_waits", "lease_lost"]
    await spine.settle()
    assert spine.channel.texts == ["one"]
    assert [one.state for one in await deliveries_of(spine, conversation)] == ["sent"]


async def test_after_an_outage_others_may_record_first(flaky_pair: tuple[Spine, Spine], clock) -> None:
    """The database was away for longer than a lease: who else waited for it has outcomes to record."""
    slow, quick = flaky_pair
    conversation = await say(slow, "one")
    channel = slow.channel
    assert isinstance(channel, Held)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(slow.sender.run())
        await channel.begun.wait()
        clock.now += LEASE
        with structlog.testing.capture_logs():
            quick.database.failures = [StorageUnavailable("away")]
            assert await quick.sender.send_due() == 0
        await quick.settle()
        channel.answer.set()
        slow.wakeups.stop()
    assert [(one.state, one.resent) for one in await deliveries_of(slow, conversation)] == [("sent", False)]
    assert quick.channel.sent == []


@pytest.fixture
async def flaky_pair(migrated_sqlite: Path, tmp_path: Path, clock) -> AsyncIterator[tuple[Spine, Spine]]:
    """Two senders on one database; the second's connection can fail."""
    path = tmp_path / "pair.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    steady, flaky = Database(f"sqlite:///{path}"), FlakyDatabase(f"sqlite:///{path}")
    yield spine_of(steady, clock, Held()), spine_of(flaky, clock)
    await steady.close()
    await flaky.close()


# --- one stuck thing delays no other -----------------------------------------------------------


class Hanging(FakeChannel):
    """A platform that never answers for one chat."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.release = asyncio.Event()

    async def send(self, send):
        if send.address == self._address:
            await self.release.wait()
        return await super().send(send)


async def test_one_stuck_chat_delays_no_other(sqlite_database: Database, clock) -> None:
    channel = Hanging("7")
    spine = spine_of(sqlite_database, clock, channel, concurrency=2)
    await say(spine, *"abcdefgh", address="7")
    for number in range(10):
        await say(spine, f"for {number}", "and more", address=f"other-{number}")
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        await until(lambda: len(channel.sent) == 20)
        channel.release.set()
        await until(lambda: len(channel.sent) == 28)
        spine.wakeups.stop()
    assert [text for text in channel.texts if len(text) == 1] == [*"abcdefgh"]


async def test_one_stuck_channel_delays_no_other(sqlite_database: Database, clock) -> None:
    stuck, well = Held(), FakeChannel(name="other")
    first, second = spine_of(sqlite_database, clock, stuck), spine_of(sqlite_database, clock, well)
    await say(first, "one")
    await say(second, "two", channel="other")
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(first.sender.run())
        group.create_task(second.sender.run())
        await stuck.begun.wait()
        await until(lambda: bool(well.sent))
        assert stuck.sent == []
        stuck.answer.set()
        first.wakeups.stop()
        second.wakeups.stop()
