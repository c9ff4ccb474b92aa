"""The Bot API through python-telegram-bot's Bot and HTTPXRequest; its models stay out of the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import quote

import httpx
from telegram import Bot, InputFile
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bots.telegram.driver import Attachment
from bots.telegram.wire.replies import Trouble, download_failure, failure
from gateway.errors import SendError, Unreachable

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_CHUNK = 65536


class _Refusal(TelegramError):
    """An answer that is not 2xx, on its way through the library untouched."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class _RawRequest(HTTPXRequest):
    """The library's HTTP client, handing out each answer as it came."""

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
        self._calls = _request(connect_timeout, connections=100)
        self._polls = _request(connect_timeout, connections=2)
        self._bot = _RawBot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )

    async def post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        """See `Driver.post`."""
        sent = {field: InputFile(file.data, filename=file.name) for field, file in files.items()}
        await self._open()
        try:
            return 200, await self._bot.raw(method, {**params, **sent}, read_timeout)
        except _Refusal as refusal:
            return refusal.status, refusal.body
        except TelegramError as error:
            raise _trouble(error.__cause__) from None

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """See `Driver.stream`."""
        try:
            async with aclosing(self._calls.stream(f"{self._bot.base_file_url}/{quote(path)}")) as chunks:
                async for chunk in chunks:
                    yield chunk
        except httpx.HTTPError as error:
            raise Unreachable(f"download: {type(error).__name__}") from None

    async def close(self) -> None:
        """See `Driver.close`."""
        await self._polls.shutdown()
        await self._calls.shutdown()

    async def _open(self) -> None:
        await self._polls.initialize()
        await self._calls.initialize()


def _request(connect_timeout: float, *, connections: int) -> _RawRequest:
    return _RawRequest(
        connection_pool_size=connections,
        connect_timeout=connect_timeout,
        read_timeout=connect_timeout * 4,
        pool_timeout=connect_timeout,
        # As with aiogram, the environment's proxies do not decide where a bot's token travels.
        httpx_kwargs={"trust_env": False},
    )


def _trouble(error: BaseException | None) -> SendError:
    return failure(Trouble.NOT_CONNECTED if isinstance(error, _NOT_CONNECTED) else Trouble.LOST)
