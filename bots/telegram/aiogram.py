"""The Bot API through aiogram's Bot and session; its models and its form builder stay out of the way.

Importing this module imports aiogram (seconds, and well over 100 MB): only the configured driver is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import quote

import msgspec
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import Response, TelegramMethod
from aiogram.types import BufferedInputFile
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientTimeout,
    ConnectionTimeoutError,
)
from yarl import URL

from bots.telegram.driver import Attachment
from bots.telegram.wire.replies import Trouble, download_failure, failure
from gateway.errors import SendError, Unreachable

_NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)
_JSON = {"Content-Type": "application/json"}

BOUNDLESS = 0
"""aiohttp's word for as many connections as there are calls: how many those are the outbox says."""


class _RawSession(AiohttpSession):
    """aiogram's session, handing out each answer as it came."""

    async def post_json(self, url: URL, body: bytes, limits: ClientTimeout) -> tuple[int, bytes]:
        """Post a call without files: half the time of aiogram's own way through its models and a form,
        over the same connections (https://core.telegram.org/bots/api#making-requests takes both)."""
        session = await self.create_session()
        async with session.post(url, data=body, headers=_JSON, timeout=limits) as answer:
            return answer.status, await answer.read()

    def check_response(self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str) -> Response[Any]:
        """Skip aiogram's models: the answer is judged by our own table."""
        return Response.model_construct(ok=True, result=(status_code, content.encode("utf-8", "replace")))

    async def close(self) -> None:
        """Close at once where there is no TLS: aiogram's pause of 250 ms is for that alone."""
        if self.api.base.startswith("https:"):
            await super().close()
        elif self._session is not None:
            await self._session.close()


class AiogramDriver:
    """A `Driver` over aiogram."""

    def __init__(self, *, token: str, api_base: str, connect_timeout: float) -> None:
        self._token = token
        self._connect_timeout = connect_timeout
        self._session = _RawSession(api=TelegramAPIServer.from_base(api_base), limit=BOUNDLESS)
        self._bot = Bot(token, session=self._session)
        self._methods: dict[str, type[TelegramMethod[Any]]] = {}
        self._urls: dict[str, URL] = {}

    async def post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        """See `Driver.post`."""
        try:
            if files:
                return await self._post_files(method, params, files, read_timeout)
            return await self._session.post_json(
                self._url(method), msgspec.json.encode(params), self._timeout(read_timeout)
            )
        except TelegramNetworkError as error:
            raise _trouble(error.__cause__) from None
        except (ClientError, OSError, UnicodeDecodeError, RuntimeError) as error:
            # RuntimeError: the session was closed under the call, at whatever moment.
            raise _trouble(error) from None

    async def _post_files(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        sent = {field: BufferedInputFile(file.data, filename=file.name) for field, file in files.items()}
        call = self._method(method)(**{**params, **sent})
        # aiogram's annotation says int, and hands whatever it gets to aiohttp, which wants this.
        limit = cast(int, self._timeout(read_timeout))
        return cast(tuple[int, bytes], await self._bot(call, request_timeout=limit))

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """See `Driver.stream`."""
        url = self._session.api.file_url(self._token, quote(path))
        limit = cast(int, ClientTimeout(connect=self._connect_timeout, sock_read=self._connect_timeout * 4))
        try:
            async with aclosing(self._session.stream_content(url, timeout=limit)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except ClientResponseError as error:
            raise download_failure(error.status) from None
        except (ClientError, OSError) as error:
            raise Unreachable(f"download: {type(error).__name__}") from None

    async def close(self) -> None:
        """See `Driver.close`."""
        await self._session.close()

    def _url(self, method: str) -> URL:
        """The call's address, made once a method: taking an address apart costs as much as sending."""
        if method not in self._urls:
            self._urls[method] = URL(self._session.api.api_url(self._token, method))
        return self._urls[method]

    def _timeout(self, read_timeout: float) -> ClientTimeout:
        return ClientTimeout(connect=self._connect_timeout, total=self._connect_timeout + read_timeout)

    def _method(self, name: str) -> type[TelegramMethod[Any]]:
        """A method class that carries any parameters; made once a name, for pydantic takes its time."""
        if name not in self._methods:
            body = {"__module__": __name__, "__returning__": object, "__api_method__": name}
            self._methods[name] = type(name, (TelegramMethod,), body)
        return self._methods[name]


def _trouble(error: BaseException | None) -> SendError:
    return failure(Trouble.NOT_CONNECTED if isinstance(error, _NOT_CONNECTED) else Trouble.LOST)
