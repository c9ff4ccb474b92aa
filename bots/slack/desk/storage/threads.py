"""The threads of handoffs, and what agents wrote in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from bots.slack.desk.storage.tables import IS_OPEN, IS_UNSETTLED, lines, threads
from gateway.messages import Value
from gateway.storage.work import Work

_thread, _line = threads.c, lines.c


class Thread(Value, frozen=True, kw_only=True):
    """A handoff in a room: `ts` is its card's (None: not posted yet), `since` and `seq` from where on and how far its
    conversation is shown, `mark` the state that was shown last, `card` the digest of the card as posted, `tried_at`
    set while the fate of a post is not known."""

    id: int
    handoff_id: int
    conversation_id: int
    room: str
    created_at: datetime
    ts: str | None = None
    since: int = 0
    seq: int = 0
    mark: str = ""
    card: str = ""
    tried_at: datetime | None = None
    problem: str | None = None
    is_open: bool = True


class ThreadTable:
    """The threads of one desk, in one transaction."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def open(self) -> list[Thread]:
        """Those that may still have news, the oldest first."""
        query = select(threads).where(IS_OPEN, _thread.desk == self._desk).order_by(_thread.id)
        return [_to_thread(row) for row in await self._connection.execute(query)]

    async def at(self, room: str, ts: str) -> Thread | None:
        """The thread whose card is that message."""
        query = select(threads).where(_thread.desk == self._desk, _thread.room == room, _thread.ts == ts)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _to_thread(row)

    async def get(self, thread_id: int) -> Thread | None:
        """The thread, if it is this desk's."""
        query = select(threads).where(_thread.desk == self._desk, _thread.id == thread_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_thread(row)

    async def newest_of(self, conversation_id: int) -> Thread | None:
        """The conversation's newest thread."""
        query = (
            select(threads)
            .where(_thread.desk == self._desk, _thread.conversation_id == conversation_id)
            .order_by(_thread.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_thread(row)

    async def of_handoff(self, handoff_id: int) -> Thread | None:
        """The handoff's thread."""
        query = select(threads).where(_thread.desk == self._desk, _thread.handoff_id == handoff_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_thread(row)

    async def add(self, handoff_id: int, conversation_id: int, room: str, since: int, now: datetime) -> Thread:
        """A thread whose card is still to be posted, and what was said after `since`."""
        result = await self._connection.execute(
            insert(threads)
            .values(
                desk=self._desk,
                handoff_id=handoff_id,
                conversation_id=conversation_id,
                room=room,
                since=since,
                seq=since,
                created_at=now,
            )
            .returning(threads)
        )
        return _to_thread(result.one())

    async def change(self, thread_id: int, **changes: Any) -> None:
        """Set columns."""
        await self._connection.execute(update(threads).where(_thread.id == thread_id).values(**changes))

    async def troubled(self) -> list[tuple[str, str, int]]:
        """(room, problem, how many open threads have it)."""
        query = (
            select(_thread.room, _thread.problem, func.count())
            .where(IS_OPEN, _thread.desk == self._desk, _thread.problem.is_not(None))
            .group_by(_thread.room, _thread.problem)
        )
        return [(room, problem, int(count)) for room, problem, count in await self._connection.execute(query)]

    async def unshown(self) -> tuple[int, datetime | None]:
        """How many cards are not posted yet, and since when the oldest waits."""
        query = select(func.count(), func.min(_thread.created_at)).where(
            IS_OPEN, _thread.desk == self._desk, _thread.ts.is_(None)
        )
        count, oldest = (await self._connection.execute(query)).one()
        return int(count), oldest


class LineTable:
    """What agents of one desk wrote in its threads."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def add(self, thread_id: int, ts: str, message_id: int, *, settled: bool) -> None:
        """A message that an agent wrote in Slack; `settled` where nothing of it is on its way."""
        await self._connection.execute(
            insert(lines).values(thread_id=thread_id, ts=ts, message_id=message_id, fate="settled" if settled else None)
        )

    async def at(self, thread_id: int, ts: str) -> int | None:
        """The message that stands there."""
        query = select(_line.message_id).where(_line.thread_id == thread_id, _line.ts == ts)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def standing_in(self, thread_id: int, message_ids: Sequence[int]) -> set[int]:
        """Those of these messages that agents wrote in this thread."""
        query = select(_line.message_id).where(_line.thread_id == thread_id, _line.message_id.in_(list(message_ids)))
        return set((await self._connection.execute(query)).scalars())

    async def unsettled(self, limit: int) -> list[tuple[int, int]]:
        """(thread, message) of what agents wrote and whose sends have no known end."""
        query = (
            select(_line.thread_id, _line.message_id)
            .join(threads, _thread.id == _line.thread_id)
            .where(IS_UNSETTLED, _thread.desk == self._desk)
            .order_by(_line.message_id)
            .limit(limit)
        )
        return [(row.thread_id, row.message_id) for row in await self._connection.execute(query)]

    async def settle(self, message_id: int, fate: str) -> None:
        """Note what became of it."""
        await self._connection.execute(update(lines).where(_line.message_id == message_id).values(fate=fate))


def _to_thread(row: Row[Any]) -> Thread:
    return Thread(**{name: getattr(row, name) for name in Thread.__struct_fields__})
