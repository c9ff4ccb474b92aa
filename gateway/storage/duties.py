"""The duties table: leases by name, measured by the database's own clock, which all processes share."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import BigInteger, ColumnElement, cast, delete, func, or_, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage import tables
from gateway.storage.dialect import upsert
from gateway.storage.schema import Instant

_column = tables.duties.c
_MICROSECONDS = 1_000_000


class DutyTable:
    """Take, keep and hand back. For PostgreSQL: the one process of a SQLite file has no rival."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, name: str, holder: str, length: timedelta) -> bool:
        """Whether `holder` has the duty for `length` from now on: it was free, over, or its own."""
        until = type_coerce(_now() + int(length.total_seconds() * _MICROSECONDS), Instant)
        statement = upsert(self._connection, tables.duties).values(name=name, holder=holder, until=until)
        taken = await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "until": until},
                where=or_(_column.holder == holder, type_coerce(_column.until, BigInteger) <= _now()),
            ).returning(_column.name)
        )
        return taken.one_or_none() is not None

    async def hand_back(self, name: str, holder: str) -> None:
        """Free the duty, if `holder` still has it."""
        await self._connection.execute(delete(tables.duties).where(_column.name == name, _column.holder == holder))


def _now() -> ColumnElement[int]:
    """Microseconds since 1970, as `Instant` keeps them."""
    return cast(func.extract("epoch", func.clock_timestamp()) * _MICROSECONDS, BigInteger)
