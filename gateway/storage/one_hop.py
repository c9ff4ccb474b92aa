"""SQLite with few trips to its thread: one a statement, or none.

aiosqlite goes to its thread and back for each of: make a cursor, execute, fetch, close. A hop costs more
than most of our statements do, so here all four are one, and the short ones of the message path do without.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import aiosqlite
from aiosqlite.core import _STOP_RUNNING_SENTINEL, set_exception, set_result
from sqlalchemy import AdaptedConnection, Connection

FETCHED_AT_ONCE = 1000
"""Rows that come with the statement; of a longer result the rest is fetched as it is asked for."""


VALUES_HERE = 2000
"""Values given in one step at most for it to be done at once: some milliseconds."""

READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"

Statement = tuple[str, Sequence[Any]]
"""SQL and its values."""


class OneHopConnection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors are `OneHopCursor`s, and whose transactions begin on the way.

    What waits for the disk goes to the thread: a commit of changes. Short statements of the message path do not:
    going there and back costs more than they do, and under load the thread waits for the interpreter besides.
    """

    patience = 0
    """How long a transaction that is to write waits for another process, in milliseconds."""
    _beginning: str | None = None
    _reads_only = False
    _changes = 0
    _went_there = False
    _in_doubt = False
    """Whether something may still be under way in the thread, its caller having gone."""

    def begin_with(self, sql: str) -> None:
        """Begin a transaction by `sql`, together with the next statement, unless one is under way."""
        if self._conn.in_transaction or self._beginning is not None:
            return
        self._beginning = sql
        self._reads_only = sql == READ
        self._went_there = False

    async def commit(self) -> None:
        """No hop where nothing was changed. Raises ValueError where the connection is closed."""
        await self._end(super().commit)

    async def rollback(self) -> None:
        """No hop where nothing was changed. Raises ValueError where the connection is closed."""
        await self._end(super().rollback)

    async def close(self) -> None:
        """Close when what is under way in the thread has ended, and wait for that. Who is cut off meanwhile has
        closed it all the same."""
        if self._connection is not None:
            ended = asyncio.get_running_loop().create_future()
            self._close_and_stop(ended)
            await ended

    def stop(self) -> None:
        """Close when what is under way in the thread has ended. Nobody waits: the event loop may be ending.

        aiosqlite's own tells a thread that it has stopped to stop once more, and whoever waits for that answer
        waits for ever: a program that was told to end while a statement ran did not.
        """
        if self._connection is not None:
            self._close_and_stop(None)

    def _close_and_stop(self, ended: asyncio.Future[Any] | None) -> None:
        connection, self._connection = self._conn, None

        def close_and_stop() -> object:
            _answer(ended, connection.close)
            return _STOP_RUNNING_SENTINEL

        self._running = False
        self._tx.put_nowait((None, close_and_stop))

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """aiosqlite's, but for an event loop that is gone when the thread would answer."""
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        answered = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((None, partial(_answer, answered, partial(fn, *args, **kwargs))))
        return await answered

    @property
    def _may_have_changed(self) -> bool:
        # Tables that are made or dropped are not counted; who does that goes to the thread.
        return self._went_there or self._conn.total_changes != self._changes

    async def _end(self, there: Callable[[], Awaitable[None]]) -> None:
        connection = self._conn
        self._beginning = None
        if not self._in_doubt:
            if not connection.in_transaction:
                return
            if self._reads_only or not self._may_have_changed:
                connection.rollback()
                return
        self._in_doubt = True
        await there()
        self._in_doubt = False

    async def hop(self, act: Callable[[sqlite3.Connection], Any]) -> Any:
        """Do something in the connection's thread, within the transaction."""
        beginning, self._beginning = self._beginning, None
        self._went_there = True
        connection = self._conn

        def begin_and_act() -> Any:
            if beginning is not None:
                connection.execute(beginning)
            return act(connection)

        self._in_doubt = True
        try:
            done = await self._execute(begin_and_act)
        except Exception:
            self._in_doubt = False
            raise
        self._in_doubt = False
        return done

    async def run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        """Run all `statements`, which look at rows or change them; the rows of each. Where they are few it is
        done here and now."""
        if self._in_doubt or sum(len(values) for _, values in statements) > VALUES_HERE or not self._begin_here():
            rows: list[list[Any]] = await self.hop(lambda connection: _run(connection, statements))
            return rows
        return _run(self._conn, statements)

    def _begin_here(self) -> bool:
        """Whether the transaction has begun, or could at once; another process may be writing."""
        if self._beginning is None:
            return True
        connection = self._conn
        self._changes = connection.total_changes
        if self._reads_only:
            connection.execute(self._beginning)
        else:
            connection.execute("PRAGMA busy_timeout=0")
            try:
                connection.execute(self._beginning)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                return False
            finally:
                connection.execute(f"PRAGMA busy_timeout={self.patience}")
        self._beginning = None
        return True

    def cursor(self) -> OneHopCursor:  # type: ignore[override]
        """No hop: there is nothing in it yet."""
        return OneHopCursor(self)


