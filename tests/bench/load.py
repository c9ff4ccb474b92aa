"""The load generator, a process of its own: customers who write, and the moments they are answered at.

Reads a `Plan` as JSON from standard input and writes a `Result` as JSON to standard output. With a
rate, messages leave at their appointed moments whatever the answers do, and a latency counts from the
appointed moment, so that a stalled server cannot hide its stall by slowing the questions down. Without
one, a new message leaves for each that was answered: as many as the server can take.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from contextlib import suppress
from functools import partial

import msgspec
import uvloop

from tests.bench.botapi import ARRIVAL
from tests.bench.http1 import Pool, post, post_head

HOST = "127.0.0.1"
TICK_SECONDS = 0.001
GIVEN_UP_SECONDS = 15.0
"""After this a message counts as never answered, and no longer as under way."""
_SPREAD = 2_654_435_761
_RANGE = 2**31


def chat_id(customer: int, *, stored: bool = False) -> int:
    """The chat of the `customer`-th customer: spread over all numbers, so that those who write are no
    neighbours in any index; even numbers are customers a database was filled with, odd ones come new."""
    return 1_000_000_000 + 2 * (customer * _SPREAD % _RANGE) + (0 if stored else 1)


class Plan(msgspec.Struct, kw_only=True):
    """What to send and for how long. Times are seconds; `rate` is messages a second.

    `customers` write in turn, `each` messages apiece, and are then followed by new ones; `number`
    is that of the first message, so that a second run goes on where the first one ended.
    """

    port: int
    path: str
    headers: dict[str, str] = {}
    feed: int | None = None
    """The stand-in platform's port; without it the answer to the request is the answer to the customer."""
    kind: str = "telegram"
    rate: float | None = None
    under_way: int = 256
    connections: int = 64
    warm: float = 2.0
    seconds: float = 5.0
    drain: float = 10.0
    number: int = 0
    customers: int = 1000
    each: int = 5
    texts: list[str]


class Result(msgspec.Struct, kw_only=True):
    """What came of it. `answered` and `per_second` count within the measured time only, `whole` over
    the entire run; latencies are milliseconds from a message's appointed moment to its answer."""

    sent: int
    refused: int
    answered: int
    whole: int
    unanswered: int
    seconds: float
    per_second: float
    p50: float | None
    p99: float | None
    worst: float | None
    acked_p50: float | None
    number: int


class _Asked(msgspec.Struct):
    """A message under way."""

    chat: int
    due: float
    given_up: bool = False


