"""Raw bodies are forgotten in time, repeats are still known as such, and a sweep costs what became old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text

from gateway.channels import UNREADABLE, Envelope
from gateway.inbox import Inbox
from gateway.media import MediaStore
from gateway.messages import Author, Direction, Media, MediaKind, encode_parts
from gateway.operating.sweeping import BATCH, Sweeper
from gateway.processes.wakeups import Wakeups
from gateway.settings import Retention
from gateway.storage import tables
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from tests.conftest import SteppingClock
from tests.fakes import envelope_of, inbound

BOUNDS = Retention(body_days=30, quarantine_days=60, dedupe_days=90)


class Room:
    """An inbox and a media store, and the sweeper over both."""

    def __init__(self, database: Database, clock: SteppingClock, folder: Path, bounds: Retention = BOUNDS) -> None:
        self.database = database
        self.clock = clock
        self.media = MediaStore(folder, database, clock)
        self.inbox = Inbox(database, clock)
        self.sweeper = Sweeper(database, self.media, bounds, clock=clock, wakeups=Wakeups())

    async def take(self, *platform_ids: str, status: InboxStatus = InboxStatus.DONE) -> None:
        """Events that came in and were dealt with."""
        await self.inbox.take("shop", [envelope_of(inbound("слова", platform_id=one)) for one in platform_ids])
        await self.mark(status, *platform_ids)

    async def mark(self, status: InboxStatus, *platform_ids: str) -> None:
        async with self.database.write() as work:
            for one in platform_ids:
                await work.connection.execute(
                    text("UPDATE inbox SET status = :status WHERE platform_id = :id"),
                    {"status": status.value, "id": f"m:{one}"},
                )

    async def after(self, days: int) -> dict[str, bool]:
        """Sweep so many days later; what is left, and whether its body is."""
        self.clock.advance(days=days)
        await self.sweeper.sweep()
        return await self.left()

    async def left(self) -> dict[str, bool]:
        async with self.database.read() as view:
            rows = await view.connection.execute(select(tables.inbox).order_by(tables.inbox.c.id))
            return {row.platform_id.removeprefix("m:"): bool(row.body) for row in rows}


@pytest.fixture
def room(database: Database, clock: SteppingClock, tmp_path: Path) -> Room:
    return Room(database, clock, tmp_path / "media")


async def test_bodies_go_first_and_rows_later(room: Room) -> None:
    await room.take("old")
    assert await room.after(29) == {"old": True}
    await room.take("new")
    assert await room.after(2) == {"old": False, "new": True}
    assert await room.after(58) == {"old": False, "new": False}
    assert await room.after(2) == {"new": False}


async def test_a_repeat_is_known_without_its_body(room: Room) -> None:
    await room.take("1")
    assert await room.after(31) == {"1": False}
    await room.inbox.take("shop", [envelope_of(inbound("слова", platform_id="1"))])
    assert await room.left() == {"1": False}


async def test_what_still_waits_is_not_touched(room: Room) -> None:
    await room.take("before")
    await room.take("waits", status=InboxStatus.WAITING)
    await room.take("after")
    assert await room.after(100) == {"waits": True, "after": True}
    await room.mark(InboxStatus.DONE, "waits")
    assert await room.after(0) == {"after": False}


async def test_what_was_put_aside_has_its_own_time(room: Room) -> None:
    await room.take("done")
    await room.take("aside", status=InboxStatus.QUARANTINED)
    unread = Envelope(platform_id=f"{UNREADABLE}1", address=None, body=b"?")
    await room.inbox.take("shop", [unread])
    await room.take("last")
    assert await room.after(31) == {"done": False, "aside": True, unread.platform_id: True, "last": False}
    assert await room.after(30) == {"done": False, "aside": False, unread.platform_id: False, "last": False}
    assert await room.after(30) == {"last": False}


async def test_the_newest_row_stays_so_that_numbers_go_on(room: Room) -> None:
    await room.take("1", "2")
    assert await room.after(100) == {"2": False}
    await room.take("3")
    assert await room.after(31) == {"3": False}


async def test_nothing_is_forgotten_where_nothing_should_be(database: Database, clock, tmp_path: Path) -> None:
    room = Room(database, clock, tmp_path, Retention(body_days=0, quarantine_days=0, dedupe_days=14))
    await room.take("1")
    await room.take("2", status=InboxStatus.QUARANTINED)
    await room.take("3")
    assert await room.after(10_000) == {"1": True, "2": True, "3": True}


async def test_a_row_is_not_dropped_before_its_body_may_go(database: Database, clock, tmp_path: Path) -> None:
    room = Room(database, clock, tmp_path, Retention(body_days=100, dedupe_days=14))
    await room.take("1", "2")
    assert await room.after(99) == {"1": True, "2": True}


async def test_a_clock_that_was_wrong_stops_nothing(room: Room) -> None:
    await room.take("1")
    room.clock.advance(days=1000)
    await room.take("from the future")
    room.clock.advance(days=-1000)
    await room.take("2", "3")
    assert await room.after(31) == {"1": False, "from the future": False, "2": False, "3": False}


async def test_many_are_swept_in_small_transactions(room: Room) -> None:
    many = [str(number) for number in range(BATCH * 2 + 10)]
    await room.inbox.take("shop", [envelope_of(inbound("слова", platform_id=one)) for one in many])
    async with room.database.write() as work:
        await work.connection.execute(text("UPDATE inbox SET status = 'done'"))
    with updates(room.database) as changed:
        assert not any((await room.after(31)).values())
    assert sorted(changed, reverse=True) == [BATCH, BATCH, 10]


async def test_a_sweep_looks_at_nothing_twice(sqlite_database: Database, clock, tmp_path: Path) -> None:
    room = Room(sqlite_database, clock, tmp_path)
    await room.take(*map(str, range(30)))
    await upload(room, "identity:1", b"kept", shown=True)
    await room.after(31)
    with plans(sqlite_database) as planned:
        await room.after(31)
    assert any("inbox" in plan for plan in planned)
    bad = [plan for plan in planned if re.match(r"SCAN (?!.*INDEX ix_inbox_(waiting|quarantined))", plan)]
    assert bad == [], "a whole table is read"
    with updates(sqlite_database) as changed:
        await room.sweeper.sweep()
    assert changed == []


# --- uploads ---------------------------------------------------------------------------------


async def upload(room: Room, owner: str, data: bytes, *, shown: bool = False, after: timedelta = timedelta()) -> str:
    """A file of `owner`; `shown` in a message that is written so much later."""

    async def stream():
        yield data

    file = await room.media.save(stream(), name="a", mime="text/plain", owner=owner, limit=1000)
    if shown:
        await show(room, file.id, owner, room.clock() + after)
    return file.id


async def show(room: Room, file_id: str, owner: str, at: datetime) -> None:
    kind, _, number = owner.partition(":")
    async with room.database.write() as work:
        identity = await work.contacts.meet("site", number, at)
        conversation = await work.connection.execute(
            insert(tables.conversations)
            .values(contact_id=identity.contact_id, identity_id=identity.id, state="bot", created_at=at, updated_at=at)
            .returning(tables.conversations.c.id)
        )
        seq = await work.connection.execute(text("SELECT coalesce(max(seq), 0) + 1 FROM messages"))
        await work.connection.execute(
            insert(tables.messages).values(
                conversation_id=conversation.scalar_one(),
                seq=seq.scalar_one(),
                direction=Direction.INBOUND if kind == "identity" else Direction.OUTBOUND,
                author=Author.CONTACT if kind == "identity" else Author.AGENT,
                agent_id=int(number) if kind == "staff" else None,
                channel="site",
                parts=encode_parts([Media(kind=MediaKind.FILE, ref=f"file:{file_id}")]),
                created_at=at,
            )
        )


async def hire(room: Room) -> str:
    async with room.database.write() as work:
        staff = await work.staff.add(
            email="a@b", name="Ada", password_hash="", roles=frozenset(), now=room.clock(), language="en"
        )
    return f"staff:{staff.id}"


async def visit(room: Room, address: str = "1") -> str:
    async with room.database.write() as work:
        return f"identity:{(await work.contacts.meet('site', address, room.clock())).id}"


async def kept(room: Room) -> set[str]:
    """The ids that are in the database; their files, and no others, are on disk."""
    async with room.database.read() as view:
        ids = set((await view.connection.execute(text("SELECT id FROM media"))).scalars())
    assert {path.name for path in room.media.path(next(iter(ids), "0" * 32)).parents[1].rglob("*-*")} == ids
    return ids


async def test_an_upload_that_was_never_sent_goes_after_a_day(room: Room) -> None:
    visitor, agent = await visit(room), await hire(room)
    sent = {
        await upload(room, visitor, b"1", shown=True),
        await upload(room, visitor, b"2", shown=True, after=timedelta(hours=20)),
        await upload(room, agent, b"3", shown=True, after=timedelta(minutes=3)),
    }
    unsent = {await upload(room, visitor, b"4"), await upload(room, agent, b"5")}
    room.clock.advance(hours=23)
    late = await upload(room, visitor, b"6")
    await room.sweeper.sweep()
    assert await kept(room) == sent | unsent | {late}
    room.clock.advance(hours=2)
    await room.sweeper.sweep()
    assert await kept(room) == sent | {late}
    room.clock.advance(hours=24)
    await room.sweeper.sweep()
    assert await kept(room) == sent


async def test_an_upload_whose_message_waits_is_kept(room: Room) -> None:
    visitor = await visit(room)
    file_id = await upload(room, visitor, b"1")
    await room.inbox.take("site", [Envelope(platform_id="m:1", address="1", body=file_id.encode())])
    room.clock.advance(days=2)
    await room.sweeper.sweep()
    assert await kept(room) == {file_id}
    await show(room, file_id, visitor, room.clock())
    await room.mark(InboxStatus.DONE, "1")
    await room.sweeper.sweep()
    assert await kept(room) == {file_id}


async def test_another_persons_message_keeps_no_file(room: Room) -> None:
    visitor, other = await visit(room), await visit(room, "2")
    file_id = await upload(room, visitor, b"1")
    await show(room, file_id, other, room.clock())
    room.clock.advance(days=2)
    await room.sweeper.sweep()
    assert await kept(room) == set()


# --- watching --------------------------------------------------------------------------------


@contextmanager
def updates(database: Database) -> Iterator[list[int]]:
    """How many rows of the inbox each UPDATE changed."""
    changed: list[int] = []

    def note(_connection, cursor, statement, *_rest) -> None:
        if statement.startswith("UPDATE inbox"):
            changed.append(cursor.rowcount)

    engine = database._writer.sync_engine
    event.listen(engine, "after_cursor_execute", note)
    yield changed
    event.remove(engine, "after_cursor_execute", note)


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """How SQLite carries out each statement."""
    planned: list[str] = []

    def note(_connection, cursor, statement, parameters, *_rest) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            planned.extend(str(row[3]) for row in cursor.fetchall())

    engine = database._writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield planned
    event.remove(engine, "before_cursor_execute", note)
