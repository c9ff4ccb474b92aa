"""Server-side sessions in the database, behind Litestar's store protocol; only hashes of ids are kept."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from litestar.stores.base import Store

from gateway.ports import Clock
from gateway.storage.engine import Database
from gateway.storage.sessions import SessionTable


class SessionStore(Store):
    """Sessions by hashed id: whoever reads the table cannot sign in with what is in it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set(self, key: str, value: str | bytes, expires_in: int | timedelta | None = None) -> None:
        """Keep `value` for `expires_in` (seconds where a number)."""
        life = timedelta(seconds=expires_in) if isinstance(expires_in, int) else expires_in
        expires_at = self._clock() + life if life else None
        data = value.encode() if isinstance(value, str) else value
        async with self._database.write() as work:
            await SessionTable(work.connection).put(_hash(key), data, expires_at)

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """The value, None where unknown or expired."""
        async with self._database.read() as work:
            return await SessionTable(work.connection).get(_hash(key), self._clock())

    async def delete(self, key: str) -> None:
        """Forget the session."""
        async with self._database.write() as work:
            await SessionTable(work.connection).delete(_hash(key))

    async def delete_all(self) -> None:
        """Sign everybody out."""
        async with self._database.write() as work:
            await SessionTable(work.connection).delete_all()

    async def exists(self, key: str) -> bool:
        """Whether the session is alive."""
        return await self.get(key) is not None

    async def expires_in(self, key: str) -> int | None:
        """Seconds left; None where unknown. Not kept exactly: sessions are renewed by use."""
        return 1 if await self.exists(key) else None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
