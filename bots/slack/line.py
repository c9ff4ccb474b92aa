"""The line from a firm's own Bolt application to the gateway: by HTTP, or within one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import httpx

from bots.slack.webhook import cut
from bots.slack.wire.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, signed_headers
from gateway.channels import Channel, Intake, WebhookRequest
from gateway.errors import RequestRefused, StorageUnavailable

PATIENCE_SECONDS = 2.0
"""Slack waits three seconds for its answer; the host wants some of them."""

_JSON = {"content-type": "application/json"}
_PASSED_ON = ("content-type", SIGNATURE_HEADER, TIMESTAMP_HEADER)


class Given(StrEnum):
    """What became of an event on its way to the gateway."""

    TAKEN = "taken"
    """It is committed."""
    REFUSED = "refused"
    """The gateway does not take it, now or ever: it is not Slack's, or the line is set up wrongly."""
    LOST = "lost"
    """Nobody knows; it must come again, and is taken once."""


class Line(Protocol):
    """What carries events to the gateway."""

    async def forward(self, body: bytes, headers: Mapping[str, str]) -> Given:
        """A request exactly as Slack sent it, with its signature, which the gateway verifies itself."""
        ...

    async def tell(self, payload: Mapping[str, Any]) -> Given:
        """A payload that is known to be genuine: from a socket of the application's own, or made by it."""
        ...

    async def close(self) -> None:
        """Let go of connections; a later event opens them again."""
        ...


class WebhookLine:
    """A `Line` to the channel's webhook, ``https://…/channels/<name>/webhook``.

    Args:
        url: the webhook.
        signing_secret: the app's, with which what came over a socket is signed.
    """

    def __init__(self, url: str, signing_secret: str) -> None:
        self._url = url
        self._secret = signing_secret
        self._client: httpx.AsyncClient | None = None

    async def forward(self, body: bytes, headers: Mapping[str, str]) -> Given:
        """See `Line.forward`."""
        if self._client is None or self._client.is_closed:
            self._client = httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False)
        try:
            answer = await self._client.post(self._url, content=body, headers=passed_on(headers))
        except httpx.HTTPError:
            return Given.LOST
        return judged(answer.status_code)

    async def tell(self, payload: Mapping[str, Any]) -> Given:
        """See `Line.tell`."""
        body, headers = signed(payload, self._secret)
        return await self.forward(body, headers)

    async def close(self) -> None:
        """See `Line.close`."""
        if self._client is not None:
            await self._client.aclose()


class IntakeLine:
    """A `Line` to a gateway in the same process: its channel, and its `Inbox.take`."""

    def __init__(self, channel: Channel, intake: Intake) -> None:
        self._channel = channel
        self._intake = intake

    async def forward(self, body: bytes, headers: Mapping[str, str]) -> Given:
        """See `Line.forward`."""
        try:
            receipt = self._channel.receive(WebhookRequest(method="POST", headers=headers, query={}, body=body))
            await self._intake(self._channel.name, receipt.envelopes)
        except RequestRefused:
            return Given.REFUSED
        except StorageUnavailable:
            return Given.LOST
        return Given.TAKEN

    async def tell(self, payload: Mapping[str, Any]) -> Given:
        """See `Line.tell`."""
        try:
            await self._intake(self._channel.name, [cut(json.dumps(payload).encode(), self._channel.parse)])
        except StorageUnavailable:
            return Given.LOST
        return Given.TAKEN

    async def close(self) -> None:
        """See `Line.close`; the channel is the gateway's to close."""


class BlockingLine:
    """`WebhookLine` for an application without asyncio."""

    def __init__(self, url: str, signing_secret: str) -> None:
        self._url = url
        self._secret = signing_secret
        self._client = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False)

    def forward(self, body: bytes, headers: Mapping[str, str]) -> Given:
        """See `Line.forward`."""
        try:
            return judged(self._client.post(self._url, content=body, headers=passed_on(headers)).status_code)
        except httpx.HTTPError:
            return Given.LOST

    def tell(self, payload: Mapping[str, Any]) -> Given:
        """See `Line.tell`."""
        body, headers = signed(payload, self._secret)
        return self.forward(body, headers)

    def close(self) -> None:
        """Let go of connections, for good."""
        self._client.close()


def judged(status: int) -> Given:
    """What the gateway's answer means."""
    if 200 <= status < 300:
        return Given.TAKEN
    return Given.REFUSED if 400 <= status < 500 and status not in (408, 429) else Given.LOST


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of Slack's headers that prove the body and say how to read it."""
    return {name: headers[name] for name in _PASSED_ON if name in headers}


def signed(
    payload: Mapping[str, Any], secret: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> tuple[bytes, dict[str, str]]:
    """`payload` as a request that the gateway takes for Slack's."""
    body = json.dumps(payload).encode()
    return body, {**_JSON, **signed_headers(secret, now(), body)}
