"""Publications that nobody taught the engine: their training failed, or was cut off with its process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from gateway.errors import FrontdeskError, StorageUnavailable
from gateway.ports import Clock
from gateway.storage.engine import Database
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Articles

log = structlog.get_logger()

PATIENCE = timedelta(minutes=31)
"""After this nobody is training any more: a training is stopped after half an hour at most."""
LOOK_SECONDS = 60.0


class Unlearned:
    """Looks for them and trains, each of them once: what cannot be learned now cannot be learned in a minute.

    `learned` says whether the engine knows a publication, by its number, as well as it can.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        clock: Clock,
        learned: Callable[[int], Awaitable[bool]],
        *,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._learned = learned
        self._seconds = seconds
        self._tried = 0

    async def run(self) -> None:
        """Look again and again, until cancelled. What was published before we began is trained at once; of later
        ones whoever publishes takes care, unless that process ends."""
        patience = timedelta()
        while True:
            try:
                await self.look(patience)
                patience = PATIENCE
            except StorageUnavailable as error:
                log.warning("training_waits", reason=str(error))
            await asyncio.sleep(self._seconds)

    async def look(self, patience: timedelta) -> None:
        """Train on the newest publication if it is older than `patience` and was not learned. Raises
        StorageUnavailable."""
        async with self._database.read() as work:
            newest = next(iter(await Articles(work.connection).publications(limit=1)), None)
        if newest is None or newest.revision <= self._tried or self._clock() - newest.created_at < patience:
            return
        if await self._learned(newest.revision):
            return
        try:
            await self._publisher.train()
        except StorageUnavailable:
            raise
        except FrontdeskError as error:
            log.error("training_failed", reason=str(error))
        self._tried = newest.revision
