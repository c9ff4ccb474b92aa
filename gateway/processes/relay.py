"""Carrying hints between processes: what one commits, the others' sockets and loops hear of at once.

Every process holds one line to the others (Redis pub/sub, or PostgreSQL's NOTIFY) and says now and then
that it is there. While nobody else is, nothing is sent. What a commit announces is gathered and sent
from a task of its own, so no commit waits for it; what was gathered while the line is down is dropped,
for those who wait also look by themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from uuid import uuid4

import msgspec
import structlog

from gateway.live import Change
from gateway.messages import Value

log = structlog.get_logger()

BEAT_SECONDS = 3.0
BEATS_MISSED = 3
"""A peer, or our own echo, not heard for so many beats is taken for gone."""
AGAIN_SECONDS = 1.0
LEAVING_SECONDS = 1.0
GATHERED = 10_000
"""Changes that may wait for the line; what comes while so many wait is dropped."""


class LineLost(Exception):
    """The line to the other processes is down; its text has no address and no secret."""


class Line(Protocol):
    """An open line. What is sent is also received by the sender."""

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send all `frames`, each to everybody. Raises LineLost."""
        ...

    def receive(self) -> AsyncIterator[bytes]:
        """Frames as they come. Raises LineLost."""
        ...


class Bus(Protocol):
    """A way to open lines."""

    @property
    def frame_limit(self) -> int:
        """The largest frame in bytes."""
        ...

    def connect(self) -> AbstractAsyncContextManager[Line]:
        """A line for as long as the block lasts. Raises LineLost."""
        ...


class Frame(Value, frozen=True, kw_only=True):
    """What travels. `asks` wants everybody to say that they are there; `leaves` that the sender goes."""

    sender: str
    changes: tuple[msgspec.Raw, ...] = ()
    asks: bool = False
    leaves: bool = False


_frames = msgspec.json.Decoder(Frame)
_changes = msgspec.json.Decoder(Change)

Hear = Callable[[Sequence[Change]], None]


class Relay:
    """One process's end of the line.

    Args:
        bus: opens the line.
        answered: whether work announced on a topic is done by this very process, so that nobody else
            need be woken for it.
        beat: seconds between two signs of life.
    """

    def __init__(self, bus: Bus, answered: Callable[[str], bool], *, beat: float = BEAT_SECONDS) -> None:
        self.id = uuid4().hex[:12]
        self._bus = bus
        self._answered = answered
        self._beat_seconds = beat
        self._silence = beat * BEATS_MISSED
        self._peers: dict[str, float] = {}
        self._gathered: list[Change] = []
        self._bell = asyncio.Event()
        self._echoed: float | None = None
        self._warned = False

    @property
    def healthy(self) -> bool:
        """Whether we have heard ourselves lately."""
        return self._echoed is not None and time.monotonic() - self._echoed < self._silence

    @property
    def peers(self) -> int:
        """How many other processes are on the line."""
        return len(self._peers)

    def share(self, changes: Sequence[Change]) -> None:
        """Send what others need of `changes`, as soon as the line is free; nothing while we are alone."""
        if not self._peers or len(self._gathered) > GATHERED:
            return
        self._gathered += [change for change in changes if not self._answered(change.topic)]
        if self._gathered:
            self._bell.set()

    async def run(self, hear: Hear, resync: Callable[[], None]) -> None:
        """Keep the line until cancelled: `hear` what others announce, `resync` after a time without it."""
        while True:
            try:
                async with self._bus.connect() as line:
                    await self._attend(line, hear, resync)
            except* (LineLost, TimeoutError, OSError) as group:
                self._fall_silent(group.exceptions[0])
            await asyncio.sleep(AGAIN_SECONDS)

    async def _attend(self, line: Line, hear: Hear, resync: Callable[[], None]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(line, hear, resync))
                group.create_task(self._beat(line))
                await self._write(line)
        except asyncio.CancelledError:
            # A planned end: the last commits are told, and the others need not wait for our silence.
            with suppress(LineLost, TimeoutError, OSError):
                async with asyncio.timeout(LEAVING_SECONDS):
                    await line.send([*self._framed(self._gathered), self._frame(leaves=True)])
            raise

    async def _read(self, line: Line, hear: Hear, resync: Callable[[], None]) -> None:
        async for data in line.receive():
            try:
                frame = _frames.decode(data)
                changes = [_changes.decode(change) for change in frame.changes]
            except msgspec.MsgspecError:
                continue  # somebody else's, or another version's
            if frame.sender == self.id:
                self._echo(resync)
                continue
            self._note(frame)
            if frame.asks:
                await line.send([self._frame()])
            if changes:
                hear(changes)

    async def _write(self, line: Line) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            gathered, self._gathered = self._gathered, []
            await line.send(list(self._framed(gathered)))

    async def _beat(self, line: Line) -> None:
        """Say that we are there, and miss those who are not any more."""
        await line.send([self._frame(asks=True)])
        began = time.monotonic()
        while True:
            await asyncio.sleep(self._beat_seconds)
            now = time.monotonic()
            self._peers = {peer: seen for peer, seen in self._peers.items() if now - seen < self._silence}
            if now - max(began, self._echoed or 0.0) >= self._silence:
                raise LineLost("silence")
            await line.send([self._frame()])

    def _note(self, frame: Frame) -> None:
        if frame.leaves:
            self._peers.pop(frame.sender, None)
        else:
            self._peers[frame.sender] = time.monotonic()

    def _echo(self, resync: Callable[[], None]) -> None:
        """We hear ourselves: the line is up, after a break or for the first time."""
        self._echoed = time.monotonic()
        if self._warned:
            self._warned = False
            log.info("relay_back")
            resync()

    def _fall_silent(self, error: BaseException) -> None:
        self._echoed = None
        self._peers.clear()
        self._gathered.clear()
        if not self._warned:
            self._warned = True
            log.warning("relay_lost", reason=str(error) if isinstance(error, LineLost) else type(error).__name__)

    def _framed(self, changes: Sequence[Change]) -> Iterator[bytes]:
        """`changes` in as few frames as their limit allows, equal ones once."""
        room = self._bus.frame_limit - 100
        taken: list[msgspec.Raw] = []
        size = 0
        for encoded in dict.fromkeys(msgspec.json.encode(change) for change in changes):
            if taken and size + len(encoded) > room:
                yield self._frame(taken)
                taken, size = [], 0
            taken.append(msgspec.Raw(encoded))
            size += len(encoded) + 1
        if taken:
            yield self._frame(taken)

    def _frame(self, changes: Sequence[msgspec.Raw] = (), *, asks: bool = False, leaves: bool = False) -> bytes:
        return msgspec.json.encode(Frame(sender=self.id, changes=tuple(changes), asks=asks, leaves=leaves))
