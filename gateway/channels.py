"""What a channel is: one configured messenger connection, and what it can do, as data.

A channel kind lives in `bots/<kind>/` and registers a `ChannelKind`. The gateway knows only this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from gateway.live import Change
from gateway.messages import Author, Button, Event, MediaKind, Part, Value

if TYPE_CHECKING:
    from gateway.settings import Company
    from gateway.storage.engine import Database
    from gateway.storage.media import StoredFile
    from gateway.texts import Texts


class Idempotency(StrEnum):
    """What may be done after a send whose outcome is not known (DESIGN, promises: outbound)."""

    KEYED = "keyed"  # the platform drops a repeat with the same key: just send again
    RECONCILED = "reconciled"  # the platform can be asked: look before sending again
    NEITHER = "neither"  # the delivery is `unknown`; policy decides


class Markup(StrEnum):
    """How formatted text is written for a channel."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"


class Rate(Value, frozen=True, kw_only=True):
    """How fast a channel may send: messages a second overall and to one address, with a burst each."""

    per_second: float
    burst: int
    per_address: float | None = None
    address_burst: int = 1


class Capabilities(Value, frozen=True, kw_only=True):
    """What a channel can carry. Lengths are in characters (UTF-16 units where `utf16`)."""

    text_limit: int
    markup: Markup
    idempotency: Idempotency
    utf16: bool = False
    caption_limit: int = 0
    buttons: int = 0
    button_label_limit: int = 64
    url_buttons: bool = False
    ask_buttons: bool = False
    media: frozenset[MediaKind] = frozenset()
    media_limit: int = 0
    location: bool = False
    edits: bool = False
    typing: bool = False
    rate: Rate | None = None
    stored: bool = False
    """True where our own database is the transport (web chat): the commit is the send."""
    address_is: str | None = None
    """``email`` or ``phone`` where an address of a verified sender is one: it is then proven to be theirs."""
    person_is: str | None = None
    """``account`` where `Sender.person` of a verified sender is the firm's own name for its customer."""


class WebhookRequest(Value, frozen=True, kw_only=True):
    """An HTTP request to a channel's webhook: header names in lower case, the body as it came."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


UNREADABLE = "unreadable:"
"""How the `platform_id` of an authentic body that could not be read begins (its digest follows)."""


class Envelope(Value, frozen=True, kw_only=True):
    """One event as it will be stored: `platform_id` makes it unique within the channel, `address`
    says whose it is (messages of one address are processed in order; None for events of nobody),
    `body` is the raw event."""

    platform_id: str
    address: str | None
    body: bytes


class Receipt(Value, frozen=True, kw_only=True):
    """What a webhook brought: envelopes to store, and what to answer the platform after the commit."""

    envelopes: tuple[Envelope, ...]
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


class Send(Value, frozen=True, kw_only=True):
    """One request to the platform, already fitted to its capabilities: one text or one file or one
    place, with its buttons. `key` is the same at each try (for keyed and reconciled channels)."""

    address: str
    part: Part
    key: str
    buttons: tuple[Button, ...] = ()
    reply_to: str | None = None
    author: Author | None = None
    """Who says it, for platforms that want robots to be known as such; None where it is not known."""
    inbox: int | None = None
    """The inbox row whose turn said this, for the logs; None for what no customer's message led to."""


Intake = Callable[[str, Sequence[Envelope]], Awaitable[None]]
"""(channel name, envelopes) → returns once they are committed. Raises StorageUnavailable."""


class Channel(Protocol):
    """One configured connection. Pure translation is in the kind's `wire` module, I/O here."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def receive(self, request: WebhookRequest) -> Receipt:
        """Verify over the raw bytes and cut into envelopes.

        Raises RequestRefused (401/403 forged, 400/413 unusable). A body that is authentic but cannot
        be read gives an envelope of nobody under an UNREADABLE id, which intake quarantines.
        """
        ...

    def parse(self, body: bytes) -> Event:
        """Read one stored envelope. Raises Unreadable."""
        ...

    async def send(self, send: Send) -> str | None:
        """Send once; returns the platform's message id. Raises SendError subclasses only."""
        ...

    async def typing(self, address: str) -> None:
        """Show that somebody is writing; best effort, never raises SendError."""
        ...

    def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """Stream the bytes behind a platform's media handle. Raises NotFound or SendError."""
        ...

    async def run(self, intake: Intake) -> None:
        """Live until cancelled: poll where the channel polls, register webhooks, keep clients open."""
        ...

    async def close(self) -> None:
        """Let go of connections; a later `send` opens them again."""
        ...


@runtime_checkable
class Reconciling(Protocol):
    """A channel whose platform can be asked what arrived: for `Idempotency.RECONCILED`.

    A send must then carry `Send.key` where the platform keeps it (Slack's metadata, a Message-ID).
    """

    async def find_sent(self, send: Send, since: datetime) -> str | None:
        """The platform's id of the message where `send` arrived, None where it surely did not.

        `since` (aware) is no later than the first try, by our clock; leave the platform's clock some room.
        Asking changes nothing. Raises SendError subclasses only, where the platform cannot be asked.
        """
        ...


@runtime_checkable
class Continuable(Protocol):
    """A channel that a link opens with a payload, which then comes as `Start`."""

    async def prepare(self) -> None:
        """Learn what links need (a bot's name). Raises SendError subclasses only; asked again later then."""
        ...

    def link(self, payload: str) -> str | None:
        """The address that opens the channel with `payload`; None while that is not known. No I/O."""
        ...


class MediaSource(Protocol):
    """What a channel needs of our media store to send a file of ours."""

    async def read(self, ref: str) -> bytes:
        """The bytes behind ``file:<id>``. Raises NotFound."""
        ...


@runtime_checkable
class MediaKeeper(MediaSource, Protocol):
    """A media store that takes files as well, for channels whose platform will not keep a customer's file."""

    async def save(
        self, stream: AsyncIterator[bytes], *, name: str | None, mime: str | None, owner: str, limit: int
    ) -> StoredFile:
        """See `gateway.media.MediaStore.save`; `owner` is ``identity:<id>``."""
        ...


class ChannelTools(Value, frozen=True, kw_only=True):
    """What the gateway hands a channel when building it."""

    media: MediaSource
    public_url: str | None
    """Where the platform reaches us, without a trailing slash; None where unknown (then polling)."""
    publish: Callable[[Sequence[Change]], None] | None = None
    """Hints to live screens (`Live.publish`), for channels whose customers watch sockets of ours."""
    database: Database | None = None
    """For channels that must remember (how far a mailbox was read), in tables of their own."""
    company: Company | None = None
    texts: Texts | None = None
    """For channels with words of their own beside a message (a mail's "On …, … wrote:")."""
    sends: bool = True
    """Whether this process sends all day. Where not, what only sending needs may be loaded at its first use."""


class ChannelKind(msgspec.Struct, frozen=True, kw_only=True):
    """A registration: the kind's name, its settings class (a frozen msgspec.Struct with documented
    fields), and how to build a channel from checked settings."""

    name: str
    settings: type[Any]
    build: Callable[[str, Any, ChannelTools], Channel]
