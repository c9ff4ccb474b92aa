"""A scripted widget for tests: tokens, plain HTTP, and a socket that keeps the rules of the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.bots.webchat.house import House


async def new_token(house: House) -> tuple[str, str]:
    """(visitor id, token)"""
    async with httpx.AsyncClient(base_url=house.url) as http:
        answer = (await http.post("/channels/site/visitors")).raise_for_status().json()
    return answer["visitor"], answer["token"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Scripted:
    """Holds a queue and a thread as the widget does; `line` may be cut at any moment."""

    def __init__(self, house: House, token: str, visitor: str = "") -> None:
        self.house = house
        self.token = token
        self.visitor = visitor
        self.cursor: str | None = None
        self.queue: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.have: dict[int, int] = {}
        self.gaps = 0
        self.others: list[dict[str, Any]] = []
        self._line: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        line = await connect(f"{self.house.url.replace('http', 'ws')}/channels/site/socket")
        self._line = line
        await line.send(json.dumps({"type": "hello", "token": self.token, "after": self.cursor, "language": "uk"}))
        self._reader = asyncio.create_task(self._read(line))
        for message in list(self.queue.values()):
            await self._send(message)

    async def cut(self) -> None:
        """Lose the line without a word, as a phone in a lift does."""
        if self._line is not None and self._reader is not None:
            self._line.transport.abort()
            await self._reader
            self._line = self._reader = None

    async def say(self, text: str) -> str:
        message = {"type": "message", "id": str(uuid4()), "text": text, "language": "uk"}
        self.queue[message["id"]] = message
        await self._send(message)
        return message["id"]

    async def send(self, frame: dict[str, Any]) -> None:
        assert self._line is not None
        await self._line.send(json.dumps(frame))

    async def _send(self, message: dict[str, Any]) -> None:
        if self._line is not None:
            try:
                await self._line.send(json.dumps(message))
            except ConnectionClosed:
                return

    async def _read(self, line: ClientConnection) -> None:
        try:
            async for raw in line:
                self._take(json.loads(raw))
        except ConnectionClosed:
            return

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ack":
                self.queue.pop(frame["id"], None)
            case "messages":
                for message in frame["messages"]:
                    self._keep(message)
                self.cursor = frame["cursor"]
            case _:
                self.others.append(frame)

    def _keep(self, message: dict[str, Any]) -> None:
        conversation = message["conversation"]
        if self.have.get(conversation, 0) != message["prev"]:
            self.gaps += 1
        self.have[conversation] = message["seq"]
        self.received.append(message)

    def texts(self, author: str | None = None) -> list[str]:
        return [
            part["text"]
            for message in self.received
            if author is None or message["author"] == author
            for part in message["parts"]
            if part["part"] == "text"
        ]


@asynccontextmanager
async def talking(house: House, *said: str) -> AsyncIterator[Scripted]:
    """A connected widget of a new visitor whose words `said` were all heard (and answered, but for "тихо")."""
    visitor, token = await new_token(house)
    client = Scripted(house, token, visitor)
    await client.connect()
    for text in said:
        await client.say(text)
    answers = sum(text != "тихо" for text in said)
    await until(lambda: len(client.received) == len(said) + answers and not client.queue)
    yield client
    await client.cut()


async def until(condition: Any, seconds: float = 30) -> None:
    """Wait until `condition()` holds; fail where it does not within `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 — looks at plain values, nobody sets an event
            await asyncio.sleep(0.01)
