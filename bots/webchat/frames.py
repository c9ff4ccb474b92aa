"""What a widget and the gateway say to each other: JSON frames over a socket, the same bodies over HTTP.

From the widget: `hello` (first on a socket), `message`, `typing`, `delivered`, `read`, `resume`, `ping`.
From the gateway: `welcome`, `messages`, `ack`, `error`, `typing`, `pong`.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from gateway.messages import Part, Value

FRAME_LIMIT = 64 * 1024
"""Bytes in one frame or body from a widget."""
TEXT_LIMIT = 20_000
MAX_PARTS = 10


# --- from the widget -------------------------------------------------------------------------


class Press(Value, frozen=True, kw_only=True):
    """A pressed quick reply: the payload we gave, the label shown, and the message it stood under."""

    payload: Annotated[str, Meta(min_length=1, max_length=256)]
    label: Annotated[str, Meta(max_length=300)] | None = None
    target: Annotated[str, Meta(max_length=64)] | None = None


class Hello(Value, frozen=True, kw_only=True, tag="hello", tag_field="type"):
    """Who speaks, how far they have read (None: nothing yet), and the language for our error texts."""

    token: str
    after: str | None = None
    language: str | None = None


class ClientMessage(Value, frozen=True, kw_only=True, tag="message", tag_field="type", rename={"reply_to": "replyTo"}):
    """Something the visitor says: any of `text`, `press`, `files` (ids of uploads) or whole `parts`.

    `id` is made by the widget and stays the same at each try; that is what makes a repeat harmless.
    `language` is the widget's.
    """

    id: UUID
    text: str | None = None
    press: Press | None = None
    files: Annotated[tuple[UUID, ...], Meta(max_length=MAX_PARTS)] = ()
    parts: Annotated[tuple[Part, ...], Meta(max_length=MAX_PARTS)] = ()
    reply_to: Annotated[str, Meta(max_length=64)] | None = None
    language: Annotated[str, Meta(max_length=16)] | None = None


class Typing(Value, frozen=True, kw_only=True, tag="typing", tag_field="type"):
    """The visitor is writing. Not stored."""


class Delivered(Value, frozen=True, kw_only=True, tag="delivered", tag_field="type"):
    """The widget holds everything up to `cursor`."""

    cursor: str


class Read(Value, frozen=True, kw_only=True, tag="read", tag_field="type"):
    """The visitor has had everything up to `cursor` before their eyes."""

    cursor: str


class Resume(Value, frozen=True, kw_only=True, tag="resume", tag_field="type"):
    """The widget noticed a gap: send again what follows `after`."""

    after: str | None = None


class Ping(Value, frozen=True, kw_only=True, tag="ping", tag_field="type"):
    """Is the line alive? (A page can neither send nor see the protocol's own pings.)"""


Frame = Hello | ClientMessage | Typing | Delivered | Read | Resume | Ping

# --- from the gateway ------------------------------------------------------------------------


class Ack(Value, frozen=True, kw_only=True, tag="ack", tag_field="type"):
    """Message `id` is committed; the widget may forget it."""

    id: str


class Pong(Value, frozen=True, kw_only=True, tag="pong", tag_field="type"):
    """The answer to `ping`."""


class Fault(Value, frozen=True, kw_only=True, tag="error", tag_field="type"):
    """A frame was not taken. `id` names the message it was about, `message` says why in the visitor's
    language; with `retry` the same frame may succeed later, without it never."""

    code: str
    message: str
    id: str | None = None
    retry: bool = False


class SomebodyTyping(Value, frozen=True, kw_only=True, tag="typing", tag_field="type"):
    """Somebody of ours is writing; show it for a few seconds."""


class Welcome(Value, frozen=True, kw_only=True, tag="welcome", tag_field="type"):
    """The token was good; `token` is a fresh one where the old one grows old."""

    token: str | None = None


class Malformed(Exception):
    """A frame that cannot be taken; `code` is for programs, `id` the message's where it could be read."""

    def __init__(self, code: str, message_id: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.id = message_id


class _Named(msgspec.Struct):
    """Just enough of a bad frame to say which message it was."""

    id: Annotated[str, Meta(max_length=64)] | None = None


_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_named = msgspec.json.Decoder(_Named)
_encoder = msgspec.json.Encoder()


def read_frame(raw: bytes) -> Frame:
    """The frame in `raw`. Raises Malformed: ``too_large`` or ``malformed``."""
    if len(raw) > FRAME_LIMIT:
        raise Malformed("too_large")
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Malformed("malformed", _name(raw)) from None


def encode(frame: Value) -> str:
    """The text of a frame to a widget."""
    return _encoder.encode(frame).decode()


def _name(raw: bytes) -> str | None:
    try:
        return _named.decode(raw).id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
