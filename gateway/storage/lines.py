"""SQLite connections that stay open, each with SQLAlchemy's view of it, taken for one transaction at a time.

To open and close SQLAlchemy's view for each transaction costs more than most of our transactions do; the
statements of the message path go to the driver without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
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
            await self._undo(line)
            raise
        self._give_back(line)

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

    async def _undo(self, line: Line) -> None:
        """Also where the caller is cut off again, as at a program's end: a line half undone would be lost."""
        undoing, cut_off = await self._to_the_end(_roll_back(line))
        if undoing.cancelled():
            # The end of an event loop cuts off whatever is under way, once; what was begun must not answer to nobody.
            undoing, _ = await self._to_the_end(_roll_back(line))
        if undoing.cancelled() or undoing.exception():
            # Nobody knows in what state it is: a new one takes its place.
            self._drop(line)
        else:
            self._give_back(line)
        if cut_off:
            raise cut_off

    async def _to_the_end(
        self, work: Coroutine[None, None, None]
    ) -> tuple[asyncio.Task[None], asyncio.CancelledError | None]:
        """`work` when it has ended, and how the caller was cut off meanwhile."""
        task = asyncio.create_task(work)
        self._undoing.add(task)
        task.add_done_callback(self._undoing.discard)
        cut_off: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cut_off = error
        return task, cut_off

    def _give_back(self, line: Line) -> None:
        if self._closed:
            self._drop(line)
        else:
            self._free.append(line)
            self._places.release()

    def _drop(self, line: Line) -> None:
        """Close a connection without waiting, for the event loop may be ending; SQLAlchemy forgets it."""
        view = line.connection.sync_connection
        assert view is not None
        if not view.invalidated:
            view.detach()
        line.driver.stop()
        self._places.release()


# The driver comes first: SQLAlchemy, cut off while it waits for one, would throw the connection away in its own way.
# After that its view of the transaction ends without a trip.


async def _commit(line: Line) -> None:
    await line.driver.commit()
    if line.connection.in_transaction():
        await line.connection.commit()


async def _roll_back(line: Line) -> None:
    await line.driver.rollback()
    await line.connection.rollback()
