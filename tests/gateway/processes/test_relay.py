"""Hints between processes: only what others need, in few frames, and a broken line costs hints and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
import structlog

from gateway.live import DESK, Change
from gateway.processes.relay import Frame, LineLost, Relay
from gateway.processes.wakeups import INBOX, KNOWLEDGE, Wakeups

BEAT = 0.05


class Air:
    """A bus in memory. While it is `down` nobody can connect and every line breaks; while `deaf` nothing is carried."""

    frame_limit = 1000

    def __init__(self) -> None:
        self.down = False
        self.deaf = False
        self.sent: list[Frame] = []
        self.lines: set[asyncio.Queue[bytes | None]] = set()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AirLine]:
        if self.down:
            raise LineLost("down")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.lines.add(queue)
        try:
            yield AirLine(self, queue)
        finally:
            self.lines.discard(queue)

    def carry(self, frame: bytes) -> None:
        assert len(frame) <= self.frame_limit
        self.sent.append(msgspec.json.decode(frame, type=Frame))
        for queue in () if self.deaf else self.lines:
            queue.put_nowait(frame)

    def break_off(self) -> None:
        self.down = True
        for queue in self.lines:
            queue.put_nowait(None)

    @property
    def loads(self) -> list[list[Change]]:
        """The changes of each frame that had any."""
        return [
            [msgspec.json.decode(change, type=Change) for change in frame.changes]
            for frame in self.sent
            if frame.changes
        ]


class AirLine:
    def __init__(self, air: Air, queue: asyncio.Queue[bytes | None]) -> None:
        self._air = air
        self._queue = queue

    async def send(self, frames: Sequence[bytes]) -> None:
        if self._air.down:
            raise LineLost("down")
        for frame in frames:
            self._air.carry(frame)

    async def receive(self) -> AsyncIterator[bytes]:
        while (frame := await self._queue.get()) is not None:
            yield frame
        raise LineLost("cut")


class End:
    """One process: its relay and what it heard."""

    def __init__(self, air: Air, answered: Callable[[str], bool] = lambda _topic: False) -> None:
        self.relay = Relay(air, answered, beat=BEAT)
        self.heard: list[Change] = []
        self.resyncs = 0

    async def run(self) -> None:
        await self.relay.run(self.heard.extend, self._resync)

    def _resync(self) -> None:
        self.resyncs += 1


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.005)


async def together(ends: Sequence[End], act: Callable[[], Awaitable[None]]) -> None:
    """Run all ends until they know of each other, `act`, and end them."""
    tasks = [asyncio.ensure_future(end.run()) for end in ends]
    try:
        await until(lambda: all(end.relay.healthy and end.relay.peers == len(ends) - 1 for end in ends))
        await act()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def changes(*topics: str) -> list[Change]:
    return [Change(topic=topic, kind="message", ids={"message": number}) for number, topic in enumerate(topics)]


async def test_what_one_announces_the_others_hear_and_itself_not() -> None:
    air = Air()
    one, two, three = (End(air) for _ in range(3))

    async def act() -> None:
        one.relay.share(changes(DESK, "conversation:7"))
        await until(lambda: two.heard == three.heard == changes(DESK, "conversation:7"))
        assert one.heard == []

    await together([one, two, three], act)


async def test_while_alone_nothing_is_sent() -> None:
    air = Air()
    one = End(air)

    async def act() -> None:
        one.relay.share(changes(DESK))
        await asyncio.sleep(2 * BEAT)

    await together([one], act)
    assert air.loads == []


async def test_nobody_is_woken_for_what_is_done_here() -> None:
    air = Air()
    wakeups = Wakeups()
    wakeups.bell(INBOX)
    wakeups.bell(KNOWLEDGE)
    one, two = End(air, wakeups.answered), End(air)

    async def act() -> None:
        one.relay.share(changes(INBOX))
        one.relay.share(changes("work:outbox", KNOWLEDGE))
        await until(lambda: bool(two.heard))

    await together([one, two], act)
    assert [change.topic for change in two.heard] == ["work:outbox", KNOWLEDGE]


async def test_a_batch_is_one_frame_within_the_limit_and_equal_changes_go_once() -> None:
    air = Air()
    one, two = End(air), End(air)
    few = changes(DESK, DESK)
    many = changes(*(f"conversation:{number}" for number in range(100)))

    async def act() -> None:
        one.relay.share([*few, *few])
        await until(lambda: len(two.heard) == len(few))
        one.relay.share(many)
        await until(lambda: len(two.heard) == len(few) + len(many))

    await together([one, two], act)
    assert two.heard == [*few, *many]
    assert air.loads[0] == few
    assert 1 < len(air.loads) < 20


async def test_foreign_words_on_the_line_are_passed_over() -> None:
    air = Air()
    one, two = End(air), End(air)

    async def act() -> None:
        for frame in (b"hello", b'{"sender": 7}', b'{"sender": "x", "changes": [{"theme": 1}]}'):
            for queue in air.lines:
                queue.put_nowait(frame)
        one.relay.share(changes(DESK))
        await until(lambda: two.heard == changes(DESK))

    await together([one, two], act)


async def test_the_last_changes_go_out_and_who_leaves_is_not_waited_for() -> None:
    air = Air()
    one, two = End(air), End(air)
    leaving = asyncio.ensure_future(one.run())

    async def act() -> None:
        await until(lambda: one.relay.peers == 1)
        one.relay.share(changes(DESK))
        leaving.cancel()
        await asyncio.wait([leaving])
        await until(lambda: two.heard == changes(DESK) and two.relay.peers == 0)

    task = asyncio.ensure_future(two.run())
    try:
        await act()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_who_dies_is_forgotten_after_some_beats() -> None:
    air = Air()
    one, two = End(air), End(air)

    async def act() -> None:
        for frame in (Frame(sender="dead"),):
            air.carry(msgspec.json.encode(frame))
        await until(lambda: one.relay.peers == 2)
        await until(lambda: one.relay.peers == 1)

    await together([one, two], act)


async def test_a_lost_line_is_said_once_and_its_return_lets_everybody_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.processes.relay.AGAIN_SECONDS", 0.01)
    air = Air()
    one, two = End(air), End(air)

    async def act() -> None:
        with structlog.testing.capture_logs() as lines:
            air.break_off()
            await until(lambda: not one.relay.healthy and not two.relay.healthy)
            one.relay.share(changes(DESK))
            await asyncio.sleep(0.1)
            air.down = False
            await until(lambda: one.relay.peers == two.relay.peers == 1)
            await until(lambda: one.relay.healthy and two.relay.healthy)
        assert sorted(line["event"] for line in lines) == ["relay_back"] * 2 + ["relay_lost"] * 2
        assert (one.resyncs, two.resyncs, two.heard) == (1, 1, [])
        one.relay.share(changes(DESK))
        await until(lambda: two.heard == changes(DESK))

    await together([one, two], act)


async def test_a_line_on_which_we_do_not_hear_ourselves_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.processes.relay.AGAIN_SECONDS", 0.01)
    air = Air()
    one = End(air)

    async def act() -> None:
        air.deaf = True
        await until(lambda: not one.relay.healthy)
        air.deaf = False
        await until(lambda: one.relay.healthy and one.resyncs == 1)

    await together([one], act)