class Customers:
    """Writes what the customers say, as the server under test wants to read it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._head = post_head(HOST, plan.port, plan.path, plan.headers)
        # Without the quotes: a number is put behind each.
        self._texts = [msgspec.json.encode(text)[1:-1] for text in plan.texts]

    def chat(self, number: int) -> int:
        """Who writes message `number`. In each round a like share of customers is followed by new ones."""
        turn, place = divmod(number, self._plan.customers)
        return chat_id((turn + place) // self._plan.each * self._plan.customers + place)

    def request(self, number: int) -> bytes:
        """Message `number` as a request; each text is another one."""
        chat = self.chat(number)
        text = b"%b %d" % (self._texts[number % len(self._texts)], number % 10_000)
        if self._plan.kind == "rasa":
            return post(self._head, b'{"sender":"%d","message":"%b"}' % (chat, text))
        person = b'{"id":%d,"is_bot":false,"first_name":"Olha","language_code":"uk"}' % chat
        body = (
            b'{"update_id":%d,"message":{"message_id":%d,"date":1790000000,'
            b'"chat":{"id":%d,"type":"private","first_name":"Olha"},"from":%b,"text":"%b"}}'
        ) % (number + 1, number + 1, chat, person, text)
        return post(self._head, body)


class Load(asyncio.Protocol):
    """One run. As a protocol it listens to the platform's feed of arrivals."""

    def __init__(self, plan: Plan, pool: Pool) -> None:
        self._plan = plan
        self._pool = pool
        self._customers = Customers(plan)
        self._open: dict[int, deque[_Asked]] = {}
        self._buffer = b""
        self._number = plan.number
        self._under_way = 0
        self._refused = self._answered = self._whole = 0
        self._latencies: list[tuple[int, float]] = []
        self._acks: list[float] = []
        self._filling = False
        self._moved = asyncio.Event()
        self._from = self._until = 0.0

    async def run(self) -> Result:
        """Send as planned, wait for the last answers, and sum up."""
        begun = time.monotonic()
        self._from = begun + self._plan.warm
        self._until = self._from + self._plan.seconds
        if self._plan.rate is None:
            self._fill()
            while time.monotonic() < self._until:
                await asyncio.sleep(0.25)
                self._give_up()
        else:
            await self._keep_rate(begun, self._plan.rate)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.drain):
                await self._quiet()
        return self._sum_up()

    async def _quiet(self) -> None:
        """Return once every message is answered or given up."""
        while self._under_way:
            self._moved.clear()
            await self._moved.wait()

    async def _keep_rate(self, begun: float, rate: float) -> None:
        sent = 0
        while (now := time.monotonic()) < self._until:
            while begun + sent / rate <= now:
                self._send(begun + sent / rate)
                sent += 1
            await asyncio.sleep(TICK_SECONDS)

    def _fill(self) -> None:
        self._filling = False
        now = time.monotonic()
        while self._under_way < self._plan.under_way and now < self._until:
            self._send(now)

    def _send(self, due: float) -> None:
        asked = _Asked(chat=self._customers.chat(self._number), due=due)
        self._open.setdefault(asked.chat, deque()).append(asked)
        self._under_way += 1
        request = self._customers.request(self._number)
        self._number += 1
        self._pool.send(request, partial(self._replied, asked))

    def _replied(self, asked: _Asked, status: int, _body: bytes) -> None:
        """The server's answer to the request itself."""
        if status != 200:
            self._refused += 1
            self._forget(asked)
        elif self._plan.feed is None:
            self._arrived(asked.chat, time.monotonic())
        elif self._from <= asked.due < self._until:
            self._acks.append(time.monotonic() - asked.due)

    def data_received(self, data: bytes) -> None:
        """The platform tells which chats got a message, and when."""
        self._buffer += data
        whole = len(self._buffer) // ARRIVAL.size * ARRIVAL.size
        for chat, moment in ARRIVAL.iter_unpack(self._buffer[:whole]):
            self._arrived(chat, moment)
        self._buffer = self._buffer[whole:]

    def _arrived(self, chat: int, moment: float) -> None:
        """The oldest open message of the chat is answered: a chat is answered in its order."""
        waiting = self._open.get(chat)
        if not waiting:
            return
        asked = waiting.popleft()
        if not waiting:
            del self._open[chat]
        self._under_way -= not asked.given_up
        self._whole += 1
        if self._from <= moment < self._until:
            self._answered += 1
        if self._from <= asked.due < self._until:
            self._latencies.append((chat, moment - asked.due))
        self._again()

    def _again(self) -> None:
        self._moved.set()
        if self._plan.rate is None and not self._filling:
            self._filling = True
            asyncio.get_running_loop().call_soon(self._fill)

    def _forget(self, asked: _Asked) -> None:
        waiting = self._open.get(asked.chat)
        if waiting and asked in waiting:
            waiting.remove(asked)
            if not waiting:
                del self._open[asked.chat]
            self._under_way -= not asked.given_up
            self._again()

    def _give_up(self) -> None:
        """What was never answered must not take the places of those who still write."""
        before = time.monotonic() - GIVEN_UP_SECONDS
        for waiting in self._open.values():
            for asked in waiting:
                if asked.due < before and not asked.given_up:
                    asked.given_up = True
                    self._under_way -= 1
        self._again()

    def _sum_up(self) -> Result:
        silent = self._open.keys()
        # Where one message got no answer, the next one's answer was taken for its own.
        latencies = sorted(latency for chat, latency in self._latencies if chat not in silent)
        return Result(
            sent=self._number - self._plan.number,
            refused=self._refused,
            answered=self._answered,
            whole=self._whole,
            unanswered=sum(len(waiting) for waiting in self._open.values()),
            seconds=self._plan.seconds,
            per_second=self._answered / self._plan.seconds,
            p50=quantile(latencies, 0.5),
            p99=quantile(latencies, 0.99),
            worst=quantile(latencies, 1.0),
            acked_p50=quantile(sorted(self._acks), 0.5),
            number=self._number,
        )


def quantile(ordered: list[float], share: float) -> float | None:
    """Milliseconds below which `share` of `ordered` (seconds) lies; None where there is nothing."""
    if not ordered:
        return None
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def perform(plan: Plan) -> Result:
    """Connect, listen, and run."""
    pool = Pool(HOST, plan.port, plan.connections)
    await pool.open()
    load = Load(plan, pool)
    feed: asyncio.Transport | None = None
    if plan.feed is not None:
        feed, _ = await asyncio.get_running_loop().create_connection(lambda: load, HOST, plan.feed)
        feed.write(b"GET /feed HTTP/1.1\r\n\r\n")
    try:
        return await load.run()
    finally:
        pool.close()
        if feed is not None:
            feed.close()


def main() -> None:
    """`python -m tests.bench.load < plan.json`."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(perform(plan))))


if __name__ == "__main__":
    main()
