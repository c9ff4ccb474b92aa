"""Durable alarms ring at least once, in due order, and a broken one silences nobody."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from gateway.errors import StorageUnavailable
from gateway.live import Change
from gateway.ports import Timer
from gateway.processes.wakeups import TIMERS, Wakeups
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.timers import RETRY_AFTER, Timers
from tests.waiting import until_one_waits


class Bells:
    """Handlers that note what rang; `broken` kinds fail that often first."""

    def __init__(self) -> None:
        self.rang: list[str] = []
        self.broken: dict[str, int] = {}
        self.error: Exception = RuntimeError("bug")

    async def ring(self, work: Work, timer: Timer) -> None:
        if self.broken.get(timer.key, 0):
            self.broken[timer.key] -= 1
            raise self.error
        self.rang.append(timer.key)

    async def snooze(self, work: Work, timer: Timer) -> None:
        self.rang.append(timer.key)
        left = int(timer.payload["left"])
        if left:
            await work.timers.set("snooze", timer.key, timer.due_at + timedelta(hours=1), {"left": left - 1})

    async def clear(self, work: Work, timer: Timer) -> None:
        self.rang.append(timer.key)
        await work.timers.cancel("ring", "other")


@pytest.fixture
def bells() -> Bells:
    return Bells()


def timers_of(database: Database, bells: Bells, clock, wakeups: Wakeups | None = None) -> Timers:
    handlers = {"ring": bells.ring, "snooze": bells.snooze, "clear": bells.clear}
    return Timers(database, handlers, clock=clock, wakeups=wakeups or Wakeups())


async def set_timer(database: Database, kind: str, key: str, due_at: datetime, **payload: object) -> None:
    async with database.write() as work:
        await work.timers.set(kind, key, due_at, payload)


async def next_due(database: Database) -> datetime | None:
    async with database.read() as view:
        return await view.timers.next_due()


async def test_it_rings_once_when_it_is_due(database: Database, bells: Bells, clock) -> None:
    timers = timers_of(database, bells, clock)
    await set_timer(database, "ring", "a", clock() + timedelta(minutes=5))
    assert await timers.ring_due() == 0
    clock.advance(minutes=5)
    assert await timers.ring_due() == 1
    assert await timers.ring_due() == 0
    assert bells.rang == ["a"]
    assert await next_due(database) is None


async def test_what_was_missed_rings_late_and_in_order(database: Database, bells: Bells, clock) -> None:
    for key, minutes in (("second", 2), ("first", 1), ("third", 3), ("tomorrow", 1440)):
        await set_timer(database, "ring", key, clock() + timedelta(minutes=minutes))
    clock.advance(hours=9)  # the program was not running meanwhile
    assert await timers_of(database, bells, clock).ring_due() == 3
    assert bells.rang == ["first", "second", "third"]


async def test_a_broken_one_is_put_off_and_silences_nobody(database: Database, bells: Bells, clock) -> None:
    timers = timers_of(database, bells, clock)
    await set_timer(database, "ring", "broken", clock())
    await set_timer(database, "ring", "sound", clock() + timedelta(seconds=1))
    clock.advance(seconds=1)
    bells.broken["broken"] = 2
    await timers.ring_due()
    assert bells.rang == ["sound"]
    assert await next_due(database) == clock() + RETRY_AFTER
    clock.advance(seconds=RETRY_AFTER.total_seconds())
    await timers.ring_due()
    assert bells.rang == ["sound"]
    clock.advance(seconds=RETRY_AFTER.total_seconds())
    await timers.ring_due()
    assert bells.rang == ["sound", "broken"]


async def test_what_a_failing_handler_did_is_undone(sqlite_database: Database, clock) -> None:
    async def half(work: Work, timer: Timer) -> None:
        await work.contacts.meet("shop", "7", clock())
        raise RuntimeError("bug")

    await set_timer(sqlite_database, "half", "a", clock())
    await Timers(sqlite_database, {"half": half}, clock=clock, wakeups=Wakeups()).ring_due()
    async with sqlite_database.read() as view:
        assert await view.contacts.find([("shop", "7")]) == {}


async def test_a_handler_may_set_its_own_timer_again(database: Database, bells: Bells, clock) -> None:
    timers = timers_of(database, bells, clock)
    await set_timer(database, "snooze", "a", clock(), left=2)
    for _ in range(4):
        await timers.ring_due()
        clock.advance(hours=1)
    assert bells.rang == ["a", "a", "a"]
    assert await next_due(database) is None


async def test_the_same_key_replaces_and_cancel_forgets(sqlite_database: Database, bells: Bells, clock) -> None:
    timers = timers_of(sqlite_database, bells, clock)
    await set_timer(sqlite_database, "ring", "a", clock())
    await set_timer(sqlite_database, "ring", "a", clock() + timedelta(hours=1))
    await set_timer(sqlite_database, "ring", "other", clock() + timedelta(hours=1))
    await set_timer(sqlite_database, "clear", "now", clock())
    assert await timers.ring_due() == 1
    clock.advance(hours=1)
    await timers.ring_due()
    assert bells.rang == ["now", "a"]


async def test_an_unknown_kind_is_dropped(sqlite_database: Database, bells: Bells, clock) -> None:
    timers = timers_of(sqlite_database, bells, clock)
    await set_timer(sqlite_database, "of another version", "a", clock())
    await set_timer(sqlite_database, "ring", "b", clock())
    await timers.ring_due()
    assert bells.rang == ["b"]
    assert await next_due(sqlite_database) is None


async def test_postponing_leaves_a_newer_time_alone(database: Database, clock) -> None:
    await set_timer(database, "ring", "a", clock())
    async with database.write() as work:
        timer = await work.timers.due(clock())
    assert timer is not None
    tomorrow = clock() + timedelta(days=1)
    await set_timer(database, "ring", "a", tomorrow)
    async with database.write() as work:
        await work.timers.postpone(timer, clock() + RETRY_AFTER)
        await work.timers.done(timer)
    assert await next_due(database) == tomorrow


async def test_a_clock_set_back_rings_nothing_twice(sqlite_database: Database, bells: Bells, clock) -> None:
    timers = timers_of(sqlite_database, bells, clock)
    await set_timer(sqlite_database, "ring", "a", clock())
    await timers.ring_due()
    clock.advance(hours=-2)
    await set_timer(sqlite_database, "ring", "b", clock() + timedelta(hours=1))
    await timers.ring_due()
    clock.advance(hours=2)
    await timers.ring_due()
    assert bells.rang == ["a", "b"]


async def test_the_loop_rings_at_the_hint_outlives_the_database_and_stops(
    sqlite_database: Database, bells: Bells, clock
) -> None:
    wakeups = Wakeups()
    timers = timers_of(sqlite_database, bells, clock, wakeups)
    bells.error = StorageUnavailable("away")
    bells.broken["a"] = 1
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(timers.run())
        await asyncio.sleep(0.02)
        await set_timer(sqlite_database, "ring", "a", clock())
        wakeups.ring([Change(topic=TIMERS, kind="set")])
        while not bells.rang:
            await asyncio.sleep(0.02)
            wakeups.ring([Change(topic=TIMERS, kind="set")])
        wakeups.stop()
    assert bells.rang == ["a"]


# --- beside others, on PostgreSQL ------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["set", "cancel", "take", "nothing"])
async def test_who_holds_what_it_is_about_may_change_it_while_it_rings(database: Database, clock, deed: str) -> None:
    """Both lock that first and the alarm's row last: none is a deadlock's victim. The alarm that waited did nothing
    if it was not to ring any more."""
    if database.is_sqlite:
        pytest.skip("one transaction follows the other")
    contact_id = await somebody(database, clock)

    async def greet(work: Work, timer: Timer) -> None:
        await work.contacts.lock([contact_id])
        work.contacts.update(contact_id, name="rang")

    await set_timer(database, "greet", "7", clock())
    timers = Timers(database, {"greet": greet}, clock=clock, wakeups=Wakeups())
    later = clock() + timedelta(hours=1)
    async with asyncio.TaskGroup() as group, database.write() as work:
        await work.contacts.lock([contact_id])
        ringing = group.create_task(timers.ring_due())
        await until_one_waits(database)
        if deed == "set":
            await work.timers.set("greet", "7", later)
        elif deed == "cancel":
            await work.timers.cancel("greet", "7")
        elif deed == "take":
            assert await work.timers.take("greet", "7")
    await ringing
    async with database.read() as view:
        assert (await view.contacts.get(contact_id)).name == ("rang" if deed == "nothing" else None)
    assert await next_due(database) == (later if deed == "set" else None)


async def test_two_processes_ring_one_alarm_once(database: Database, clock) -> None:
    """The second passes over what the first rings, and takes the next."""
    if database.is_sqlite:
        pytest.skip("one process serves it")
    await set_timer(database, "ring", "first", clock())
    await set_timer(database, "ring", "second", clock())
    async with database.write() as one, database.write() as other:
        mine, theirs = await one.timers.due(clock()), await other.timers.due(clock())
        assert mine
        assert theirs
        assert (mine.key, theirs.key) == ("first", "second")
        async with database.write() as third:
            assert await third.timers.due(clock()) is None
        assert await one.timers.done(mine)
    async with database.write() as work:
        again = await work.timers.due(clock())
        assert again
        assert again.key == "second"


async def somebody(database: Database, clock) -> int:
    async with database.write() as work:
        return (await work.contacts.meet("shop", "7", clock())).contact_id
