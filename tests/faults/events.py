"""What an outsider sees of the gateway: the log that the checker reads, and nothing else.

Everybody outside writes into one append-only file, as it happens, on one clock: the customers what they posted
and what was acknowledged, the messenger what it was sent and whether it answered, and whoever ends or
stalls a process that they did. `at` is seconds of the monotonic clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="event"):
    """Something that happened outside the gateway."""

    at: float = msgspec.field(default_factory=time.monotonic)


class Posted(Event, frozen=True, kw_only=True):
    """A customer's words went to the gateway: number `n` of `chat`, as the platform's `update`."""

    update: int
    chat: int
    n: int


class Acked(Event, frozen=True, kw_only=True):
    """The gateway took responsibility for `update` with a 2xx."""

    update: int


class Sent(Event, frozen=True, kw_only=True):
    """The messenger has received a whole sendMessage from the process of life number `life`."""

    send: int
    life: int
    chat: int
    text: str


class Answered(Event, frozen=True, kw_only=True):
    """The messenger's answer to `send` is about to leave; where this is missing, it never left."""

    send: int


class How(StrEnum):
    """How a process was interrupted."""

    KILLED = "killed"
    STALLED = "stalled"
    STOPPED = "stopped"


class Cut(Event, frozen=True, kw_only=True):
    """The process of `life` was killed, stalled for longer than its leases last, or told to stop."""

    life: int
    how: How


class Seen(Event, frozen=True, kw_only=True):
    """A web-chat visitor was given message `seq` of `conversation`, in this order."""

    conversation: int
    seq: int
    author: str
    text: str


AnyEvent = Posted | Acked | Sent | Answered | Cut | Seen


class Logbook:
    """An append-only file of events, one JSON line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)

    def write(self, event: AnyEvent) -> None:
        """Append `event`."""
        self._file.write(msgspec.json.encode(event) + b"\n")

    def read(self) -> list[AnyEvent]:
        """Everything that was written, in order."""
        return list(decode(self.path.read_bytes().splitlines()))

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()


def decode(lines: Iterable[bytes]) -> Iterable[AnyEvent]:
    """The events on `lines`."""
    decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
    return (decoder.decode(line) for line in lines)


def words(chat: int, n: int, update: int) -> str:
    """What a customer writes: enough to recognise it in the answer."""
    return f"{chat}.{n}.{update}"


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """An answer taken apart: the customer's words, and the mark of the turn that made it."""

    chat: int
    n: int
    update: int
    turn: str


def read_echo(text: str) -> Echo | None:
    """The inverse of `words` with the turn's mark behind ``#``; None for any other text."""
    said, _, turn = text.partition("#")
    numbers = said.split(".")
    if len(numbers) != 3 or not turn or not all(number.isdigit() for number in numbers):
        return None
    chat, n, update = map(int, numbers)
    return Echo(chat=chat, n=n, update=update, turn=turn)
