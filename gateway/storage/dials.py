"""How sure the bot must be before it answers, as people set it: every setting with who and when, the newest counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Float, ForeignKey, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Value
from gateway.storage.schema import Id, Instant, metadata

dials = Table(
    "dials",
    metadata,
    Column("id", Id, primary_key=True),
    Column("confidence", Float),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)


class Setting(Value, frozen=True, kw_only=True):
    """One turn of the dial: from `confidence` on the bot answers; None gives it back to the settings file."""

    id: int
    confidence: float | None
    author: str
    created_at: datetime


class Dials:
    """The `dials` table: a few rows, all of them kept."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest(self) -> Setting | None:
        """The setting that counts; None where nobody ever touched it."""
        found = await self.latest(1)
        return found[0] if found else None

    async def latest(self, limit: int) -> list[Setting]:
        """The last settings, newest first."""
        rows = await self._connection.execute(select(dials).order_by(dials.c.id.desc()).limit(limit))
        return [
            Setting(id=row.id, confidence=row.confidence, author=row.author, created_at=row.created_at) for row in rows
        ]

    async def add(self, confidence: float | None, now: datetime, *, author: str, staff_id: int | None) -> None:
        """Set it."""
        await self._connection.execute(
            insert(dials).values(confidence=confidence, staff_id=staff_id, author=author, created_at=now)
        )
