"""The migrations make exactly the tables that the code speaks of, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from gateway.storage.engine import Database
from gateway.storage.inventory import every_table
from gateway.storage.revision import current_revision, newest_revision
from gateway.storage.schema import metadata


async def test_nothing_is_left_to_migrate(database: Database) -> None:
    every_table()

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata))

    async with database.read() as view:
        assert await view.connection.run_sync(differences) == []
        assert await view.connection.run_sync(current_revision) == newest_revision()
