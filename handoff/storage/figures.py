"""What the queue and the booked calls say of themselves in figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text

from gateway.storage.work import Work
from handoff.storage import tables

_column = tables.handoffs.c

WAITING = text("state = 'waiting'")
"""As the index has it: SQLite takes a partial index for literally the same words only."""


class HandoffFigureTable:
    """Counts inside one read, from partial indexes."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many customers wait for a person, and since when the longest."""
        query = select(func.count(), func.min(_column.since)).select_from(tables.handoffs).where(WAITING)
        count, since = (await self._connection.execute(query)).one()
        return int(count), since
