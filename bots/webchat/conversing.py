"""The widget over plain HTTP: a token, saying something, and a long poll for what is said."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Response

from bots.webchat import cursor as cursors
from bots.webchat.faults import explain, unavailable
from bots.webchat.frames import FRAME_LIMIT, Ack, ClientMessage, Delivered, Fault, Malformed, Read, Typing, read_frame
from bots.webchat.hints import TYPING, Hints, listen
from bots.webchat.service import Webchat, count
from bots.webchat.tokens import Visitor
from bots.webchat.wire import Batch
from gateway.errors import RequestRefused, StorageUnavailable
from gateway.live import address_topic
from gateway.messages import Value

MAX_WAIT = 25.0
LOOK_SECONDS = 1.0

AnyRequest = Request[Any, Any, Any]


class NewVisitor(Value, frozen=True, kw_only=True):
    """The answer to `POST visitors`: `token` proves from now on who the widget speaks for."""

    visitor: str
    token: str


def conversing_routes(webchat: Webchat) -> list[HTTPRouteHandler]:
    """`visitors` and `messages` of each channel."""

    @post("/channels/{name:str}/visitors", status_code=201, request_max_body_size=FRAME_LIMIT)
    async def new_visitor(request: AnyRequest, name: FromPath[str]) -> NewVisitor:
        webchat.enter(name, request.headers)
        count(webchat.newcomers, request.client.host if request.client else "")
        visitor, token = webchat.tokens.welcome(name)
        return NewVisitor(visitor=visitor.id, token=token)

    @post("/channels/{name:str}/messages", status_code=200, request_max_body_size=FRAME_LIMIT)
    async def say(request: AnyRequest, name: FromPath[str]) -> Response[Value]:
        visitor = webchat.visitor(name, request.headers)
        return await _say(webchat, visitor, await request.body(), request.query_params.get("lang"))

    @get("/channels/{name:str}/messages")
    async def poll(
        request: AnyRequest,
        name: FromPath[str],
        after: FromQuery[str | None] = None,
        before: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
        wait: Annotated[float, QueryParameter(ge=0, le=60)] = 0.0,
    ) -> Batch:
        visitor = webchat.visitor(name, request.headers)
        if before is not None:
            return await webchat.reader.before(visitor, before)
        if after is None:
            return await webchat.reader.newest(visitor)
        return await _poll(webchat, visitor, cursors.decode(after), min(wait, MAX_WAIT))

    return [new_visitor, say, poll]


async def _say(webchat: Webchat, visitor: Visitor, body: bytes, language: str | None) -> Response[Value]:
    translator = webchat.texts.translator(webchat.language(language))
    name: str | None = None
    try:
        frame = read_frame(body)
        if not isinstance(frame, ClientMessage | Typing | Delivered | Read):
            raise Malformed("malformed")
        if isinstance(frame, ClientMessage):
            name = str(frame.id)
        if webchat.intake.delay(visitor) > 0:
            raise RequestRefused(429, "too many messages at once; try again a little later")
        await webchat.intake.take(visitor, frame)
    except Malformed as malformed:
        return _refusal(explain(malformed, translator), 413 if malformed.code == "too_large" else 400)
    except StorageUnavailable:
        return _refusal(unavailable(name, translator), 503)
    return Response(Ack(id=name or ""), status_code=200)


def _refusal(fault: Fault, status: int) -> Response[Value]:
    return Response(fault, status_code=status)


async def _poll(webchat: Webchat, visitor: Visitor, cursor: dict[int, int], wait: float) -> Batch:
    """What follows `cursor`, as soon as there is something, at the latest after `wait` seconds."""
    end = time.monotonic() + wait
    with listen(webchat.live, address_topic(visitor.channel, visitor.id)) as hints:
        while True:
            batch, _ = await webchat.reader.after(visitor, cursor)
            rest = end - time.monotonic()
            if batch.messages or rest <= 0 or webchat.stopping():
                return batch
            if await _typed(webchat, hints, rest):
                return Batch(messages=(), cursor=batch.cursor, typing=True)


async def _typed(webchat: Webchat, hints: Hints, seconds: float) -> bool:
    """Wait for a hint; whether it was that somebody types. Wakes at times to see a shutdown."""
    end = time.monotonic() + min(seconds, LOOK_SECONDS * 10)
    while not webchat.stopping():
        rest = end - time.monotonic()
        kind = await hints.next(max(0.0, min(rest, LOOK_SECONDS)))
        if kind is not None or rest <= LOOK_SECONDS:
            return kind == TYPING
    await asyncio.sleep(0)
    return False
