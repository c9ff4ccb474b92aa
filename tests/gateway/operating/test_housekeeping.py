"""What is tidied now and then."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.app import Frontdesk
from gateway.conversations import State
from gateway.errors import StorageUnavailable
from gateway.live import DESK, Change
from gateway.media import MediaStore
from gateway.operating.housekeeping import Housekeeping
from gateway.operating.sweeping import Sweeper
from gateway.processes.wakeups import Wakeups
from gateway.settings import Retention, Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from tests.conftest import SteppingClock


async def test_other_rooms_chores_are_done_and_one_that_must_wait_ends_nothing(
    sqlite_database: Database, clock: SteppingClock, tmp_path: Path
) -> None:
    wakeups = Wakeups()
    done: list[str] = []

    async def chore() -> None:
        done.append("chore")
        if len(done) == 1:
            wakeups.ring([Change(topic="work:housekeeping", kind="look")])
            raise StorageUnavailable("the database is away")
        wakeups.stop()

    housekeeping = Housekeeping(
        sqlite_database,
        Sweeper(
            sqlite_database, MediaStore(tmp_path, sqlite_database, clock), Retention(), clock=clock, wakeups=wakeups
        ),
        clock=clock,
        wakeups=wakeups,
        idle_hours=1,
        chores=[chore],
    )
    async with asyncio.timeout(20):
        await housekeeping.run()
    assert done == ["chore", "chore"]


async def test_conversations_of_who_is_no_agent_are_given_back(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "only.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    house = Frontdesk(Settings(database_url=f"sqlite:///{path}", data_dir=str(tmp_path / "data")))
    async with house.database.write() as work:
        gone = await work.staff.add(
            email="a@x.example", name="A", password_hash="-", roles=frozenset({Role.AGENT}), now=house.clock()
        )
        identity = await work.contacts.meet("shop", "7", house.clock())
        talk = await work.conversations.add(identity=identity, language="uk", now=house.clock())
        work.conversations.change(talk.id, state=State.AGENT, agent_id=gone.id)
        await work.staff.change(gone.id, active=False)
    told = house.wakeups.bell(DESK)
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        group.create_task(house.answering.loops()["housekeeping"]())
        await told.wait()
        house.wakeups.stop()
    async with house.database.read() as work:
        assert (await work.conversations.get(talk.id)).state is State.QUEUED
    await house.close()
