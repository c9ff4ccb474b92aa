"""Durable alarms: each rings in one transaction with what it causes, at least once, in due order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from gateway.errors import StorageUnavailable
from gateway.ports import Clock, Timer
from gateway.processes.wakeups import TIMERS, Wakeups, wait_for
from gateway.storage.engine import Database
from gateway.storage.work import Work

log = structlog.get_logger()

TimerHandler = Callable[[Work, Timer], Awaitable[None]]
RETRY_AFTER = timedelta(minutes=1)


class _Overtaken(Exception):
    """Somebody set the alarm anew or forgot it while its handler waited for them."""


class Timers:
    """Rings what is due, by the handler of its kind. Looks each second, so a clock set forward or
    back needs no special care: due times are absolute."""

    def __init__(
        self, database: Database, handlers: Mapping[str, TimerHandler], *, clock: Clock, wakeups: Wakeups
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._wakeups = wakeups
        self._bell = wakeups.bell(TIMERS)

    async def run(self) -> None:
        """Ring until told to stop."""
        while not self._wakeups.stopping:
            try:
                rang = await self.ring_due()
            except StorageUnavailable as error:
                log.warning("timers_wait", reason=str(error))
                rang = 0
            if not rang:
                await wait_for(self._bell)

    async def ring_due(self) -> int:
        """Ring everything due now; returns how many rang."""
        rang = 0
        while await self._ring_one():
            rang += 1
        return rang

    async def _ring_one(self) -> bool:
        # A look without the write lock first: most seconds nothing is due.
        async with self._database.read() as view:
            due = await view.timers.next_due()
        if due is None or due > self._clock():
            return False
        timer: Timer | None = None
        try:
            async with self._database.write() as work:
                timer = await work.timers.due(self._clock())
                if timer is None:
                    return False
                await self._handle(work, timer)
                if not await work.timers.done(timer):
                    raise _Overtaken
        except _Overtaken:
            log.info("timer_overtaken", timer=timer and timer.id)
        except StorageUnavailable:
            raise
        except Exception:
            if timer is None:
                raise
            # Put off, so that one broken alarm does not silence those behind it.
            log.exception("timer_failed", timer=timer.id, kind=timer.kind)
            async with self._database.write() as work:
                await work.timers.postpone(timer, self._clock() + RETRY_AFTER)
        return True

    async def _handle(self, work: Work, timer: Timer) -> None:
        handler = self._handlers.get(timer.kind)
        if handler is None:
            log.error("timer_unknown", timer=timer.id, kind=timer.kind)
            return
        await handler(work, timer)
        log.info("timer_rang", timer=timer.id, kind=timer.kind)
