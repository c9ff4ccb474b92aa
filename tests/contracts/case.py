"""What a kind of channel supplies so that the contract suite can hold it to its promises.

A kind has `tests/bots/<kind>/contract.py` with a subclass of `ChannelCase` named `Case`. The suite enters it
(`async with`) for each test: that starts a local stand-in for the platform and builds `channel`. What the
case says of itself is data (what the platform lacks, and why); what it does is to bring requests as the
platform would, and to tell what a customer would see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from gateway.channels import Channel, Envelope, Send
from gateway.errors import Ambiguous, NotFound, Rejected, SendError, Throttled, Unreachable
from gateway.messages import Event, Outbound, Value
from gateway.rendering import fit

RETRY_AFTER = 7
"""Seconds that the stand-in names with `Reply.THROTTLED`."""

FILES = {"file:7": "рахунок".encode(), "file:8": b"\xff\xd8\xff\xe0 a photo"}
"""What our media store holds in this suite."""


class Files:
    """Our media store."""

    async def read(self, ref: str) -> bytes:
        if ref not in FILES:
            raise NotFound(ref)
        return FILES[ref]


class Reply(StrEnum):
    """How a platform may take the next send."""

    THROTTLED = "throttled"
    """Refused for now: 429 with Retry-After (or the platform's own field) of RETRY_AFTER seconds."""
    REFUSED = "refused"
    """Refused for good: a 4xx about this message or address."""
    TOO_LARGE = "too large"
    """Refused for its size: 413, or the platform's own word for it."""
    BROKEN = "broken"
    """500, and nobody knows whether it was taken (the stand-in did not)."""
    GARBLED = "garbled"
    """A 2xx whose body is not what the platform's reference says."""
    RESET = "reset"
    """The request was read, then the connection is cut. The stand-in did not take it."""
    LOST = "lost"
    """The message was taken, then the connection is cut before the answer."""
    SILENT = "silent"
    """The request was read, then nothing comes until the channel gives up (its time limit is short here)."""


MEANS: Mapping[Reply, type[SendError]] = {
    Reply.THROTTLED: Throttled,
    Reply.REFUSED: Rejected,
    Reply.TOO_LARGE: Rejected,
    Reply.BROKEN: Ambiguous,
    Reply.GARBLED: Ambiguous,
    Reply.RESET: Ambiguous,
    Reply.LOST: Ambiguous,
    Reply.SILENT: Ambiguous,
}
NOT_CONNECTED: type[SendError] = Unreachable
"""What nobody listening, and a connection that never comes, must mean: nothing was sent."""


class Arrival(Value, frozen=True, kw_only=True):
    """Something the platform brings (`given` is for the case's own `bring`), and what it must be read as.

    An event that no envelope has (a hint that is not stored) is not in `events`.
    """

    given: Any
    events: tuple[Event, ...]


class Shown(Value, frozen=True, kw_only=True):
    """What a customer sees of one message of ours: all its `words` (text, caption, a contact's name and
    number, an address), the labels of what can be pressed, the files' bytes, and a place on the map."""

    address: str
    words: str = ""
    choices: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()
    place: tuple[float, float] | None = None


class ChannelCase(ABC):
    """One kind of channel over a local stand-in; `variant` is one of `variants` (a driver, a mode)."""

    kind: ClassVar[str]
    variants: ClassVar[tuple[str, ...]] = ("",)
    address: ClassVar[str]
    """The customer we write to."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """What must never stand in an error's text or a log (tokens; the suite adds address and words)."""

    # What the platform lacks, each with the reason. An empty text means that it has it.
    no_signature: ClassVar[str] = ""
    """Nothing is signed and there is no secret: `forgeries` is empty."""
    no_body_signature: ClassVar[str] = ""
    """A secret proves the sender, the bytes are not signed: `respelled` and `tampered` are not asked."""
    no_replay_window: ClassVar[str] = ""
    """The platform stamps no time: `stale` is not asked."""
    no_unknown: ClassVar[str] = ""
    """There can be no type we do not know: `unknown` is not asked."""
    no_files_in: ClassVar[str] = ""
    """Customers cannot send files: `file` and `large_file` are not asked."""
    no_large_file: ClassVar[str] = ""
    """A file's size is limited before it comes to `fetch`: `large_file` is not asked."""
    no_connection: ClassVar[str] = ""
    """Sends do not go over the network: no `Reply` and no `at` are asked."""
    cannot: ClassVar[Mapping[Reply, str]] = {}
    """Replies this platform cannot give, each with the reason."""
    lacks: ClassVar[Mapping[str, str]] = {}
    """Parts (by their tag: text, media, location, contact, press, start, edit, reaction) that customers of
    this platform cannot send, each with the reason."""
    unreadable_status: ClassVar[int | None] = None
    """Where an unreadable body is refused and not put aside (the sender can mend it): with which status."""

    channel: Channel

    def __init__(self, variant: str, folder: Path) -> None:
        self.variant = variant
        self.folder = folder

    # --- life --------------------------------------------------------------------------------

    @abstractmethod
    async def start(self) -> None:
        """Start the stand-in and build `self.channel` over it (media store: `Files()`), with time limits
        of well under a second."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop what `start` started; the suite has closed the channel before."""

    # --- in ----------------------------------------------------------------------------------

    @abstractmethod
    def arrivals(self) -> Mapping[str, Arrival]:
        """Genuine events by name, at least one for each part that customers can send."""

    async def bring(self, given: Any) -> Sequence[Envelope]:
        """Bring it as the platform would; what intake is handed. Raises RequestRefused where it is refused."""
        return self.channel.receive(given).envelopes

    def normal(self, event: Event) -> Event:
        """`event` without what no case can know before (a time that the gateway itself stamps)."""
        return event

    def repeat(self, given: Any) -> Any:
        """The same event as the platform sends it again (a new timestamp, a retry header)."""
        return given

    def forgeries(self) -> Mapping[str, Any]:
        """What a stranger may try, by name: no signature, a wrong one, another's secret…"""
        return {}

    def respelled(self) -> Arrival:
        """Genuine, and its bytes are spelled as no encoder of ours would (blanks, order, escapes)."""
        raise AssertionError("a case without `no_body_signature` tells `respelled`")

    def tampered(self) -> Any:
        """`respelled` with other blanks and the old signature: the same JSON, other bytes."""
        raise AssertionError("a case without `no_body_signature` tells `tampered`")

    def stale(self) -> Mapping[str, Any]:
        """Rightly signed, but of a time outside the platform's window: long ago, far ahead."""
        raise AssertionError("a case without `no_replay_window` tells `stale`")

    @abstractmethod
    def unreadable(self) -> Any:
        """Authentic, and no JSON (or no mail, …) at all."""

    def unknown(self) -> Any:
        """Authentic, of a type that does not exist yet."""
        raise AssertionError("a case without `no_unknown` tells `unknown`")

    def mixed(self) -> Arrival | None:
        """One request with several events, one of an unknown type in their midst; None where a request
        has one event only."""
        return None

    async def file(self) -> tuple[str, bytes]:
        """A customer's file: its media `ref`, and its bytes."""
        raise AssertionError("a case without `no_files_in` tells `file`")

    async def large_file(self) -> str:
        """The `ref` of a customer's file that is larger than the channel fetches."""
        raise AssertionError("a case without `no_files_in` and `no_large_file` tells `large_file`")

    # --- out ---------------------------------------------------------------------------------

    async def say(self, outbound: Outbound, key: str = "1") -> list[str | None]:
        """Fit `outbound` and send it as the outbox would; the platform's ids. Raises SendError."""
        fitted = fit(outbound, self.channel.capabilities)
        last = len(fitted.parts) - 1
        return [
            await self.channel.send(
                Send(
                    address=self.address,
                    part=part,
                    key=f"{key}.{index}",
                    buttons=fitted.buttons if index == last else (),
                )
            )
            for index, part in enumerate(fitted.parts)
        ]

    @abstractmethod
    async def shown(self) -> Sequence[Shown]:
        """What customers have seen since `start`, in order. A platform that drops repeats shows them once."""

    def reply(self, reply: Reply) -> None:
        """Take the next send like this (those after it well)."""
        raise AssertionError("a case without `no_connection` tells how the platform replies")

    def at(self, host: str, port: int) -> Channel:
        """Another channel of the same settings whose platform is at this TCP address; the suite closes it."""
        raise AssertionError("a case without `no_connection` can be at another address")

    # --- for the suite -----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.channel.close()
        finally:
            await self.stop()
