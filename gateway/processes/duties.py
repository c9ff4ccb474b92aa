"""What only one process may do at a time: polling a bot (the platform refuses a second poller), tidying, training.

Whoever does it holds a lease in the database and renews it; when a process dies the lease runs out and
another takes over. On SQLite there is only one process, so it simply does everything.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from gateway.errors import StorageUnavailable
from gateway.processes.loops import Loop
from gateway.processes.wakeups import DUTIES, Wakeups, wait_for
from gateway.storage.duties import DutyTable
from gateway.storage.engine import Database

log = structlog.get_logger()

LEASE_SECONDS = 6.0
RENEW_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""With the lease this bounds a takeover after a death: seven seconds and a start."""
HAND_BACK_SECONDS = 1.0


class Duties:
    """One process's share of the duties."""

    def __init__(self, database: Database, *, wakeups: Wakeups, lease: float = LEASE_SECONDS) -> None:
        self._database = database
        self._wakeups = wakeups
        self._lease = lease
        self._holder = uuid4().hex

    def alone(self, name: str, run: Loop) -> Loop:
        """`run`, begun once no other process runs the loop of this name, and cancelled if that is lost.

        Returns when `run` returns; raises what `run` raises.
        """
        if self._database.is_sqlite:
            return run

        bell = self._wakeups.bell(DUTIES)

        async def keep() -> None:
            while not self._wakeups.stopping:
                asked = time.monotonic()
                if await self._take(name):
                    if await self._hold(name, run, asked + self._lease):
                        return
                else:
                    await wait_for(bell, min(LOOK_SECONDS, self._lease / 3))

        return keep

    async def _hold(self, name: str, run: Loop, until: float) -> bool:
        """Run while the lease is ours; whether `run` came to its end. `until` is a monotonic time."""
        log.info("duty_taken", duty=name)
        task = asyncio.ensure_future(run())
        try:
            while True:
                await asyncio.wait([task], timeout=min(RENEW_SECONDS, self._lease / 3))
                if task.done():
                    await task
                    return True
                asked = time.monotonic()
                if await self._take(name):
                    until = asked + self._lease
                elif time.monotonic() >= until - self._lease / 6:
                    log.warning("duty_lost", duty=name)
                    return False
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
            await self._hand_back(name)

    async def _take(self, name: str) -> bool:
        try:
            async with asyncio.timeout(self._lease / 3), self._database.write() as work:
                return await DutyTable(work.connection).take(name, self._holder, timedelta(seconds=self._lease))
        except (StorageUnavailable, TimeoutError):
            return False

    async def _hand_back(self, name: str) -> None:
        """So that nobody has to wait for the lease's end. Only a courtesy: it ends by itself."""
        with suppress(StorageUnavailable, TimeoutError):
            async with asyncio.timeout(HAND_BACK_SECONDS), self._database.write() as work:
                await DutyTable(work.connection).hand_back(name, self._holder)
                work.announce(DUTIES, "free")
