"""What is told of migrations without Alembic is what Alembic tells."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database
from gateway.storage.migrate import config
from gateway.storage.revision import current_revision, known_revisions, newest_revision, require_newest


def test_the_files_say_what_alembic_says() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert newest_revision() == scripts.get_current_head()
    assert known_revisions() == {script.revision for script in scripts.walk_revisions()}


def test_an_empty_database_has_none() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert current_revision(connection) is None
    engine.dispose()


async def test_an_old_database_is_refused(database: Database) -> None:
    await require_newest(database)
    async with database.write() as work:
        await work.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StorageUnavailable, match="frontdesk migrate"):
        await require_newest(database)
