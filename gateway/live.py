"""Pub/sub to sockets: hints of *what* changed, so that whoever watches asks for the new state.

A hint may be lost (a slow reader's oldest hints are dropped), a state never is: readers compare
sequence numbers or fetch again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import msgspec
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend

from gateway.messages import Value

BACKLOG = 256


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


class Live:
    """Changes in and out, over Litestar's channels (in memory within one process)."""

    def __init__(self, plugin: ChannelsPlugin | None = None) -> None:
        self.plugin = plugin or ChannelsPlugin(
            backend=MemoryChannelsBackend(history=0),
            arbitrary_channels_allowed=True,
            subscriber_max_backlog=BACKLOG,
            subscriber_backlog_strategy="dropleft",
        )
        self._decoder = msgspec.json.Decoder(Change)

    def publish(self, changes: Sequence[Change]) -> None:
        """Send each change to its topic's subscribers; returns at once.

        Before the web server starts and after it has stopped nobody listens; what is committed then
        (the last sends of a stop, a demo's seeds) must not fail for the want of a listener.
        """
        with suppress(RuntimeError):
            for change in changes:
                self.plugin.publish(msgspec.json.encode(change), change.topic)

    @asynccontextmanager
    async def subscribe(self, topics: Iterable[str]) -> AsyncIterator[AsyncIterator[Change]]:
        """Changes of `topics` from now on, as ``async with live.subscribe([...]) as changes``."""
        async with self.plugin.start_subscription(list(topics)) as subscriber:
            yield (self._decoder.decode(event) async for event in subscriber.iter_events())
