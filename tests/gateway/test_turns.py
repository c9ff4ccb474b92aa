"""One bad event, one driver's bug or one slow worker costs nobody else their answer."""

from __future__ import annotations

import pytest
import structlog

from gateway.channels import Envelope
from gateway.errors import StorageUnavailable
from gateway.messages import Direction, Event, Message, Signal, SignalKind
from gateway.ports import Action, Reason
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from tests.fakes import FakeChannel, inbound
from tests.gateway.spine import Spine

KNOWN = {"ціна": ("cost", 0.9), "людину": ("person", 0.9)}
ACTIONS = {"cost": Action.ANSWER, "person": Action.HANDOFF}


class Reading(FakeChannel):
    """Reads some bodies its own way: a bug, or a signal."""

    def parse(self, body: bytes) -> Event:
        if body == b"bug":
            raise KeyError("update_id")
        if body == b"seen":
            return Signal(kind=SignalKind.READ, address="7", platform_id="out-1")
        if body == b"blocked":
            return Signal(kind=SignalKind.BLOCKED, address="7")
        return super().parse(body)


def spine_of(database: Database, clock) -> Spine:
    return Spine(database, clock, known=KNOWN, actions=ACTIONS, channel=Reading())


async def raw(spine: Spine, body: bytes, *, address: str = "7") -> None:
    await spine.inbox.take("shop", [Envelope(platform_id=f"raw:{body!r}", address=address, body=body)])


async def count(spine: Spine, status: InboxStatus) -> int:
    async with spine.database.read() as view:
        return await view.inbox.count(status)


async def transcript(spine: Spine, address: str = "7") -> list[Message]:
    async with spine.database.read() as view:
        identity = (await view.contacts.find([("shop", address)]))["shop", address]
        conversation = await view.conversations.latest_of(identity.contact_id)
        return await view.messages.after(conversation.id, 0) if conversation else []


@pytest.mark.parametrize("body", [b"\xff\x00{", b"bug"], ids=["unreadable", "a driver's bug"])
async def test_what_cannot_be_read_is_put_aside(sqlite_database: Database, clock, body: bytes) -> None:
    spine = spine_of(sqlite_database, clock)
    await raw(spine, body)
    await spine.hear(inbound("ціна"))
    with structlog.testing.capture_logs():
        await spine.settle()
    assert spine.channel.texts == ["cost in uk"]
    assert await count(spine, InboxStatus.QUARANTINED) == 1
    assert await count(spine, InboxStatus.WAITING) == 0


async def test_a_channel_that_went_is_no_fault(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    await spine.inbox.take("gone", [Envelope(platform_id="1", address="7", body=b"{}")])
    await spine.settle()
    assert await count(spine, InboxStatus.DONE) == 1


async def test_what_was_dealt_with_stays_so(database: Database, clock) -> None:
    """A worker that failed at an event must not bring it back after another has dealt with it."""
    spine = spine_of(database, clock)
    await spine.hear(inbound("ціна"))
    async with database.read() as view:
        [row] = await view.inbox.waiting(10)
    await spine.settle()
    async with database.write() as work:
        await work.inbox.fail(row.id, "late", final=False)
    await spine.settle()
    assert len(spine.channel.sent) == 1


# SQLite has one writer, so there is nobody to leave them to.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_while_one_worker_has_a_person_another_leaves_them(database: Database, clock) -> None:
    spine = spine_of(database, clock)
    await spine.hear(inbound("ціна", platform_id="1"), inbound("ціна", platform_id="2", address="8"))
    async with database.read() as view:
        seven, eight = await view.inbox.waiting(10)
    both = [seven.contact_id, eight.contact_id]
    async with database.write() as mine:
        assert await mine.inbox.claim([seven.contact_id], [seven.id]) == {seven.id: seven.contact_id}
        async with database.write() as theirs:
            assert await theirs.inbox.claim(both, [seven.id, eight.id]) == {eight.id: eight.contact_id}


async def test_a_read_receipt_moves_the_delivery_on(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    await spine.hear(inbound("ціна"))
    await spine.settle()
    await raw(spine, b"seen")
    await spine.settle()
    async with sqlite_database.read() as view:
        assert await view.deliveries.count(DeliveryState.READ) == 1
    assert [message.direction for message in await transcript(spine)] == [Direction.INBOUND, Direction.OUTBOUND]


async def test_who_blocked_us_is_unblocked_by_writing_again(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    for expected, event in ((True, b"blocked"), (False, None)):
        if event:
            await raw(spine, event)
        else:
            await spine.hear(inbound("ціна"))
        await spine.settle()
        async with sqlite_database.read() as view:
            assert (await view.contacts.find([("shop", "7")]))["shop", "7"].blocked is expected


async def test_an_event_that_breaks_each_turn_ends_at_a_person_with_its_words(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    knowledge_breaks(spine)
    await spine.hear(inbound("ціна", platform_id="1"), inbound("людину", platform_id="2", address="8"))
    with structlog.testing.capture_logs():
        await spine.settle()
    assert [context.reason for context in spine.handoffs.requested] == [Reason.ASKED, Reason.FAILURE]
    assert (await transcript(spine))[0].direction is Direction.INBOUND
    assert await count(spine, InboxStatus.QUARANTINED) == 1


def knowledge_breaks(spine: Spine) -> None:
    """The answer to one article always fails."""
    answer = spine.knowledge.answer

    def broken(article: str, language: str, channel_kind: str, variables: object) -> object:
        if article == "cost":
            raise RuntimeError("bug")
        return answer(article, language, channel_kind, variables)

    spine.knowledge.answer = broken  # type: ignore[method-assign]


async def test_an_outage_costs_no_try(sqlite_database: Database, clock) -> None:
    spine = spine_of(sqlite_database, clock)
    wrote = spine.handoffs.request

    async def away(*_: object) -> None:
        raise StorageUnavailable("away")

    spine.handoffs.request = away
    await spine.hear(inbound("людину"))
    for _ in range(5):
        with pytest.raises(StorageUnavailable):
            await spine.turns.take_waiting()
    spine.handoffs.request = wrote
    await spine.settle()
    assert [context.reason for context in spine.handoffs.requested] == [Reason.ASKED]


async def test_words_the_engine_breaks_on_go_to_a_person_and_hold_up_nobody(sqlite_database: Database, clock) -> None:
    spine = Spine(
        sqlite_database, clock, known={"ціна": ("delivery-cost", 0.9)}, actions={"delivery-cost": Action.ANSWER}
    )
    whole = spine.turns._engine.understand

    async def breaks_on_one(utterances):
        if any(utterance.text == "бум" for utterance in utterances):
            raise RuntimeError("engine bug")
        return await whole(utterances)

    spine.turns._engine.understand = breaks_on_one
    await spine.hear(inbound("бум", platform_id="1"), inbound("ціна", platform_id="2", address="8"))
    await spine.settle()
    assert "delivery-cost in uk" in spine.channel.texts
    assert [context.reason for context in spine.handoffs.requested] == [Reason.FAILURE]
