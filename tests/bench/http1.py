"""A keep-alive HTTP/1.1 client that costs as little as one can in Python: what measures must not weigh.

It reads answers that say their Content-Length, which is what the servers here send.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

Answered = Callable[[int, bytes], None]
"""Called with the status and the body; status 0 stands for a connection that was lost."""

HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


def content_length(head: bytes) -> int | None:
    """What `head` says of the body's length; None where it says nothing."""
    lower = head.lower()
    at = lower.find(_LENGTH)
    if at < 0:
        return None
    end = lower.find(b"\r\n", at)
    return int(lower[at + len(_LENGTH) : end if end >= 0 else len(lower)])


def post_head(host: str, port: int, path: str, headers: dict[str, str]) -> bytes:
    """The head of a POST up to the number that says the body's length."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Content-Length: "]).encode()


def post(head: bytes, body: bytes) -> bytes:
    """The whole request, with `head` from `post_head`."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._answered: Answered | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport, though they do all that one does.
        self._transport = cast(asyncio.Transport, transport)
        self._pool.free(self)

    def send(self, request: bytes, answered: Answered) -> None:
        assert self._transport is not None
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(HEAD_END)
        if head_end < 0:
            return
        head = self._buffer[:head_end]
        size = content_length(head) or 0
        end = head_end + len(HEAD_END) + size
        if len(self._buffer) < end:
            return
        body, self._buffer = self._buffer[head_end + len(HEAD_END) : end], self._buffer[end:]
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(int(head[9:12]), body)
        self._pool.free(self)

    def connection_lost(self, _error: Exception | None) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(0, b"")
        self._pool.lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Pool:
    """Up to `limit` connections to one server; what finds none free waits its turn."""

    def __init__(self, host: str, port: int, limit: int) -> None:
        self._host = host
        self._port = port
        self._limit = limit
        self._free: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._waiting: deque[tuple[bytes, Answered]] = deque()

    async def open(self) -> None:
        """Open all connections. Raises OSError."""
        loop = asyncio.get_running_loop()
        for _ in range(self._limit):
            _, connection = await loop.create_connection(lambda: _Connection(self), self._host, self._port)
            self._open.add(connection)

    def send(self, request: bytes, answered: Answered) -> None:
        """Send `request` as soon as a connection is free."""
        if self._free:
            self._free.pop().send(request, answered)
        elif self._open:
            self._waiting.append((request, answered))
        else:
            answered(0, b"")

    def free(self, connection: _Connection) -> None:
        """`connection` can take the next request."""
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: _Connection) -> None:
        """`connection` is gone; what waits fails once none is left."""
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        while not self._open and self._waiting:
            self._waiting.popleft()[1](0, b"")

    def close(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            connection.close()
