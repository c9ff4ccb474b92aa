"""HTTP in: a platform's request is verified over its raw bytes, committed, and only then answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from litestar import HttpMethod, Request, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from gateway.channels import Channel, WebhookRequest
from gateway.errors import NotFound, RequestRefused
from gateway.inbox import Inbox
from gateway.steps import Step, Watch, unwatched

log = structlog.get_logger()

BODY_LIMIT = 1024 * 1024
"""Bytes; platforms send far less (Telegram's updates are a few KiB)."""


def webhook_route(channels: Mapping[str, Channel], inbox: Inbox, *, watch: Watch = unwatched) -> HTTPRouteHandler:
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
        if channel is None:
            raise NotFound(f"channel {name}")
        try:
            receipt = channel.receive(
                WebhookRequest(
                    method=request.method,
                    headers={key.lower(): value for key, value in request.headers.items()},
                    query=dict(request.query_params),
                    body=await request.body(),
                )
            )
        except RequestRefused as error:
            log.warning("webhook_refused", channel=name, status=error.status, reason=error.reason)
            raise
        await inbox.take(name, receipt.envelopes)
        return Response(receipt.body, status_code=receipt.status, media_type=receipt.content_type)

    return receive
