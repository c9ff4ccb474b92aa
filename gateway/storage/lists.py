"""Lists as one parameter of a statement: JSON, which both databases take apart themselves.

A statement that always has the same words is planned once, and a list of any length is no more work for the
driver than a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import msgspec
from sqlalchemy import Boolean, ColumnElement, Dialect, Integer, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator

_encoder = msgspec.json.Encoder()


def as_json(values: object) -> str:
    """`values` as the statements here want them."""
    return _encoder.encode(values).decode()


class JsonList(TypeDecorator[Iterable[object]]):
    """A list that travels as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[object] | None, dialect: Dialect) -> str:
        """See `TypeDecorator`."""
        return as_json(list(value or ()))


class _Among(FunctionElement[bool]):
    """Whether a column is in a list; of whole numbers where the column's type is one, else of texts."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Itself, as a comparison is. A truth by type only is written ``… = 1`` among other conditions for SQLite,
        which then sees no list to look up in an index, and reads the whole table."""
        return self


@compiles(_Among, "sqlite")
def _in_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 — names of ours


@compiles(_Among, "postgresql")
def _in_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    # An array, not a subselect: of that the planner expects a hundred rows, and joins where it could look up.
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    kind = "bigint" if isinstance(next(iter(element.clauses)).type, Integer) else "text"
    value = f"CAST(json_array_elements_text(CAST({values} AS json)) AS {kind})"
    return f"{column} = ANY (ARRAY(SELECT {value}))"


def among(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """Whether `column` is in the list given as `parameter`, a list of whole numbers or of texts."""
    return _Among(column, bindparam(parameter, type_=JsonList()))
