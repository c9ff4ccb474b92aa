"""Server-side sessions in the database, behind Litestar's store protocol; only hashes of ids are kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.stores.base import Store
from litestar.types import Empty, Message, ScopeSession

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
        """Seconds left; None where unknown or without an end."""
        async with self._database.read() as work:
            expires_at = await SessionTable(work.connection).expires_at(_hash(key))
        return None if expires_at is None else int((expires_at - self._clock()).total_seconds())


RENEW_SECONDS = 300
"""A session in use is written again after this long, not at each request: a write costs a commit."""
_LOADED = "session_as_loaded"
_FRESH = "session_fresh_id"


class StaffSessions(ServerSideSessionBackend):
    """Litestar's sessions with three rules of ours: what changes (signing in) gets a new id, so that one
    planted before is worth nothing; strangers leave no row; a session in use is renewed now and then."""

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        """The session's content, remembered to see later whether it changed."""
        loaded = await super().load_from_connection(connection)
        connection.state[_LOADED] = dict(loaded)
        return loaded

    def get_session_id(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        """The new id where one was made in this request, else the cookie's."""
        return connection.state.get(_FRESH) or super().get_session_id(connection)

    async def store_in_message(
        self, scope_session: ScopeSession, message: Message, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> None:
        """Keep what has to be kept, under the right id."""
        loaded = connection.state.get(_LOADED)
        if scope_session is Empty or not scope_session:
            if loaded:
                await super().store_in_message(Empty, message, connection)
            return
        store = self.config.get_store_from_app(connection.app)
        if scope_session == loaded:
            left = await store.expires_in(self.get_session_id(connection))
            if left is not None and left > self.config.max_age - RENEW_SECONDS:
                return
        else:
            await self.delete(self.get_session_id(connection), store)
            connection.state[_FRESH] = self.generate_session_id()
        await super().store_in_message(scope_session, message, connection)


@dataclass
class StaffSessionConfig(ServerSideSessionConfig):
    """Litestar's settings for `StaffSessions`."""

    _backend_class = StaffSessions


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
