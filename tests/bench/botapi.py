"""The stand-in platform, a process of its own: a Bot API that answers at once and tells what arrived.

`GET /feed` turns a connection into a stream of arrivals, 16 bytes each: the chat and the moment
(seconds of the machine's monotonic clock, which all processes share).
"""

from __future__ import annotations

import argparse
import asyncio
import re
import struct
import time
from typing import cast

import uvloop

from tests.bench.http1 import HEAD_END, content_length

ARRIVAL = struct.Struct("<qd")
_CHAT = re.compile(rb"chat_id[^0-9-]{1,12}(-?[0-9]+)")
"""In JSON, in a form or in a form's part: whatever a driver writes."""


class Feed:
    """Who listens for arrivals; they are handed over once a round of the loop, not one by one."""

    def __init__(self) -> None:
        self._listener: asyncio.Transport | None = None
        self._gathered = bytearray()
        self.count = 0

    def listen(self, transport: asyncio.Transport) -> None:
        """From now on `transport` is told."""
        self._listener = transport

    def add(self, chat: int, moment: float) -> None:
        """A message for `chat` arrived."""
        self.count += 1
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._flush)
        self._gathered += ARRIVAL.pack(chat, moment)

    def _flush(self) -> None:
        if self._listener is not None and not self._listener.is_closing():
            self._listener.write(bytes(self._gathered))
        self._gathered.clear()


class Caller(asyncio.Protocol):
    """One keep-alive connection of a bot, or of who listens."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport, though they do all that one does.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head_end := self._buffer.find(HEAD_END)) >= 0:
            head = self._buffer[:head_end]
            start = head_end + len(HEAD_END)
            end = start + (content_length(head) or 0)
            if len(self._buffer) < end:
                return
            body, self._buffer = self._buffer[start:end], self._buffer[end:]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        assert self._transport is not None
        target = head[: head.find(b"\r\n")].split(b" ")[1]
        if target == b"/feed":
            self._feed.listen(self._transport)
            return
        result = b"true"
        if target.lower().endswith(b"/sendmessage"):
            found = _CHAT.search(body)
            chat = int(found[1]) if found else 0
            self._feed.add(chat, time.monotonic())
            result = b'{"message_id":%d,"date":1790000000,"chat":{"id":%d,"type":"private"}}' % (self._feed.count, chat)
        answer = b'{"ok":true,"result":%b}' % result
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )


async def serve(port: int) -> None:
    """Answer until the process is ended."""
    feed = Feed()
    server = await asyncio.get_running_loop().create_server(lambda: Caller(feed), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """`python -m tests.bench.botapi --port N`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
