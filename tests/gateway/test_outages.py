"""The database goes away while sends are under way: nothing is lost, nothing is sent twice, and it goes on soon.

FRONTDESK_OUTAGE_SECONDS says for how long (the long run of `make faults` takes 30).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing

import pytest
import structlog

from gateway.brain import utc_now
from gateway.channels import Send
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.migrate import migrate
from tests.fakes import FakeChannel
from tests.gateway.flaky import until
from tests.gateway.sends import say, spine_of
from tests.standins.postgres import PostgresServer, find_postgres

OUTAGE_SECONDS = float(os.environ.get("FRONTDESK_OUTAGE_SECONDS", "8"))
"""Longer than a lease."""

CHATS = 60
WORDS = ("one", "two")


class Unhurried(FakeChannel):
    """A platform that answers after a moment; notes when."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def send(self, send: Send) -> str | None:
        await asyncio.sleep(0.05)
        self.times.append(time.monotonic())
        return await super().send(send)


async def send_through(database: Database, outage: Callable[[], Awaitable[None]]) -> None:
    """Send while `outage` happens, and judge what was sent."""
    channel = Unhurried()
    spine = spine_of(database, utc_now, channel, concurrency=8)
    for chat in range(CHATS):
        await say(spine, *(f"{chat} {word}" for word in WORDS), address=str(chat))
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(120 + OUTAGE_SECONDS), asyncio.TaskGroup() as group:
            group.create_task(spine.sender.run())
            await until(lambda: len(channel.sent) >= 12)
            await outage()
            back = time.monotonic()
            await until(lambda: channel.times[-1] > back, seconds=60)
            assert channel.times[-1] - back < 10
            await until(lambda: len(channel.sent) >= CHATS * len(WORDS), seconds=60)
            spine.wakeups.stop()
    assert "outbox_waits" in [entry["event"] for entry in logs]
    assert sorted(channel.texts) == sorted(f"{chat} {word}" for chat in range(CHATS) for word in WORDS)
    for chat in range(CHATS):
        mine = [text for text in channel.texts if text.startswith(f"{chat} ")]
        assert mine == [f"{chat} {word}" for word in WORDS]
    async with database.read() as view:
        assert await view.deliveries.count(DeliveryState.SENT) == CHATS * len(WORDS)


async def test_sqlite_is_locked_by_somebody_else(sqlite_database: Database) -> None:
    path = str(sqlite_database.url.database)

    async def lock() -> None:
        # In a thread: the lock is to be had only once our own transaction is through.
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(OUTAGE_SECONDS)
            other.execute("COMMIT")

    await send_through(sqlite_database, lock)


@pytest.fixture
async def own_postgres() -> AsyncIterator[tuple[PostgresServer, Database]]:
    """A server that this test alone uses, for it is going to be stopped."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer(binaries) as server:
        await migrate(server.url)
        database = Database(server.url)
        yield server, database
        await database.close()


async def test_postgresql_is_restarted(own_postgres: tuple[PostgresServer, Database]) -> None:
    server, database = own_postgres

    async def restart() -> None:
        await asyncio.to_thread(server.pause)
        await asyncio.sleep(OUTAGE_SECONDS / 4)
        await asyncio.to_thread(server.resume)

    await send_through(database, restart)
