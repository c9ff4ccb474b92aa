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
from gateway.conversations import Conversation, State
from gateway.errors import FrontdeskError, NotFound, StorageUnavailable
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.engine import Database

QUIET = Console(quiet=True)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


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


async def _hire(settings: Settings) -> int:
    """Olena, an agent who talks with the customer; the conversation's number."""
    database = Database(settings.database_url)
    async with database.write() as work:
        agent = await work.staff.add(
            email="olena@x.example", name="Олена", password_hash="-", roles=frozenset({Role.AGENT}), now=NOON
        )
        identity = (await work.contacts.find([("shop", "7")]))["shop", "7"]
        talk = await work.conversations.add(identity=identity, language="uk", now=NOON)
        work.conversations.change(talk.id, state=State.AGENT, agent_id=agent.id)
    await database.close()
    return talk.id


async def _talk(settings: Settings, conversation_id: int) -> Conversation:
    database = Database(settings.database_url)
    async with database.read() as work:
        talk = await work.conversations.get(conversation_id)
    await database.close()
    return talk


def test_who_may_not_sign_in_any_more_holds_nothing(settings: Settings) -> None:
    number = asyncio.run(_hire(settings))
    kept, given = asyncio.run(staff.change(settings, email="OLENA@x.example"))
    assert (kept.active, kept.roles, given) == (True, {Role.AGENT}, 0)
    assert asyncio.run(_talk(settings, number)).agent_id == kept.id

    gone, given = asyncio.run(staff.change(settings, email="olena@x.example", active=False))
    assert (gone.active, gone.roles, given) == (False, {Role.AGENT}, 1)
    talk = asyncio.run(_talk(settings, number))
    assert (talk.state, talk.agent_id) == (State.QUEUED, None)
    back, given = asyncio.run(staff.change(settings, email="olena@x.example", active=True))
    assert (back.active, given) == (True, 0)


def test_who_is_made_an_editor_holds_nothing(settings: Settings) -> None:
    number = asyncio.run(_hire(settings))
    changed, given = asyncio.run(staff.change(settings, email="olena@x.example", roles=frozenset({Role.EDITOR})))
    assert (changed.roles, given) == ({Role.EDITOR}, 1)
    assert asyncio.run(_talk(settings, number)).state is State.QUEUED


def test_only_who_is_on_the_staff_can_be_changed(settings: Settings) -> None:
    with pytest.raises(NotFound, match=r"nobody@x\.example is not on the staff"):
        asyncio.run(staff.change(settings, email="nobody@x.example", active=False))


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
        lambda settings: asyncio.run(staff.change(settings, email="a@x.example", active=False)),
    ],
    ids=["export-person", "erase", "add-staff", "change-staff"],
)
def test_a_database_that_was_never_migrated_is_told_as_that(command: Command, tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new.db", data_dir=str(tmp_path / "data"))
    with pytest.raises(StorageUnavailable, match="run: frontdesk migrate"):
        command(settings)
