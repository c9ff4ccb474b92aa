"""Many rows in one statement: inserted, or changed by their ids.

SQLite gets them as VALUES, some dozens at a time: between the steps of an `executemany` its thread would have
to win the interpreter back for each row. PostgreSQL gets them as JSON, which it takes apart itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Dialect, Table, TextClause, text
from sqlalchemy.dialects import postgresql

from gateway.storage.schema import Instant, number_or_none

Row = Mapping[str, Any]

LARGEST = 64
"""Rows in one statement of SQLite's; others have powers of two, so that there are few different ones to plan."""

_encoder = msgspec.json.Encoder()


class Rows(NamedTuple):
    """Rows to insert in their order, or (`changes`) to change: in each these columns of its `id`."""

    table: Table
    columns: tuple[str, ...]
    rows: Sequence[Row]
    changes: bool = False
    if_new: bool = False
    """Whether those that are there already are passed over."""


def for_sqlite(written: Rows) -> Iterator[tuple[str, Sequence[Any]]]:
    """The statements, each with its values."""
    names = ("id", *written.columns) if written.changes else written.columns
    instants = _instants(written.table)
    kinds = [(name, name in instants) for name in names]
    begin = 0
    while begin < len(written.rows):
        size = min(LARGEST, 1 << (len(written.rows) - begin).bit_length() - 1)
        some = written.rows[begin : begin + size]
        values = [number_or_none(row[name]) if instant else row[name] for row in some for name, instant in kinds]
        yield _values_statement(written, names, size), values
        begin += size


def for_postgresql(written: Rows) -> tuple[TextClause, dict[str, str]]:
    """The statement and its parameters."""
    names = ("id", *written.columns) if written.changes else written.columns
    instants = _instants(written.table).intersection(names)
    rows = [{**row, **{name: number_or_none(row[name]) for name in instants}} for row in written.rows]
    statement = _update_json if written.changes else _insert_json
    return statement(written.table, names), {"rows": _encoder.encode(rows).decode()}


# --- SQLite --------------------------------------------------------------------------------------


def _values_statement(written: Rows, names: tuple[str, ...], count: int) -> str:
    if written.changes:
        return _update_values(written.table.name, names, count)
    inserting = _insert_values(written.table.name, names, count)
    return f"{inserting} ON CONFLICT DO NOTHING" if written.if_new else inserting


@cache
def _insert_values(table: str, names: tuple[str, ...], count: int) -> str:
    return f"INSERT INTO {table} ({_quoted(names)}) VALUES {_places(names, count)}"  # noqa: S608 — names of ours


@cache
def _update_values(table: str, names: tuple[str, ...], count: int) -> str:
    changes = ", ".join(f'"{name}" = given.column{place}' for place, name in enumerate(names[1:], 2))
    given = f"(VALUES {_places(names, count)}) AS given"
    return f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.column1"  # noqa: S608 — names of ours


def _places(names: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return ", ".join([row] * count)


# --- PostgreSQL ----------------------------------------------------------------------------------


@cache
def _insert_json(table: Table, names: tuple[str, ...]) -> TextClause:
    return text(
        f"INSERT INTO {table.name} ({_quoted(names)}) "  # noqa: S608 — names of ours
        f"SELECT {_quoted(names)} FROM {_recordset(table, names)} ORDER BY place"
    )


@cache
def _update_json(table: Table, names: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f'"{name}" = given."{name}"' for name in names[1:])
    return text(
        f"UPDATE {table.name} SET {changes} "  # noqa: S608 — names of ours
        f"FROM {_recordset(table, names)} WHERE {table.name}.id = given.id"
    )


def _recordset(table: Table, names: tuple[str, ...]) -> str:
    kinds = ", ".join(f'"{name}" {table.c[name].type.compile(_postgresql())}' for name in names)
    taken = f"ROWS FROM (json_to_recordset(CAST(:rows AS json)) AS ({kinds})) WITH ORDINALITY"
    return f"{taken} AS given ({_quoted(names)}, place)"


# --- both ----------------------------------------------------------------------------------------


@cache
def _instants(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.c if isinstance(column.type, Instant))


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@cache
def _postgresql() -> Dialect:
    made: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return made
