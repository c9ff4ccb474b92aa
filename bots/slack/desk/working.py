"""Working off what agents did: in order within a thread, side by side between threads.

A dialog must open within three seconds of the press, so nobody waits for a file that another agent sent.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bots.slack.desk.doing import Doer
from bots.slack.desk.storage.events import EventTable, StoredEvent
from gateway.desks import DESK_EVENTS, DeskTools
from gateway.errors import SendError, StorageUnavailable, Throttled, Unreadable
from gateway.processes.wakeups import wait_for

log = structlog.get_logger()

BATCH = 200
TRIES = 6
"""Tries of what Slack must be asked for: a file, a profile. They take about a minute together."""
FAULTS = 3
SWEEP = timedelta(hours=1)

Lanes = dict[str, list[StoredEvent]]


class Worker:
    """Takes events from the table to the `Doer`."""

    def __init__(self, name: str, tools: DeskTools, doer: Doer) -> None:
        self._name = name
        self._tools = tools
        self._doer = doer
        self._busy: set[str] = set()
        self._bell = tools.wakeups.bell(DESK_EVENTS)
        self._swept_at = tools.clock() - SWEEP

    async def run(self) -> None:
        """Work until told to stop; what was begun is finished."""
        self._busy.clear()
        async with asyncio.TaskGroup() as group:
            while not self._tools.wakeups.stopping:
                try:
                    await self._sweep()
                    ready = await self._ready()
                except StorageUnavailable as error:
                    log.warning("desk_waits", desk=self._name, reason=str(error))
                    ready = {}
                for lane, events in ready.items():
                    self._busy.add(lane)
                    group.create_task(self._work_off(lane, events))
                await wait_for(self._bell)

    async def work_waiting(self) -> int:
        """Work off what waits now, thread by thread; how much that was."""
        ready = await self._ready()
        for lane, events in ready.items():
            self._busy.add(lane)
            await self._work_off(lane, events)
        return sum(map(len, ready.values()))

    async def _ready(self) -> Lanes:
        """What may be done now. What waits for another try holds up its thread."""
        now = self._tools.clock()
        async with self._tools.database.read() as view:
            waiting = await EventTable(view, self._name).waiting(BATCH)
        lanes: Lanes = {}
        held = set(self._busy)
        for event, due_at in waiting:
            if due_at > now:
                held.add(event.lane)
            if event.lane not in held:
                lanes.setdefault(event.lane, []).append(event)
        return lanes

    async def _work_off(self, lane: str, events: list[StoredEvent]) -> None:
        try:
            for event in events:
                if not await self._do(event):
                    break
        except StorageUnavailable as error:
            log.warning("desk_waits", desk=self._name, reason=str(error))
            await asyncio.sleep(1)
        finally:
            self._busy.discard(lane)
            self._bell.set()  # what came for this thread meanwhile

    async def _do(self, event: StoredEvent) -> bool:
        """Whether the next event of the thread may follow."""
        try:
            await self._doer.do(event)
        except StorageUnavailable:
            raise
        except Unreadable as error:
            log.warning("desk_event_quarantined", desk=self._name, inbox=event.id, reason=str(error))
            await self._put_off(event, "unreadable", final=True)
        except SendError as error:
            log.warning("desk_event_waits", desk=self._name, inbox=event.id, reason=error.reason)
            return await self._again(event, error)
        except Exception as error:
            log.exception("desk_event_broke", desk=self._name, inbox=event.id)
            if event.attempts + 1 < FAULTS:
                await self._put_off(event, type(error).__name__, final=False)
                return False
            await self._doer.give_up(event, type(error).__name__)
        return True

    async def _again(self, event: StoredEvent, error: SendError) -> bool:
        if event.attempts + 1 >= TRIES:
            await self._doer.give_up(event, error.reason)
            return True
        wait = error.retry_after if isinstance(error, Throttled) else 2.0**event.attempts
        await self._put_off(event, error.reason, final=False, seconds=wait)
        return False

    async def _put_off(self, event: StoredEvent, reason: str, *, final: bool, seconds: float = 1.0) -> None:
        due_at = self._tools.clock() + timedelta(seconds=seconds)
        async with self._tools.database.write() as work:
            await EventTable(work, self._name).put_off(event.id, reason, due_at, final=final)

    async def _sweep(self) -> None:
        """Forget what was dealt with long ago."""
        now = self._tools.clock()
        if not self._tools.keep_days or now - self._swept_at < SWEEP:
            return
        self._swept_at = now
        async with self._tools.database.write() as work:
            await EventTable(work, self._name).forget(now - timedelta(days=self._tools.keep_days))
