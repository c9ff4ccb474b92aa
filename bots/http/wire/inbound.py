"""A signed body → envelopes, and a stored envelope → an Event.

Who sends us something is a program that can be mended: what is wrong is refused with 400 and named, and
nothing of that request is stored. Only an event of a `type` that we do not know passes, as Ignored, so that
an app may be newer than the gateway.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from bots.http import shapes
from gateway.channels import Envelope
from gateway.errors import RequestRefused, Unreadable
from gateway.messages import (
    ButtonPress,
    ContactCard,
    Edit,
    Event,
    Ignored,
    Inbound,
    Location,
    Media,
    Part,
    Reaction,
    Sender,
    Signal,
    SignalKind,
    Start,
    Text,
    clean_text,
)

DATA = "data:base64,"
"""How the `Media.ref` of a file that came inline begins."""


class _Typed(msgspec.Struct, frozen=True, kw_only=True):
    """Just enough of an event to know whether we know it."""

    type: str
    id: shapes.Id | None = None


_list = msgspec.json.Decoder(list[msgspec.Raw])
_typed = msgspec.json.Decoder(_Typed)
_event: msgspec.json.Decoder[shapes.EventIn] = msgspec.json.Decoder(shapes.EventIn)
KNOWN = frozenset({"message", "typing", "delivered", "read", "blocked"})


def cut(body: bytes, webhook_id: str) -> tuple[Envelope, ...]:
    """The envelopes in `body`. Raises RequestRefused(400 or 413) that names the field and the remedy."""
    if body.lstrip()[:1] != b"[":
        return (_envelope(body, webhook_id, ""),)
    try:
        raw = _list.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _not_json() from None
    if not 0 < len(raw) <= shapes.EVENTS:
        raise RequestRefused(400, f"a list holds 1–{shapes.EVENTS} events, this one {len(raw)}: send several requests")
    envelopes = tuple(_envelope(bytes(one), f"{webhook_id}.{place}", f"[{place}]") for place, one in enumerate(raw))
    if len({envelope.platform_id for envelope in envelopes}) < len(envelopes):
        raise RequestRefused(400, "two events of this list have the same id: give each its own")
    return envelopes


def parse(body: bytes) -> Event:
    """Read one stored event. Raises Unreadable."""
    try:
        if _typed.decode(body).type not in KNOWN:
            return Ignored(reason="an event of a type we do not know")
        return _event_of(_event.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, binascii.Error):
        raise Unreadable("not an event of the HTTP channel") from None


# --- envelopes -------------------------------------------------------------------------------


def _envelope(raw: bytes, fallback: str, place: str) -> Envelope:
    """`fallback` names an event that brings no id of its own: it is as stable as the request's id."""
    typed = _look(raw, place)
    if typed.type not in KNOWN:
        return Envelope(platform_id=f"event:{typed.id or fallback}", address=None, body=raw)
    try:
        event = _event.decode(raw)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(error, place) from None
    if isinstance(event, shapes.MessageIn):
        _check_files(event, place)
        return Envelope(platform_id=f"message:{event.id}", address=event.sender.address, body=raw)
    return Envelope(platform_id=f"event:{event.id or fallback}", address=event.address, body=raw)


def _look(raw: bytes, place: str) -> _Typed:
    try:
        return _typed.decode(raw)
    except msgspec.ValidationError as error:
        raise _refusal(error, place) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _not_json() from None


def _check_files(message: shapes.MessageIn, place: str) -> None:
    for number, part in enumerate(message.parts):
        if not isinstance(part, shapes.MediaIn):
            continue
        where = f"{place}.parts[{number}]".lstrip(".")
        if (part.url is None) == (part.data is None):
            raise RequestRefused(400, f"{where}: give either `url` or `data`")
        if part.data is not None and _inline_size(part.data, where) > shapes.INLINE_LIMIT:
            raise _too_large(where)


def _inline_size(data: str, where: str) -> int:
    try:
        return len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise RequestRefused(400, f"{where}.data: must be base64 (RFC 4648, section 4)") from None


def _too_large(where: str) -> RequestRefused:
    limit = shapes.INLINE_LIMIT // 1024
    return RequestRefused(413, f"{where}.data: holds more than {limit} KiB: give the file by `url` instead")


def _refusal(error: Exception, place: str) -> RequestRefused:
    """msgspec says “… - at `$.parts[0].text`”: field first, then what is wrong. Never a value."""
    text, _, path = str(error).partition(" - at `")
    where = (place + path.rstrip("`").removeprefix("$")).lstrip(".") or "the event"
    if where.endswith(".data") and "length" in text:
        return _too_large(where.removesuffix(".data"))
    if text.startswith(("Invalid value", "Invalid enum value")):  # the only ones that repeat what was given
        text = "Is not one of the values the schema names"
    return RequestRefused(400, f"{where}: {text[:1].lower()}{text[1:200]} (see the schema of the HTTP channel)")


def _not_json() -> RequestRefused:
    return RequestRefused(400, "the body is not JSON in UTF-8: send one event, or a list of them")


# --- events ----------------------------------------------------------------------------------


def _event_of(event: shapes.EventIn) -> Event:
    match event:
        case shapes.MessageIn():
            return _inbound(event)
        case shapes.TypingIn():
            return Signal(kind=SignalKind.TYPING, address=event.address)
        case shapes.DeliveredIn():
            return Signal(kind=SignalKind.DELIVERED, address=event.address, platform_id=event.message)
        case shapes.ReadIn():
            return Signal(kind=SignalKind.READ, address=event.address, platform_id=event.message)
        case shapes.BlockedIn():
            return Signal(kind=SignalKind.BLOCKED, address=event.address)


def _inbound(message: shapes.MessageIn) -> Inbound:
    sender = message.sender
    return Inbound(
        sender=Sender(
            address=sender.address,
            person=sender.person,
            name=_clean(sender.name),
            username=_clean(sender.username),
            language=sender.language.partition("-")[0].lower() if sender.language else None,
            verified=sender.verified,
        ),
        parts=_parts(message.parts),
        platform_id=message.id,
        reply_to=message.reply_to,
        sent_at=message.at,
    )


def _parts(parts: Sequence[shapes.PartIn]) -> tuple[Part, ...]:
    return tuple(_part(part) for part in parts)


def _part(part: shapes.PartIn) -> Part:
    match part:
        case shapes.TextIn():
            return Text(text=clean_text(part.text))
        case shapes.MediaIn():
            return _media(part)
        case shapes.LocationIn():
            return Location(latitude=part.latitude, longitude=part.longitude, title=_clean(part.title))
        case shapes.ContactIn():
            return ContactCard(phone=clean_text(part.phone), name=_clean(part.name), own=part.own)
        case shapes.PressIn():
            return ButtonPress(payload=clean_text(part.payload), label=_clean(part.label), target=part.target)
        case shapes.StartIn():
            return Start(payload=_clean(part.payload))
        case shapes.EditIn():
            return Edit(target=part.target, text=clean_text(part.text))
        case shapes.ReactionIn():
            return Reaction(target=part.target, emoji=clean_text(part.emoji), removed=part.removed)


def _media(part: shapes.MediaIn) -> Media:
    inline = part.data is not None
    return Media(
        kind=part.kind,
        ref=f"{DATA}{part.data}" if inline else str(part.url),
        name=_clean(part.name),
        mime=_clean(part.mime),
        size=len(base64.b64decode(part.data or "")) if inline else part.size,
        caption=_clean(part.caption),
    )


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)
