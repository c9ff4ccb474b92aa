"""HTTP in: a platform's request is verified over its raw bytes, committed, and only then answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from litestar import HttpMethod, Request, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from gateway.channels import Channel, Receipt, WebhookRequest
from gateway.errors import NotFound, RequestRefused, StorageUnavailable
from gateway.inbox import Inbox
from gateway.observing import UNOBSERVED, Observer
from gateway.steps import Step, Watch, unwatched

log = structlog.get_logger()

BODY_LIMIT = 1024 * 1024
"""Bytes; platforms send far less (Telegram's updates are a few KiB)."""


def webhook_route(
    channels: Mapping[str, Channel],
    inbox: Inbox,
    *,
    watch: Watch = unwatched,
    observer: Observer = UNOBSERVED,
) -> HTTPRouteHandler:
    """`/channels/{name}/webhook`: POST brings events, GET is some platforms' verification handshake.

    200 after the commit, 401/403 forged, 404 no such channel, 413 too large, 503 not stored.
    """

    async def acked(_request: Request[Any, Any, Any]) -> None:
        watch(Step.ACKED, 1)

    @route(
        "/channels/{name:str}/webhook",
        http_method=[HttpMethod.GET, HttpMethod.POST],
        request_max_body_size=BODY_LIMIT,
        include_in_schema=False,
        status_code=200,
        after_response=acked,
    )
    async def receive(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        channel = channels.get(name)
        with _counted(observer, name if channel else ""):
            if channel is None:
                raise NotFound(f"channel {name}")
            receipt = await _receive(channel, request)
            await inbox.take(name, receipt.envelopes)
        observer.webhook(name, receipt.status)
        return Response(receipt.body, status_code=receipt.status, media_type=receipt.content_type)

    return receive


async def _receive(channel: Channel, request: Request[Any, Any, Any]) -> Receipt:
    try:
        return channel.receive(
            WebhookRequest(
                method=request.method,
                headers={key.lower(): value for key, value in request.headers.items()},
                query=dict(request.query_params),
                body=await request.body(),
            )
        )
    except RequestRefused as error:
        log.warning("webhook_refused", channel=channel.name, status=error.status, reason=error.reason)
        raise


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
