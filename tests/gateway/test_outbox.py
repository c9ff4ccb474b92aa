"""Sending: leased, in order, within the rate, and finished before a planned stop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import structlog

from gateway.breaker import BreakerState
from gateway.channels import Rate, Send
from gateway.errors import Ambiguous, StorageUnavailable, Throttled, Unreachable
from gateway.messages import Author, Outbound, Text
from gateway.sending import put_back, sent
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.fakes import PLAIN, FakeChannel
from tests.gateway.flaky import FlakyDatabase, until
from tests.gateway.sends import Held, deliveries_of, say, spine_of


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
        assert await work.deliveries.settle([put_back(first, clock())], clock()) == {first.id}
        [second] = await work.deliveries.lease("shop", 1, "quick", clock(), until)
    async with database.write() as work:
        assert await work.deliveries.settle([put_back(first, clock())], clock()) == set()
        assert await work.deliveries.settle([put_back(first, clock()), sent(second, "p:1")], clock()) == {second.id}
        assert await work.deliveries.settle([put_back(second, clock())], clock()) == set()
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


async def test_a_throttled_chat_waits_as_told_and_then_keeps_its_rate(sqlite_database: Database, clock) -> None:
    slow = msgspec.structs.replace(PLAIN, rate=Rate(per_second=30, burst=30, per_address=0.1, address_burst=1))
    spine = spine_of(sqlite_database, clock, FakeChannel(capabilities=slow))
    spine.channel.failures = [Throttled("429", retry_after=7)]
    conversation = await say(spine, "one", "two")
    await say(spine, *"abcdefgh", address="8")
    await spine.settle()
    assert spine.channel.texts == [*"abcdefgh"]  # one chat's throttling is no other's
    clock.advance(seconds=6.9)
    await spine.settle()
    assert len(spine.channel.texts) == 8
    clock.advance(seconds=0.1)
    await spine.settle()
    assert spine.channel.texts[8:] == ["one"]
    _, waiting = await deliveries_of(spine, conversation)
    assert (waiting.state, waiting.attempts, waiting.lease) == (DeliveryState.QUEUED, 0, None)
    assert waiting.due_at - clock() == timedelta(seconds=10)
    clock.advance(seconds=10)
    await spine.settle()
    assert spine.channel.texts[8:] == ["one", "two"]


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


async def test_many_sends_share_a_commit(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock, concurrency=100)
    for number in range(60):
        await say(spine, "one", "two", address=str(number))
    flaky.writes = 0
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(spine.sender.run())
        await until(lambda: len(spine.channel.sent) == 120)
        spine.wakeups.stop()
    assert flaky.writes <= 12


async def test_nothing_to_do_costs_no_transaction_but_a_look(flaky: FlakyDatabase, clock) -> None:
    spine = spine_of(flaky, clock)
    await spine.sender.send_due()
    spine.channel.failures = [Unreachable("refused") for _ in range(5)]
    for number in range(5):
        await say(spine, "one", address=str(number))
    with structlog.testing.capture_logs():
        await spine.sender.send_due()
    flaky.writes = 0
    assert await spine.sender.send_due() == 0  # the breaker is open, and the last look was just now
    assert flaky.writes == 0


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
    assert [entry["event"] for entry in logs] == ["outbox_waits", "sent"]
    assert [(one.state, one.platform_id) for one in await deliveries_of(spine, conversation)] == [("sent", "out-1")]
    assert len(channel.sent) == 1


async def test_an_outage_of_the_platform_costs_no_message_its_tries(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, attempts=2)
    conversations = [await say(spine, "one", "two", address=str(number)) for number in range(4)]
    spine.channel.failures = [Unreachable("refused") for _ in range(20)]
    with structlog.testing.capture_logs() as logs:
        for _ in range(200):
            await spine.settle()
            clock.advance(seconds=5)
    spine.channel.check()
    states = [one.state for conversation in conversations for one in await deliveries_of(spine, conversation)]
    assert states == [DeliveryState.SENT] * 8
    assert spine.channel.texts == sorted(spine.channel.texts)
    changes = [entry["state"] for entry in logs if entry["event"] == "channel_breaker"]
    assert changes == ["open", "closed"]
    assert spine.sender.breaker.state is BreakerState.CLOSED


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
            flaky.failures = [RuntimeError("bug"), RuntimeError("bug")]
            channel.answer.set()
            await until(lambda: len(channel.sent) == 2)
            spine.wakeups.stop()
            await loop
    assert {"pass_broke", "record_broke"} <= {entry["event"] for entry in logs}
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
