"""The sessions table: who is signed in, by the hash of the cookie's id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage import tables
from gateway.storage.dialect import upsert

_column = tables.sessions.c


class SessionTable:
    """Sessions by hashed id."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, key: str, data: bytes, expires_at: datetime | None) -> None:
        """Write or overwrite."""
        await self._connection.execute(
            upsert(self._connection, tables.sessions)
            .values(id=key, data=data, expires_at=expires_at)
            .on_conflict_do_update(index_elements=["id"], set_={"data": data, "expires_at": expires_at})
        )

    async def get(self, key: str, now: datetime) -> bytes | None:
        """The data while it lives."""
        result = await self._connection.execute(
            select(_column.data).where(_column.id == key, or_(_column.expires_at.is_(None), _column.expires_at > now))
        )
        data: bytes | None = result.scalar_one_or_none()
        return data

    async def expires_at(self, key: str) -> datetime | None:
        """When the session is over; None where it is unknown or has no end."""
        result = await self._connection.execute(select(_column.expires_at).where(_column.id == key))
        expires_at: datetime | None = result.scalar_one_or_none()
        return expires_at

    async def delete(self, key: str) -> None:
        """Forget one."""
        await self._connection.execute(delete(tables.sessions).where(_column.id == key))

    async def delete_all(self) -> None:
        """Forget all."""
        await self._connection.execute(delete(tables.sessions))

    async def delete_expired(self, now: datetime) -> None:
        """Forget those that are over."""
        await self._connection.execute(delete(tables.sessions).where(_column.expires_at < now))
