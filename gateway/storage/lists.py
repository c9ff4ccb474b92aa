"""Lists as one parameter of a statement: JSON, which both databases take apart themselves.

A statement that always has the same words is planned once, and a list of any length is no more work for the
driver than a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Dialect, Integer, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
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


class _Elements(FunctionElement[Any]):
    """The elements of a list, as a subselect; numbers where its `type` is one."""

    inherit_cache = True


@compiles(_Elements, "sqlite")
def _in_sqlite(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608


@compiles(_Elements, "postgresql")
def _in_postgresql(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:
    value = f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"
    return f"(SELECT CAST({value} AS {'bigint' if isinstance(element.type, Integer) else 'text'}))"


def among(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """Whether `column` is in the list given as `parameter`, a list of whole numbers or of texts."""
    elements = _Elements(bindparam(parameter, type_=JsonList()))
    elements.type = column.type if isinstance(column.type, Integer) else Text()
    return column.bool_op("IN")(elements)
