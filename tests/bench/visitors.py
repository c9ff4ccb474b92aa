"""The other end of the socket bench: a process that holds visitors and lets some of them speak.

    python -m tests.bench.visitors KIND PORT      (KIND: bare, webchat)

It obeys lines of JSON on standard input and answers each with one on standard output: `open` holds more
visitors, `echo` lets some speak at a steady rate and tells the latencies, `drop` hangs up on all.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bots.webchat.tokens import VisitorTokens
from tests.standins.raw_socket import RawSocket, open_socket

SECRET = "a secret for the socket bench"
AT_ONCE = 50
SPEAKERS = 200
PING_SECONDS = 25.0
"""How often a widget asks whether its line lives."""
PING = b'{"type":"ping"}'
QUESTION = "Де моя посилка?"
SETTLE_SECONDS = 10.0
GREETING_SECONDS = 60.0
TRIES = 20


def now() -> datetime:
    return datetime.now(UTC)


class Bare:
    """Visitors of the bare app: it sends back what it hears."""

    path = "/socket"

    def __init__(self) -> None:
        self.pending: dict[str, asyncio.Future[float]] = {}

    async def greet(self, line: RawSocket) -> None:
        """Nothing is said before the first word."""

    def hear(self, line: RawSocket, text: bytes) -> None:
        waiting = self.pending.pop(text.decode(), None)
        if waiting is not None:
            waiting.set_result(time.perf_counter())

    def speak(self, line: RawSocket) -> dict[str, asyncio.Future[float]]:
        """Say something; what to wait for, by name."""
        name = str(uuid4())
        self.pending[name] = asyncio.get_running_loop().create_future()
        line.send(name.encode())
        return {"echo": self.pending[name]}


class Webchat:
    """Visitors of the gateway: their `ack` says committed, their own message in the thread is the echo."""

    path = "/channels/site/socket"

    def __init__(self) -> None:
        self.tokens = VisitorTokens(SECRET, now)
        self.acks: dict[str, asyncio.Future[float]] = {}
        self.echoes: dict[str, asyncio.Future[float]] = {}
        self.greeted: dict[RawSocket, asyncio.Future[None]] = {}

    async def greet(self, line: RawSocket) -> None:
        _, token = self.tokens.welcome("site")
        waiting = self.greeted[line] = asyncio.get_running_loop().create_future()
        line.send(json.dumps({"type": "hello", "token": token, "language": "uk"}).encode())
        async with asyncio.timeout(GREETING_SECONDS):
            while not waiting.done():
                if line.lost:
                    raise ConnectionError("the server hung up")
                await asyncio.sleep(0.01)

    def hear(self, line: RawSocket, text: bytes) -> None:
        frame = json.loads(text)
        if frame["type"] == "ack":
            _done(self.acks, frame["id"])
        elif frame["type"] == "messages":
            greeted = self.greeted.pop(line, None)
            if greeted is not None:
                greeted.set_result(None)
            for message in frame["messages"]:
                _done(self.echoes, message.get("key"))

    def speak(self, line: RawSocket) -> dict[str, asyncio.Future[float]]:
        """Say something; what to wait for, by name."""
        loop, name = asyncio.get_running_loop(), str(uuid4())
        self.acks[name], self.echoes[name] = loop.create_future(), loop.create_future()
        line.send(json.dumps({"type": "message", "id": name, "text": QUESTION, "language": "uk"}).encode())
        return {"ack": self.acks[name], "echo": self.echoes[name]}


def _done(waiting: dict[str, asyncio.Future[float]], name: str | None) -> None:
    if name in waiting:
        waiting.pop(name).set_result(time.perf_counter())


class Crowd:
    """All visitors of this process."""

    def __init__(self, people: Bare | Webchat, port: int) -> None:
        self.people = people
        self.port = port
        self.lines: list[RawSocket] = []
        self.refused = 0

    async def open(self, count: int) -> dict[str, Any]:
        """Hold `count` visitors more, a few coming at a time."""
        begun = time.perf_counter()
        left = count

        async def come() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                self.lines.append(await self._come())

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(come())
        return {"open": len(self.lines), "seconds": time.perf_counter() - begun, "refused": self.refused}

    async def _come(self) -> RawSocket:
        """Come, and come again where the server was too busy, as a widget does."""
        for _ in range(TRIES):
            try:
                line = await open_socket(self.port, self.people.path, self.people.hear)
                await self.people.greet(line)
            except OSError:
                self.refused += 1
                await asyncio.sleep(1)
            else:
                return line
        raise ConnectionError("the server took nobody in")

    async def echo(self, rate: float, seconds: float) -> dict[str, Any]:
        """Let the first visitors speak in turn, `rate` messages a second together; latencies in ms by name."""
        speakers = self.lines[:SPEAKERS]
        loop = asyncio.get_running_loop()
        took: dict[str, list[float]] = {}
        begun = loop.time()
        waiting: list[asyncio.Future[float]] = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - loop.time()))
            spoken = time.perf_counter()
            for name, future in self.people.speak(speakers[number % len(speakers)]).items():
                future.add_done_callback(_note(took.setdefault(name, []), spoken))
                waiting.append(future)
        await asyncio.wait(waiting, timeout=SETTLE_SECONDS)
        unanswered = sum(not future.done() for future in waiting)
        return {"ms": took, "unanswered": unanswered, "lost": sum(line.lost for line in self.lines)}

    async def ping(self) -> None:
        """Let each line be heard of as often as a widget's, spread over the time."""
        number = 0
        while True:
            await asyncio.sleep(PING_SECONDS / max(1, len(self.lines)))
            if self.lines:
                number = (number + 1) % len(self.lines)
                self.lines[number].send(PING)

    async def drop(self) -> dict[str, Any]:
        """Hang up without a word."""
        for line in self.lines:
            assert line.transport is not None
            line.transport.abort()
        self.lines.clear()
        await asyncio.sleep(0)
        return {}


def _note(into: list[float], spoken: float) -> Callable[[asyncio.Future[float]], None]:
    return lambda future: into.append((future.result() - spoken) * 1000)


async def obey(crowd: Crowd) -> None:
    """Do what the lines of standard input say until they end."""
    loop = asyncio.get_running_loop()
    pinging = asyncio.create_task(crowd.ping())
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        answer = await getattr(crowd, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)
    pinging.cancel()


if __name__ == "__main__":
    kind, port = sys.argv[1:]
    people = Webchat() if kind == "webchat" else Bare()
    asyncio.run(obey(Crowd(people, int(port))))
