"""A database in trouble: whoever brings a message is told within five seconds, nothing is acked that was not
stored, and everything goes on by itself afterwards.

FRONTDESK_TEST_LONG=1 adds the long form: the real program, and a lock held for thirty seconds.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import text

from gateway.clock import utc_now
from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database
from gateway.storage.migrate import migrate
from gateway.storage.snapshot import examine
from gateway.texts import Texts
from tests.fakes import inbound
from tests.gateway.webhouse import WebHouse
from tests.standins.postgres import PostgresServer, find_postgres
from tests.standins.program import Program, command

LONG = bool(os.environ.get("FRONTDESK_TEST_LONG"))
TOLD_WITHIN = 5.0
WELL_WITHIN = 10.0

Post = Callable[[str], Awaitable[int]]


class Intake:
    """A webhook over a database: `post` says what a platform would see, and keeps how long it took."""

    def __init__(self, client: httpx.AsyncClient, database: Database) -> None:
        self._client = client
        self.database = database
        self.slowest = 0.0

    async def post(self, platform_id: str, words: str = "вітаю") -> int:
        begun = time.monotonic()
        answer = await self._client.post(
            "/channels/shop/webhook",
            content=msgspec.json.encode(inbound(words, platform_id=platform_id)),
            headers={"x-secret": "right", "accept": "application/json"},
        )
        self.slowest = max(self.slowest, time.monotonic() - begun)
        return answer.status_code

    async def post_until_taken(self, platform_id: str) -> float:
        """Send again until it is taken, as platforms do; the seconds it took."""
        begun = time.monotonic()
        while await self.post(platform_id) != 200:  # noqa: ASYNC110 — as a platform does
            await asyncio.sleep(0.1)
        return time.monotonic() - begun

    async def stored(self) -> set[str]:
        async with self.database.read() as view:
            rows = await view.connection.execute(text("SELECT platform_id FROM inbox"))
            return {row[0].removeprefix("m:") for row in rows}


@pytest.fixture
async def opened(clock) -> AsyncIterator[Callable[[Database], Awaitable[Intake]]]:
    """Put a webhook before a database."""
    async with AsyncExitStack() as stack:

        async def build(database: Database) -> Intake:
            transport = httpx.ASGITransport(WebHouse(database, clock, Texts()).app)
            client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
            return Intake(await stack.enter_async_context(client), database)

        yield build


@pytest.fixture
async def sqlite(opened, sqlite_database: Database) -> Intake:
    return await opened(sqlite_database)


def path_of(database: Database) -> Path:
    return Path(str(database.url.database))


# --- somebody else's lock --------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process's transaction, as SQLite sees it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_locked_file_is_told_in_time_and_gets_well(sqlite: Intake) -> None:
    assert await sqlite.post("before") == 200
    with locked(path_of(sqlite.database)):
        first = asyncio.create_task(sqlite.post("1"))
        await asyncio.sleep(2.5)  # comes while the first one's commit waits, and must not wait behind it
        assert await sqlite.post("2") == 503
        assert await first == 503
    assert sqlite.slowest < TOLD_WITHIN
    assert await sqlite.stored() <= {"before", "1", "2"}
    assert await sqlite.post_until_taken("1") < WELL_WITHIN
    assert await sqlite.post_until_taken("3") < 1
    assert await sqlite.stored() >= {"before", "1", "3"}


async def test_a_short_lock_is_waited_for(sqlite: Intake) -> None:
    with locked(path_of(sqlite.database)):
        posted = asyncio.create_task(sqlite.post("1"))
        await asyncio.sleep(1)
        assert not posted.done()
    assert await posted == 200


async def test_the_reason_of_a_lock_is_named(sqlite: Intake) -> None:
    with locked(path_of(sqlite.database)), pytest.raises(StorageUnavailable, match="another process holds"):
        async with sqlite.database.write() as work:
            await work.contacts.meet("shop", "7", utc_now())


# --- no room ---------------------------------------------------------------------------------


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as with a quota: writes fail, in WAL mode at COMMIT."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_commit_that_cannot_be_written_is_not_acked(sqlite: Intake) -> None:
    assert await sqlite.post("before") == 200
    wal = Path(f"{path_of(sqlite.database)}-wal")
    with file_limit(wal.stat().st_size + 1000):
        assert await sqlite.post("1", "слово " * 2000) == 503
        with pytest.raises(StorageUnavailable, match="does not read or write"):
            await write_much(sqlite.database)
        assert await sqlite.stored() == {"before"}
    assert await sqlite.post("1") == 200
    assert await sqlite.stored() == {"before", "1"}
    examine(path_of(sqlite.database))


async def test_a_full_file_is_not_acked(sqlite: Intake) -> None:
    assert await sqlite.post("before") == 200
    await limit_pages(sqlite.database, 1)  # SQLite makes it the pages there are
    assert await sqlite.post("1", "слово " * 2000) == 503
    with pytest.raises(StorageUnavailable, match="is full; make room"):
        await write_much(sqlite.database)
    await limit_pages(sqlite.database, 1_000_000)
    assert await sqlite.post("1") == 200
    assert await sqlite.stored() == {"before", "1"}


async def test_a_full_disk_is_not_acked(opened, migrated_sqlite: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", mebibytes=2) as disk:
        path = disk / "frontdesk.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        database = Database(f"sqlite:///{path}")
        intake = await opened(database)
        acked = set()
        try:
            for number in range(200):
                if await intake.post(str(number), "слово " * 5000) != 200:
                    break
                acked.add(str(number))
            assert 0 < len(acked) < 200
            with pytest.raises(StorageUnavailable, match="is full; make room"):
                await write_much(database)
            assert await intake.stored() == acked
            await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=64m", str(disk)], check=True)
            assert await intake.post_until_taken("after") < WELL_WITHIN
            assert await intake.stored() == acked | {"after"}
            examine(path)
        finally:
            await database.close()


async def test_a_file_that_may_not_be_written_is_named(sqlite: Intake) -> None:
    async with sqlite.database.write() as work:
        await work.connection.exec_driver_sql("PRAGMA query_only=1")
    with pytest.raises(StorageUnavailable, match="owner and rights"):
        await write_much(sqlite.database)
    assert await sqlite.post("1") == 503


async def write_much(database: Database) -> None:
    async with database.write() as work:
        await work.connection.execute(text("INSERT INTO sessions (id, data) VALUES ('x', zeroblob(500000))"))


async def limit_pages(database: Database, pages: int) -> None:
    async with database.write() as work:
        await work.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


@contextmanager
def small_disk(folder: Path, *, mebibytes: int) -> Iterator[Path]:
    """A disk in memory, where we may mount one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("only root may mount a small disk; the other two tests of no room have run")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# --- PostgreSQL ------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, which it may stop."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer(binaries) as started:
        yield started


