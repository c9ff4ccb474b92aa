"""Codes that continue a conversation elsewhere: made, and used once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.dialect import upsert

_column = tables.continuations.c


class Continuation(Value, frozen=True, kw_only=True):
    """A code as it is kept: by its digest, with the identity it was given to."""

    id: int
    digest: str
    identity_id: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Continuations:
    """Rows by digest."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, digest: str, identity_id: int, now: datetime, expires_at: datetime) -> None:
        """Keep a new code, and forget the old ones of this identity that were never used."""
        await self._connection.execute(
            delete(tables.continuations).where(_column.identity_id == identity_id, _column.expires_at < now)
        )
        await self._connection.execute(
            insert(tables.continuations).values(
                digest=digest, identity_id=identity_id, created_at=now, expires_at=expires_at
            )
        )

    async def claim(self, digest: str, identity_id: int, now: datetime, expires_at: datetime) -> bool:
        """Use a token of somebody else's making for this identity; False where another identity has used it."""
        await self._connection.execute(
            upsert(self._connection, tables.continuations)
            .values(digest=digest, identity_id=identity_id, created_at=now, expires_at=expires_at, used_at=now)
            .on_conflict_do_nothing()
        )
        found = await self.find(digest)
        return found is not None and found.identity_id == identity_id

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget what has expired by then; returns how many."""
        old = select(_column.id).where(_column.expires_at < before).limit(limit)
        result = await self._connection.execute(delete(tables.continuations).where(_column.id.in_(old)))
        return int(result.rowcount)

    async def find(self, digest: str) -> Continuation | None:
        """The code, used or not."""
        row = (
            await self._connection.execute(select(tables.continuations).where(_column.digest == digest))
        ).one_or_none()
        return None if row is None else Continuation(**row._mapping)

    async def use(self, continuation_id: int, now: datetime) -> bool:
        """Use it up; False where somebody else was first, or it is too late."""
        used = await self._connection.execute(
            update(tables.continuations)
            .where(_column.id == continuation_id, _column.used_at.is_(None), _column.expires_at > now)
            .values(used_at=now)
        )
        return bool(used.rowcount)

    async def made_since(self, identity_id: int, since: datetime) -> int:
        """How many this identity was given since then."""
        query = select(_column.id).where(_column.identity_id == identity_id, _column.created_at >= since)
        return len((await self._connection.execute(query)).all())
