"""The Web API as the channel uses it: call, hand over a file, download — through slack_sdk.

slack_sdk builds each request; the answer is judged by our own table, for the library turns what it cannot
read into errors without the status, and would send again by itself after a reset.
Importing this module imports slack_sdk and aiohttp: only a configured channel does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bots.slack.settings import SlackConnection
from bots.slack.wire.inbound import BY_ID
from bots.slack.wire.replies import Trouble, download_failure, failure, read_reply
from gateway.errors import Ambiguous, NotFound, Rejected, SendError, Unreachable

_NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)
_CHUNK = 65536
_FORMS = frozenset({"conversations.history", "conversations.replies", "files.getUploadURLExternal", "files.info",
                    "files.completeUploadExternal", "users.info", "auth.test", "conversations.info"})  # fmt: skip
"""Methods that take a form; some of them no JSON (https://docs.slack.dev/apis/web-api/#post_bodies)."""
_HOSTS = ("slack.com", "slack-edge.com", "slack-files.com")
"""Where Slack keeps files. The token is shown to nobody else."""

Raw = tuple[int, dict[str, str], bytes]


class _RawClient(AsyncWebClient):
    """slack_sdk's client, handing out each answer as it came."""

    async def _send(self, http_verb: str, api_url: str, req_args: dict[str, Any]) -> Any:
        session = cast(ClientSession, self.session)
        req_args.pop("files", None)  # none of our calls has any
        async with session.request(http_verb, api_url, **req_args) as answer:
            return answer.status, dict(answer.headers), await answer.read()


class SlackApi:
    """Calls with our own time limits, and answers judged by the wire's table."""

    def __init__(self, settings: SlackConnection) -> None:
        self._settings = settings
        self._base = URL(settings.api_base)
        self._session: ClientSession | None = None
        self._client = _RawClient(token=settings.bot_token, base_url=settings.api_base)
        # The environment's proxies do not decide where a bot's token travels.
        self._client.proxy = None

    async def call(self, method: str, params: Mapping[str, object], *, token: str | None = None) -> dict[str, Any]:
        """The answer, which is ``ok``. `token` stands in for the bot's. Raises SendError subclasses only."""
        status, headers, body = await self.post(method, params, token=token)
        return read_reply(status, headers, body)

    async def history(self, method: str, params: Mapping[str, object]) -> AsyncIterator[dict[str, Any]]:
        """Every message of a stretch of a conversation, page by page. Raises SendError."""
        cursor = ""
        while True:
            told = await self.call(method, {**params, "cursor": cursor} if cursor else params)
            messages = told.get("messages")
            if not isinstance(messages, list):
                raise Ambiguous("no messages")
            for message in messages:
                if isinstance(message, dict):
                    yield message
            more = told.get("response_metadata")
            following = str(more.get("next_cursor") or "") if isinstance(more, dict) else ""
            if not following or following == cursor:
                return
            cursor = following

    async def post(self, method: str, params: Mapping[str, object], *, token: str | None = None) -> Raw:
        """(HTTP status, headers, body) of a call, not judged. Raises Unreachable or Ambiguous."""
        self._client.session = self._open()
        form, plain = (dict(params), None) if method in _FORMS else (None, dict(params))
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            async with asyncio.timeout(self._settings.connect_timeout + self._settings.call_timeout):
                return cast(Raw, await self._client.api_call(method, data=form, json=plain, headers=headers))
        except (TimeoutError, ClientError, OSError, RuntimeError) as error:
            # RuntimeError: the session was closed under the call, at whatever moment.
            raise _trouble(error) from None

    async def upload(self, name: str, data: bytes) -> str:
        """Hand a file over; its id, for a call that shows it. Nobody sees it before. Raises SendError
        subclasses: never Ambiguous, for handing over twice does no harm."""
        try:
            given = await self.call("files.getUploadURLExternal", {"filename": name, "length": str(len(data))})
            match given:
                case {"upload_url": str(url), "file_id": str(file_id)}:
                    await self._put(url, data)
                    return file_id
        except SendError as error:
            raise _harmless(error) from None
        raise Rejected("no upload_url")

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes behind a file's address (or ``id:F…``). Raises NotFound, Rejected beyond the size limit,
        or SendError."""
        url = await self._file_url(ref)
        left = self._settings.download_limit
        limits = ClientTimeout(connect=self._settings.connect_timeout, sock_read=self._settings.file_timeout)
        bearer = {"Authorization": f"Bearer {self._settings.bot_token}"}
        try:
            async with self._open().get(url, headers=bearer, timeout=limits, allow_redirects=False) as answer:
                _check_download(answer)
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise Rejected("the file is larger than download_limit")
                    yield chunk
        except (TimeoutError, ClientError, OSError) as error:
            raise Unreachable(f"download: {type(error).__name__}") from None

    async def websocket_session(self) -> ClientSession:
        """The session for a Socket Mode connection."""
        return self._open()

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> ClientSession:
        if self._session is None or self._session.closed:
            total = self._settings.connect_timeout + self._settings.call_timeout
            self._session = ClientSession(
                timeout=ClientTimeout(connect=self._settings.connect_timeout, total=total), trust_env=False
            )
        return self._session

    async def _put(self, url: str, data: bytes) -> None:
        total = self._settings.connect_timeout + self._settings.file_timeout
        limits = ClientTimeout(connect=self._settings.connect_timeout, total=total)
        kind = {"Content-Type": "application/octet-stream"}
        try:
            async with self._open().post(url, data=data, headers=kind, timeout=limits) as answer:
                status, headers = answer.status, dict(answer.headers)
        except (TimeoutError, ClientError, OSError, ValueError) as error:
            raise Unreachable(f"upload: {type(error).__name__}") from None
        if not 200 <= status < 300:
            read_reply(status, headers, b"")

    async def _file_url(self, ref: str) -> URL:
        if ref.startswith(BY_ID):
            ref = await self._ask_address(ref.removeprefix(BY_ID))
        try:
            url = URL(ref)
        except ValueError:
            raise NotFound("slack file") from None
        ours = url.scheme in ("http", "https") and url.origin() == self._base.origin()
        host = url.host or ""
        slacks = url.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in _HOSTS)
        if not ours and not slacks:
            raise NotFound("slack file: not at Slack")
        return url

    async def _ask_address(self, file_id: str) -> str:
        try:
            told = await self.call("files.info", {"file": file_id})
        except Rejected as error:
            raise NotFound(f"slack file: {error.reason}") from None
        match told.get("file"):
            case {"url_private_download": str(url)} | {"url_private": str(url)}:
                return url
        raise NotFound("slack file without an address")


def _check_download(answer: ClientResponse) -> None:
    if answer.status != 200:
        raise download_failure(answer.status, dict(answer.headers))
    if answer.content_type == "text/html":
        raise Rejected("Slack shows its sign-in page: files:read is missing")


def _trouble(error: BaseException) -> SendError:
    return failure(Trouble.NOT_CONNECTED if isinstance(error, _NOT_CONNECTED) else Trouble.LOST)


def _harmless(error: SendError) -> SendError:
    """`error` of a call that may be made again whatever became of it."""
    known = isinstance(error, Rejected | Unreachable) or hasattr(error, "retry_after")
    return error if known else Unreachable(error.reason)
