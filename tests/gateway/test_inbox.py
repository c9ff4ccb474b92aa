"""Durable intake: one commit for many, and nobody is acknowledged before it or pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from gateway import inbox as inbox_module
from gateway.channels import UNREADABLE, Envelope
from gateway.errors import StorageUnavailable
from gateway.inbox import Inbox
from gateway.steps import Step
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxRow, InboxStatus
from tests.gateway.flaky import FlakyDatabase, until


def envelope(number: int | str, address: str | None = "7") -> Envelope:
    return Envelope(platform_id=str(number), address=address, body=f"body {number}".encode(errors="replace"))


async def waiting(database: Database) -> list[InboxRow]:
    async with database.read() as view:
        return await view.inbox.waiting(1000)


async def ids(database: Database) -> list[str]:
    return [row.platform_id for row in await waiting(database)]


async def count(database: Database, status: InboxStatus) -> int:
    async with database.read() as view:
        return await view.inbox.count(status)


async def outcomes(tasks: Sequence[asyncio.Task[None]]) -> list[str]:
    done = await asyncio.gather(*tasks, return_exceptions=True)
    return ["taken" if one is None else type(one).__name__ for one in done]


# --- what is stored ----------------------------------------------------------------------------


async def test_what_is_taken_is_there_before_the_acknowledgement(database: Database, clock) -> None:
    inbox = Inbox(database, clock)
    await inbox.take("shop", [envelope(1), envelope(2, "8")])
    [first, second] = await waiting(database)
    assert (first.channel, first.platform_id, first.body) == ("shop", "1", b"body 1")
    assert (first.attempts, first.received_at) == (0, clock())
    assert first.contact_id != second.contact_id


async def test_a_repeat_is_taken_once_for_each_channel(database: Database, clock) -> None:
    inbox = Inbox(database, clock)
    await asyncio.gather(*(inbox.take("shop", [envelope(1), envelope(1)]) for _ in range(3)))
    await inbox.take("shop", [envelope(1)])
    await inbox.take("site", [envelope(1)])
    assert [(row.channel, row.platform_id) for row in await waiting(database)] == [("shop", "1"), ("site", "1")]


async def test_unreadable_is_put_aside_and_news_of_nobody_is_done(sqlite_database: Database, clock) -> None:
    await Inbox(sqlite_database, clock).take(
        "shop", [envelope(f"{UNREADABLE}abc", None), envelope("poll", None), envelope(1)]
    )
    assert await ids(sqlite_database) == ["1"]
    assert await count(sqlite_database, InboxStatus.QUARANTINED) == 1
    assert await count(sqlite_database, InboxStatus.DONE) == 1


async def test_nothing_costs_no_commit(flaky: FlakyDatabase, clock) -> None:
    await Inbox(flaky, clock).take("shop", [])
    assert flaky.writes == 0


# --- one commit for many -----------------------------------------------------------------------


async def test_who_comes_together_shares_a_commit(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    await asyncio.gather(*(inbox.take("shop", [envelope(number)]) for number in range(200)))
    assert flaky.writes == 1
    assert await ids(flaky) == [str(number) for number in range(200)]


async def test_who_comes_during_a_commit_shares_the_next(flaky: FlakyDatabase, clock) -> None:
    steps: list[Step] = []
    inbox = Inbox(flaky, clock, watch=lambda step, _count=1: steps.append(step))
    flaky.open.clear()
    tasks = [asyncio.create_task(inbox.take("shop", [envelope(0)]))]
    await until(lambda: Step.INSERTED in steps)
    tasks += [asyncio.create_task(inbox.take("shop", [envelope(number)])) for number in range(1, 50)]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in tasks)
    flaky.open.set()
    assert await outcomes(tasks) == ["taken"] * 50
    assert flaky.writes == 2
    await inbox.take("shop", [envelope("later")])
    assert flaky.writes == 3


async def test_who_comes_while_others_write_goes_along(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    async with flaky.write():
        tasks = [asyncio.create_task(inbox.take("shop", [envelope(0)]))]
        await until(lambda: flaky.writes == 2)
        tasks += [asyncio.create_task(inbox.take("shop", [envelope(number)])) for number in range(1, 50)]
        await asyncio.sleep(0.02)
    assert await outcomes(tasks) == ["taken"] * 50
    assert flaky.writes == 2


async def test_a_commit_has_an_end(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    many = inbox_module.BATCH + 1
    large = [envelope(f"large {number}", None) for number in range(many)]
    await asyncio.gather(inbox.take("shop", large), *(inbox.take("shop", [envelope(n)]) for n in range(many)))
    assert flaky.writes == 3
    assert len(await ids(flaky)) == many


# --- when it fails -----------------------------------------------------------------------------


async def test_a_failing_commit_acknowledges_nobody(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    flaky.failures = [StorageUnavailable("disk full")]
    tasks = [asyncio.create_task(inbox.take("shop", [envelope(number)])) for number in range(5)]
    assert await outcomes(tasks) == ["StorageUnavailable"] * 5
    assert await ids(flaky) == []
    await inbox.take("shop", [envelope(1)])
    assert await ids(flaky) == ["1"]


async def test_a_dropped_request_takes_nothing_from_the_others(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    flaky.open.clear()
    tasks = [asyncio.create_task(inbox.take("shop", [envelope(number)])) for number in range(4)]
    await until(lambda: flaky.writes > 0)
    tasks[0].cancel()
    tasks[2].cancel()
    await asyncio.sleep(0.02)
    flaky.open.set()
    assert await outcomes(tasks) == ["CancelledError", "taken", "CancelledError", "taken"]
    assert await ids(flaky) == ["0", "1", "2", "3"]


async def test_the_only_one_may_leave_and_the_next_is_served(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    flaky.open.clear()
    task = asyncio.create_task(inbox.take("shop", [envelope(1)]))
    await until(lambda: flaky.writes > 0)
    task.cancel()
    await asyncio.sleep(0)
    flaky.open.set()
    await asyncio.wait_for(inbox.take("shop", [envelope(2)]), 20)
    assert await ids(flaky) == ["1", "2"]


async def test_closing_waits_for_the_commit_under_way(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    await inbox.close()
    task = asyncio.create_task(inbox.take("shop", [envelope(1)]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    await inbox.close()
    assert await ids(flaky) == ["1"]


async def test_an_event_that_cannot_be_stored_fails_alone(database: Database, clock) -> None:
    inbox = Inbox(database, clock)
    with structlog.testing.capture_logs() as logs:
        tasks = [
            asyncio.create_task(inbox.take("shop", [one])) for one in (envelope(1), envelope("\ud800"), envelope(2))
        ]
        first, poison, last = await outcomes(tasks)
    assert (first, last) == ("taken", "taken")
    assert poison not in ("taken", "StorageUnavailable")
    assert [(entry["event"], entry["channel"]) for entry in logs] == [("not_stored", "shop")]
    assert await ids(database) == ["1", "2"]


async def test_a_committer_that_is_cut_off_leaves_nobody_waiting(flaky: FlakyDatabase, clock) -> None:
    inbox = Inbox(flaky, clock)
    flaky.open.clear()
    tasks = [asyncio.create_task(inbox.take("shop", [envelope(1)]))]
    await until(lambda: flaky.writes > 0)
    tasks.append(asyncio.create_task(inbox.take("shop", [envelope(2)])))
    await asyncio.sleep(0)
    [committer] = [task for task in asyncio.all_tasks() if task.get_name() == "inbox"]
    committer.cancel()
    assert await outcomes(tasks) == ["StorageUnavailable"] * 2
    flaky.open.set()
    await inbox.take("shop", [envelope(3)])
    assert await ids(flaky) == ["3"]