def _answer(asked: asyncio.Future[Any] | None, act: Callable[[], Any]) -> None:
    """In the thread: do it, and tell the loop of whoever asked what came of it, if it still runs."""
    tell: Callable[[asyncio.Future[Any], Any], None]
    try:
        tell, result = set_result, act()
    except BaseException as error:
        tell, result = set_exception, error
    if asked is not None:
        with suppress(RuntimeError):
            asked.get_loop().call_soon_threadsafe(tell, asked, result)


def _run(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[list[Any]]:
    return [connection.execute(sql, values).fetchall() for sql, values in statements]


class _Done:
    """What is known of a statement that ran; `left` is its cursor where there may be more rows."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows: list[Any] = cursor.fetchmany(FETCHED_AT_ONCE) if cursor.description else []
        self.left = cursor if len(self.rows) == FETCHED_AT_ONCE else None
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid


class OneHopCursor:
    """What SQLAlchemy needs of a cursor (PEP 249, awaitable)."""

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._left: sqlite3.Cursor | None = None
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> OneHopCursor:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> OneHopCursor:
        """Run a statement and bring its first rows along."""
        return await self._run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> OneHopCursor:
        """Run a statement once for each of `parameters`."""
        return await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def fetchone(self) -> Any:
        """The next row; None after the last."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """The next `size` rows."""
        wanted = self.arraysize if size is None else size
        rows, self._rows = self._rows[:wanted], self._rows[wanted:]
        if len(rows) < wanted and self._left is not None:
            rows += await self._hop(self._left.fetchmany, wanted - len(rows))
        return rows

    async def fetchall(self) -> Sequence[Any]:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        if self._left is not None:
            rows += await self._hop(self._left.fetchall)
        return rows

    async def close(self) -> None:
        """Let go of what was not fetched."""
        left, self._left = self._left, None
        self._rows = []
        if left is not None:
            await self._hop(left.close)

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> OneHopCursor:
        def run(connection: sqlite3.Connection) -> _Done:
            cursor = connection.cursor()
            statement(cursor)
            done = _Done(cursor)
            if done.left is None:
                # Here and now: the statement is shared with later cursors, and whoever lets go of one that was not
                # closed, in whichever thread and at whatever moment, resets what another of them is doing.
                cursor.close()
            return done

        done = await self._connection.hop(run)
        self.description, self.rowcount, self.lastrowid = done.description, done.rowcount, done.lastrowid
        self._rows, self._left = done.rows, done.left
        return self

    async def _hop(self, act: Callable[..., Any], *given: Any) -> Any:
        return await self._connection.hop(lambda _connection: act(*given))


def connector(path: str, *, timeout: float) -> Callable[[], Awaitable[OneHopConnection]]:
    """What SQLAlchemy calls for a new connection to the file (`async_creator`); `timeout` in seconds."""

    async def connect() -> OneHopConnection:
        connection = OneHopConnection(lambda: sqlite3.connect(path, timeout=timeout, check_same_thread=False), 64)
        connection.patience = int(timeout * 1000)
        # A connection that nobody closed must not keep the process from ending.
        connection._thread.daemon = True  # noqa: SLF001 — as SQLAlchemy's own creator does
        await connection
        return connection

    return connect


def at_once(connection: Connection, statements: Sequence[Statement]) -> list[list[Any]]:
    """Run `statements` in one hop, within the transaction of SQLAlchemy's `connection`; the rows of each, as
    SQLite has them. Raises sqlite3.Error."""
    adapted = cast(AdaptedConnection, connection.connection.dbapi_connection)
    rows: list[list[Any]] = adapted.run_async(lambda driver: driver.run(statements))
    return rows
