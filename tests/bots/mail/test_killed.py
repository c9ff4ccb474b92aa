"""Our process is killed with a mail in its hands: the next one takes it, once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.inbox import Inbox
from gateway.storage import tables
from gateway.storage.engine import Database
from tests.bots.mail.conftest import Opened, Running
from tests.bots.mail.support import id_of, mail
from tests.conftest import SteppingClock
from tests.standins.mail import DovecotServer

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("step", ["RECEIVED", "INSERTED", "STORED"])
async def test_killed_between_fetching_and_moving_on(
    dovecot: DovecotServer,
    opened: Opened,
    running: Running,
    sqlite_database: Database,
    clock: SteppingClock,
    step: str,
) -> None:
    mails = [mail() for _ in range(3)]
    for raw in mails:
        dovecot.deliver(raw)
    url = sqlite_database.url.render_as_string(hide_password=False)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.bots.mail.doomed", url, dovecot.url, step],
        cwd=ROOT,
        timeout=30,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert await ids(sqlite_database) == ([id_of(raw) for raw in mails] if step == "STORED" else [])
    running(opened(imap=dovecot.url), Inbox(sqlite_database, clock).take)
    last = mail()
    dovecot.deliver(last)
    assert await until_there(sqlite_database, id_of(last)) == [id_of(raw) for raw in (*mails, last)]


async def until_there(database: Database, wanted: str) -> list[str]:
    async with asyncio.timeout(20):
        while True:
            found = await ids(database)
            if wanted in found:
                return found
            await asyncio.sleep(0.05)


async def ids(database: Database) -> list[str]:
    async with database.read() as work:
        rows = await work.connection.execute(select(tables.inbox.c.platform_id).order_by(tables.inbox.c.id))
        return list(rows.scalars())
