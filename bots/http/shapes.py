"""The JSON that a firm's app and the gateway say to each other; the published schemas are made from this.

To us: a `MessageIn` or a signal, or a list of them. From us: a `MessageOut`, `TypingOut` or `Ping`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.messages import Ask, MediaKind

EVENTS = 100
PARTS = 10
TEXT_LIMIT = 20_000
INLINE_LIMIT = 64 * 1024
"""Bytes of a customer's file given inline; larger ones are given by their address."""

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
Id = Annotated[str, Meta(max_length=150, pattern=_NO_CONTROLS)]
Address = Annotated[str, Meta(max_length=150, pattern=_NO_CONTROLS)]
Name = Annotated[str, Meta(max_length=300)]
Words = Annotated[str, Meta(min_length=1, max_length=TEXT_LIMIT)]
Link = Annotated[str, Meta(pattern=r"^https?://[^\s]+$", max_length=2000)]
Moment = Annotated[datetime, Meta(tz=True)]
Base64 = Annotated[str, Meta(min_length=1, max_length=INLINE_LIMIT * 4 // 3 + 4)]


class In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what comes in: a field we do not know is an error, not a silent nothing."""


class Out(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what goes out: what is not said is left out."""


# --- to us: parts ----------------------------------------------------------------------------


class TextIn(In, frozen=True, kw_only=True, tag="text", tag_field="part"):
    """Written words."""

    text: Words


class MediaIn(In, frozen=True, kw_only=True, tag="media", tag_field="part"):
    """A file: by `url`, from where it is fetched when somebody looks at it, or inline as base64 `data`."""

    kind: MediaKind
    url: Link | None = None
    data: Base64 | None = None
    name: Name | None = None
    mime: Annotated[str, Meta(max_length=100)] | None = None
    size: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    caption: Words | None = None


class LocationIn(In, frozen=True, kw_only=True, tag="location", tag_field="part"):
    """A point on the map, WGS84 degrees."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    title: Name | None = None


class ContactIn(In, frozen=True, kw_only=True, tag="contact", tag_field="part"):
    """A telephone number; `own` where your app has proven that it is the sender's."""

    phone: Annotated[str, Meta(min_length=3, max_length=40)]
    name: Name | None = None
    own: bool = False


class PressIn(In, frozen=True, kw_only=True, tag="press", tag_field="part"):
    """A pressed button: its payload as we gave it, its label, and the id of our message above it."""

    payload: Annotated[str, Meta(min_length=1, max_length=256)]
    label: Name | None = None
    target: Id | None = None


class StartIn(In, frozen=True, kw_only=True, tag="start", tag_field="part"):
    """The customer opened the conversation, with the payload of the link they came by."""

    payload: Name | None = None


class EditIn(In, frozen=True, kw_only=True, tag="edit", tag_field="part"):
    """The customer changed their message `target` to `text`."""

    target: Id
    text: Words


class ReactionIn(In, frozen=True, kw_only=True, tag="reaction", tag_field="part"):
    """An emoji put on message `target`, or with `removed` taken off."""

    target: Id
    emoji: Annotated[str, Meta(min_length=1, max_length=32)]
    removed: bool = False


PartIn = TextIn | MediaIn | LocationIn | ContactIn | PressIn | StartIn | EditIn | ReactionIn

# --- to us: events ---------------------------------------------------------------------------


class SenderIn(In, frozen=True, kw_only=True):
    """Who wrote. `address` is where our reply goes; `person` your own id of a person who has several
    addresses; `verified` where your app has signed the person in."""

    address: Address
    person: Id | None = None
    name: Name | None = None
    username: Name | None = None
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$", max_length=35)] | None = None
    verified: bool = False


class MessageIn(In, frozen=True, kw_only=True, tag="message", tag_field="type"):
    """Something the customer said. `id` is yours and the same at each try: we take it once."""

    id: Id
    sender: SenderIn
    parts: Annotated[tuple[PartIn, ...], Meta(min_length=1, max_length=PARTS)]
    reply_to: Id | None = None
    at: Moment | None = None


class TypingIn(In, frozen=True, kw_only=True, tag="typing", tag_field="type"):
    """The customer is writing."""

    address: Address
    id: Id | None = None


class DeliveredIn(In, frozen=True, kw_only=True, tag="delivered", tag_field="type"):
    """Our message `message` is on the customer's screen."""

    address: Address
    message: Id
    id: Id | None = None


class ReadIn(In, frozen=True, kw_only=True, tag="read", tag_field="type"):
    """The customer has read our message `message`."""

    address: Address
    message: Id
    id: Id | None = None


class BlockedIn(In, frozen=True, kw_only=True, tag="blocked", tag_field="type"):
    """The customer wants to hear nothing more from us, or is gone."""

    address: Address
    id: Id | None = None


EventIn = MessageIn | TypingIn | DeliveredIn | ReadIn | BlockedIn
BodyIn = EventIn | Annotated[list[EventIn], Meta(min_length=1, max_length=EVENTS)]

# --- from us ---------------------------------------------------------------------------------


class TextOut(Out, frozen=True, kw_only=True, tag="text", tag_field="part"):
    """Words to show; with `markdown` they hold ``**bold**``, ``[label](https://…)`` and ``- lists``."""

    text: str
    markdown: bool = False


class MediaOut(Out, frozen=True, kw_only=True, tag="media", tag_field="part"):
    """A file of ours, inline as base64 `data`."""

    kind: MediaKind
    data: str
    name: str | None = None
    mime: str | None = None
    size: int | None = None
    caption: str | None = None


class LocationOut(Out, frozen=True, kw_only=True, tag="location", tag_field="part"):
    """A point on the map, WGS84 degrees."""

    latitude: float
    longitude: float
    title: str | None = None


class ContactOut(Out, frozen=True, kw_only=True, tag="contact", tag_field="part"):
    """A telephone number, with whose it is."""

    phone: str
    name: str | None = None


class EditOut(Out, frozen=True, kw_only=True, tag="edit", tag_field="part"):
    """Show `text` in place of our message `target` (only with the setting `edits`)."""

    target: str
    text: str


class ReactionOut(Out, frozen=True, kw_only=True, tag="reaction", tag_field="part"):
    """Put `emoji` on message `target`, or with `removed` take it off."""

    target: str
    emoji: str
    removed: bool = False


PartOut = TextOut | MediaOut | LocationOut | ContactOut | EditOut | ReactionOut


class ButtonOut(Out, frozen=True, kw_only=True):
    """A choice under a message: a `payload` to give back as a press, a `url` to open, or what to `ask` for."""

    label: str
    payload: str | None = None
    url: str | None = None
    ask: Ask | None = None


class MessageOut(Out, frozen=True, kw_only=True, tag="message", tag_field="type"):
    """Something to show to `address`. `id` is also the header `webhook-id`, and the same at each try."""

    channel: str
    address: str
    id: str
    parts: tuple[PartOut, ...]
    buttons: tuple[ButtonOut, ...] = ()
    reply_to: str | None = None


class TypingOut(Out, frozen=True, kw_only=True, tag="typing", tag_field="type"):
    """Somebody of ours is writing to `address` (only with the setting `typing`)."""

    channel: str
    address: str


class Ping(Out, frozen=True, kw_only=True, tag="ping", tag_field="type"):
    """`frontdesk doctor` asks whether you are there and know the secret: answer any 2xx."""

    channel: str


BodyOut = MessageOut | TypingOut | Ping


class AnswerIn(msgspec.Struct, frozen=True, kw_only=True):
    """What your app may answer with a 2xx: its own id of the message, for receipts, replies and reactions."""

    id: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
