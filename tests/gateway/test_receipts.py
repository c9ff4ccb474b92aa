"""What a platform tells of a message before our send of it is recorded is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog

from gateway.channels import Envelope
from gateway.ledger import LEASE
from gateway.messages import Event, Signal, SignalKind
from gateway.people.lost import REROUTE
from gateway.ports import Timer
from gateway.receipts import EARLY, PATIENCE, SOON, Receipts
from gateway.sending import SEND_SECONDS
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.persons import Persons
from gateway.storage.work import Work
from gateway.timers import Timers
from tests.gateway.sends import Held, deliveries_of, say, spine_of
from tests.gateway.spine import Spine

SAID = {
    b"delivered": Signal(kind=SignalKind.DELIVERED, address="7", platform_id="out-1"),
    b"read": Signal(kind=SignalKind.READ, address="7", platform_id="out-1"),
    b"failed": Signal(kind=SignalKind.FAILED, address="7", platform_id="out-1", reason="5.1.1"),
    b"anothers": Signal(kind=SignalKind.DELIVERED, address="7", platform_id="out-9"),
}


class Telling(Held):
    """Tells what became of a message while it still owes the answer to our request."""

    def parse(self, body: bytes) -> Event:
        return SAID.get(body) or super().parse(body)


@asynccontextmanager
async def under_way(spine: Spine) -> AsyncIterator[Telling]:
    """A send is with the platform while the block lasts; after it, it is answered and recorded."""
    channel = spine.channel
    assert isinstance(channel, Telling)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        await channel.begun.wait()
        try:
            yield channel
        finally:
            channel.answer.set()
            spine.wakeups.stop()


def alarms(spine: Spine, clock) -> Timers:
    async def rerouted(_work: Work, _timer: Timer) -> None: ...

    handlers = {**Receipts(clock).handlers(), REROUTE: rerouted}
    return Timers(spine.database, handlers, clock=clock, wakeups=spine.wakeups)


async def tell(spine: Spine, said: bytes) -> None:
    await spine.inbox.take("shop", [Envelope(platform_id=f"s:{said!r}", address="7", body=said)])
    assert await spine.turns.take_waiting() == 1


async def waiting(spine: Spine, kind: str = EARLY) -> int:
    async with spine.database.read() as view:
        return len(await view.timers.of_kind(kind, 10))


@pytest.mark.parametrize("said", [b"delivered", b"read", b"failed"])
async def test_early_news_counts_once_the_send_is_recorded(database: Database, clock, said: bytes) -> None:
    spine = spine_of(database, clock, Telling())
    conversation = await say(spine, "one")
    timers = alarms(spine, clock)
    async with under_way(spine):
        await tell(spine, said)
        clock.advance(seconds=1)
        assert await timers.ring_due() == 1
        assert await waiting(spine) == 1, "it is kept as long as the send is not recorded"
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]
    clock.advance(seconds=5)
    await timers.ring_due()
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.reason) == (said.decode(), SAID[said].reason)
    assert await waiting(spine) == 0


async def test_early_news_of_an_address_that_is_no_more_has_another_way_looked_for(database: Database, clock) -> None:
    spine = spine_of(database, clock, Telling())
    await say(spine, "one")
    async with under_way(spine):
        await tell(spine, b"failed")
    clock.advance(seconds=1)
    async with database.write() as work:
        timer = await work.timers.due(clock())
        assert timer is not None
        await Receipts(clock).look_again(work, timer)
        await work.timers.done(timer)
    assert (await waiting(spine), await waiting(spine, REROUTE)) == (0, 1)


async def test_both_pieces_of_early_news_are_kept(database: Database, clock) -> None:
    spine = spine_of(database, clock, Telling())
    conversation = await say(spine, "one")
    async with under_way(spine):
        await tell(spine, b"read")
        await tell(spine, b"delivered")
        assert await waiting(spine) == 2
    clock.advance(seconds=1)
    await alarms(spine, clock).ring_due()
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.READ]


async def test_news_of_what_we_never_sent_is_let_go_of(database: Database, clock) -> None:
    spine = spine_of(database, clock, Telling())
    await say(spine, "one")
    timers = alarms(spine, clock)
    rings = 0
    async with under_way(spine):
        await tell(spine, b"anothers")
        began = clock()
        with structlog.testing.capture_logs() as logs:
            while await waiting(spine):
                clock.advance(seconds=1)
                rings += await timers.ring_due()
    assert PATIENCE < clock() - began < PATIENCE * 2 + SOON
    assert rings <= 12, "it waits longer each time"
    assert [entry["event"] for entry in logs if entry["event"] != "timer_rang"] == ["receipt_of_nobody"]


async def test_stale_news_of_what_is_recorded_is_not_kept_though_another_is_under_way(
    database: Database, clock
) -> None:
    before = spine_of(database, clock)
    conversation = await say(before, "one")
    await before.settle()
    await tell(spine_of(database, clock, Telling()), b"read")
    spine = spine_of(database, clock, Telling())
    await say(spine, "two")
    async with under_way(spine):
        await tell(spine, b"delivered")
        assert await waiting(spine) == 0
    assert (await deliveries_of(spine, conversation))[0].state is DeliveryState.READ


async def test_where_nothing_is_under_way_nothing_is_kept(database: Database, clock) -> None:
    spine = spine_of(database, clock, Telling())
    await say(spine, "one")
    await tell(spine, b"delivered")
    assert await waiting(spine) == 0


async def test_early_news_of_somebody_who_is_erased_goes_too(database: Database, clock) -> None:
    spine = spine_of(database, clock, Telling())
    conversation = await say(spine, "one")
    async with under_way(spine):
        await tell(spine, b"anothers")
    assert await waiting(spine) == 1
    async with database.write() as work:
        await Persons(work.connection, lock_rows=not work.is_sqlite).erase([conversation.contact_id], [])
    assert await waiting(spine) == 0


def test_news_waits_longer_than_any_send_is_under_way() -> None:
    assert timedelta(seconds=SEND_SECONDS) + LEASE < PATIENCE
