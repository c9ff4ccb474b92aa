"""Moving a whole installation from one database to another, of either kind.

Everything is read in one snapshot and written in one transaction: a copy that was cut off has not
happened, and may simply be begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import FrontdeskError, SettingsError, StorageUnavailable
from gateway.messages import Value
from gateway.storage.engine import Database, parse_url
from gateway.storage.inventory import every_table
from gateway.storage.migrate import migrate
from gateway.storage.ownership import file_of, owning
from gateway.storage.revision import require_newest

ROWS = 1000
"""In one statement."""
BLOB_ROWS = 50
"""In one statement where rows hold bytes, which may be a mebibyte each."""

Advance = Callable[[str, int, int], None]
"""Called with a table's name, the rows copied and the rows there are."""


class Count(Value, frozen=True, kw_only=True):
    """How many rows of a table there were, and how many there are in the copy."""

    table: str
    source: int
    target: int


class CopyRefused(FrontdeskError):
    """The copy was not made, and the target is as empty as before."""


async def copy_database(source_url: str, target_url: str, advance: Advance) -> list[Count]:
    """Copy everything; the counts are of equal numbers.

    Raises CopyRefused where the target holds something already, a row does not fit or a count differs,
    SettingsError for the two URLs, StorageUnavailable.
    """
    _check_urls(source_url, target_url)
    source, target = Database(source_url), Database(target_url)
    try:
        with owning(target_url):
            await _require_newest(source)
            await migrate(target_url)
            return await _copy(source, target, advance)
    finally:
        await source.close()
        await target.close()


def _check_urls(source_url: str, target_url: str) -> None:
    path = file_of(source_url)
    if path is not None and not path.is_file():
        raise SettingsError("FROM", f"there is no database at {path}")
    if parse_url(source_url) == parse_url(target_url) or (path is not None and path == file_of(target_url)):
        raise SettingsError("TO", "is the same database as FROM; name another")


async def _require_newest(source: Database) -> None:
    try:
        await require_newest(source)
    except StorageUnavailable as error:
        raise StorageUnavailable(f"FROM: {error}") from None


async def _copy(source: Database, target: Database, advance: Advance) -> list[Count]:
    tables = every_table()
    async with source.read() as view, target.write() as work:
        if not source.is_sqlite:
            await view.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await _require_empty(work.connection, tables)
        for table in tables:
            await _copy_table(view.connection, work.connection, table, advance)
        if not target.is_sqlite:
            await _go_on_counting(work.connection, tables)
        return await _compare(view.connection, work.connection, tables)


async def _require_empty(connection: AsyncConnection, tables: Sequence[Table]) -> None:
    for table in tables:
        if (await connection.execute(select(1).select_from(table).limit(1))).first() is not None:
            raise CopyRefused(f"TO is not empty: {table.name} has rows; drop it or choose another")


async def _copy_table(source: AsyncConnection, target: AsyncConnection, table: Table, advance: Advance) -> None:
    total, done = await _count(source, table), 0
    advance(table.name, done, total)
    size = BLOB_ROWS if any(isinstance(column.type, LargeBinary) for column in table.columns) else ROWS
    async with source.stream(select(table).order_by(*table.primary_key)) as result:
        async for batch in result.mappings().partitions(size):
            rows = [dict(row) for row in batch]
            await _put(target, table, rows)
            done += len(rows)
            advance(table.name, done, total)


async def _put(target: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    try:
        await target.execute(insert(table), rows)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        first, last = (", ".join(str(row[key.name]) for key in table.primary_key) for row in (rows[0], rows[-1]))
        raise CopyRefused(f"a row of {table.name} between {first} and {last} does not fit: {error.orig}") from None


async def _go_on_counting(connection: AsyncConnection, tables: Sequence[Table]) -> None:
    """Set PostgreSQL's counters behind the highest number copied, so that the next row gets the next one."""
    for table in tables:
        if table.autoincrement_column is None:
            continue
        column = table.autoincrement_column
        sequence = select(func.pg_get_serial_sequence(table.name, column.name)).scalar_subquery()
        highest = select(func.max(column)).scalar_subquery()
        await connection.execute(select(func.setval(sequence, func.coalesce(highest, 1), highest.is_not(None))))


async def _compare(source: AsyncConnection, target: AsyncConnection, tables: Sequence[Table]) -> list[Count]:
    counts = [
        Count(table=table.name, source=await _count(source, table), target=await _count(target, table))
        for table in tables
    ]
    wrong = [one for one in counts if one.source != one.target]
    if wrong:
        told = "; ".join(f"{one.table} has {one.source} rows, the copy {one.target}" for one in wrong)
        raise CopyRefused(f"nothing was copied: {told}")
    return counts


async def _count(connection: AsyncConnection, table: Table) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
