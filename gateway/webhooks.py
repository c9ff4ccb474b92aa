"""HTTP in: a platform's request is verified over its raw bytes, committed, and only then answered.

Written against ASGI itself (https://asgi.readthedocs.io/en/latest/specs/www.html): the framework's request
and response objects would be the larger part of the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

import structlog
from litestar import HttpMethod, route
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, HTTPException, MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler, asgi
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler, HTTPScope, Receive, Scope, Send

from gateway.channels import Channel, Intake, Receipt, WebhookRequest
from gateway.desks import Desk
from gateway.errors import NotFound, RequestRefused, StorageUnavailable
from gateway.inbox import Inbox
from gateway.operating.observing import UNOBSERVED, Observer
from gateway.steps import Step, Watch, unwatched
from gateway.web.security import HEADERS

log = structlog.get_logger()

BODY_LIMIT = 1024 * 1024
"""Bytes; platforms send far less (Telegram's updates are a few KiB)."""
METHODS = ("GET", "POST")

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class Receiver(Protocol):
    """What verifies requests under its own name: a channel or a desk."""

    @property
    def name(self) -> str: ...

    def receive(self, request: WebhookRequest) -> Receipt:
        """See `Channel.receive`."""
        ...


def webhook_routes(
    channels: Mapping[str, Channel],
    inbox: Inbox,
    *,
    desks: Sequence[Desk] = (),
    watch: Watch = unwatched,
    observer: Observer = UNOBSERVED,
) -> list[ControllerRouterHandler]:
    """`/channels/{name}/webhook` of each channel and desk: POST brings events, GET is some platforms'
    verification handshake.

    200 after the commit, 401/403 forged, 404 no such channel, 405, 413 too large, 503 not stored.
    """

    def webhook(channel: Receiver, intake: Intake) -> ASGIRouteHandler:
        # A path of its own for each: the framework finds it at once, and finds ASGI under no other.
        @asgi(f"/channels/{channel.name}/webhook", copy_scope=False)
        async def take(scope: Scope, receive: Receive, send: Send) -> None:
            with _counted(observer, channel.name):
                if scope["type"] != ScopeType.HTTP or scope["method"] not in METHODS:
                    raise MethodNotAllowedException(headers={"allow": ", ".join(METHODS)})
                receipt = _receive(channel, scope, await _body(receive))
                await intake(channel.name, receipt.envelopes)
            observer.webhook(channel.name, receipt.status)
            await _answer(send, receipt)
            watch(Step.ACKED, 1)

        return take

    @route("/channels/{name:str}/webhook", http_method=[HttpMethod.GET, HttpMethod.POST], include_in_schema=False)
    async def stranger(name: FromPath[str]) -> None:
        with _counted(observer, ""):
            raise RequestRefused(404, "no channel or desk has this name: it is NAME in [channels.NAME] of the settings")

    of_channels = [webhook(channel, inbox.take) for channel in channels.values()]
    return [*of_channels, *(webhook(desk, desk.take) for desk in desks), stranger]


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises RequestRefused for one that is too large, ClientException for one cut short."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientException("the body was cut short")
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise RequestRefused(413, f"the body is larger than {BODY_LIMIT} bytes")
        if not message.get("more_body"):
            return body


def _receive(channel: Receiver, scope: HTTPScope, body: bytes) -> Receipt:
    try:
        return channel.receive(
            WebhookRequest(
                method=scope["method"],
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
                query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
                body=body,
            )
        )
    except RequestRefused as error:
        log.warning("webhook_refused", channel=channel.name, status=error.status, reason=error.reason)
        raise


async def _answer(send: Send, receipt: Receipt) -> None:
    headers = [
        *_HEADERS,
        (b"content-type", receipt.content_type.encode()),
        (b"content-length", str(len(receipt.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": HTTPStatus(receipt.status), "headers": headers})
    await send({"type": "http.response.body", "body": receipt.body, "more_body": False})


@contextmanager
def _counted(observer: Observer, channel: str) -> Iterator[None]:
    """Tell what a call that fails is answered with."""
    try:
        yield
    except Exception as error:
        observer.webhook(channel, _status_of(error))
        raise


def _status_of(error: Exception) -> int:
    match error:
        case RequestRefused(status=status) | HTTPException(status_code=status):
            return status
        case NotFound():
            return 404
        case StorageUnavailable():
            return 503
        case _:
            return 500
