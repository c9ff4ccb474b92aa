"""What has to be tidied now and then: conversations nobody goes on with, sessions that are over, old bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from gateway.conversations import State
from gateway.errors import StorageUnavailable
from gateway.live import DESK
from gateway.operating.sweeping import Sweeper
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups, wait_for
from gateway.storage.continuations import Continuations
from gateway.storage.engine import Database
from gateway.storage.proof_codes import ProofCodes
from gateway.storage.sessions import SessionTable

log = structlog.get_logger()

EVERY_SECONDS = 60.0
CODES_KEPT = timedelta(days=1)
"""How long after its end a code is still known as one that was used."""
CODES_AT_ONCE = 500

Chore = Callable[[], Awaitable[object]]
"""What another room has to tidy; it raises StorageUnavailable where it must wait."""


class Housekeeping:
    """Tidies once a minute; `chores` are done after its own."""

    def __init__(
        self,
        database: Database,
        sweeper: Sweeper,
        *,
        clock: Clock,
        wakeups: Wakeups,
        idle_hours: int,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._database = database
        self._sweeper = sweeper
        self._clock = clock
        self._wakeups = wakeups
        self._idle = timedelta(hours=idle_hours)
        self._chores = chores

    async def run(self) -> None:
        """Tidy until told to stop."""
        bell: asyncio.Event = self._wakeups.bell("work:housekeeping")
        while not self._wakeups.stopping:
            try:
                await self.tidy()
                await self._sweeper.sweep()
                for chore in self._chores:
                    await chore()
            except StorageUnavailable as error:
                log.warning("housekeeping_waits", reason=str(error))
            await wait_for(bell, EVERY_SECONDS)

    async def tidy(self) -> None:
        """Close what the bot alone held and nobody touched for the idle time; forget dead sessions."""
        now = self._clock()
        async with self._database.write() as work:
            for conversation in await work.conversations.idle(State.BOT, now - self._idle):
                work.conversations.change(conversation.id, state=State.CLOSED, closed_at=now, form=None)
                work.announce(DESK, "state", conversation=conversation.id)
            await SessionTable(work.connection).delete_expired(now)
            await ProofCodes(work.connection, lock_rows=not work.is_sqlite).forget(now - CODES_KEPT, CODES_AT_ONCE)
            await Continuations(work.connection).forget(now - CODES_KEPT, CODES_AT_ONCE)
