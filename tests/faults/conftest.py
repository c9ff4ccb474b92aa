"""One nursery and one folder for all scenes of a worker, and fresh databases of either kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.databases import PostgresDatabases, SqliteDatabases, quick_folder
from tests.faults.nursery import Nursery
from tests.faults.scenes import Stage


@pytest.fixture(scope="session")
def fault_folder() -> Iterator[Path]:
    """Where databases and logs of scenes are."""
    with quick_folder() as folder:
        yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nursery() -> AsyncIterator[Nursery]:
    """Begins lives; importing is done once."""
    async with Nursery() as opened:
        yield opened


@pytest.fixture
def sqlite_stage(nursery: Nursery, fault_folder: Path, migrated_sqlite: Path) -> Stage:
    """Scenes on SQLite."""
    return Stage(nursery=nursery, databases=SqliteDatabases(migrated_sqlite), folder=fault_folder)


@pytest.fixture
def postgres_stage(nursery: Nursery, fault_folder: Path, postgres: str | None, migrated_postgres: str | None) -> Stage:
    """Scenes on PostgreSQL."""
    if postgres is None or migrated_postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    return Stage(nursery=nursery, databases=PostgresDatabases(postgres, migrated_postgres), folder=fault_folder)
