"""Keeping the background loops alive beside the web server, and ending them without losing a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from gateway.operating.vitals import Vitals
from gateway.processes.wakeups import Wakeups

log = structlog.get_logger()

Loop = Callable[[], Awaitable[None]]

DRAIN_SECONDS = 20.0
AGAIN_SECONDS = 1.0


@asynccontextmanager
async def running(
    wakeups: Wakeups, workers: Mapping[str, Loop], listeners: Mapping[str, Loop], vitals: Vitals
) -> AsyncIterator[None]:
    """Run both kinds of loops while the block lasts; `vitals` are told which of them break.

    `workers` end by themselves when `wakeups` are stopped, with what they hold finished and settled,
    so that a planned stop leaves no send `unknown`; `listeners` are cancelled after them.
    """
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(_keep(wakeups, vitals, name, run), name=name) for name, run in workers.items()]
        listening = [group.create_task(_keep(wakeups, vitals, name, run), name=name) for name, run in listeners.items()]
        try:
            yield
        finally:
            wakeups.stop()
            _, late = await asyncio.wait(working, timeout=DRAIN_SECONDS)
            for task in late:
                log.warning("loop_cut_off", loop=task.get_name())
            for task in (*late, *listening):
                task.cancel()


async def _keep(wakeups: Wakeups, vitals: Vitals, name: str, run: Loop) -> None:
    """Run a loop; a bug in it is written down and the loop begun again, for the messages' sake."""
    vitals.runs(name)
    while not wakeups.stopping:
        try:
            await run()
        except Exception:
            log.exception("loop_broke", loop=name)
            vitals.broke(name)
        if not wakeups.stopping:
            await asyncio.sleep(AGAIN_SECONDS)