@pytest.fixture
async def postgresql(opened, server: PostgresServer) -> AsyncIterator[Intake]:
    await migrate(server.url)
    database = Database(server.url)
    yield await opened(database)
    await database.close()


async def test_a_restarted_server(postgresql: Intake, server: PostgresServer) -> None:
    assert await postgresql.post("before") == 200
    await asyncio.to_thread(server.pause)
    assert [await postgresql.post("1"), await postgresql.post("1")] == [503, 503]
    await asyncio.to_thread(server.resume)
    assert await postgresql.post_until_taken("1") < WELL_WITHIN
    assert postgresql.slowest < TOLD_WITHIN
    assert await postgresql.stored() == {"before", "1"}


async def test_a_server_that_does_not_answer(postgresql: Intake) -> None:
    assert await postgresql.post("before") == 200
    async with postgresql.database.read() as view:
        pid = int((await view.connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())
    os.kill(pid, signal.SIGSTOP)
    try:
        assert await postgresql.post("1") == 503
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await postgresql.post_until_taken("1") < WELL_WITHIN
    assert postgresql.slowest < TOLD_WITHIN
    assert await postgresql.stored() == {"before", "1"}


# --- the long form ---------------------------------------------------------------------------

CONFIG = """
[channels.shop]
kind = "telegram"
token = "1:a"
mode = "webhook"
webhook_secret = "right"
api_base = "http://127.0.0.1:9"
"""


@pytest.mark.skipif(not LONG, reason="FRONTDESK_TEST_LONG is not set")
def test_the_program_and_a_lock_of_thirty_seconds(tmp_path: Path) -> None:
    (tmp_path / "frontdesk.toml").write_text(CONFIG)
    subprocess.run(command("migrate"), cwd=tmp_path, check=True, capture_output=True)
    database = tmp_path / "frontdesk.db"
    with ExitStack() as stack:
        program = stack.enter_context(Program("serve", folder=tmp_path))
        client = stack.enter_context(httpx.Client(base_url=program.base, timeout=20))
        assert say(client, 1) == 200
        slowest, refused = 0.0, 0
        with locked(database):
            until = time.monotonic() + 30
            while time.monotonic() < until:
                begun = time.monotonic()
                assert say(client, 2) == 503
                slowest, refused = max(slowest, time.monotonic() - begun), refused + 1
            assert client.get("/health/ready").status_code == 503
        begun = time.monotonic()
        while say(client, 2) != 200:
            time.sleep(0.1)
        assert time.monotonic() - begun < WELL_WITHIN
        assert slowest < TOLD_WITHIN
        assert refused >= 6
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() - begun < WELL_WITHIN
            time.sleep(0.1)
        program.wait_for_metric('frontdesk_inbox{status="waiting"}', 0)
    with closing(sqlite3.connect(database)) as seen:
        assert [row[0] for row in seen.execute("SELECT count(*) FROM inbox")] == [2]


def say(client: httpx.Client, update: int) -> int:
    """Post an update as Telegram would; the status."""
    person = {"id": 7, "is_bot": False, "first_name": "Оля"}
    message = {"message_id": update, "date": 1700000000, "chat": {"id": 7, "type": "private"}, "from": person}
    return client.post(
        "/channels/shop/webhook",
        json={"update_id": update, "message": {**message, "text": uuid4().hex}},
        headers={"X-Telegram-Bot-Api-Secret-Token": "right"},
    ).status_code
