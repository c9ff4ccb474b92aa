"""Live hints for staff screens over server-sent events: what changed, never what was said.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent
from litestar.types import SSEData

from gateway.errors import RequestRefused
from gateway.live import DESK, Change, Live
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


async def _events(live: Live, topics: list[str], stopped: asyncio.Event) -> AsyncIterator[SSEData]:
    """Changes, and a comment now and then: a proxy or a browser notices a dead line only by silence."""
    async with live.subscribe(topics) as changes:
        ending = asyncio.ensure_future(stopped.wait())
        pending: asyncio.Future[Change | None] | None = None
        try:
            while True:
                pending = pending or asyncio.ensure_future(anext(changes, None))
                waiting: list[asyncio.Future[Any]] = [pending, ending]
                await asyncio.wait(waiting, timeout=HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED)
                if ending.done():
                    return
                if not pending.done():
                    yield {"comment": "alive", "data": None}
                    continue
                change = pending.result()
                if change is None:
                    return
                yield {"data": msgspec.json.encode(change).decode()}
                pending = None
        finally:
            ending.cancel()
            if pending is not None:
                pending.cancel()
