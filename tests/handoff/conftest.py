"""Fixtures of the handoff room: a whole room on a Monday morning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.settings import Company, Settings
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.handoff.room import Room


@pytest.fixture
def monday() -> SteppingClock:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer from 9 to 18."""
    return SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
def settings() -> Settings:
    """The defaults, with a company that has a name."""
    return Settings(company=Company(name={"en": "Zhuravlyk"}))


@pytest.fixture
async def room(sqlite_database: Database, monday: SteppingClock, settings: Settings) -> Room:
    """A room over SQLite."""
    return Room(sqlite_database, monday, settings)


@pytest.fixture
async def each_room(database: Database, monday: SteppingClock, settings: Settings) -> Room:
    """A room over SQLite and over PostgreSQL, for what depends on locks and on SQL."""
    return Room(database, monday, settings)
