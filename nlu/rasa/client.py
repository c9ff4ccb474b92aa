"""Calls of one Rasa server's HTTP API, bounded in time, with a breaker so that a dead server costs nobody time.

https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api (Rasa Open Source 3.6).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
import structlog

from gateway.assisting.settings import Rasa
from gateway.breaker import Breaker, BreakerState
from gateway.errors import FrontdeskError
from nlu.rasa.wire import Message, Parse, Status, Tracker

log = structlog.get_logger(__name__)

FAILURES = 3
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds until a server that failed is looked at again."""
ANSWER_LIMIT = 8 * 1024 * 1024
"""Bytes; a tracker holds a whole conversation."""
PROBE = "hello"

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_Answer = TypeVar("_Answer")


class RasaFailed(FrontdeskError):
    """Rasa gave no answer that can be used; the text is short and names no address."""


class RasaClient:
    """One server. Every call raises RasaFailed only; while the breaker rests, at once."""

    def __init__(self, settings: Rasa, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._breaker = Breaker(failures=FAILURES, first_pause=FIRST_PAUSE, longest_pause=LONGEST_PAUSE)
        self._numbers = count(1)
        self._http: httpx.AsyncClient | None = None

    @property
    def available(self) -> bool:
        """Whether it is worth asking."""
        return self._breaker.state is BreakerState.CLOSED

    async def parse(self, text: str) -> Parse:
        """What `text` means: `POST /model/parse`."""
        return await self._guarded("POST", "/model/parse", Parse, {"text": text})

    async def converse(self, sender: str, message: str, metadata: dict[str, Any]) -> list[Message]:
        """What the assistant answers: `POST /webhooks/rest/webhook`."""
        body = {"sender": sender, "message": message, "metadata": metadata}
        return await self._guarded("POST", "/webhooks/rest/webhook", list[Message], body)

    async def tracker(self, sender: str) -> Tracker:
        """What the assistant remembers: `GET /conversations/{id}/tracker`."""
        return await self._guarded(
            "GET", f"/conversations/{quote(sender, safe='')}/tracker?include_events=ALL", Tracker
        )

    async def append(self, sender: str, events: Sequence[dict[str, Any]]) -> None:
        """Tell its tracker: `POST /conversations/{id}/tracker/events`."""
        path = f"/conversations/{quote(sender, safe='')}/tracker/events?include_events=NONE"
        await self._guarded("POST", path, msgspec.Raw, list(events))

    async def probe(self) -> None:
        """Ask a server that failed whether it is there again, if its pause is over. Never raises."""
        if self._breaker.state is not BreakerState.OPEN or not self._breaker.room(self._monotonic()):
            return
        try:
            await self._counted("POST", "/model/parse", Parse, {"text": PROBE})
        except RasaFailed as error:
            log.debug("rasa_still_silent", reason=str(error))

    # --- for who looks at the installation, past the breaker ---------------------------------

    async def status(self) -> Status:
        """Which model is loaded: `GET /status`."""
        return await self._call("GET", "/status", Status)

    async def intents(self) -> list[str]:
        """The intents that the model knows: `GET /domain`."""
        domain = await self._call("GET", "/domain", dict[str, Any])
        intents = domain.get("intents")
        named = intents if isinstance(intents, list) else []
        return [
            one if isinstance(one, str) else next(iter(one)) for one in named if isinstance(one, str | dict) and one
        ]

    async def talks(self) -> bool:
        """Whether the REST channel is open: `GET /webhooks/rest/`."""
        try:
            await self._call("GET", "/webhooks/rest/", msgspec.Raw)
        except RasaFailed as error:
            if str(error) == "404":
                return False
            raise
        return True

    async def close(self) -> None:
        """Close connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    # --- inside ------------------------------------------------------------------------------

    async def _guarded(self, method: str, path: str, kind: type[_Answer], body: Any = None) -> _Answer:
        if not self.available:
            raise RasaFailed("it failed before and is given a rest")
        return await self._counted(method, path, kind, body)

    async def _counted(self, method: str, path: str, kind: type[_Answer], body: Any = None) -> _Answer:
        """The answer, and the breaker told how it went."""
        number = next(self._numbers)
        self._breaker.begin(number)
        try:
            answer = await self._call(method, path, kind, body)
        except RasaFailed as error:
            if self._breaker.failed(number, str(number), self._monotonic(), reached=False):
                log.warning("rasa_rests", reason=str(error), seconds=FIRST_PAUSE)
            raise
        except BaseException:
            self._breaker.withdraw(number)
            raise
        if self._breaker.answered():
            log.info("rasa_is_back")
        return answer

    async def _call(self, method: str, path: str, kind: type[_Answer], body: Any = None) -> _Answer:
        try:
            async with asyncio.timeout(self._settings.timeout):
                content = await self._exchange(method, path, body)
        except TimeoutError:
            raise RasaFailed(f"no answer in {self._settings.timeout:g} s") from None
        except _NOT_CONNECTED:
            raise RasaFailed("no connection") from None
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            # RuntimeError: the client was closed under the call.
            raise RasaFailed(type(error).__name__) from None
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError:
            raise RasaFailed("an answer that is not Rasa's") from None

    async def _exchange(self, method: str, path: str, body: Any) -> bytes:
        """The body of a 2xx answer."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json", "accept": "application/json"}
        async with self._opened().stream(method, self._address(path), content=content, headers=headers) as answer:
            if not answer.is_success:
                raise RasaFailed(str(answer.status_code))
            read = b""
            async for chunk in answer.aiter_bytes():
                read += chunk
                if len(read) > ANSWER_LIMIT:
                    raise RasaFailed("an answer without end")
            return read

    def _address(self, path: str) -> str:
        """Rasa takes its token in the query only."""
        address = self._settings.url.rstrip("/") + path
        if not self._settings.token:
            return address
        return f"{address}{'&' if '?' in path else '?'}token={quote(self._settings.token, safe='')}"

    def _opened(self) -> httpx.AsyncClient:
        if self._http is None:
            limits = httpx.Limits(max_connections=self._settings.concurrency + 4)
            self._http = httpx.AsyncClient(
                trust_env=False,
                limits=limits,
                timeout=self._settings.timeout,
                # Certificates take a moment to load, in which nobody else is served.
                verify=self._settings.url.startswith("https"),
            )
        return self._http
