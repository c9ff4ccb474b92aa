"""Gathered writes: nobody can tell them from writes made at once, and a batch costs few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select

from gateway.channels import Send
from gateway.conversations import State
from gateway.messages import Author, Direction, Text
from gateway.storage import tables
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.work import Work
from tests.conftest import SteppingClock
from tests.fakes import inbound
from tests.gateway.spine import Spine


async def begin(work: Work, clock: SteppingClock, address: str = "7") -> int:
    identity = await work.contacts.meet("shop", address, clock())
    return (await work.conversations.add(identity=identity, language=None, now=clock())).id


async def say(work: Work, conversation_id: int, text: str, clock: SteppingClock) -> int:
    message = await work.messages.add(
        conversation_id=conversation_id,
        seq=await work.conversations.next_seq(conversation_id, clock()),
        direction=Direction.OUTBOUND,
        author=Author.BOT,
        channel="shop",
        parts=(Text(text=text),),
        now=clock(),
    )
    return message.id


async def test_a_select_finds_what_was_gathered_before_it(database: Database, clock: SteppingClock) -> None:
    async with database.write() as work:
        conversation = await begin(work, clock)
        first = await say(work, conversation, "one", clock)
        work.messages.set_platform_id(first, "p1")
        work.conversations.change(conversation, state=State.QUEUED)
        row = (await work.connection.execute(select(tables.messages.c.platform_id))).scalar_one()
        state = (await work.connection.execute(select(tables.conversations.c.state))).scalar_one()
    assert (row, state) == ("p1", "queued")


async def test_what_is_gathered_is_gone_with_its_transaction(database: Database, clock: SteppingClock) -> None:
    async def broken() -> None:
        async with database.write() as work:
            await say(work, await begin(work, clock), "one", clock)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    async with database.write() as work:
        assert (await work.connection.execute(select(func.count()).select_from(tables.messages))).scalar_one() == 0
        assert await say(work, await begin(work, clock), "two", clock) > 0


async def test_a_later_change_of_a_sent_row_is_not_lost(database: Database, clock: SteppingClock) -> None:
    async with database.write() as work:
        conversation = await begin(work, clock)
        message = await say(work, conversation, "one", clock)
        await work.gathering.flush()
        work.messages.set_platform_id(message, "p1")
        work.conversations.change(conversation, language="uk", misses=1)
        work.conversations.change(conversation, misses=2)
    async with database.read() as view:
        assert (await view.messages.get(message)).platform_id == "p1"
        kept = await view.conversations.get(conversation)
        assert (kept.language, kept.misses, kept.last_seq) == ("uk", 2, 1)


async def test_children_follow_their_parents_in_whatever_order_they_were_made(
    database: Database, clock: SteppingClock
) -> None:
    async with database.write() as work:
        old = await begin(work, clock)
        await say(work, old, "first use of the messages table", clock)
        new = await begin(work, clock, "8")
        message = await say(work, new, "of a conversation that came later", clock)
        work.deliveries.add(
            conversation_id=new,
            message_id=message,
            channel="shop",
            sends=[Send(address="8", part=Text(text="x"), key="1")],
            author=Author.BOT,
            state=DeliveryState.QUEUED,
            now=clock(),
        )
    async with database.read() as view:
        assert len((await view.deliveries.of_messages([message]))[message]) == 1


async def test_ids_grow_within_a_conversation_though_another_drew_later_ones(
    database: Database, clock: SteppingClock
) -> None:
    async with database.write() as work:
        mine, theirs = await begin(work, clock), await begin(work, clock, "8")
    if database.is_sqlite:
        return  # one writer: nobody can draw in between
    async with database.write() as work:
        await work.conversations.lock(theirs)
        await say(work, theirs, "draws a block", clock)
        async with database.write() as other:
            await other.conversations.lock(mine)
            seen = await say(other, mine, "later ids", clock)
        await work.conversations.lock(mine)
        assert await say(work, mine, "said after it", clock) > seen


async def test_people_whom_another_worker_serves_are_left_to_it(database: Database, clock: SteppingClock) -> None:
    spine = Spine(database, clock, known={}, actions={})
    await spine.hear(*(inbound("hi", address=str(n % 3), platform_id=str(n)) for n in range(9)))
    if database.is_sqlite:
        return  # one process, one worker
    async with database.write() as first:
        mine = await first.inbox.claim_next(2)
        async with database.write() as second:
            theirs = await second.inbox.claim_next(9)
    assert [row.platform_id for row in mine] == ["m:0", "m:1"]
    assert len({row.contact_id for row in theirs}) == 1
    assert not {row.contact_id for row in mine} & {row.contact_id for row in theirs}


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engines = {database._writer.sync_engine, database._reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_batch_costs_few_statements(database: Database, clock: SteppingClock) -> None:
    spine = Spine(database, clock, known={}, actions={})
    await spine.hear(*(inbound("hi", address=str(n), platform_id=str(n)) for n in range(60)))
    with counted(database) as statements:
        assert await spine.turns.take_waiting() == 60
    assert len(statements) < 60, statements
