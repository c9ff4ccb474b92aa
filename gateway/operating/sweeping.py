"""Forgetting in time: raw bodies, the rows that held them, and uploads that nobody ever sent.

Every batch is a transaction of its own with a pause behind it, so that whoever waits for the one writer of
SQLite never waits for more than a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from gateway.media import MediaStore
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups
from gateway.settings import Retention as Bounds
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from gateway.storage.retention import Retention

log = structlog.get_logger()

BATCH = 500
FILES = 50
ROUNDS = 600
"""Batches of one kind in one sweep: what became old in a minute is dealt with in a minute, up to 5,000 a second."""
PAUSE_SECONDS = 0.02
UNSENT_FOR = timedelta(days=1)
"""How long an upload may wait to be sent; a widget sends it within the minute."""

Batch = Callable[[Retention], Awaitable[int]]


class Sweeper:
    """One for a process; on PostgreSQL several processes take turns."""

    def __init__(
        self, database: Database, media: MediaStore, bounds: Bounds, *, clock: Clock, wakeups: Wakeups
    ) -> None:
        self._database = database
        self._media = media
        self._bounds = bounds
        self._clock = clock
        self._wakeups = wakeups

    async def sweep(self) -> None:
        """Forget everything whose time is over. Raises StorageUnavailable; then the next sweep goes on."""
        now = self._clock()
        bounds = self._bounds
        for status, days in ((InboxStatus.DONE, bounds.body_days), (InboxStatus.QUARANTINED, bounds.quarantine_days)):
            if not days:
                continue
            await self._empty(status, now - timedelta(days=days))
            await self._drop(status, now - timedelta(days=max(days, bounds.dedupe_days)))
        await self._sweep_uploads(now - UNSENT_FOR)

    async def _empty(self, status: InboxStatus, before: datetime) -> None:
        count = await self._until_done(lambda retention: retention.empty_bodies(status, before, BATCH))
        if count:
            log.info("raw_bodies_emptied", status=status, count=count)

    async def _drop(self, status: InboxStatus, before: datetime) -> None:
        count = await self._until_done(lambda retention: retention.drop_rows(status, before, BATCH))
        if count:
            log.info("raw_events_deleted", status=status, count=count)

    async def _until_done(self, batch: Batch) -> int:
        """Batch after batch until one is not full; the number of rows dealt with."""
        count = 0
        for _ in range(ROUNDS):
            async with self._database.write() as work:
                done = await batch(Retention(work.connection, lock_rows=not work.is_sqlite))
            count += done
            if done < BATCH or self._wakeups.stopping:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        return count

    async def _sweep_uploads(self, before: datetime) -> None:
        count = 0
        for _ in range(ROUNDS):
            async with self._database.write() as work:
                retention = Retention(work.connection, lock_rows=not work.is_sqlite)
                unsent, mark = await retention.unsent_uploads(before, FILES)
                if mark is None:
                    break
                # Files first: cut off in between, the next sweep finds the rows again, but never lost files.
                for file_id in unsent:
                    await asyncio.to_thread(self._media.path(file_id).unlink, missing_ok=True)
                await retention.forget_uploads(unsent, mark)
            count += len(unsent)
            if self._wakeups.stopping:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        if count:
            log.info("unsent_uploads_deleted", count=count)
