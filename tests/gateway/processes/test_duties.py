"""What only one process may do at a time: one does it, and another takes over when that one is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.processes.duties import Duties
from gateway.processes.wakeups import Wakeups
from gateway.storage.duties import DutyTable
from gateway.storage.engine import Database

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
LEASE = 0.6
POLL = "channel:shop"


class Poller:
    """A loop that must be alone."""

    def __init__(self) -> None:
        self.running = False
        self.begun = asyncio.Event()

    async def run(self) -> None:
        self.running = True
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False


def duties(database: Database) -> Duties:
    return Duties(database, wakeups=Wakeups(), lease=LEASE)


@on_postgresql
async def test_one_runs_and_another_takes_over_at_once_when_it_ends(database: Database) -> None:
    one, two = Poller(), Poller()
    first = asyncio.ensure_future(duties(database).alone(POLL, one.run)())
    async with asyncio.timeout(20):
        await one.begun.wait()
        second = asyncio.ensure_future(duties(database).alone(POLL, two.run)())
        await asyncio.sleep(2 * LEASE)
        assert (one.running, two.running) == (True, False)
        first.cancel()
        await asyncio.wait([first])
        await two.begun.wait()
        assert not one.running
        second.cancel()
        await asyncio.wait([second])


@on_postgresql
async def test_a_dead_holder_is_replaced_when_its_lease_is_over(database: Database) -> None:
    async with database.write() as work:
        assert await DutyTable(work.connection).take(POLL, "dead", timedelta(seconds=LEASE))
    poller = Poller()
    began = asyncio.get_running_loop().time()
    task = asyncio.ensure_future(duties(database).alone(POLL, poller.run)())
    async with asyncio.timeout(20):
        await poller.begun.wait()
    assert asyncio.get_running_loop().time() - began >= LEASE * 0.8
    task.cancel()
    await asyncio.wait([task])


@on_postgresql
async def test_who_lost_it_stops_and_waits_again(database: Database) -> None:
    poller = Poller()
    task = asyncio.ensure_future(duties(database).alone(POLL, poller.run)())
    async with asyncio.timeout(20):
        await poller.begun.wait()
        async with database.write() as work:  # somebody else has it, as after a pause of this whole process
            await work.connection.exec_driver_sql("UPDATE duties SET holder = 'other', until = until + 3000000")
        while poller.running:  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.02)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


@on_postgresql
async def test_different_duties_are_held_side_by_side_and_end_as_they_end(database: Database) -> None:
    async def broken() -> None:
        raise ValueError("as it was")

    async def short() -> None:
        return None

    mine = duties(database)
    async with asyncio.timeout(20):
        await asyncio.gather(mine.alone("a", short)(), mine.alone("b", short)())
        await duties(database).alone("a", short)()
        with pytest.raises(ValueError, match="as it was"):
            await mine.alone("c", broken)()


@on_postgresql
async def test_stopping_ends_the_wait(database: Database) -> None:
    async with database.write() as work:
        await DutyTable(work.connection).take(POLL, "other", timedelta(seconds=60))
    wakeups = Wakeups()
    poller = Poller()
    task = asyncio.ensure_future(Duties(database, wakeups=wakeups, lease=LEASE).alone(POLL, poller.run)())
    await asyncio.sleep(0.1)
    wakeups.stop()
    async with asyncio.timeout(20):
        await task
    assert not poller.begun.is_set()


def test_the_one_process_of_sqlite_simply_runs(sqlite_database: Database) -> None:
    poller = Poller()
    run = poller.run
    assert duties(sqlite_database).alone(POLL, run) is run
