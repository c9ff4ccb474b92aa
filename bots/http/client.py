"""Posting signed bodies to the firm's app, and what can happen to a post."""

from __future__ import annotations

import asyncio

import httpx

from bots.http.settings import HttpSettings
from bots.http.signing import read_secrets, sign
from bots.http.wire.replies import failure
from gateway.errors import Ambiguous, Unreachable
from gateway.ports import Clock

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read; the rest cannot matter."""
CONNECTIONS = 100
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class AppClient:
    """One app. Connections open when they are needed and after `close` again."""

    def __init__(self, settings: HttpSettings, clock: Clock) -> None:
        self._settings = settings
        self._keys = read_secrets(settings.secret)
        self._clock = clock
        self._http: httpx.AsyncClient | None = None

    @property
    def http(self) -> httpx.AsyncClient:
        """The open client. The environment's proxies do not decide where a signed body travels."""
        if self._http is None:
            limits = httpx.Limits(max_connections=CONNECTIONS)
            timeout = httpx.Timeout(self._settings.call_timeout, connect=self._settings.connect_timeout)
            self._http = httpx.AsyncClient(trust_env=False, limits=limits, timeout=timeout, follow_redirects=False)
        return self._http

    async def post(self, webhook_id: str, body: bytes) -> bytes:
        """The body of a 2xx answer. Raises SendError subclasses only."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_timeout + settings.call_timeout):
                return await self._post(webhook_id, body)
        except _NOT_CONNECTED as error:
            raise Unreachable(type(error).__name__) from None
        except (httpx.HTTPError, TimeoutError, RuntimeError) as error:
            # RuntimeError: the client was closed under the call, at whatever moment.
            raise Ambiguous(type(error).__name__) from None

    async def close(self) -> None:
        """Close connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def _post(self, webhook_id: str, body: bytes) -> bytes:
        now = self._clock()
        headers = {"content-type": "application/json", **sign(self._keys, webhook_id, now, body)}
        async with self.http.stream("POST", self._settings.url, content=body, headers=headers) as answer:
            if error := failure(answer.status_code, answer.headers, now):
                raise error
            return await _read(answer)


async def _read(answer: httpx.Response) -> bytes:
    """The answer's body; where it breaks off after a 2xx the message was taken all the same."""
    content = b""
    try:
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > ANSWER_LIMIT:
                return b""
    except httpx.HTTPError:
        return b""
    return content
