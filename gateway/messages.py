"""What people say: the parts of a message, and the messages that come in and go out.

Everything here is a plain value. Channels translate their platform's JSON to and from these (see
`bots/*/wire.py`); storage keeps `parts` as JSON made by `encode_parts`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all values: frozen, slotted, keyword-only, comparable, JSON-serialisable."""


# --- parts -----------------------------------------------------------------------------------


class Text(Value, frozen=True, kw_only=True, tag="text", tag_field="part"):
    """Written words. `markdown` is true for our own texts with light Markdown (bold, lists, links).

    `rest` is what was cut off from what is shown (the quotes and the signature of a mail), `page` the
    ``file:<id>`` of the sanitised HTML that the words were read from; both are kept for who wants to see them.
    """

    text: str
    markdown: bool = False
    rest: str | None = None
    page: str | None = None


class MediaKind(StrEnum):
    """What a media part is, as a person would call it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    STICKER = "sticker"
    FILE = "file"


class Media(Value, frozen=True, kw_only=True, tag="media", tag_field="part"):
    """A file. `ref` is how its bytes are found: ``file:<id>`` in our media store, else the
    platform's own handle (Telegram file_id), fetched through the channel. `size` is in bytes."""

    kind: MediaKind
    ref: str
    name: str | None = None
    mime: str | None = None
    size: int | None = None
    caption: str | None = None


class Location(Value, frozen=True, kw_only=True, tag="location", tag_field="part"):
    """A point on the map, in WGS84 degrees."""

    latitude: float
    longitude: float
    title: str | None = None


class ContactCard(Value, frozen=True, kw_only=True, tag="contact", tag_field="part"):
    """A shared address-book entry. `own` is true where the platform vouches that it is the sender's."""

    phone: str
    name: str | None = None
    own: bool = False


class ButtonPress(Value, frozen=True, kw_only=True, tag="press", tag_field="part"):
    """A pressed button: the payload we gave it, its label if known, and the message it sat under."""

    payload: str
    label: str | None = None
    target: str | None = None


class Start(Value, frozen=True, kw_only=True, tag="start", tag_field="part"):
    """The conversation was opened (Telegram ``/start``, a widget's first click) with a deep-link payload."""

    payload: str | None = None


class Edit(Value, frozen=True, kw_only=True, tag="edit", tag_field="part"):
    """The sender changed an earlier message; `target` is that message's platform id."""

    target: str
    text: str


class Reaction(Value, frozen=True, kw_only=True, tag="reaction", tag_field="part"):
    """An emoji put on (or, with `removed`, taken off) the message with platform id `target`."""

    target: str
    emoji: str
    removed: bool = False


Part = Text | Media | Location | ContactCard | ButtonPress | Start | Edit | Reaction

_decoder = msgspec.json.Decoder(tuple[Part, ...])
_encoder = msgspec.json.Encoder()


def encode_parts(parts: Sequence[Part]) -> str:
    """The JSON text under which storage keeps `parts`."""
    return _encoder.encode(tuple(parts)).decode()


def decode_parts(stored: str) -> tuple[Part, ...]:
    """The inverse of `encode_parts`; raises msgspec.ValidationError on foreign JSON."""
    return _decoder.decode(stored)


# --- buttons ---------------------------------------------------------------------------------


class Ask(StrEnum):
    """What a button asks the messenger itself to share."""

    PHONE = "phone"
    LOCATION = "location"


