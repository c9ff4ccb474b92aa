"""Hints that work is waiting; whoever waits also looks by itself each second.

A lost hint therefore costs a second at most, never a message. Bells hang in one process; `relay` rings
those of the others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from gateway.live import Change

INBOX = "work:inbox"
OUTBOX = "work:outbox"
TIMERS = "work:timers"
KNOWLEDGE = "work:knowledge"
DUTIES = "work:duties"
ASKS = "work:asks"

ANYBODYS = frozenset({INBOX, OUTBOX, TIMERS})
"""Work that one process is enough for, whichever."""

POLL_SECONDS = 1.0


class Wakeups:
    """Bells by topic: each waiter has its own, so that no waiter takes another's ring."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, list[asyncio.Event]] = defaultdict(list)
        self.stopped = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """Whether everything is to come to its end."""
        return self.stopped.is_set()

    def stop(self) -> None:
        """Tell every loop to finish what it holds and return."""
        self.stopped.set()
        for bells in self._bells.values():
            for bell in bells:
                bell.set()

    def bell(self, topic: str) -> asyncio.Event:
        """A new bell that every later ring of `topic` sets."""
        event = asyncio.Event()
        self._bells[topic].append(event)
        return event

    def answered(self, topic: str) -> bool:
        """Whether a loop of this process does the work of `topic`, so that no other need be woken for it."""
        return topic in ANYBODYS and topic in self._bells

    def ring(self, changes: Sequence[Change]) -> None:
        """Set the bells of the changes' topics."""
        for topic in {change.topic for change in changes}:
            for bell in self._bells.get(topic, ()):
                bell.set()


async def wait_for(bell: asyncio.Event, seconds: float = POLL_SECONDS) -> None:
    """Return when `bell` rings or `seconds` are over, and reset it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bell.wait()
    bell.clear()
