"""Waiting for news of one visitor: hints wake whoever waits, and nobody trusts them alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.live import Change, Live

TYPING = "typing"
NEWS = "message"


class Hints:
    """The hints on one topic since one last looked, as no more than two marks: news, and typing."""

    __slots__ = ("_bell", "_news")

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._news = False

    def put(self, change: Change) -> None:
        """Wake the waiter."""
        self._news = self._news or change.kind != TYPING
        self._bell.set()

    async def next(self, seconds: float) -> str | None:
        """What came: `NEWS`, or `TYPING` and nothing else; None where nothing came within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return None
        kind = NEWS if self._news else TYPING
        self._news = False
        self._bell.clear()
        return kind


@contextmanager
def listen(live: Live, topic: str) -> Iterator[Hints]:
    """Hints on `topic` from now on."""
    hints = Hints()
    with live.listen([topic], hints):
        yield hints
