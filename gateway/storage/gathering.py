"""Writes of one transaction, gathered and sent many at a time.

A turn writes a handful of rows; a transaction of a hundred turns sends each kind of row in one statement
instead of hundreds. Nobody can see the difference: whatever else is executed on the connection, a SELECT
above all, is preceded by what was gathered (`Database` listens for it), as is the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Table, event, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.storage.dialect import if_new
from gateway.storage.one_hop import OneHopConnection, Statement, at_once
from gateway.storage.queries import Parameters, Query, Values
from gateway.storage.rows import Rows, for_postgresql, for_sqlite
from gateway.storage.schema import metadata

Row = dict[str, Any]
_KEY = "gathering"
"""Where a connection's `info` names its gathering."""

FIRST_BLOCK = 8
GROWTH = 4
"""Ids drawn at first, and how many times more at each further draw: one message needs two, a batch hundreds."""


class Gathering:
    """Rows to insert and to change. Inserts go before updates, parents before children."""

    def __init__(self, connection: AsyncConnection, driver: OneHopConnection | None) -> None:
        self._connection = connection
        self._driver = driver
        self._inserts: defaultdict[str, list[Row]] = defaultdict(list)
        self._updates: defaultdict[str, dict[int, Row]] = defaultdict(dict)
        self._new: dict[tuple[str, int], Row] = {}
        self._ids: dict[str, Iterator[int]] = {}
        self._block: defaultdict[str, int] = defaultdict(lambda: FIRST_BLOCK)

    # --- gathering ---------------------------------------------------------------------------

    def insert(self, table: Table, row: Row) -> None:
        """Insert `row` later; rows of one table name the same columns."""
        self._inserts[table.name].append(row)
        if "id" in row:
            self._new[table.name, row["id"]] = row

    def update(self, table: Table, row_id: int, changes: Mapping[str, Any]) -> None:
        """Set columns of a row later; the last value of a column stands."""
        new = self._new.get((table.name, row_id))
        if new is not None and new.keys() >= changes.keys():
            new.update(changes)
        elif changes:
            self._updates[table.name].setdefault(row_id, {}).update(changes)

    async def reserve(self, table: Table) -> int:
        """An id for a new row of `table`, larger than every id that is visible to this transaction."""
        drawn = next(self._ids.get(table.name, _NONE), None)
        if drawn is None:
            self._ids[table.name] = await self._draw(table)
            drawn = next(self._ids[table.name])
        return drawn

    def forget_reserved(self) -> None:
        """Draw ids anew: a row was locked after the last draw, and whoever held it may have drawn later ids."""
        self._ids.clear()

    async def insert_new(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert at once those of `rows` that are not there yet; all name the same columns."""
        if self._driver:
            written = Rows(table, tuple(rows[0]), rows, if_new=True)
            await self._driver.run([*self._taken(), *for_sqlite(written)])
        else:
            await self._connection.execute(if_new(self._connection.dialect.name, table), list(rows))

    # --- asking ------------------------------------------------------------------------------

    async def ask(self, *asked: tuple[Query, Parameters]) -> list[list[Values]]:
        """The rows of each query, all in one step where the database is SQLite; what was gathered is in them."""
        if self._driver:
            before = self._taken()
            found = await self._driver.run([*before, *(query.for_sqlite(parameters) for query, parameters in asked)])
            return [query.read(rows) for (query, _), rows in zip(asked, found[len(before) :], strict=True)]
        answers = [await self._connection.execute(query.statement, parameters) for query, parameters in asked]
        return [[tuple(row) for row in answer] for answer in answers]

    # --- sending -----------------------------------------------------------------------------

    async def flush(self) -> None:
        """Send what was gathered."""
        if self._driver is None:
            await self._connection.run_sync(self.send)
        elif statements := self._taken():
            await self._driver.run(statements)

    def send(self, connection: Connection) -> None:
        """`flush`, for who is inside SQLAlchemy already."""
        if self._driver is None:
            for one in self._take_away():
                connection.execute(*for_postgresql(one))
        elif statements := self._taken():
            at_once(connection, statements)

    def _taken(self) -> list[Statement]:
        """What was gathered, as statements for SQLite; whoever takes them runs them."""
        return [statement for one in self._take_away() for statement in for_sqlite(one)]

    def _take_away(self) -> list[Rows]:
        if not (self._inserts or self._updates):
            return []
        inserts, self._inserts = self._inserts, defaultdict(list)
        updates, self._updates = self._updates, defaultdict(dict)
        self._new.clear()
        ranks = _parents_first()
        written = [
            Rows(metadata.tables[name], tuple(inserts[name][0]), inserts[name])
            for name in sorted(inserts, key=ranks.__getitem__)
        ]
        for name, changed in updates.items():
            alike = _alike(changed).items()
            written += [Rows(metadata.tables[name], columns, rows, changes=True) for columns, rows in alike]
        return written

    async def _draw(self, table: Table) -> Iterator[int]:
        if self._driver:
            # The transaction holds the only right to write, so nobody can take these meanwhile.
            [[(newest,)]] = await self.ask((_newest_of(table), {}))
            return count((newest or 0) + 1)
        size = self._block[table.name]
        self._block[table.name] = size * GROWTH
        result = await self._connection.execute(_DRAW, {"table": table.name, "size": size})
        return iter(sorted(result.scalars()))


def send_before_others(engine: AsyncEngine) -> None:
    """Let every statement on `engine` find what was gathered before it."""

    @event.listens_for(engine.sync_engine, "before_execute")
    def _send(connection: Connection, *_: object) -> None:
        gathering = connection.info.get(_KEY)
        if gathering is not None:
            gathering.send(connection)


@contextmanager
def sent_before_others(connection: AsyncConnection, gathering: Gathering) -> Iterator[None]:
    """Let `gathering` be what statements on `connection` find, while the block lasts."""
    info = connection.sync_connection.info if connection.sync_connection else {}
    info[_KEY] = gathering
    try:
        yield
    finally:
        info.pop(_KEY, None)


_NONE: Iterator[int] = iter(())
_DRAW = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :size)")


@cache
def _parents_first() -> Mapping[str, int]:
    """Each table's place."""
    return {table.name: place for place, table in enumerate(metadata.sorted_tables)}


@cache
def _newest_of(table: Table) -> Query:
    return Query(select(func.max(table.c.id)))


def _alike(rows: Mapping[int, Row]) -> Mapping[tuple[str, ...], list[Row]]:
    """Rows that change the same columns, together: they share a statement."""
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row_id, changes in sorted(rows.items()):
        groups[tuple(sorted(changes))].append({"id": row_id, **changes})
    return groups
