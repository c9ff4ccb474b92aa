"""A WebSocket client of a few hundred bytes, for holding ten thousand of them (RFC 6455)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "Origin: http://127.0.0.1:{port}\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36\r\n"
    "Accept-Language: uk-UA,uk;q=0.9,en;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Cache-Control: no-cache\r\n"
    "\r\n"
)
"""What a browser sends: servers keep these headers as long as the socket lives."""


class RawSocket(asyncio.Protocol):
    """One open line: `hear` gets each text frame; the protocol's own pings are answered here."""

    __slots__ = ("_buffer", "_hear", "_shaken", "lost", "opened", "transport")

    def __init__(self, hear: Callable[[RawSocket, bytes], None]) -> None:
        self._hear = hear
        self._buffer = b""
        self._shaken = False
        self.lost = False
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] | None = loop.create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.opened is not None and not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._shaken:
            self._shake()
        while self._shaken and (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == TEXT:
                self._hear(self, payload)
            elif opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE and self.transport is not None:
                self.transport.close()

    def send(self, text: bytes) -> None:
        """Say `text`."""
        self._send(TEXT, text)

    def _send(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        # A mask of zeros is a mask: the payload goes as it is.
        self.transport.write(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

    def _shake(self) -> None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        assert self.opened is not None
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self.opened.set_exception(ConnectionError(head.partition(b"\r\n")[0].decode()))
            return
        self._shaken = True
        self._buffer = rest
        self.opened.set_result(None)
        self.opened = None

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]


async def open_socket(port: int, path: str, hear: Callable[[RawSocket, bytes], None]) -> RawSocket:
    """A line to 127.0.0.1 that has shaken hands. Raises ConnectionError."""
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: RawSocket(hear), "127.0.0.1", port)
    opened = line.opened
    assert opened is not None
    assert line.transport is not None
    line.transport.write(HANDSHAKE.format(path=path, port=port).encode())
    await opened
    return line
