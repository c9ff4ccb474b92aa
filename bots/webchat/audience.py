"""Everybody whose socket is open in this process, and a regular look after what no hint told them.

Hints get lost: a process dies between its commit and its hints, the line between processes breaks. If
each socket looked for itself, ten thousand idle visitors would ask the database a thousand times a
second; so one asks for all, hundreds in a query, and wakes those who lack something.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog

from bots.webchat.storage import Threads
from bots.webchat.tokens import Visitor
from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database

log = structlog.get_logger()

LOOK_SECONDS = 10.0
VISITORS_IN_A_QUERY = 100


class Present(Protocol):
    """A visitor's open socket."""

    @property
    def visitor(self) -> Visitor: ...

    @property
    def held(self) -> int:
        """How many messages of their conversations the visitor was sent or passed over."""
        ...

    def wake(self, total: int) -> None:
        """Look into the thread: its conversations hold `total` messages now."""
        ...


class Audience:
    """One for all web chats of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._present: set[Present] = set()

    def __len__(self) -> int:
        return len(self._present)

    @contextmanager
    def joined(self, present: Present) -> Iterator[None]:
        """`present` is looked after while the block lasts."""
        self._present.add(present)
        try:
            yield
        finally:
            self._present.discard(present)

    async def run(self) -> None:
        """Look at everybody in each `LOOK_SECONDS`, a few at a time so that nobody waits for it, until cancelled."""
        while True:
            parts = self._parts() or [[]]
            for part in parts:
                await asyncio.sleep(LOOK_SECONDS / len(parts))
                try:
                    await self._look_at(part)
                except StorageUnavailable as error:
                    log.warning("webchat_looks_wait", reason=str(error))
                except Exception:
                    log.exception("webchat_look_broke")

    async def look(self) -> int:
        """Wake everybody whose thread is not what they hold; returns how many that were."""
        return sum([await self._look_at(part) for part in self._parts()])

    def _parts(self) -> list[list[Present]]:
        """All that are present, a query's worth at a time, each of one channel."""
        by_channel: defaultdict[str, list[Present]] = defaultdict(list)
        for present in self._present:
            by_channel[present.visitor.channel].append(present)
        return [
            everybody[start : start + VISITORS_IN_A_QUERY]
            for everybody in by_channel.values()
            for start in range(0, len(everybody), VISITORS_IN_A_QUERY)
        ]

    async def _look_at(self, some: Sequence[Present]) -> int:
        if not some:
            return 0
        async with self._database.read() as work:
            threads = Threads(work.connection, some[0].visitor.channel)
            totals = await threads.totals({present.visitor.id for present in some})
        late = [present for present in some if totals.get(present.visitor.id, 0) != present.held]
        for present in late:
            present.wake(totals.get(present.visitor.id, 0))
        return len(late)
