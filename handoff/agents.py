"""Who is at the desk now: agents tell that they are there, and are gone when they stop telling."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.live import DESK
from gateway.ports import Clock
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from handoff.storage.agents import AgentTable

ONLINE = timedelta(seconds=90)
"""Seen within this time counts as present: three missed beats of a desk's socket."""

BEAT = timedelta(seconds=30)
"""How often presence is written at most; a desk may tell as often as it likes."""


class Presence:
    """Takes the desks' signs of life. What was written lately is remembered here, so that an open
    desk costs two rows a minute."""

    def __init__(self, database: Transactions, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._written: dict[int, datetime] = {}

    async def seen(self, agent_id: int) -> None:
        """The agent's desk is open."""
        now = self._clock()
        last = self._written.get(agent_id)
        if last is not None and now - last < BEAT:
            return
        self._written[agent_id] = now
        async with self._database.write() as work:
            await AgentTable(work).seen(agent_id, now)
            if last is None:
                work.announce(DESK, "presence", agent=agent_id)

    async def left(self, agent_id: int) -> None:
        """The agent closed the last desk."""
        self._written.pop(agent_id, None)
        async with self._database.write() as work:
            await AgentTable(work).left(agent_id)
            work.announce(DESK, "presence", agent=agent_id)


async def online(work: Work, now: datetime) -> list[int]:
    """Agents who are present at `now`, on whichever of our processes their desk is open."""
    return await AgentTable(work).online(now - ONLINE)
