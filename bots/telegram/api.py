"""The Bot API as the channel uses it: call, poll, download — over whichever driver is configured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

from bots.telegram.driver import Attachment, Driver
from bots.telegram.settings import TelegramSettings
from bots.telegram.wire.envelopes import split_updates
from bots.telegram.wire.inbound import ALLOWED_UPDATES
from bots.telegram.wire.replies import Trouble, failure, read_reply
from gateway.errors import Ambiguous, NotFound, Rejected

POLL_LIMIT = 100
"""Updates a poll may bring, the most there is (https://core.telegram.org/bots/api#getupdates)."""

_SLACK_SECONDS = 10.0


class BotApi:
    """Calls with our own time limits, and answers judged by the wire's table."""

    def __init__(self, driver: Driver, settings: TelegramSettings) -> None:
        self._driver = driver
        self._settings = settings

    async def call(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment] | None = None
    ) -> object:
        """The call's ``result``. Raises SendError subclasses only."""
        limit = self._settings.file_timeout if files else self._settings.call_timeout
        status, body = await self._post(method, params, files or {}, limit)
        return read_reply(status, body)

    async def poll(self, offset: int | None) -> list[bytes]:
        """Raw updates from `offset` on (None: the oldest unconfirmed), waiting for news as configured.

        Raises SendError subclasses only.
        """
        wait = self._settings.poll_timeout
        params: dict[str, object] = {
            "timeout": wait,
            "limit": POLL_LIMIT,
            "allowed_updates": list(ALLOWED_UPDATES),
        }
        if offset is not None:
            params["offset"] = offset
        status, body = await self._post("getUpdates", params, {}, wait + _SLACK_SECONDS)
        updates = split_updates(body) if 200 <= status < 300 else None
        if updates is None:
            read_reply(status, body)
            raise Ambiguous(f"{status} without updates")
        return updates

    async def download(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes behind `file_id`. Raises NotFound, or Rejected beyond the size limit, or SendError."""
        path = await self._path(file_id)
        left = self._settings.download_limit
        async with aclosing(self._driver.stream(path)) as chunks:
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    raise Rejected("the file is larger than download_limit")
                yield chunk

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        await self._driver.close()

    async def _path(self, file_id: str) -> str:
        try:
            found = await self.call("getFile", {"file_id": file_id})
        except Rejected as error:
            raise NotFound(f"telegram file: {error.reason}") from None
        match found:
            case {"file_path": str(path)}:
                return path
        raise NotFound("telegram file without a path")

    async def _post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], limit: float
    ) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._settings.connect_timeout + limit):
                return await self._driver.post(method, params, files, limit)
        except TimeoutError:
            raise failure(Trouble.LOST) from None
