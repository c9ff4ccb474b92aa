"""Statements made ready once for SQLite's driver: what SQLAlchemy does anew at each execution, kept.

The few statements that every message needs run thousands of times a second, and to execute one through
SQLAlchemy costs several times what SQLite does for it. PostgreSQL's, which answers over a network, go the
usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, Dialect, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

Parameters = Mapping[str, Any]
Values = tuple[Any, ...]
_Convert = Callable[[Any], Any]


class Query:
    """A Core statement that is executed often.

    Args:
        statement: with named parameters, none of them expanding.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement = statement

    def for_sqlite(self, parameters: Parameters) -> tuple[str, Values]:
        """The SQL, and the values in its order."""
        sql, order = self._written
        return sql, tuple(value if name is None else _converted(parameters[name], value) for name, value in order)

    def read(self, rows: Sequence[Values]) -> list[Values]:
        """Rows as SQLite has them, in the types of the statement's columns."""
        converts = self._converts
        if not any(converts):
            return list(rows)
        return [tuple(map(_converted, row, converts)) for row in rows]

    @cached_property
    def _written(self) -> tuple[str, list[tuple[str | None, Any]]]:
        """The SQL; for each of its values the parameter's name and how to convert it, or a constant."""
        compiled = self.statement.compile(dialect=_dialect())  # type: ignore[attr-defined]
        order: list[tuple[str | None, Any]] = []
        for name in compiled.positiontup or []:
            bind: BindParameter[Any] = compiled.binds[name]
            convert = _bound(bind.type)
            order.append((name, convert) if bind.required else (None, _converted(bind.value, convert)))
        return str(compiled), order

    @cached_property
    def _converts(self) -> list[_Convert | None]:
        columns = getattr(self.statement, "selected_columns", ())
        return [_result(column.type) for column in columns]


def _converted(value: Any, convert: _Convert | None) -> Any:
    return convert(value) if convert else value


def _dialect() -> Dialect:
    made: Dialect = sqlite.dialect(paramstyle="qmark")
    return made


def _bound(kind: TypeEngine[Any]) -> _Convert | None:
    dialect = _dialect()
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any]) -> _Convert | None:
    dialect = _dialect()
    return kind.dialect_impl(dialect).result_processor(dialect, None)
