"""What `frontdesk doctor` asks of a database: facts, without judging them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Numeric, cast, func, select, text

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.figures import FigureTable, Sends
from gateway.storage.ownership import file_of
from gateway.storage.revision import current_revision
from gateway.storage.schema import from_number
from gateway.storage.work import Work

QUICK_CHECK_LIMIT = 256 * 1024 * 1024
"""Bytes of a SQLite file up to which it is examined; a larger one takes minutes (a backup examines it)."""


class SqliteFile(Value, frozen=True, kw_only=True):
    """A SQLite file from the outside: sizes in bytes, `mode` as chmod has it."""

    path: Path
    size: int
    wal: int
    mode: int


class Waiting(Value, frozen=True, kw_only=True):
    """What waits, and since when."""

    events: int
    quarantined: int
    oldest_event: datetime | None
    next_timer: datetime | None
    sends: tuple[Sends, ...]


def sqlite_file(url: str) -> SqliteFile | None:
    """The file that `url` names; None for PostgreSQL, and where there is none."""
    path = file_of(url)
    if path is None or not path.is_file():
        return None
    wal = path.with_name(path.name + "-wal")
    found = path.stat()
    return SqliteFile(
        path=path, size=found.st_size, wal=wal.stat().st_size if wal.exists() else 0, mode=found.st_mode & 0o777
    )


class Examination:
    """Questions inside one read."""

    def __init__(self, view: Work) -> None:
        self._view = view
        self._connection = view.connection

    async def revision(self) -> str | None:
        """The schema's revision; None for an empty database."""
        return await self._connection.run_sync(current_revision)

    async def damage(self) -> str | None:
        """What SQLite's quick check finds, None for nothing."""
        found = str((await self._connection.execute(text("PRAGMA quick_check(1)"))).scalar_one())
        return None if found == "ok" else found

    async def server_time(self) -> datetime:
        """PostgreSQL's clock now."""
        seconds = func.extract("epoch", func.clock_timestamp())
        return from_number(
            int((await self._connection.execute(select(cast(seconds * 1_000_000, Numeric)))).scalar_one())
        )

    async def server_version(self) -> str:
        """As the server says it."""
        return str((await self._connection.execute(select(func.current_setting("server_version")))).scalar_one())

    async def newest_message(self) -> datetime | None:
        """When the message with the highest number was written."""
        query = select(tables.messages.c.created_at).order_by(tables.messages.c.id.desc()).limit(1)
        found: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return found

    async def waiting(self) -> Waiting:
        """The queues."""
        figures = FigureTable(self._view)
        return Waiting(
            events=await figures.waiting(),
            quarantined=await figures.quarantined(),
            oldest_event=await figures.oldest_waiting(),
            next_timer=await figures.next_timer(),
            sends=tuple(await figures.sends()),
        )
