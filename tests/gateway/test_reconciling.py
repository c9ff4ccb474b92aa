"""A platform that can be asked what arrived: a doubtful send is looked for before it is sent again."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
import structlog

from gateway.channels import Idempotency, Reconciling, Send
from gateway.errors import Ambiguous, Rejected, SendError, Throttled, Unreachable
from gateway.retries import LOOK_SECONDS
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.fakes import PLAIN, FakeChannel
from tests.gateway.sends import deliveries_of, say, spine_of

RECONCILED = msgspec.structs.replace(PLAIN, idempotency=Idempotency.RECONCILED)


class Remembering(FakeChannel):
    """A platform that keeps what arrived, by key, and may lose its answer (`lost`: after the send arrived)."""

    def __init__(self, *lost: SendError) -> None:
        super().__init__(capabilities=RECONCILED)
        self.lost = list(lost)
        self.deaf: list[SendError | type[Exception]] = []
        self.asked: list[tuple[str, datetime]] = []
        self.arrived: dict[str, str] = {}

    async def send(self, send: Send) -> str | None:
        platform_id = await super().send(send)
        assert platform_id is not None
        self.arrived[send.key] = platform_id
        if self.lost:
            raise self.lost.pop(0)
        return platform_id

    async def find_sent(self, send: Send, since: datetime) -> str | None:
        self.asked.append((send.key, since))
        if self.deaf:
            raise self.deaf.pop(0)
        return self.arrived.get(send.key)


async def settle(spine, clock, times: int = 12) -> None:
    for _ in range(times):
        await spine.settle()
        clock.advance(minutes=10)


async def test_what_arrived_is_not_sent_again(sqlite_database: Database, clock) -> None:
    channel = Remembering(Ambiguous("time-out"))
    spine = spine_of(sqlite_database, clock, channel)
    began = clock()
    conversation = await say(spine, "one", "two")
    await settle(spine, clock)
    assert channel.texts == ["one", "two"]
    [(_, since)] = channel.asked
    assert since == began
    one, two = await deliveries_of(spine, conversation)
    assert (one.state, one.platform_id, one.attempts) == (DeliveryState.SENT, "out-1", 2)
    assert two.state is DeliveryState.SENT


async def test_what_did_not_arrive_is_sent(sqlite_database: Database, clock) -> None:
    channel = Remembering()
    spine = spine_of(sqlite_database, clock, channel)
    channel.failures = [Ambiguous("reset"), Ambiguous("502")]
    conversation = await say(spine, "one")
    await settle(spine, clock)
    assert channel.texts == ["one"]
    assert len(channel.asked) == 2
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_nobody_asks_without_a_doubt(sqlite_database: Database, clock) -> None:
    channel = Remembering()
    spine = spine_of(sqlite_database, clock, channel)
    channel.failures = [Unreachable("refused"), Throttled("429", retry_after=1)]
    await say(spine, "one")
    await settle(spine, clock)
    assert (channel.texts, channel.asked) == (["one"], [])


async def test_the_platform_gets_a_moment_before_it_is_asked(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock, Remembering(Ambiguous("time-out")))
    conversation = await say(spine, "one")
    await spine.settle()
    [waiting] = await deliveries_of(spine, conversation)
    assert (waiting.due_at - clock()).total_seconds() == LOOK_SECONDS
    assert waiting.resent


async def test_a_platform_that_cannot_be_asked_is_sent_nothing(sqlite_database: Database, clock) -> None:
    channel = Remembering(Ambiguous("time-out"))
    channel.deaf = [Throttled("429", retry_after=30), Unreachable("refused"), Ambiguous("500")]
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    await settle(spine, clock)
    assert channel.texts == ["one"]
    assert len(channel.asked) == 4
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


@pytest.mark.parametrize(
    ("deaf", "reason"), [(Rejected("missing_scope"), "missing_scope"), (KeyError("bug"), "KeyError")]
)
async def test_what_can_never_be_known_is_shown_to_people(
    sqlite_database: Database, clock, deaf: Exception, reason: str
) -> None:
    channel = Remembering(Ambiguous("time-out"))
    channel.deaf = [deaf]
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    with structlog.testing.capture_logs():
        await settle(spine, clock)
    assert channel.texts == ["one"]
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.resent, delivery.reason) == (DeliveryState.UNKNOWN, True, reason)


async def test_a_channel_that_promises_and_cannot_look_sends_nothing_twice(sqlite_database: Database, clock) -> None:
    channel = FakeChannel(capabilities=RECONCILED)
    channel.failures = [Ambiguous("time-out")]
    assert not isinstance(channel, Reconciling)
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    await settle(spine, clock)
    assert channel.texts == []
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.UNKNOWN]


async def test_send_again_by_a_person_looks_first(sqlite_database: Database, clock) -> None:
    channel = Remembering(Ambiguous("time-out"))
    spine = spine_of(sqlite_database, clock, channel, attempts=1)
    conversation = await say(spine, "one")
    await settle(spine, clock)
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, channel.asked) == (DeliveryState.UNKNOWN, [])
    async with sqlite_database.write() as work:
        assert await work.deliveries.requeue(delivery.id, clock())
    await settle(spine, clock)
    assert channel.texts == ["one"]
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_a_person_may_send_again_what_can_never_be_known(sqlite_database: Database, clock) -> None:
    channel = Remembering(Ambiguous("time-out"))
    channel.deaf = [Rejected("no copies are kept"), Rejected("no copies are kept")]
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    await settle(spine, clock)
    [delivery] = await deliveries_of(spine, conversation)
    assert delivery.state is DeliveryState.UNKNOWN
    async with sqlite_database.write() as work:
        assert await work.deliveries.requeue(delivery.id, clock())
    await settle(spine, clock)
    assert channel.texts == ["one", "one"]
    assert [one.state for one in await deliveries_of(spine, conversation)] == [DeliveryState.SENT]


async def test_a_refusal_after_a_look_is_the_whole_truth(sqlite_database: Database, clock) -> None:
    """The first try did not arrive, the second is refused: nothing is unknown about it."""
    channel = Remembering()
    channel.failures = [Ambiguous("reset"), Rejected("is_archived")]
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    await settle(spine, clock)
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "is_archived")


async def test_a_sender_that_died_is_looked_after(sqlite_database: Database, clock) -> None:
    channel = Remembering()
    spine = spine_of(sqlite_database, clock, channel)
    conversation = await say(spine, "one")
    async with sqlite_database.write() as work:
        [leased] = await work.deliveries.lease("shop", 1, "dead", clock(), clock())
    channel.arrived[leased.send.key] = "p:9"
    clock.advance(minutes=1)
    with structlog.testing.capture_logs():
        await settle(spine, clock)
    assert channel.texts == []
    [delivery] = await deliveries_of(spine, conversation)
    assert (delivery.state, delivery.platform_id) == (DeliveryState.SENT, "p:9")
