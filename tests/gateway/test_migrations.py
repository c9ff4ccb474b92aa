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
        # What begins with fts_ the databases keep by themselves, each in its own way: `knowledge_base.search`.
        ours = {"compare_type": False, "include_object": lambda _, name, *__: not str(name).startswith("fts_")}
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), metadata))

    async with database.read() as view:
        assert await view.connection.run_sync(differences) == []
        assert await view.connection.run_sync(current_revision) == newest_revision()
