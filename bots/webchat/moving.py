"""The widget's ways to be known and to go on elsewhere: a signed token of the site's, and a code with its links."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from bots.webchat.frames import FRAME_LIMIT
from bots.webchat.service import Webchat, count
from gateway.errors import RequestRefused
from gateway.messages import Value
from gateway.people.continuing import LIFETIME, square
from gateway.people.naming import channel_word

AnyRequest = Request[Any, Any, Any]


class Identify(Value, frozen=True, kw_only=True):
    """The site's own token."""

    token: Annotated[str, Meta(min_length=1, max_length=8192)]


class Elsewhere(Value, frozen=True, kw_only=True):
    """A messenger one can go on in: its link, and the same as a QR code (a path in a square of `size` units)."""

    kind: str
    label: str
    url: str
    size: int
    path: str


class Codes(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The answer to `POST continue`: `code` is what one sends in a messenger that no link opens; `minutes` is how
    long all of it is good."""

    code: str
    minutes: int
    links: list[Elsewhere]


def moving_routes(webchat: Webchat) -> list[HTTPRouteHandler]:
    """`identify` and `continue` of each channel."""

    @post("/channels/{name:str}/identify", status_code=204, request_max_body_size=FRAME_LIMIT)
    async def identify(request: AnyRequest, name: FromPath[str]) -> None:
        visitor = webchat.visitor(name, request.headers)
        count(webchat.moves, f"{name}:{visitor.id}")
        try:
            body = msgspec.json.decode(await request.body(), type=Identify)
        except msgspec.DecodeError:
            raise RequestRefused(400, 'give {"token": "…"}') from None
        await webchat.identifying.identify(name, visitor.id, body.token)

    @post("/channels/{name:str}/continue", status_code=200, request_max_body_size=FRAME_LIMIT)
    async def go_on(request: AnyRequest, name: FromPath[str]) -> Codes:
        visitor = webchat.visitor(name, request.headers)
        count(webchat.moves, f"{name}:{visitor.id}")
        translator = webchat.texts.translator(webchat.language(request.query_params.get("lang")))
        async with webchat.database.write() as work:
            identity = await work.contacts.meet(name, visitor.id, webchat.clock())
            offer = await webchat.people.continuing.offer(work, identity)
        links = []
        for way in offer.ways:
            made = square(way.url)
            label = channel_word(way.kind, translator)
            links.append(Elsewhere(kind=way.kind, label=label, url=way.url, size=made.size, path=made.path))
        return Codes(code=offer.code, minutes=int(LIFETIME.total_seconds()) // 60, links=links)

    return [identify, go_on]
