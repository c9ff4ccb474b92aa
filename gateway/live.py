"""Pub/sub to sockets: hints of *what* changed, so that whoever watches asks for the new state.

A hint may be lost (a slow reader's oldest hints are dropped), a state never is: readers compare
sequence numbers or fetch again. Within a process a hint is handed over as it is; a topic that nobody
watches costs one look into a table. `relay` carries hints to the other processes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import msgspec

from gateway.messages import Value

BACKLOG = 256
RESYNC = "resync"
"""The kind that says: hints may have been missed, so ask again for everything."""


class Change(Value, frozen=True, kw_only=True):
    """Something happened on `topic` (``conversation:7``, ``desk``); `ids` name what, never quote it."""

    topic: str
    kind: str
    ids: dict[str, int | str | None] = msgspec.field(default_factory=dict)


def conversation_topic(conversation_id: int) -> str:
    """The topic of one conversation."""
    return f"conversation:{conversation_id}"


def address_topic(channel: str, address: str) -> str:
    """The topic of one address of a channel: what its owner's own screens (web chat) watch."""
    return f"address:{channel}:{address}"


DESK = "desk"
"""The topic of everything agents see in their lists."""


class Carrier(Protocol):
    """What takes hints to the other processes (`gateway.processes.relay.Relay`)."""

    @property
    def healthy(self) -> bool:
        """Whether hints travel now."""
        ...

    def share(self, changes: Sequence[Change]) -> None:
        """Take `changes` along; returns at once, and never raises."""
        ...


class Watcher(Protocol):
    """Who is told of each change at once."""

    def put(self, change: Change) -> None:
        """Take `change`; returns at once, never raises, and stops no watching."""
        ...


class Watching:
    """One watcher's changes. An `anext` that is cancelled takes nothing with it and may be asked again."""

    __slots__ = ("_news", "_waiter")

    def __init__(self) -> None:
        # Made with the first news: ten thousand idle visitors hold none.
        self._news: deque[Change] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, change: Change) -> None:
        """Keep `change` for the watcher, and the newest only where it is slow."""
        if self._news is None:
            self._news = deque(maxlen=BACKLOG)
        self._news.append(change)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        while not self._news:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._news.popleft()


class Live:
    """Changes in and out."""

    def __init__(self, relay: Carrier | None = None) -> None:
        self._relay = relay
        self._watching: dict[str, set[Watcher]] = {}

    @property
    def healthy(self) -> bool:
        """Whether hints reach the other processes; true where there is nothing to reach them by."""
        return self._relay is None or self._relay.healthy

    def publish(self, changes: Sequence[Change]) -> None:
        """Send each change to its topic's watchers, here and elsewhere; returns at once."""
        self.deliver(changes)
        if self._relay is not None:
            self._relay.share(changes)

    def deliver(self, changes: Sequence[Change]) -> None:
        """Send each change to its topic's watchers in this process."""
        for change in changes:
            for watching in self._watching.get(change.topic, ()):
                watching.put(change)

    def resync(self) -> None:
        """Tell every watcher of this process that it may have missed something."""
        self.deliver([Change(topic=topic, kind=RESYNC) for topic in self._watching])

    @contextmanager
    def listen(self, topics: Iterable[str], watcher: Watcher) -> Iterator[None]:
        """Tell `watcher` of changes of `topics` while the block lasts; cheaper than `subscribe`, for whoever
        only wants to be woken."""
        watched = set(topics)
        for topic in watched:
            self._watching.setdefault(topic, set()).add(watcher)
        try:
            yield
        finally:
            for topic in watched:
                left = self._watching[topic]
                left.discard(watcher)
                if not left:
                    del self._watching[topic]

    @asynccontextmanager
    async def subscribe(self, topics: Iterable[str]) -> AsyncIterator[AsyncIterator[Change]]:
        """Changes of `topics` from now on, as ``async with live.subscribe([...]) as changes``."""
        watching = Watching()
        with self.listen(topics, watching):
            yield watching
