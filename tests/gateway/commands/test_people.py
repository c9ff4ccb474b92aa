"""The commands about people say what to do where they cannot do what they should."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from gateway.commands import privacy, staff
from gateway.errors import FrontdeskError, StorageUnavailable
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.engine import Database

QUIET = Console(quiet=True)


@pytest.fixture
def settings(tmp_path: Path, migrated_sqlite: Path) -> Settings:
    """An installation that one customer has written to."""
    path = tmp_path / "only.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    made = Settings(database_url=f"sqlite:///{path}", data_dir=str(tmp_path / "data"))
    asyncio.run(_meet(made))
    return made


async def _meet(settings: Settings) -> None:
    database = Database(settings.database_url)
    async with database.write() as work:
        await work.contacts.meet_all({("shop", "7")}, datetime(2026, 11, 21, tzinfo=UTC))
    await database.close()


def test_the_archive_is_its_owners_alone(settings: Settings, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        privacy.export(settings, "shop:7", tmp_path / "person.zip", console=QUIET)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "person.zip").stat().st_mode) == 0o600
    with pytest.raises(FrontdeskError, match="choose another name"):
        privacy.export(settings, "shop:7", tmp_path / "person.zip", console=QUIET)


def test_an_archive_that_cannot_be_written_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FrontdeskError, match=r"cannot write .*person.zip: No such file or directory"):
        privacy.export(settings, "shop:7", tmp_path / "no folder" / "person.zip", console=QUIET)


Command = Callable[[Settings], object]


@pytest.mark.parametrize(
    "command",
    [
        lambda settings: privacy.export(settings, "shop:7", Path(settings.data_dir), console=QUIET),
        lambda settings: privacy.erase(settings, "shop:7", console=QUIET),
        lambda settings: asyncio.run(
            staff.add(
                settings,
                email="a@x.example",
                name="A",
                roles=frozenset({Role.AGENT}),
                password="long enough",
                language="uk",
            )
        ),
    ],
    ids=["export-person", "erase", "add-staff"],
)
def test_a_database_that_was_never_migrated_is_told_as_that(command: Command, tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new.db", data_dir=str(tmp_path / "data"))
    with pytest.raises(StorageUnavailable, match="run: frontdesk migrate"):
        command(settings)