class Button(Value, frozen=True, kw_only=True):
    """A choice under an outbound message: either a `payload` that comes back as a ButtonPress,
    a `url` to open, or an `ask` for the sender's phone or place. Payloads stay ≤ 64 bytes
    (Telegram's callback_data, https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

    label: str
    payload: str | None = None
    url: str | None = None
    ask: Ask | None = None


# --- in and out ------------------------------------------------------------------------------


class Sender(Value, frozen=True, kw_only=True):
    """Who wrote, as the platform tells it. `address` is where a reply goes (chat id, visitor id, e-mail).

    `person` is the platform's own id of a person who has several addresses there (a Slack user in two
    threads): addresses of one channel with one `person` are one Contact's.
    """

    address: str
    person: str | None = None
    name: str | None = None
    username: str | None = None
    language: str | None = None
    verified: bool = False


class Inbound(Value, frozen=True, kw_only=True):
    """One thing a customer said. `platform_id` is the platform's id of this message (for replies,
    edits and reactions), `reply_to` that of the message it answers; `sent_at` is the platform's clock. `quiet`
    asks that no program answers: a person does."""

    sender: Sender
    parts: tuple[Part, ...]
    platform_id: str | None = None
    reply_to: str | None = None
    sent_at: datetime | None = None
    quiet: bool = False


class SignalKind(StrEnum):
    """News that is not a message."""

    TYPING = "typing"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    BLOCKED = "blocked"


class Signal(Value, frozen=True, kw_only=True):
    """Typing, a receipt (for `platform_id`), or that the customer blocked us or the address is gone.

    `platform_id` with FAILED or BLOCKED names the message that did not arrive after all, `reason` why, short
    and machine-like (``5.1.1``).
    """

    kind: SignalKind
    address: str
    platform_id: str | None = None
    reason: str | None = None


class Echo(Value, frozen=True, kw_only=True):
    """Something our own account said there without us (a host application's bot, the platform's own inbox).

    It belongs in the transcript and is never sent. `address` is the customer's, `platform_id` the message's.
    """

    address: str
    parts: tuple[Part, ...]
    buttons: tuple[Button, ...] = ()
    platform_id: str | None = None
    sent_at: datetime | None = None


class Moved(Value, frozen=True, kw_only=True):
    """The platform gave the chat at `address` another one, `to` (a Telegram group became a supergroup): who writes
    there is who wrote here."""

    address: str
    to: str


class Ignored(Value, frozen=True, kw_only=True):
    """An authentic event that says nothing to a gateway (a poll, an unknown update type)."""

    reason: str


Event = Inbound | Signal | Echo | Moved | Ignored


class Author(StrEnum):
    """Who said a message."""

    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Direction(StrEnum):
    """Which way a message went; a note goes nowhere (agents only)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    NOTE = "note"


class Outbound(Value, frozen=True, kw_only=True):
    """One thing we say, before it is fitted to a channel (see `rendering`)."""

    parts: tuple[Part, ...]
    buttons: tuple[Button, ...] = ()
    author: Author = Author.BOT
    agent_id: int | None = None
    reply_to: int | None = None
    article: str | None = None


class Message(Value, frozen=True, kw_only=True):
    """A stored message: `seq` counts from 1 within its conversation, without gaps, in commit order."""

    id: int
    conversation_id: int
    seq: int
    direction: Direction
    author: Author
    channel: str
    parts: tuple[Part, ...]
    created_at: datetime
    buttons: tuple[Button, ...] = ()
    agent_id: int | None = None
    platform_id: str | None = None
    reply_to: int | None = None
    article: str | None = None


# --- text hygiene ----------------------------------------------------------------------------

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without what databases and sockets refuse: NUL goes, a lone surrogate becomes U+FFFD.

    Right-to-left marks and zero-width characters are people's own and stay.
    """
    return _SURROGATE.sub("�", text.replace("\x00", ""))


def plain_text(parts: Sequence[Part]) -> str:
    """The words a person typed in `parts`: texts, captions and new texts of edits, joined by newlines."""
    words = []
    for part in parts:
        match part:
            case Text(text=text) | Edit(text=text):
                words.append(text)
            case Media(caption=str(caption)):
                words.append(caption)
            case _:
                continue
    return "\n".join(words)


def has_attachment(parts: Sequence[Part]) -> bool:
    """Whether `parts` hold something only a person can read (a file, a photo, a voice note)."""
    return any(isinstance(part, Media) and part.kind is not MediaKind.STICKER for part in parts)
