"""The calls that are shown in a desk's rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from bots.slack.desk.storage.tables import IS_OPEN, calls
from gateway.desk_calls import DueCall
from gateway.messages import Value
from gateway.storage.work import Work

_call = calls.c


class ShownCall(Value, frozen=True, kw_only=True):
    """A call in a room, to be made at `starts_at`: `ts` is its card's (None: not posted yet), `card` the digest of
    the card as posted, `tried_at` set while the fate of a post is not known."""

    id: int
    callback_id: int
    starts_at: datetime
    conversation_id: int
    room: str
    created_at: datetime
    ts: str | None = None
    card: str = ""
    tried_at: datetime | None = None
    problem: str | None = None


class CallTable:
    """The shown calls of one desk, in one transaction."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def open(self) -> list[ShownCall]:
        """Those that may still have news, the oldest first."""
        query = select(calls).where(IS_OPEN, _call.desk == self._desk).order_by(_call.id)
        return [_to_shown(row) for row in await self._connection.execute(query)]

    async def at(self, room: str, ts: str) -> ShownCall | None:
        """The call whose card is that message."""
        query = select(calls).where(_call.desk == self._desk, _call.room == room, _call.ts == ts)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _to_shown(row)

    async def has(self, due: DueCall) -> bool:
        """Whether the call was shown for this time of it."""
        query = select(_call.id).where(
            _call.desk == self._desk, _call.callback_id == due.callback_id, _call.starts_at == due.starts_at
        )
        return (await self._connection.execute(query)).first() is not None

    async def add(self, due: DueCall, room: str, now: datetime) -> ShownCall:
        """A call whose card is still to be posted."""
        result = await self._connection.execute(
            insert(calls)
            .values(
                desk=self._desk,
                callback_id=due.callback_id,
                starts_at=due.starts_at,
                conversation_id=due.conversation_id,
                room=room,
                created_at=now,
            )
            .returning(calls)
        )
        return _to_shown(result.one())

    async def change(self, shown_id: int, **changes: Any) -> None:
        """Set columns."""
        await self._connection.execute(update(calls).where(_call.id == shown_id).values(**changes))

    async def unshown(self) -> tuple[int, datetime | None]:
        """How many cards are not posted yet, and since when the oldest waits."""
        query = select(func.count(), func.min(_call.created_at)).where(
            IS_OPEN, _call.desk == self._desk, _call.ts.is_(None)
        )
        count, oldest = (await self._connection.execute(query)).one()
        return int(count), oldest


def _to_shown(row: Row[Any]) -> ShownCall:
    return ShownCall(**{name: getattr(row, name) for name in ShownCall.__struct_fields__})
