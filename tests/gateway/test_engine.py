"""The database's two ways in, and what is said when there is no way in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.conversations import State
from gateway.errors import SettingsError, StorageUnavailable, Unstorable
from gateway.live import Change
from gateway.storage.engine import Database, parse_url


async def look(url: str) -> None:
    database = Database(url)
    try:
        async with database.read() as view:
            await view.timers.next_due()
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is not a database URL"),
        ("mysql://a/b", "mysql is not supported"),
        ("sqlite://", "names no file"),
    ],
)
def test_a_wrong_url_is_named(url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        parse_url(url)
    assert refused.value.field == "database_url"


@pytest.mark.parametrize("changes", [{"database": "nope"}, {"username": "nobody"}, {"port": 1}])
async def test_a_server_that_does_not_let_us_in(postgres: str | None, changes: dict[str, object]) -> None:
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    url = parse_url(postgres).set(**changes).render_as_string(hide_password=False)  # type: ignore[arg-type]
    with pytest.raises(StorageUnavailable) as refused:
        await look(url)
    assert "\n" not in str(refused.value)


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="does not exist; create it"):
        await look(f"sqlite:///{tmp_path / 'missing' / 'a.db'}")


async def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match=r"the file in database_url cannot be opened.*rights of its folder"):
        await look(f"sqlite:///{tmp_path}")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database at all, but long enough to be one" * 50)
    with pytest.raises(StorageUnavailable, match="no SQLite database; name another"):
        await look(f"sqlite:///{tmp_path / 'a.db'}")


async def test_a_character_that_postgresql_does_not_keep(database: Database) -> None:
    asked = "a\x00@b.example"
    if database.is_sqlite:
        async with database.read() as view:
            assert await view.staff.by_email(asked) is None
        return
    with pytest.raises(Unstorable, match="take it out"):
        async with database.read() as view:
            await view.staff.by_email(asked)


async def test_changes_are_announced_after_the_commit_and_only_then(
    database: Database, announced: list[Change], clock
) -> None:
    async def fail() -> None:
        async with database.write() as work:
            work.announce("desk", "lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert announced == []
    async with database.write() as work:
        work.announce("desk", "state", conversation=7)
        assert announced == []
    assert announced == [Change(topic="desk", kind="state", ids={"conversation": 7})]


async def test_a_write_that_is_cut_off_leaves_nothing_and_blocks_nobody(database: Database, clock) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as work:
            await work.contacts.meet("shop", "7", clock())
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(20), database.write() as work:
        assert await work.contacts.find([("shop", "7")]) == {}


async def test_nobody_closes_a_conversation_that_is_being_written_in(database: Database, clock) -> None:
    async with database.write() as work:
        identity = await work.contacts.meet("shop", "7", clock())
        made = await work.conversations.add(identity=identity, language=None, now=clock())
    later = clock() + timedelta(days=2)
    async with database.write() as work:
        assert [one.id for one in await work.conversations.idle(State.BOT, later)] == [made.id]
    if database.is_sqlite:
        return  # one writer: nobody else can be writing
    async with database.write() as turn:
        await turn.conversations.lock(made.id)
        async with database.write() as housekeeping:
            assert await housekeeping.conversations.idle(State.BOT, later) == []
