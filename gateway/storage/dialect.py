"""The few statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps in two dialects."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = sqlite.Insert | postgresql.Insert


@cache
def if_new(dialect: str, table: Table) -> Insert:
    """An INSERT into `table` that leaves rows alone that are there; made once."""
    made = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return made.on_conflict_do_nothing()


def upsert(connection: AsyncConnection, table: Table) -> Insert:
    """An INSERT into `table` that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
