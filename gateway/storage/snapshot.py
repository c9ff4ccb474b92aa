"""A SQLite file copied whole while others write to it, and whether such a copy is sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gateway.errors import FrontdeskError, StorageUnavailable

PAGES = 4096
"""In one step (16 MiB)."""
BUSY_SECONDS = 30

Advance = Callable[[int, int], None]
"""Called with the pages copied and the pages there are."""


def take_snapshot(source: Path, target: Path, advance: Advance) -> None:
    """Copy `source` as it is now into the new file `target`, and examine the copy.

    The reading transaction that is opened first makes it one moment's state, with everything that was
    committed before; writers go on meanwhile. Raises StorageUnavailable, and FrontdeskError for a
    database that is damaged.
    """
    try:
        with closing(_connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.isolation_level = None
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy, pages=PAGES, sleep=0, progress=lambda _status, left, total: advance(total - left, total))
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        raise StorageUnavailable(f"cannot copy {source}: {error}") from None
    examine(target)


def examine(path: Path) -> None:
    """Raise FrontdeskError where SQLite finds the file damaged
    (https://www.sqlite.org/pragma.html#pragma_integrity_check)."""
    try:
        with closing(_connect(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
            loose = connection.execute("PRAGMA foreign_key_check").fetchmany(3)
            found += [f"a row of {row[0]} refers to nothing" for row in loose]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        wrong = [one for one in found if one != "ok"]
        raise FrontdeskError(f"the database {path.name} is damaged: {'; '.join(wrong[:3])}")


def revision_of(path: Path) -> str | None:
    """The schema revision that a sound file says it has; None for one that was never migrated."""
    with closing(_connect(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def files_of(path: Path) -> list[str]:
    """The ids of the uploaded files that a sound file speaks of."""
    with closing(_connect(path)) as connection:
        return [str(row[0]) for row in connection.execute("SELECT id FROM media ORDER BY id")]


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there: a plain path would make one that is not."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_SECONDS)
