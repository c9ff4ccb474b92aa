"""Bells: nobody takes another's ring, and nobody sleeps through the end."""

from __future__ import annotations

import asyncio
import time

from gateway.live import Change
from gateway.processes.wakeups import INBOX, OUTBOX, Wakeups, wait_for


def rung(*topics: str) -> list[Change]:
    return [Change(topic=topic, kind="test") for topic in topics]


def test_each_waiter_has_its_own_bell() -> None:
    wakeups = Wakeups()
    one, two, other = wakeups.bell(INBOX), wakeups.bell(INBOX), wakeups.bell(OUTBOX)
    wakeups.ring(rung(INBOX, INBOX, "conversation:7"))
    assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
    one.clear()
    assert two.is_set()


def test_a_ring_before_there_is_a_bell_is_lost_and_harmless() -> None:
    wakeups = Wakeups()
    wakeups.ring(rung(INBOX))
    assert not wakeups.bell(INBOX).is_set()


async def test_waiting_ends_with_the_ring_and_resets_the_bell() -> None:
    wakeups = Wakeups()
    bell = wakeups.bell(INBOX)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        waiter = group.create_task(wait_for(bell, 60))
        await asyncio.sleep(0)
        wakeups.ring(rung(INBOX))
        await waiter
    assert not bell.is_set()


async def test_a_ring_while_nobody_waits_is_kept() -> None:
    wakeups = Wakeups()
    bell = wakeups.bell(INBOX)
    wakeups.ring(rung(INBOX))
    async with asyncio.timeout(20):
        await wait_for(bell, 60)


async def test_without_a_ring_the_waiter_looks_by_itself() -> None:
    began = time.monotonic()
    await wait_for(Wakeups().bell(INBOX), 0.05)
    assert 0.04 <= time.monotonic() - began < 5


async def test_stopping_wakes_everybody() -> None:
    wakeups = Wakeups()
    bells = [wakeups.bell(topic) for topic in (INBOX, OUTBOX, INBOX)]
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for bell in bells:
            group.create_task(wait_for(bell, 60))
        await asyncio.sleep(0)
        wakeups.stop()
    assert wakeups.stopping
