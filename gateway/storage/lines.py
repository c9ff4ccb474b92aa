"""SQLite connections that stay open, each with SQLAlchemy's view of it, taken for one transaction at a time.

To open and close SQLAlchemy's view for each transaction costs more than most of our transactions do; the
statements of the message path go to the driver without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.errors import StorageUnavailable
from gateway.messages import Value
from gateway.storage.one_hop import OneHopConnection


class Line(Value, frozen=True, kw_only=True):
    """An open connection: SQLAlchemy's view, and the driver's own."""

    connection: AsyncConnection
    driver: OneHopConnection


class Lines:
    """As many connections as `engine` may have, opened when first wanted.

    Args:
        engine: whose connections they are; nobody else connects by it.
        begin: the statement that begins a transaction.
        size: how many transactions may be under way.
        patience: how long one waits for a connection, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, begin: str, size: int, patience: float) -> None:
        self._engine = engine
        self._begin = begin
        self._size = size
        self._patience = patience
        self._places = asyncio.Semaphore(size)
        self._free: list[Line] = []
        self._undoing: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Line]:
        """A transaction, committed when the block ends well. Raises StorageUnavailable where none comes free."""
        line = await self._take()
        try:
            line.driver.begin_with(self._begin)
            yield line
            await _commit(line)
        except BaseException:
            await self._undo_to_the_end(line)
            raise
        await self._give_back(line)

    async def close(self) -> None:
        """Close what is open; what is in use closes when its transaction has ended."""
        self._closed = True
        if self._undoing:
            await asyncio.wait(self._undoing)
        while self._free:
            await self._free.pop().connection.close()

    async def _take(self) -> Line:
        if self._places.locked():
            try:
                async with asyncio.timeout(self._patience):
                    await self._places.acquire()
            except TimeoutError:
                raise StorageUnavailable("the database is too busy to answer") from None
        else:
            await self._places.acquire()
        try:
            return self._free.pop() if self._free else await self._open()
        except BaseException:
            self._places.release()
            raise

    async def _open(self) -> Line:
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return Line(connection=connection, driver=cast(OneHopConnection, raw.driver_connection))

    async def _undo_to_the_end(self, line: Line) -> None:
        # Also where the caller is cut off again, or nobody waits any more: a line half undone is lost.
        undoing = asyncio.create_task(self._undo(line))
        self._undoing.add(undoing)
        undoing.add_done_callback(self._undoing.discard)
        await asyncio.shield(undoing)

    async def _undo(self, line: Line) -> None:
        try:
            await line.connection.rollback()
            await line.driver.rollback()
        except BaseException as error:
            # Nobody knows in what state it is: a new one takes its place.
            await self._replace(line)
            if not isinstance(error, Exception):
                raise
        else:
            await self._give_back(line)

    async def _give_back(self, line: Line) -> None:
        if self._closed:
            await self._replace(line)
        else:
            self._free.append(line)
            self._places.release()

    async def _replace(self, line: Line) -> None:
        try:
            await _throw_away(line)
        finally:
            self._places.release()


async def _commit(line: Line) -> None:
    # SQLAlchemy has its own idea of a transaction, where a statement went through it.
    if line.connection.in_transaction():
        await line.connection.commit()
    await line.driver.commit()


async def _throw_away(line: Line) -> None:
    for leave in (line.connection.invalidate, line.connection.close):
        with suppress(Exception):
            await leave()
