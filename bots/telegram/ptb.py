"""The Bot API through python-telegram-bot's Bot and HTTPXRequest; its models and its form builder stay out
of the way."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import quote

import httpx
import msgspec
from telegram import Bot, InputFile
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bots.telegram.driver import Attachment
from bots.telegram.wire.replies import Trouble, download_failure, failure
from gateway.errors import SendError, Unreachable

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_CHUNK = 65536
_JSON = {"Content-Type": "application/json"}

CLIENTS = 16
CONNECTIONS = 16
"""Each request looks through all connections of its client (httpcore's pool): many clients with few
connections each take a third of the time that one with many takes."""


class _Refusal(TelegramError):
    """An answer that is not 2xx, on its way through the library untouched."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class _RawRequest(HTTPXRequest):
    """The library's HTTP client, handing out each answer as it came. `busy` counts calls under way."""

    busy = 0

    async def post_json(self, url: httpx.URL, body: bytes, read_timeout: float) -> tuple[int, bytes]:
        """Post a call without files: the library's own way spends its time on a form and on models."""
        await self.initialize()
        limits = self._client.timeout
        timeout = httpx.Timeout(connect=limits.connect, read=read_timeout, write=read_timeout, pool=limits.pool)
        self.busy += 1
        try:
            answer = await self._client.post(url, content=body, headers=_JSON, timeout=timeout)
        finally:
            self.busy -= 1
        return answer.status_code, answer.content

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Let the library see success only: it would turn the rest into errors without the status."""
        status, body = await super().do_request(*args, **kwargs)
        if not 200 <= status < 300:
            raise _Refusal(status, body)
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Skip the library's parser, which logs what it cannot read (messages among it)."""
        return {"result": payload}

    async def stream(self, url: str) -> AsyncGenerator[bytes, None]:
        """The body behind `url`, piece by piece; the library itself only reads files whole."""
        await self.initialize()
        async with self._client.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise download_failure(answer.status_code)
            async for chunk in answer.aiter_bytes(_CHUNK):
                yield chunk


class _RawBot(Bot):
    """The library's Bot with one more method: any call, by its Bot API name.

    `Bot.do_api_request` is the public way, but it warns for each method that the library knows.
    """

    async def raw(self, method: str, params: dict[str, Any], read_timeout: float) -> bytes:
        """The body of a 2xx answer."""
        answer = await self._post(method, params, read_timeout=read_timeout, write_timeout=read_timeout)
        return cast(bytes, answer)


class PythonTelegramBotDriver:
    """A `Driver` over python-telegram-bot."""

    def __init__(self, *, token: str, api_base: str, connect_timeout: float) -> None:
        base = api_base.rstrip("/")
        # One for all clients: each of its own would read all certificates anew, a second at the start.
        tls = httpx.create_ssl_context(trust_env=False)
        self._calls = [_request(connect_timeout, tls, connections=CONNECTIONS) for _ in range(CLIENTS)]
        self._polls = _request(connect_timeout, tls, connections=2)
        self._bot = _RawBot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._calls[0],
            get_updates_request=self._polls,
        )
        self._urls: dict[str, httpx.URL] = {}

    async def post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        """See `Driver.post`."""
        try:
            if files:
                return await self._post_files(method, params, files, read_timeout)
            client = self._polls if method == "getUpdates" else min(self._calls, key=lambda one: one.busy)
            return await client.post_json(self._url(method), msgspec.json.encode(params), read_timeout)
        except _Refusal as refusal:
            return refusal.status, refusal.body
        except TelegramError as error:
            raise _trouble(error.__cause__) from None
        except (httpx.HTTPError, RuntimeError) as error:
            # RuntimeError: the client was closed under the call, at whatever moment.
            raise _trouble(error) from None

    async def _post_files(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        sent = {field: InputFile(file.data, filename=file.name) for field, file in files.items()}
        await self._calls[0].initialize()
        return 200, await self._bot.raw(method, {**params, **sent}, read_timeout)

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """See `Driver.stream`."""
        try:
            async with aclosing(self._calls[0].stream(f"{self._bot.base_file_url}/{quote(path)}")) as chunks:
                async for chunk in chunks:
                    yield chunk
        except httpx.HTTPError as error:
            raise Unreachable(f"download: {type(error).__name__}") from None

    async def close(self) -> None:
        """See `Driver.close`."""
        for client in (self._polls, *self._calls):
            await client.shutdown()

    def _url(self, method: str) -> httpx.URL:
        """The call's address, made once a method."""
        if method not in self._urls:
            self._urls[method] = httpx.URL(f"{self._bot.base_url}/{method}")
        return self._urls[method]


def _request(connect_timeout: float, tls: ssl.SSLContext, *, connections: int) -> _RawRequest:
    return _RawRequest(
        connection_pool_size=connections,
        connect_timeout=connect_timeout,
        read_timeout=connect_timeout * 4,
        pool_timeout=connect_timeout,
        # As with aiogram, the environment's proxies do not decide where a bot's token travels.
        httpx_kwargs={"trust_env": False, "verify": tls},
    )


def _trouble(error: BaseException | None) -> SendError:
    return failure(Trouble.NOT_CONNECTED if isinstance(error, _NOT_CONNECTED) else Trouble.LOST)
