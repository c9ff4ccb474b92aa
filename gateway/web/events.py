"""Live hints for staff screens over server-sent events: what changed, never what was said.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.response import ServerSentEvent
from litestar.types import SSEData

from gateway.errors import RequestRefused
from gateway.live import DESK, Live
from gateway.web.guard import Guards

MAX_TOPICS = 20
HEARTBEAT_SECONDS = 15.0


def live_route(live: Live, guards: Guards) -> HTTPRouteHandler:
    """`/live?topics=desk,conversation:7` for whoever is signed in."""

    @get("/live", guards=[guards.requires()])
    async def stream(topics: str = Parameter(max_length=1000)) -> ServerSentEvent:
        wanted = topics.split(",")
        if len(wanted) > MAX_TOPICS or not all(_allowed(topic) for topic in wanted):
            raise RequestRefused(400, "topics are desk, kb and conversation:<number>")
        return ServerSentEvent(_events(live, wanted))

    return stream


def _allowed(topic: str) -> bool:
    kind, _, number = topic.partition(":")
    return topic in (DESK, "kb") or (kind in ("conversation", "staff") and number.isdigit())


async def _events(live: Live, topics: list[str]) -> AsyncIterator[SSEData]:
    """Changes, and a comment now and then: a proxy or a browser notices a dead line only by silence."""
    async with live.subscribe(topics) as changes:
        pending: asyncio.Future[object] | None = None
        try:
            while True:
                pending = pending or asyncio.ensure_future(anext(changes))
                done, _ = await asyncio.wait([pending], timeout=HEARTBEAT_SECONDS)
                if not done:
                    yield {"comment": "alive"}
                    continue
                yield {"data": msgspec.json.encode(pending.result()).decode()}
                pending = None
        finally:
            if pending is not None:
                pending.cancel()
