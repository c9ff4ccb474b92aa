"""Doing several rooms' deeds in one transaction: a transaction that is under way, in a database's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from gateway.storage.work import Work


class Transactions(Protocol):
    """What gives units of work: a `Database`, or a transaction that is under way."""

    def read(self) -> AbstractAsyncContextManager[Work]:
        """A unit of work that only looks."""
        ...

    def write(self) -> AbstractAsyncContextManager[Work]:
        """A unit of work that is committed when the block ends well."""
        ...


class Joined:
    """`work` for whoever asks: everything is committed together, by whoever began it, or not at all."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """The transaction under way."""
        yield self._work

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """The transaction under way; its end is not ours to make."""
        yield self._work
