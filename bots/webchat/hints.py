"""Waiting for news of one visitor: hints wake whoever waits, and nobody trusts them alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.live import Change, Live


class Hints:
    """The stream of hints on one topic, readable with a time limit."""

    def __init__(self, changes: AsyncIterator[Change]) -> None:
        self._changes = changes
        self._pending: asyncio.Task[Change | None] | None = None

    async def next(self, seconds: float) -> str | None:
        """The kind of the next hint; None where none came within `seconds`."""
        if self._pending is None:
            self._pending = asyncio.create_task(self._take())
        # The read is left pending over a time-out: cancelling it would end the stream under it.
        done, _ = await asyncio.wait([self._pending], timeout=seconds)
        if not done:
            return None
        change = self._pending.result()
        if change is None:
            # The stream has ended (shutdown); go on by time alone.
            await asyncio.sleep(seconds)
            return None
        self._pending = None
        return change.kind

    async def _take(self) -> Change | None:
        return await anext(self._changes, None)

    def close(self) -> None:
        """Stop listening."""
        if self._pending is not None:
            self._pending.cancel()


@asynccontextmanager
async def listen(live: Live, topic: str) -> AsyncIterator[Hints]:
    """Hints on `topic` from now on."""
    async with live.subscribe([topic]) as changes:
        hints = Hints(changes)
        try:
            yield hints
        finally:
            hints.close()
