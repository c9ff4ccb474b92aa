"""A local server for platforms that are called over plain HTTP: records, answers as told, hands out files.

    async with HttpStandin(accept) as platform:
        ...  # configure a channel with platform.base
        platform.script(Status(429, {"retry-after": "7"}))

`accept` answers what was not scripted: it gets the request and returns a JSON-plain body (or a Status).
A scripted reply that nobody asked for fails the test when the block ends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web


@dataclass(frozen=True)
class Got:
    """One request: header names in lower case, the body as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True)
class Status:
    """An answer."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reset:
    """The request is read, then the connection is cut. It was not taken."""


@dataclass(frozen=True)
class Take:
    """The request is taken, then the connection is cut before the answer."""


@dataclass(frozen=True)
class Hang:
    """The request is read, then nothing comes for `seconds` (until the client gives up)."""

    seconds: float = 30.0


Scripted = Status | Reset | Take | Hang
Accept = Callable[[Got], Any]


def take_all(got: Got) -> Any:
    """An `Accept` that answers every request with an empty object."""
    return {}


class HttpStandin:
    """The server, as an async context manager on a free port of 127.0.0.1."""

    def __init__(self, accept: Accept = take_all) -> None:
        self.base = ""
        self.got: list[Got] = []
        self.taken: list[Got] = []
        """Those of `got` that `accept` saw."""
        self.files: dict[str, bytes | Status] = {}
        """What a GET of a path gives."""
        self._accept = accept
        self._scripts: deque[Scripted] = deque()
        self._runner: web.AppRunner | None = None

    def script(self, *replies: Scripted) -> None:
        """Answer the next requests (but those for files) with `replies`, one each."""
        self._scripts.extend(replies)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        assert error is not None or not self._scripts, f"scripted replies nobody asked for: {list(self._scripts)}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET" and request.path in self.files:
            return _answer(self.files[request.path])
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(request.method, request.path, headers, await request.read())
        self.got.append(got)
        reply = self._scripts.popleft() if self._scripts else None
        if reply is None or isinstance(reply, Take):
            self.taken.append(got)
            accepted = self._accept(got)
            if reply is None:
                return _answer(accepted if isinstance(accepted, Status) else msgspec.json.encode(accepted))
        if isinstance(reply, Status):
            return _answer(reply)
        if isinstance(reply, Hang):
            await asyncio.sleep(reply.seconds)
        if request.transport is not None:  # None: the client gave up first
            request.transport.abort()
        return web.Response()


def _answer(reply: bytes | Status) -> web.Response:
    if isinstance(reply, Status):
        return web.Response(status=reply.code, headers=dict(reply.headers), body=reply.body)
    return web.Response(body=reply, content_type="application/json")
