"""The one metadata all tables hang on, and the column types both databases share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Refuses a naive datetime with ValueError: guessing a zone would lose callbacks."""
        if value is None:
            return None
        return to_number(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Back to an aware UTC datetime."""
        return None if value is None else from_number(value)
