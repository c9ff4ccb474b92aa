"""Sending: leased, in order, within the rate, and finished before a planned stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import structlog

from gateway.channels import Rate, Send
from gateway.contacts import Identity
from gateway.conversations import Conversation
from gateway.errors import Ambiguous, StorageUnavailable, Throttled, Unreachable
from gateway.messages import Author, Outbound, Text
from gateway.settings import Outbox
from gateway.storage.deliveries import Delivery, DeliveryState
from gateway.storage.engine import Database
from tests.fakes import PLAIN, FakeChannel
from tests.gateway.flaky import FlakyDatabase, until
from tests.gateway.spine import Spine


@pytest.fixture
async def flaky(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[FlakyDatabase]:
    path = tmp_path / "flaky.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = FlakyDatabase(f"sqlite:///{path}")
    yield database
    await database.close()


def spine_of(database: Database, clock, channel: FakeChannel | None = None, **outbox: object) -> Spine:
    return Spine(database, clock, known={}, actions={}, channel=channel, outbox=Outbox(**outbox))


async def say(spine: Spine, *texts: str, address: str = "7") -> Conversation:
    """Queue `texts` in the address's conversation."""
    async with spine.database.write() as work:
        identity: Identity = await work.contacts.meet("shop", address, spine.clock())
        conversation = await work.conversations.open_of(identity.contact_id)
        conversation = conversation or await work.conversations.add(
            contact_id=identity.contact_id, identity_id=identity.id, language=None, now=spine.clock()
        )
        await spine.speaker.say(work, conversation, *(Outbound(parts=(Text(text=text),)) for text in texts))
    return conversation


async def deliveries_of(spine: Spine, conversation: Conversation) -> list[Delivery]:
    async with spine.database.read() as view:
        messages = await view.messages.after(conversation.id, 0)
        found = await view.deliveries.of_messages([message.id for message in messages])
    return [delivery for message in messages for delivery in found[message.id]]


