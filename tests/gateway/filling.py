"""Every table filled with rows that are hard to carry: made from the tables themselves, so that a new column
or table is filled without anybody thinking of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.inventory import every_table
from gateway.storage.schema import Instant

WORDS = ("", "вітаю ✓", "'; DROP TABLE a; --", 'a "quoted" \\ path', "\u202eright to left\u2066", "😀" * 20, "x\ny\tz")
INSTANTS = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, 0, 123456, tzinfo=UTC),
    datetime(2200, 1, 1, tzinfo=UTC) - timedelta(microseconds=1),
)
ROWS = 7


async def fill(connection: AsyncConnection) -> None:
    """`ROWS` rows in each table, with each edge somewhere and a NULL wherever one may be."""
    chance = random.Random(7)
    for table in every_table():
        parents = {name: await _keys(connection, column) for name, column in _parents(table).items()}
        rows = [_row(table, number, parents, chance) for number in range(1, ROWS + 1)]
        # One by one: rows that lack different columns are different statements.
        for row in rows:
            await connection.execute(insert(table).values(**row))


async def everything(connection: AsyncConnection) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables."""
    return {
        table.name: [
            dict(row) for row in (await connection.execute(select(table).order_by(*table.primary_key))).mappings()
        ]
        for table in every_table()
    }


def _parents(table: Table) -> dict[str, Column[Any]]:
    return {key.parent.name: key.column for key in table.foreign_keys}


async def _keys(connection: AsyncConnection, column: Column[Any]) -> list[Any]:
    return list((await connection.execute(select(column).order_by(*column.table.primary_key))).scalars())


def _row(table: Table, number: int, parents: dict[str, list[Any]], chance: random.Random) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        if column.name in parents:
            row[column.name] = parents[column.name][number - 1]
        elif column.nullable and number % 3 == 0:
            row[column.name] = None
        else:
            row[column.name] = _value(column, number, chance)
    return row


def _value(column: Column[Any], number: int, chance: random.Random) -> Any:
    kind = column.type
    match kind:
        case Boolean():
            return number % 2 == 0
        case Instant():
            return INSTANTS[number % len(INSTANTS)]
        case LargeBinary():
            return bytes(range(256)) * number if number > 1 else b""
        case Float():
            return chance.random() * 10 ** (number - 4)
        case Integer():
            # With a gap, so that a counter that was only copied along would be behind.
            return number * 1000
    words = WORDS[number % len(WORDS)]
    length = getattr(kind, "length", None)
    return f"{number}{words}"[:length] if length else f"{number}{words}"
