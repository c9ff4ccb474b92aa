"""The line between processes over PostgreSQL's own NOTIFY, for installations without Redis.

It holds one connection of its own, outside the pool. A pooler that hands out connections by the
transaction (PgBouncer) does not carry LISTEN: there set `redis_url`.
https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.processes.relay import Line, LineLost
from gateway.storage.engine import parse_url

CHANNEL = "frontdesk"
SECONDS = 5.0


class PostgresBus:
    """Opens lines through the database `url` names."""

    frame_limit = 7900
    """A payload must be shorter than 8000 bytes."""

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Line]:
        """See `Bus.connect`."""
        engine = create_async_engine(self._url, poolclass=NullPool, hide_parameters=True)
        try:
            async with asyncio.timeout(SECONDS):
                connection = await engine.connect()
                driver: Any = (await connection.get_raw_connection()).driver_connection
                line = _PostgresLine(driver)
                await driver.add_listener(CHANNEL, line.heard)
                driver.add_termination_listener(line.ended)
        except (DBAPIError, OSError) as error:
            await engine.dispose()
            raise LineLost(type(error).__name__) from None
        try:
            yield line
        finally:
            # Not handed back: a connection that listens is of no use to anybody else.
            driver.remove_termination_listener(line.ended)
            driver.terminate()
            await connection.invalidate()
            await connection.close()
            await engine.dispose()


class _PostgresLine:
    """Over asyncpg's own connection: it alone tells of notices as they come."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._turn = asyncio.Lock()
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue()

    def heard(self, _driver: Any, _pid: int, _channel: str, payload: str) -> None:
        """asyncpg's listener."""
        self._heard.put_nowait(payload.encode())

    def ended(self, _driver: Any) -> None:
        """The connection is gone."""
        self._heard.put_nowait(None)

    async def send(self, frames: Sequence[bytes]) -> None:
        """See `Line.send`. All frames go in one statement, which is one transaction."""
        payloads = [frame.decode() for frame in frames]
        statement = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
        try:
            async with self._turn, asyncio.timeout(SECONDS):
                await self._driver.execute(statement, CHANNEL, payloads)
        except TimeoutError:
            raise
        except Exception as error:  # asyncpg's errors share no parent, and this module imports none of them
            raise LineLost(type(error).__name__) from None

    async def receive(self) -> AsyncIterator[bytes]:
        """See `Line.receive`."""
        while (payload := await self._heard.get()) is not None:
            yield payload
        raise LineLost("the database closed the connection")