class Held(FakeChannel):
    """A platform that takes until told to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()
        self.begun = asyncio.Event()

    async def send(self, send: Send) -> str | None:
        self.begun.set()
        await self.answer.wait()
        return await super().send(send)


class Broken(FakeChannel):
    """A driver with a bug."""

    async def send(self, send: Send) -> str | None:
        if isinstance(send.part, Text) and send.part.text == "bad":
            raise KeyError("result")
        return await super().send(send)


# --- leases ------------------------------------------------------------------------------------


async def test_only_the_first_of_a_conversation_is_leased(database: Database, clock) -> None:
    spine = spine_of(database, clock)
    one = await say(spine, "one", "two")
    await say(spine, "other", address="8")
    until = clock() + timedelta(seconds=60)
    async with database.write() as work:
        leased = await work.deliveries.lease("shop", 10, "a", clock(), until)
    assert [delivery.send.part for delivery in leased] == [Text(text="one"), Text(text="other")]
    async with database.write() as work:
        assert await work.deliveries.lease("shop", 10, "b", clock(), until) == []
    assert [delivery.attempts for delivery in await deliveries_of(spine, one)] == [1, 0]


async def test_who_lost_the_lease_records_nothing(database: Database, clock) -> None:
    spine = spine_of(database, clock)
    conversation = await say(spine, "one")
    until = clock() + timedelta(seconds=60)
    async with database.write() as work:
        [first] = await work.deliveries.lease("shop", 1, "slow", clock(), until)
        assert await work.deliveries.settle(first, clock(), state=DeliveryState.QUEUED)
        [second] = await work.deliveries.lease("shop", 1, "quick", clock(), until)
    async with database.write() as work:
        assert not await work.deliveries.settle(first, clock(), state=DeliveryState.FAILED)
        assert await work.deliveries.settle(second, clock(), state=DeliveryState.SENT)
        assert not await work.deliveries.settle(second, clock(), state=DeliveryState.FAILED)
    assert [delivery.state for delivery in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_another_channels_sends_are_left_alone(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    await say(spine, "one")
    async with sqlite_database.write() as work:
        assert await work.deliveries.lease("site", 9, "a", clock(), clock()) == []


# --- order and rate ----------------------------------------------------------------------------


async def test_a_conversation_is_sent_in_order_and_others_do_not_wait(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    spine.channel.failures = [Unreachable("refused")]
    await say(spine, "one", "two", "three")
    await say(spine, "other", address="8")
    await spine.settle()
    assert spine.channel.texts == ["other"]
    clock.advance(seconds=1)
    await spine.settle()
    assert spine.channel.texts == ["other", "one", "two", "three"]
    spine.channel.check()


async def test_what_must_wait_for_the_rate_goes_back_and_costs_no_try(sqlite_database: Database, clock) -> None:
    slow = msgspec.structs.replace(PLAIN, rate=Rate(per_second=0.01, burst=1))
    spine = spine_of(sqlite_database, clock, FakeChannel(capabilities=slow))
    conversation = await say(spine, "one", "two")
    await spine.settle()
    assert spine.channel.texts == ["one"]
    _, waiting = await deliveries_of(spine, conversation)
    assert (waiting.state, waiting.attempts, waiting.lease) == (DeliveryState.QUEUED, 0, None)
    assert timedelta(seconds=90) < waiting.due_at - clock() <= timedelta(seconds=100)


async def test_being_throttled_costs_no_try(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, attempts=2)
    spine.channel.failures = [*(Throttled("429", retry_after=1) for _ in range(5)), Unreachable("refused")]
    conversation = await say(spine, "one")
    for _ in range(8):
        await spine.settle()
        clock.advance(seconds=2)
    spine.channel.check()
    assert spine.channel.texts == ["one"]
    assert [delivery.state for delivery in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_it_fails_after_all_its_tries_and_lets_the_next_pass(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, attempts=2)
    spine.channel.failures = [Unreachable("refused"), Unreachable("refused")]
    conversation = await say(spine, "one", "two")
    for _ in range(3):
        await spine.settle()
        clock.advance(minutes=10)
    first, second = await deliveries_of(spine, conversation)
    assert (first.state, first.attempts, first.reason) == (DeliveryState.FAILED, 2, "refused")
    assert second.state is DeliveryState.SENT


async def test_never_means_never(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, unknown="never")
    spine.channel.failures = [Ambiguous("time-out")]
    conversation = await say(spine, "one")
    for _ in range(3):
        await spine.settle()
        clock.advance(minutes=10)
    assert spine.channel.sent == []
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.resent, delivery.reason) == (DeliveryState.UNKNOWN, False, "time-out")


async def test_the_same_key_at_each_try(sqlite_database: Database, clock) -> None:
    seen: list[str] = []

    class Watched(FakeChannel):
        async def send(self, send: Send) -> str | None:
            seen.append(send.key)
            return await super().send(send)

    spine = spine_of(sqlite_database, clock, Watched())
    spine.channel.failures = [Unreachable("refused")]
    await say(spine, "one")
    await spine.settle()
    clock.advance(seconds=5)
    await spine.settle()
    assert len(seen) == 2
    assert len(set(seen)) == 1


# --- bugs and outages --------------------------------------------------------------------------


async def test_a_drivers_bug_leaves_its_send_unknown_and_the_others_alone(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, Broken(), unknown="never")
    conversation = await say(spine, "bad", "good")
    with structlog.testing.capture_logs() as logs:
        await spine.settle()
    assert spine.channel.texts == ["good"]
    assert [delivery.state for delivery in await deliveries_of(spine, conversation)] == ["unknown", "sent"]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["send_broke"]


async def test_a_sent_message_is_not_forgotten_while_the_database_is_away(flaky: FlakyDatabase, clock) -> None:
    channel = Held()
    spine = spine_of(flaky, clock, channel, concurrency=1)
    conversation = await say(spine, "one")
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        loop = group.create_task(spine.sender.run())
        await channel.begun.wait()
        flaky.failures = [StorageUnavailable("away")]
        with structlog.testing.capture_logs() as logs:
            channel.answer.set()
            spine.wakeups.stop()
            await loop
    assert [entry["event"] for entry in logs] == ["settle_waits"]
    assert [(one.state, one.platform_id) for one in await deliveries_of(spine, conversation)] == [("sent", "out-1")]
    assert len(channel.sent) == 1


async def test_nothing_is_sent_while_no_lease_can_be_had(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    await say(spine, "one")
    for failure in (StorageUnavailable("away"), RuntimeError("bug")):
        flaky.failures = [failure]
        with structlog.testing.capture_logs():
            assert await spine.sender.send_due() == 0
        assert spine.channel.sent == []
    await spine.settle()
    assert spine.channel.texts == ["one"]


async def test_a_record_that_fails_for_good_harms_no_neighbour(flaky: FlakyDatabase, clock) -> None:
    channel = Held()
    spine = spine_of(flaky, clock, channel, concurrency=2)
    first = await say(spine, "one")
    second = await say(spine, "two", address="8")
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            loop = group.create_task(spine.sender.run())
            await channel.begun.wait()
            await asyncio.sleep(0.02)
            flaky.failures = [RuntimeError("bug")]
            channel.answer.set()
            await until(lambda: len(channel.sent) == 2)
            spine.wakeups.stop()
            await loop
    assert "carry_broke" in [entry["event"] for entry in logs]
    states = sorted([(await deliveries_of(spine, one))[0].state for one in (first, second)])
    assert states == ["sending", "sent"]


# --- stopping ----------------------------------------------------------------------------------


async def test_stopping_finishes_what_is_under_way_and_begins_nothing(sqlite_database: Database, clock) -> None:
    channel = Held()
    spine = spine_of(sqlite_database, clock, channel, concurrency=1)
    conversation = await say(spine, "one", "two")
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        loop = group.create_task(spine.sender.run())
        await channel.begun.wait()
        spine.wakeups.stop()
        await asyncio.sleep(0.05)
        assert not loop.done()
        channel.answer.set()
    assert channel.texts == ["one"]
    assert [delivery.state for delivery in await deliveries_of(spine, conversation)] == ["sent", "queued"]


async def test_no_more_than_the_setting_at_once(sqlite_database: Database, clock) -> None:
    channel = Held()
    spine = spine_of(sqlite_database, clock, channel, concurrency=2)
    for address in range(5):
        await say(spine, "hello", address=str(address))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        await channel.begun.wait()
        await asyncio.sleep(0.05)
        async with sqlite_database.read() as view:
            assert await view.deliveries.count(DeliveryState.SENDING) == 2
        channel.answer.set()
        await until(lambda: len(channel.sent) == 5)
        spine.wakeups.stop()


async def test_a_stored_channel_needs_no_sender(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, FakeChannel(capabilities=msgspec.structs.replace(PLAIN, stored=True)))
    conversation = await say(spine, "one")
    await spine.settle()
    assert spine.channel.sent == []
    assert [delivery.state for delivery in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_an_agents_words_stay_when_the_bots_are_dropped(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    conversation = await say(spine, "bot's")
    async with sqlite_database.write() as work:
        await spine.speaker.say(
            work, conversation, Outbound(parts=(Text(text="agent's"),), author=Author.AGENT, agent_id=None)
        )
        assert await work.deliveries.drop_bots(conversation.id, clock()) == 1
    await spine.settle()
    assert spine.channel.texts == ["agent's"]
