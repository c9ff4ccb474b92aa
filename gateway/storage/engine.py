"""Opening the database, and the two ways in: a read, and a write that commits as one."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.errors import SettingsError, StorageUnavailable, Unstorable
from gateway.live import Change
from gateway.storage.gathering import send_before_others, sent_before_others
from gateway.storage.lines import Lines
from gateway.storage.one_hop import READ, WRITE, connector
from gateway.storage.work import Ends, Work

Announce = Callable[[Sequence[Change]], None]

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_BUSY_SECONDS = 4
"""How long one waits for a connection, and a connection for another process's lock: whoever calls is told
within five seconds, and platforms send again."""
READERS = 4
"""Reads of SQLite side by side."""
_COMMAND_SECONDS = 60
"""How long PostgreSQL may take for one statement. A network that swallows everything would otherwise hold a
connection for a quarter of an hour."""

_SERVER = {
    # Compiling a statement costs tens of milliseconds, and ours run for less than one.
    "jit": "off",
    # A process that hangs, and a host that is gone, let go of the people they were serving. An engine that
    # is asked within a transaction must answer sooner.
    "idle_in_transaction_session_timeout": "8000",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}
"""What we ask of PostgreSQL for our connections; milliseconds and seconds
(https://www.postgresql.org/docs/current/runtime-config-client.html)."""


def parse_url(text: str) -> URL:
    """`text` as a URL with our driver. Raises SettingsError for what is not SQLite or PostgreSQL."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError("database_url", "is not a database URL; say sqlite:///frontdesk.db") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise SettingsError("database_url", f"{url.drivername} is not supported; use sqlite or postgresql")
    if driver.startswith("sqlite") and not url.database:
        raise SettingsError("database_url", "names no file; say sqlite:///frontdesk.db")
    return url.set(drivername=driver)


class Database:
    """One database. `read` gives a snapshot, `write` a transaction; on SQLite all writes queue for
    one connection (DESIGN, promises: SQLite), on PostgreSQL they run side by side.

    `announce` receives, after each commit, the changes the transaction gathered.
    """

    def __init__(self, url: str, *, announce: Announce | None = None) -> None:
        self.url = parse_url(url)
        self.announce = announce
        self.is_sqlite = self.url.drivername.startswith("sqlite")
        self._writing: Lines | None = None
        self._reading: Lines | None = None
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, begin=WRITE, pool_size=1)
            self._reader = _sqlite_engine(self.url, begin=READ, pool_size=READERS)
            self._writing = Lines(self._writer, begin=WRITE, size=1, patience=_BUSY_SECONDS)
            self._reading = Lines(self._reader, begin=READ, size=READERS, patience=_BUSY_SECONDS)
        else:
            self._writer = self._reader = create_async_engine(
                self.url,
                pool_size=10,
                max_overflow=10,
                pool_timeout=_BUSY_SECONDS,
                pool_pre_ping=True,
                connect_args={
                    "timeout": _BUSY_SECONDS,
                    "command_timeout": _COMMAND_SECONDS,
                    "server_settings": _SERVER,
                },
                hide_parameters=True,
            )
        send_before_others(self._writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """A unit of work that only looks. Raises StorageUnavailable."""
        with translated():
            if self._reading:
                async with self._reading.transaction() as line:
                    yield Work(line.connection, driver=line.driver)
            else:
                async with self._reader.connect() as connection:
                    yield Work(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """A unit of work that commits when the block ends well. Raises StorageUnavailable."""
        ends: Ends = []
        try:
            with translated():
                async with self._begun() as work:
                    ends = work.ends
                    with sent_before_others(work.connection, work.gathering):
                        yield work
                        await work.gathering.flush()
        except BaseException as error:
            for ended in ends:
                ended(error)
            raise
        for ended in ends:
            ended(None)
        if self.announce and work.changes:
            self.announce(work.changes)

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[Work]:
        """A transaction that commits when the block ends well."""
        if self._writing:
            async with self._writing.transaction() as line:
                yield Work(line.connection, driver=line.driver)
        else:
            async with self._writer.begin() as connection:
                yield Work(connection)

    async def close(self) -> None:
        """Close all connections."""
        for lines in (self._writing, self._reading):
            if lines:
                await lines.close()
        await self._writer.dispose()
        await self._reader.dispose()


def _sqlite_engine(url: URL, *, begin: str, pool_size: int) -> AsyncEngine:
    assert url.database is not None
    folder = Path(url.database).parent
    if not folder.is_dir():
        raise StorageUnavailable(f"database folder {folder} does not exist; create it or change database_url")
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
        async_creator=connector(url.database, timeout=_BUSY_SECONDS),
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver must not open transactions of its own: BEGIN is ours, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.connection.driver_connection.begin_with(begin)

    return engine


class translated:  # noqa: N801 — reads as a word: `with translated():`
    """Turns the driver's “cannot open, locked, gone” into StorageUnavailable, and “no such character” into
    Unstorable; other errors pass."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _UNSTORABLE:
            raise Unstorable("a character in it cannot be stored; take it out") from error
        if isinstance(error, DBAPIError) and _is_absence(error):
            raise StorageUnavailable(f"{_what_it_is(error.orig)}: {error.orig}") from error
        if isinstance(error, sqlite3.Error) and _is_absence_of_sqlite(error):
            raise StorageUnavailable(f"{_what_it_is(error)}: {error}") from error
        if isinstance(error, PoolTimeout):
            raise StorageUnavailable("the database is too busy to answer") from error
        if isinstance(error, OSError):
            raise StorageUnavailable(f"the database cannot be reached: {error}") from error


_ABSENT = ("08", "25P", "28", "3D", "40", "53", "57", "58")
"""PostgreSQL's classes of “not now” and “not here”: no connection, no such role or database, a deadlock,
no room, shutting down (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


_UNSTORABLE = ("22021", "22P05")
"""character_not_in_repertoire, untranslatable_character (the same appendix)."""


def _is_absence(error: DBAPIError) -> bool:
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error) and _is_absence_of_sqlite(error.orig):
        return True
    return (getattr(error.orig, "sqlstate", None) or "").startswith(_ABSENT)


def _is_absence_of_sqlite(error: sqlite3.Error) -> bool:
    # A plain DatabaseError: the file is no database, or a damaged one.
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


_WHAT_IT_IS = {
    sqlite3.SQLITE_BUSY: "another process holds the database locked",
    sqlite3.SQLITE_READONLY: "the database cannot be written; look at the owner and rights of its file and folder",
    sqlite3.SQLITE_IOERR: "the disk of the database does not read or write; look at it, its quota and limits",
    sqlite3.SQLITE_CANTOPEN: "the file in database_url cannot be opened or made; look at the rights of its folder",
    sqlite3.SQLITE_NOTADB: "the file in database_url is no SQLite database; name another, or put it away",
    sqlite3.SQLITE_FULL: "the disk of the database is full; make room",
    "53100": "the disk of the database is full; make room",
}
"""By SQLite's primary code (https://www.sqlite.org/rescode.html) or PostgreSQL's."""


def _what_it_is(error: BaseException | None) -> str:
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _WHAT_IT_IS.get(code, "the database does not answer")
