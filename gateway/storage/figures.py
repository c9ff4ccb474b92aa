"""What `/metrics` and `/health/ready` ask of the tables, cheap however many rows they hold.

Each question is answered from a partial index over what is not done yet or ended badly; finished rows,
of which there are millions, are never counted. The conditions are written as the indexes have them:
SQLite takes a partial index only for literally the same words, never for a bound value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.work import Work

_inbox = tables.inbox.c
_deliveries = tables.deliveries.c

WAITING = text("status = 'waiting'")
QUARANTINED = text("status = 'quarantined'")
OPEN = text("state in ('queued', 'sending')")
ENDED_BADLY = text("state in ('unknown', 'failed')")


class Sends(Value, frozen=True, kw_only=True):
    """How many deliveries of a channel are in a state, and since when the oldest."""

    channel: str
    state: str
    count: int
    oldest: datetime | None = None


class FigureTable:
    """Counts and ages inside one read."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection
        self._is_sqlite = work.is_sqlite

    async def waiting(self) -> int:
        """Events that wait for their turn."""
        query = select(func.count()).select_from(tables.inbox).where(WAITING)
        return int((await self._connection.execute(query)).scalar_one())

    async def quarantined(self) -> int:
        """Events that were put aside."""
        query = select(func.count()).select_from(tables.inbox).where(QUARANTINED)
        return int((await self._connection.execute(query)).scalar_one())

    async def oldest_waiting(self) -> datetime | None:
        """When the event that comes next was received; None where none waits."""
        query = select(_inbox.received_at).where(WAITING).order_by(_inbox.id).limit(1)
        found: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return found

    async def sends(self) -> list[Sends]:
        """Deliveries that are not done yet or ended badly, by channel and state."""
        counts = select(_deliveries.channel, _deliveries.state, func.count(), func.min(_deliveries.id))
        by = (_deliveries.channel, _deliveries.state)
        waiting = (await self._connection.execute(counts.where(OPEN).group_by(*by))).all()
        # Ids grow with time, and unlike the time they stand in the index: a backlog is counted without its rows.
        since = await self._created([first for *_, first in waiting])
        found = [
            Sends(channel=channel, state=state, count=count, oldest=since.get(first))
            for channel, state, count, first in waiting
        ]
        ended = select(_deliveries.channel, _deliveries.state, func.count()).where(ENDED_BADLY).group_by(*by)
        for channel, state, count in await self._connection.execute(ended):
            found.append(Sends(channel=channel, state=state, count=count))
        return found

    async def _created(self, delivery_ids: Sequence[int]) -> dict[int, datetime]:
        if not delivery_ids:
            return {}
        query = select(_deliveries.id, _deliveries.created_at).where(_deliveries.id.in_(delivery_ids))
        return {row.id: row.created_at for row in await self._connection.execute(query)}

    async def next_timer(self) -> datetime | None:
        """When the next alarm rings, or should have rung."""
        found: datetime | None = (await self._connection.execute(select(func.min(tables.timers.c.due_at)))).scalar_one()
        return found

    async def read_only(self) -> bool:
        """Whether the server refuses writes, as a standby does after a failover to the wrong side."""
        if self._is_sqlite:
            return False
        query = select(func.current_setting("transaction_read_only"))
        return bool((await self._connection.execute(query)).scalar_one() == "on")
