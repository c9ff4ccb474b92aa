"""Everything the web chat serves, assembled: the one function the application calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from litestar import Router
from litestar.types import ControllerRouterHandler

from bots.webchat.audience import Audience
from bots.webchat.conversing import conversing_routes
from bots.webchat.cors import cors
from bots.webchat.files import file_routes
from bots.webchat.moving import moving_routes
from bots.webchat.pages import config_route, page_routes
from bots.webchat.service import Suggestions, Webchat
from bots.webchat.socket import socket_route
from gateway.channels import Channel
from gateway.inbox import Inbox
from gateway.live import Live
from gateway.media import MediaStore
from gateway.people.assembly import People
from gateway.people.identifying import Identifying
from gateway.ports import Clock
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.pages import Pages


def routes(
    *,
    channels: Mapping[str, Channel],
    database: Database,
    inbox: Inbox,
    live: Live,
    media: MediaStore,
    clock: Clock,
    secret: str,
    texts: Texts,
    pages: Pages,
    company: Company,
    public_url: str | None,
    upload_limit: int,
    suggestions: Suggestions,
    audience: Audience,
    people: People,
    identifying: Identifying,
    stopping: Callable[[], bool] = lambda: False,
) -> list[ControllerRouterHandler]:
    """The handlers for `/channels/{name}/…` of web chats, `/widget.js` and `/`.

    `channels` may hold other kinds too; they are passed over. `upload_limit` is in bytes. `pages` must
    know `bots.webchat.pages.ROOM`; `audience.run` runs beside the server. `stopping` turns true when the
    server is told to end, so that long polls let go at once.
    """
    webchat = Webchat(
        channels=channels,
        database=database,
        inbox=inbox,
        live=live,
        media=media,
        clock=clock,
        secret=secret,
        texts=texts,
        company=company,
        public_url=public_url,
        upload_limit=upload_limit,
        suggestions=suggestions,
        audience=audience,
        stopping=stopping,
        people=people,
        identifying=identifying,
    )
    return [_channel_router(webchat), *page_routes(webchat, pages)]


def _channel_router(webchat: Webchat) -> Router:
    """The channels' own handlers, whose every answer, an error too, says which page may read it."""
    return Router(
        path="/",
        route_handlers=[
            socket_route(webchat),
            *conversing_routes(webchat),
            *file_routes(webchat),
            *moving_routes(webchat),
            config_route(webchat),
        ],
        middleware=[cors(webchat)],
        opt={"exclude_from_csrf": True},
        include_in_schema=False,
    )
