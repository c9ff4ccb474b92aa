"""The timers table: durable alarms that outlive restarts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ports import Timer
from gateway.storage import tables
from gateway.storage.dialect import upsert

_column = tables.timers.c


class Timers:
    """Set, cancel and take alarms. An alarm is deleted in the transaction of what it caused."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    async def set(self, kind: str, key: str, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
        """Ring at `due_at`; an alarm with the same (kind, key) is replaced."""
        body = msgspec.json.encode(payload or {}).decode()
        await self._connection.execute(
            upsert(self._connection, tables.timers)
            .values(kind=kind, key=key, due_at=due_at, payload=body)
            .on_conflict_do_update(
                index_elements=["kind", "key"], set_={"due_at": due_at, "payload": body, "attempts": 0}
            )
        )

    async def cancel(self, kind: str, key: str) -> None:
        """Forget the alarm, if there is one."""
        await self._connection.execute(delete(tables.timers).where(_column.kind == kind, _column.key == key))

    async def take(self, kind: str, key: str) -> bool:
        """Forget the alarm; whether it was there, and so has not rung."""
        gone = delete(tables.timers).where(_column.kind == kind, _column.key == key).returning(_column.id)
        return (await self._connection.execute(gone)).first() is not None

    async def of_kind(self, kind: str, limit: int) -> list[Timer]:
        """The alarms of one kind that have not rung, oldest first."""
        query = select(tables.timers).where(_column.kind == kind).order_by(_column.id).limit(limit)
        return [_to_timer(row) for row in await self._connection.execute(query)]

    async def due(self, now: datetime) -> Timer | None:
        """One alarm that is due, the oldest first, locked for the caller; None where none is."""
        query = select(tables.timers).where(_column.due_at <= now).order_by(_column.due_at, _column.id).limit(1)
        if self._lock_rows:
            query = query.with_for_update(skip_locked=True)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return _to_timer(row)

    async def done(self, timer: Timer) -> None:
        """Forget `timer`, unless its handler has set it anew for later."""
        await self._connection.execute(
            delete(tables.timers).where(_column.id == timer.id, _column.due_at == timer.due_at)
        )

    async def postpone(self, timer: Timer, due_at: datetime) -> None:
        """Try again at `due_at` after a failure, unless somebody has set it anew meanwhile."""
        await self._connection.execute(
            update(tables.timers)
            .where(_column.id == timer.id, _column.due_at == timer.due_at)
            .values(due_at=due_at, attempts=_column.attempts + 1)
        )

    async def next_due(self) -> datetime | None:
        """When the next alarm rings."""
        value: datetime | None = (await self._connection.execute(select(func.min(_column.due_at)))).scalar_one()
        return value


def _to_timer(row: Row[Any]) -> Timer:
    return Timer(id=row.id, kind=row.kind, key=row.key, due_at=row.due_at, payload=msgspec.json.decode(row.payload))
