"""Databases that fail when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.flaky import FlakyDatabase, Late


@pytest.fixture
def fresh_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a SQLite database of the test's own."""
    path = tmp_path / "fresh.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
async def flaky(fresh_url: str) -> AsyncIterator[FlakyDatabase]:
    database = FlakyDatabase(fresh_url)
    yield database
    await database.close()


@pytest.fixture
async def late(fresh_url: str) -> AsyncIterator[Late]:
    database = Late(fresh_url)
    yield database
    await database.close()
