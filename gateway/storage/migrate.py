"""Bringing a database to the newest schema, and telling whether it is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database, parse_url, translated

FOLDER = Path(__file__).parent / "migrations"


async def migrate(url: str) -> None:
    """Run every migration that has not run yet. Raises SettingsError or StorageUnavailable."""
    with translated():
        if parse_url(url).drivername.startswith("sqlite"):
            # Table rebuilds (batch mode) need a driver whose transactions Alembic steers itself.
            await asyncio.to_thread(_migrate_sqlite, url)
            return
        engine = create_async_engine(parse_url(url), poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
        await engine.dispose()


def current_revision(connection: Connection) -> str | None:
    """The schema revision of the database, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The schema revision this program needs."""
    return ScriptDirectory.from_config(config()).get_current_head()


async def require_newest(database: Database) -> None:
    """Raise StorageUnavailable where the database has not been migrated to what this program needs."""
    async with database.read() as view:
        revision = await view.connection.run_sync(current_revision)
    if revision != newest_revision():
        raise StorageUnavailable("the database is not up to date; run: frontdesk migrate")


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made in code: there is no alembic.ini."""
    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    configuration.attributes["connection"] = connection
    return configuration


def _migrate_sqlite(url: str) -> None:
    engine = create_engine(parse_url(url).set(drivername="sqlite"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        _upgrade(connection)
    engine.dispose()


def _upgrade(connection: Connection) -> None:
    command.upgrade(config(connection), "head")
