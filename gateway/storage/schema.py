"""The one metadata all tables hang on, and the column types both databases share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""A row's number. SQLite counts by itself only for a column declared INTEGER."""

Json = Text
"""JSON made and read by msgspec; databases never look inside, so it is text in both."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def to_number(moment: datetime) -> int:
    """`moment` in microseconds since 1970. Raises ValueError for one without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a stored datetime must have a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_number(microseconds: int) -> datetime:
    """The inverse of `to_number`, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as whole microseconds since 1970: the same order and the same
    precision in SQLite and PostgreSQL, and no session time zone can bend it."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """Refuses a naive datetime with ValueError: guessing a zone would lose callbacks."""
        return number_or_none

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """Back to an aware UTC datetime."""
        return _moment_or_none


def number_or_none(moment: datetime | None) -> int | None:
    """`to_number` of a moment that may be missing."""
    return None if moment is None else to_number(moment)


def _moment_or_none(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_number(microseconds)
