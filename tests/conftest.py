"""Fixtures for all tests: a fixed clock, and a migrated database of either kind.

`database` runs each test twice, over SQLite and over PostgreSQL. PostgreSQL is the server that
FRONTDESK_TEST_POSTGRES_URL names, else one started here for the session.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.live import Change
from gateway.storage.engine import Database, parse_url
from gateway.storage.migrate import migrate
from tests.standins.postgres import PostgresServer, find_postgres

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("frontdesk", deadline=None)
hypothesis.settings.load_profile("frontdesk")


class SteppingClock:
    """A clock that stands still until told to move; calling it gives an aware UTC datetime."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> SteppingClock:
    """Saturday, 21 November 2026, 10:00 in Kyiv."""
    return SteppingClock(datetime(2026, 11, 21, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str | None]:
    """The URL of a PostgreSQL server with the right to create databases; None where there is none."""
    given = os.environ.get("FRONTDESK_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    binaries = find_postgres()
    if binaries is None:
        yield None
        return
    with PostgresServer(binaries) as server:
        yield server.url


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str | None) -> str | None:
    """The name of a migrated, empty PostgreSQL database to copy from; None where there is no server."""
    if postgres is None:
        return None
    name = f"template_{uuid4().hex}"
    asyncio.run(_administer(postgres, f"CREATE DATABASE {name}"))
    asyncio.run(migrate(_named(postgres, name)))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy from: migrating once is enough."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated_sqlite: Path,
    postgres: str | None,
    migrated_postgres: str | None,
) -> AsyncIterator[str]:
    """A fresh migrated database, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        yield f"sqlite:///{path}"
        return
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    name = f"test_{uuid4().hex}"
    await _administer(postgres, f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}")
    yield _named(postgres, name)
    await _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def announced() -> list[Change]:
    """What the database announced after its commits."""
    return []


@pytest.fixture
async def database(database_url: str, announced: list[Change]) -> AsyncIterator[Database]:
    """An open database of either kind; its announcements gather in `announced`."""
    opened = Database(database_url, announce=announced.extend)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(migrated_sqlite: Path, tmp_path: Path, announced: list[Change]) -> AsyncIterator[Database]:
    """An open SQLite database, for tests where the kind does not matter."""
    path = tmp_path / "only.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = Database(f"sqlite:///{path}", announce=announced.extend)
    yield opened
    await opened.close()


@pytest.fixture
def unused_tcp_port() -> Callable[[], int]:
    """A port nobody listens on now."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


def _named(url: str, database: str) -> str:
    return parse_url(url).set(database=database).render_as_string(hide_password=False)


async def _administer(url: str, statement: str) -> None:
    engine = create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
