"""Databases whose commits can be held up or made to fail, or whose answers get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database
from gateway.storage.work import Work


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return once `condition` holds. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.005)


class FlakyDatabase(Database):
    """Each write waits for `open`; then the next of `failures` is raised in place of the commit.

    `reads` are raised by the next reads. `writes` counts the transactions begun.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.open = asyncio.Event()
        self.open.set()
        self.failures: list[Exception] = []
        self.reads: list[Exception] = []
        self.writes = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        self.writes += 1
        async with super().write() as work:
            yield work
            await self.open.wait()
            if self.failures:
                raise self.failures.pop(0)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        if self.reads:
            raise self.reads.pop(0)
        async with super().read() as view:
            yield view


class Late(Database):
    """A database whose commits succeed, and whose answer to as many of them as `lost` says is lost."""

    lost = 0

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[Work]:
        async with super()._begun() as work:
            yield work
        if self.lost:
            self.lost -= 1
            raise StorageUnavailable("answer lost")
