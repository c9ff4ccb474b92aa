"""Live hints for staff screens over server-sent events: what changed, never what was said.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent
from litestar.types import SSEData

from gateway.errors import RequestRefused
from gateway.live import BACKLOG, DESK, RESYNC, Change, Live
from gateway.web.guard import Guards

MAX_TOPICS = 20
HEARTBEAT_SECONDS = 15.0


def live_route(live: Live, guards: Guards, stopped: asyncio.Event) -> HTTPRouteHandler:
    """`/live?topics=desk,conversation:7` for whoever is signed in; ends when `stopped` is set."""

    @get("/live", guards=[guards.requires()])
    async def stream(topics: Annotated[str, QueryParameter(max_length=1000)]) -> ServerSentEvent:
        wanted = topics.split(",")
        if len(wanted) > MAX_TOPICS or not all(_allowed(topic) for topic in wanted):
            raise RequestRefused(400, "topics are desk, kb, staff:<number> and conversation:<number>")
        return ServerSentEvent(_events(live, wanted, stopped))

    return stream


def _allowed(topic: str) -> bool:
    kind, _, number = topic.partition(":")
    return topic in (DESK, "kb") or (kind in ("conversation", "staff") and number.isdigit())


class _Page:
    """What an open page has still to be told. A page that takes nothing for long is not told all of it
    later, only that it missed something: then it asks for everything anew."""

    def __init__(self) -> None:
        self._news: deque[Change] = deque()
        self._bell = asyncio.Event()

    def put(self, change: Change) -> None:
        """Keep `change` for the page."""
        if len(self._news) >= BACKLOG:
            self._news.clear()
            change = Change(topic=change.topic, kind=RESYNC)
        self._news.append(change)
        self._bell.set()

    def wake(self, _: object = None) -> None:
        """Let whoever waits look whether all is over."""
        self._bell.set()

    async def next(self) -> Change | None:
        """The oldest change; None where there is none for `HEARTBEAT_SECONDS`."""
        if not self._news:
            self._bell.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._bell.wait()
        return self._news.popleft() if self._news else None


async def _events(live: Live, topics: list[str], stopped: asyncio.Event) -> AsyncIterator[SSEData]:
    """Changes, and a comment now and then: a proxy or a browser notices a dead line only by silence."""
    page = _Page()
    ending = asyncio.ensure_future(stopped.wait())
    ending.add_done_callback(page.wake)
    try:
        with live.listen(topics, page):
            while not stopped.is_set():
                change = await page.next()
                if change is not None:
                    yield {"data": msgspec.json.encode(change).decode()}
                elif not stopped.is_set():
                    yield {"comment": "alive", "data": None}
    finally:
        ending.cancel()
