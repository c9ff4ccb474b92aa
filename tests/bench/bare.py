"""The bare handler: the least one can do between a webhook and a sendMessage on the same stack.

Parse the update, write one durable row in a commit shared by all who wait, acknowledge, and make one
call to the platform over a keep-alive connection. No framework, no bot, no order, no retries: it is what
Frontdesk is held against. The call is made by aiohttp, which is what aiogram calls with; `--client raw`
makes it by a client of a hundred lines that does nothing but this, to show what an HTTP library costs.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import uvicorn
from aiohttp import ClientSession, TCPConnector

from tests.bench.http1 import Pool, post, post_head

CONNECTIONS = 32
"""As many sends at once as Frontdesk's `outbox.concurrency`."""


class Chat(msgspec.Struct):
    """Where to answer."""

    id: int


class Message(msgspec.Struct):
    """What was said, and where."""

    chat: Chat
    text: str


class Update(msgspec.Struct):
    """As much of a Bot API update as is needed."""

    update_id: int
    message: Message


Row = tuple[int, bytes]
Waiting = tuple[Row, "asyncio.Future[None]"]


class Store:
    """One table, one thread, one commit for all that waits when the one before is done."""

    def __init__(self, path: Path) -> None:
        self._queue: SimpleQueue[Waiting] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS inbox (platform_id INTEGER UNIQUE, body BLOB NOT NULL)")
        threading.Thread(target=self._commit_all, args=(connection,), daemon=True).start()

    async def add(self, row: Row) -> None:
        """Return once `row` is on the disk."""
        stored = self._loop.create_future()
        self._queue.put((row, stored))
        await stored

    def _commit_all(self, connection: sqlite3.Connection) -> None:
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR IGNORE INTO inbox VALUES (?, ?)", [row for row, _ in batch])
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_release, batch)


def _release(batch: list[Waiting]) -> None:
    for _, stored in batch:
        if not stored.done():
            stored.set_result(None)


Call = Callable[[bytes], Awaitable[None]]
"""Makes one sendMessage of a JSON body."""


@asynccontextmanager
async def _aiohttp(platform: int) -> AsyncIterator[Call]:
    url = f"http://127.0.0.1:{platform}/bot1:bare/sendMessage"
    headers = {"Content-Type": "application/json"}
    async with ClientSession(connector=TCPConnector(limit=CONNECTIONS)) as session:

        async def call(body: bytes) -> None:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

        yield call


@asynccontextmanager
async def _raw(platform: int) -> AsyncIterator[Call]:
    head = post_head("127.0.0.1", platform, "/bot1:bare/sendMessage", {})
    pool = Pool("127.0.0.1", platform, CONNECTIONS)
    await pool.open()

    async def call(body: bytes) -> None:
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pool.send(post(head, body), lambda _status, _body: answered.set_result(None))
        await answered

    yield call
    pool.close()


CLIENTS = {"aiohttp": _aiohttp, "raw": _raw}


class Bare:
    """The ASGI application."""

    def __init__(self, path: Path, platform: int, client: str) -> None:
        self._path = path
        self._client = CLIENTS[client](platform)
        self._read = msgspec.json.Decoder(Update).decode
        self._store: Store | None = None
        self._call: Call | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI (https://asgi.readthedocs.io/en/latest/specs/main.html)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["method"] == "POST":
            await self._take(receive, send)
        else:
            await _answer(send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with self._client as self._call:
            self._store = Store(self._path)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _take(self, receive: Any, send: Any) -> None:
        assert self._store is not None
        assert self._call is not None
        event = await receive()
        body: bytes = event["body"]
        while event["more_body"]:
            event = await receive()
            body += event["body"]
        update = self._read(body)
        await self._store.add((update.update_id, body))
        await _answer(send)
        message = update.message
        await self._call(msgspec.json.encode({"chat_id": message.chat.id, "text": message.text}))


async def _answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """`python -m tests.bench.bare --database FILE --platform PORT --port PORT`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--platform", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client", choices=CLIENTS, default="aiohttp")
    given = parser.parse_args()
    uvicorn.run(
        Bare(given.database, given.platform, given.client),
        port=given.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
