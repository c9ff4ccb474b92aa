"""Bringing a database to the newest schema (`revision` tells whether it is there)."""

from __future__ import annotations

import asyncio

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.storage.engine import parse_url, translated
from gateway.storage.ownership import file_of
from gateway.storage.revision import FOLDER


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


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made in code: there is no alembic.ini."""
    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    configuration.attributes["connection"] = connection
    return configuration


def _migrate_sqlite(url: str) -> None:
    path = file_of(url)
    if path is not None and path.parent.is_dir():
        # Made by SQLite it would be readable by every user of the machine; its other files follow it.
        path.touch(mode=0o600)
    engine = create_engine(parse_url(url).set(drivername="sqlite"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        _upgrade(connection)
    engine.dispose()


def _upgrade(connection: Connection) -> None:
    command.upgrade(config(connection), "head")
