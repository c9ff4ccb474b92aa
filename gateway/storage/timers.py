"""The timers table: durable alarms that outlive restarts.

Whoever sets or forgets an alarm has locked what it is about before (a conversation, a booked call), and so must who
rings it: its row comes last. While it rings, an advisory lock keeps other ringers away, and nobody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, Row, cast, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ports import Timer
from gateway.storage import tables
from gateway.storage.dialect import upsert

_column = tables.timers.c
_RINGING = 0x7472
"""Which advisory locks are ours."""
_INT = 2**31
"""Their second key is smaller; two alarms with one key only wait for each other."""
_LOOKED_THROUGH = 32
"""Alarms that are tried, oldest first: more processes than that do not ring."""


class Timers:
    """Set, cancel and take alarms. An alarm is deleted in the transaction of what it caused."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows
        self._changed: set[tuple[str, str]] = set()

    async def set(self, kind: str, key: str, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
        """Ring at `due_at`; an alarm with the same (kind, key) is replaced."""
        self._changed.add((kind, key))
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
        self._changed.add((kind, key))
        await self._connection.execute(delete(tables.timers).where(_column.kind == kind, _column.key == key))

    async def take(self, kind: str, key: str) -> bool:
        """Forget the alarm; whether it was there, and so has not rung."""
        self._changed.add((kind, key))
        gone = delete(tables.timers).where(_column.kind == kind, _column.key == key).returning(_column.id)
        return (await self._connection.execute(gone)).first() is not None

    async def of_kind(self, kind: str, limit: int) -> list[Timer]:
        """The alarms of one kind that have not rung, oldest first."""
        query = select(tables.timers).where(_column.kind == kind).order_by(_column.id).limit(limit)
        return [_to_timer(row) for row in await self._connection.execute(query)]

    async def due(self, now: datetime) -> Timer | None:
        """One alarm that is due and that nobody else rings, the oldest first; None where none is."""
        query = select(tables.timers).where(_column.due_at <= now).order_by(_column.due_at, _column.id).limit(1)
        if self._lock_rows:
            oldest = query.limit(_LOOKED_THROUGH).cte("oldest").prefix_with("MATERIALIZED", dialect="postgresql")
            query = select(oldest).where(_nobody_rings(oldest.c.id)).limit(1)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return _to_timer(row)

    async def done(self, timer: Timer) -> bool:
        """Forget `timer`, unless its handler has set it anew for later. False where somebody else has changed it
        meanwhile: then it was not to ring, and the caller undoes what it caused."""
        gone = delete(tables.timers).where(_column.id == timer.id, _column.due_at == timer.due_at)
        found = (await self._connection.execute(gone.returning(_column.id))).first()
        return found is not None or (timer.kind, timer.key) in self._changed

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


def _nobody_rings(number: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether it could be locked until the transaction ends
    (https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS)."""
    return func.pg_try_advisory_xact_lock(literal(_RINGING, Integer), cast(number % _INT, Integer))


def _to_timer(row: Row[Any]) -> Timer:
    return Timer(id=row.id, kind=row.kind, key=row.key, due_at=row.due_at, payload=msgspec.json.decode(row.payload))
