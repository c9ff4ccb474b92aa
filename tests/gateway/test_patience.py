"""Peers that never finish, and peers that never read, against uvicorn with our patience."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar, Request, get, post
from litestar.response import Stream

from gateway.web import patience
from gateway.web.patience import PatientHttp, PatientSocket

HEAD = b"POST /taken HTTP/1.1\r\nHost: x\r\n"
MIB = 1024 * 1024


@post("/taken", status_code=200)
async def taken(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@get("/much")
async def much() -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * MIB

    return Stream(pieces())


class Line:
    """A client that says exactly what it is told to, and reads only when asked."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    async def say(self, words: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, words)

    async def hear(self, size: int = 65536) -> bytes:
        """What comes next; empty where the server hung up."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, size)
        except ConnectionResetError:
            return b""

    async def hung_up(self, seconds: float = 20.0) -> bool:
        """Whether the server hangs up, whatever it says before."""
        try:
            async with asyncio.timeout(seconds):
                while await self.hear():
                    continue
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class Place:
    """A server, and the lines to it."""

    def __init__(self, port: int, server: uvicorn.Server) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.server = server
        self._port = port
        self._lines: list[Line] = []

    def line(self) -> Line:
        self._lines.append(Line(self._port))
        return self._lines[-1]

    def close(self) -> None:
        for line in self._lines:
            line.close()

    async def everybody_gone(self) -> None:
        async with asyncio.timeout(20):
            while self.server.server_state.connections:  # noqa: ASYNC110 — uvicorn offers no event
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving() -> AsyncIterator[Place]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = Litestar([taken, much], openapi_config=None, logging_config=None)
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", timeout_graceful_shutdown=1, http=PatientHttp, ws=PatientSocket
    )
    server = uvicorn.Server(config)
    place = Place(listener.getsockname()[1], server)
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 — uvicorn offers no event
            await asyncio.sleep(0.01)
        yield place
    finally:
        place.close()
        server.should_exit = True
        await task


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same patience, forty times shorter."""
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(patience, "STALL_SECONDS", 0.5)


async def trickle(line: Line, words: bytes, piece: bytes, seconds: float) -> None:
    """Say `words`, then `piece` again and again."""
    await line.say(words)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            await line.say(piece)
            await asyncio.sleep(0.05)
    except (ConnectionResetError, BrokenPipeError):
        return


@pytest.mark.parametrize(
    ("words", "piece"),
    [
        (b"", b""),
        (b"PO", b""),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Content-Length: 1\r\n\r\nx", b"\r\n"),
    ],
    ids=["silence", "two letters", "headers for ever", "a slow body", "slow chunks", "empty lines after a request"],
)
async def test_who_never_finishes_is_hung_up_on(words: bytes, piece: bytes) -> None:
    async with serving() as place, asyncio.TaskGroup() as group:
        line = place.line()
        group.create_task(trickle(line, words, piece, 2.0))
        assert await line.hung_up()


async def test_a_bad_line_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BODY_BYTES", 100)
    async with serving() as place:
        line = place.line()
        await line.say(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(20):
            await line.say(b"x" * 50)
            await asyncio.sleep(0.1)
        assert (await line.hear()).endswith(b"1000")


async def test_headers_without_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 60.0)  # not for their slowness
    async with serving() as place, asyncio.TaskGroup() as group:
        line = place.line()
        group.create_task(trickle(line, HEAD, b"X-A: " + b"x" * 100_000 + b"\r\n", 20.0))
        assert await line.hung_up()


async def test_who_does_not_read_an_answer_is_hung_up_on() -> None:
    async with serving() as place:
        line = place.line()
        await line.say(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        await place.everybody_gone()


async def test_who_reads_slowly_gets_all() -> None:
    async with serving() as place:
        line = place.line()
        await line.say(b"GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = 0
        while piece := await line.hear(8 * MIB):
            got += len(piece)
            await asyncio.sleep(0)
        assert got > 64 * MIB


async def test_half_sent_requests_do_not_slow_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 30.0)
    async with serving() as place, httpx.AsyncClient(base_url=place.url) as client:
        for number in range(300):
            await place.line().say(HEAD if number % 2 else HEAD + b"Content-Length: 9\r\n\r\nhalf")
        for _ in range(20):
            assert (await client.post("/taken", content=b"whole")).text == "5"
