"""Access tokens of a mailbox by OAuth 2.0 (RFC 6749), for servers that take no passwords from programs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

import httpx
import msgspec

from bots.mail.settings import MailSettings
from gateway.errors import Unreachable

SPARE_SECONDS = 60.0
"""A token is renewed so long before it ends: clocks differ, and signing in takes a while."""
SHORT_SECONDS = 300.0
"""How long a token is taken for good where the server does not say."""
ANSWER_LIMIT = 64 * 1024

_CODE = re.compile(r"[a-z_]{1,40}", re.ASCII)
_DETAIL = re.compile(r"\bAADSTS[0-9]+\b")
"""Microsoft's own number of what is wrong; the words around it may name people."""


class _Granted(msgspec.Struct):
    """RFC 6749, 5.1."""

    access_token: str
    expires_in: float = SHORT_SECONDS
    refresh_token: str = ""


class _Refused(msgspec.Struct):
    """RFC 6749, 5.2."""

    error: str = ""
    error_description: str = ""


class Tokens:
    """Asked for when one is needed, and kept until it ends or a mail server refuses it.

    With `oauth_refresh` they are given for the person who consented (RFC 6749, 6), else for the program itself
    (4.4). A server may answer with another refresh token: that one is used from then on, until the end of the
    process.
    """

    def __init__(self, settings: MailSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._refresh = settings.oauth_refresh
        self._turn = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def get(self) -> str:
        """A token that is good for a minute at least, as far as we know. Raises Unreachable."""
        async with self._turn:
            if not self._token or self._monotonic() >= self._until:
                granted = await self._ask()
                self._token = granted.access_token
                self._until = self._monotonic() + granted.expires_in - SPARE_SECONDS
                self._refresh = granted.refresh_token or self._refresh
            return self._token

    def refused(self, token: str) -> None:
        """Give `token` to nobody any more."""
        if token == self._token:
            self._token = ""

    async def _ask(self) -> _Granted:
        settings = self._settings
        timeout = httpx.Timeout(settings.call_timeout, connect=settings.connect_timeout)
        try:
            async with (
                asyncio.timeout(settings.connect_timeout + settings.call_timeout),
                httpx.AsyncClient(trust_env=False, timeout=timeout) as http,
                http.stream("POST", settings.oauth_url, data=self._request()) as answer,
            ):
                return _granted(answer.status_code, await _body(answer))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unreachable(f"no access token: {type(error).__name__}") from None

    def _request(self) -> dict[str, str]:
        settings = self._settings
        given = {
            "grant_type": "refresh_token" if self._refresh else "client_credentials",
            "refresh_token": self._refresh,
            "client_id": settings.oauth_client,
            "client_secret": settings.oauth_secret,
            "scope": settings.oauth_scope,
        }
        return {name: value for name, value in given.items() if value}


async def _body(answer: httpx.Response) -> bytes:
    content = b""
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_LIMIT:
            raise Unreachable("no access token: the answer is no token's")
    return content


def _granted(status: int, body: bytes) -> _Granted:
    """Raises Unreachable naming the server's error code; nothing else of its answer, which may hold secrets."""
    try:
        if status == httpx.codes.OK:
            return msgspec.json.decode(body, type=_Granted, strict=False)
        refused = msgspec.json.decode(body, type=_Refused)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreachable(f"no access token: the server answered {status} and not as OAuth does") from None
    code = refused.error if _CODE.fullmatch(refused.error) else str(status)
    detail = _DETAIL.search(refused.error_description)
    raise Unreachable(f"no access token: {code}{f' ({detail.group()})' if detail else ''}")
