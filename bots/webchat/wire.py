"""The pure translation between widget frames and our values. No I/O, no clock.

Inbound: a `ClientMessage` is checked, stamped with what only the server may say (visitor, time, facts
about files), stored as the envelope's body, and later parsed back into an `Inbound`.
Outbound: a stored `Message` becomes the frame a widget shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from bots.webchat.frames import MAX_PARTS, TEXT_LIMIT, ClientMessage, Malformed
from gateway.channels import Envelope
from gateway.errors import Unreadable
from gateway.media import PREFIX, kind_of
from gateway.messages import (
    ButtonPress,
    ContactCard,
    Direction,
    Edit,
    Inbound,
    Location,
    Media,
    Message,
    Part,
    Reaction,
    Sender,
    Start,
    Text,
    Value,
    clean_text,
)
from gateway.settings import LANGUAGES

NAME_LIMIT = 300

FileLink = Callable[[str], str]
"""(file id) → the address under which this visitor's widget loads it."""


class FileFacts(Value, frozen=True, kw_only=True):
    """What the media store knows of an upload; a widget is not believed about it."""

    name: str | None = None
    mime: str | None = None
    size: int | None = None


class Stamped(Value, frozen=True, kw_only=True):
    """The stored body of one inbound message."""

    visitor: str
    at: datetime
    message: ClientMessage
    files: dict[str, FileFacts] = msgspec.field(default_factory=dict)


_stamped = msgspec.json.Decoder(Stamped)

# --- in --------------------------------------------------------------------------------------


def file_ids(message: ClientMessage) -> list[str]:
    """The uploads that `message` names. Raises Malformed where a media part is no upload of ours."""
    named = [str(file) for file in message.files]
    for part in message.parts:
        if isinstance(part, Media):
            if not part.ref.startswith(PREFIX):
                raise Malformed("unknown_file", str(message.id))
            named.append(part.ref.removeprefix(PREFIX))
    return named


def check(message: ClientMessage) -> None:
    """Raises Malformed (``too_long``, ``empty``, ``too_many``) with the message's id."""
    name = str(message.id)
    texts = [message.text or "", *(_words(part) for part in message.parts)]
    if any(len(text) > TEXT_LIMIT for text in texts):
        raise Malformed("too_long", name)
    if len(message.parts) + len(message.files) > MAX_PARTS:
        raise Malformed("too_many", name)
    if not (message.press or message.files or message.parts or clean_text(message.text or "").strip()):
        raise Malformed("empty", name)


def stamp(message: ClientMessage, *, visitor: str, at: datetime, files: Mapping[str, FileFacts]) -> Envelope:
    """The envelope to store: the visitor and the facts are the server's, whatever the widget said.

    Its platform id is scoped by visitor, so that nobody can take a stranger's message id.
    """
    body = msgspec.json.encode(Stamped(visitor=visitor, at=at, message=message, files=dict(files)))
    return Envelope(platform_id=platform_id(visitor, str(message.id)), address=visitor, body=body)


def platform_id(visitor: str, message_id: str) -> str:
    """Under which name the inbox knows a widget's message."""
    return f"{visitor}:{message_id}"


def parse(body: bytes) -> Inbound:
    """Read a stored body. Raises Unreadable."""
    try:
        stamped = _stamped.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Unreadable("not a stamped web chat message") from None
    message = stamped.message
    parts = tuple(_parts(message, stamped.files))
    if not parts:
        raise Unreadable("a web chat message that says nothing")
    return Inbound(
        sender=Sender(address=stamped.visitor, language=message.language if message.language in LANGUAGES else None),
        parts=parts,
        platform_id=platform_id(stamped.visitor, str(message.id)),
        reply_to=message.reply_to,
        sent_at=stamped.at,
    )


def _parts(message: ClientMessage, files: Mapping[str, FileFacts]) -> list[Part]:
    parts: list[Part] = []
    if message.text is not None and clean_text(message.text).strip():
        parts.append(Text(text=clean_text(message.text)))
    if message.press is not None:
        press = message.press
        parts.append(
            ButtonPress(
                payload=clean_text(press.payload),
                label=_clean(press.label),
                target=press.target,
            )
        )
    parts.extend(_media(str(file), None, files) for file in message.files)
    parts.extend(_own_part(part, files) for part in message.parts)
    return parts


def _own_part(part: Part, files: Mapping[str, FileFacts]) -> Part:
    """`part` without what a visitor may not claim: our Markdown, a vouched phone, facts about a file."""
    match part:
        case Text(text=text):
            return Text(text=clean_text(text))
        case Media(ref=ref, caption=caption):
            return _media(ref.removeprefix(PREFIX), _clean(caption), files)
        case Location():
            return Location(latitude=part.latitude, longitude=part.longitude, title=_clean(part.title))
        case ContactCard():
            return ContactCard(phone=clean_text(part.phone)[:NAME_LIMIT], name=_clean(part.name))
        case ButtonPress():
            return ButtonPress(payload=clean_text(part.payload)[:256], label=_clean(part.label), target=part.target)
        case Start():
            return Start(payload=_clean(part.payload))
        case Edit():
            return Edit(target=part.target, text=clean_text(part.text))
        case Reaction():
            return Reaction(target=part.target, emoji=clean_text(part.emoji)[:16], removed=part.removed)


def _media(file_id: str, caption: str | None, files: Mapping[str, FileFacts]) -> Media:
    facts = files.get(file_id, FileFacts())
    return Media(
        kind=kind_of(facts.mime),
        ref=f"{PREFIX}{file_id}",
        name=facts.name,
        mime=facts.mime,
        size=facts.size,
        caption=caption,
    )


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)[:TEXT_LIMIT]


def _words(part: Part) -> str:
    match part:
        case Text(text=text) | Edit(text=text):
            return text
        case Media(caption=str(caption)):
            return caption
        case _:
            return ""


# --- out -------------------------------------------------------------------------------------


class MessageFrame(Value, frozen=True, kw_only=True, rename={"reply_to": "replyTo"}):
    """One message as a widget shows it.

    `seq` counts within `conversation`; `prev` is the `seq` of the visible message before it (0: none),
    so that a widget which holds another one knows that it missed something. `key` is the widget's own
    id of a message the visitor sent.
    """

    id: int
    conversation: int
    seq: int
    prev: int
    at: datetime
    author: str
    parts: list[dict[str, Any]]
    buttons: list[dict[str, str]] = msgspec.field(default_factory=list)
    name: str | None = None
    key: str | None = None
    reply_to: int | None = None


class Batch(Value, frozen=True, kw_only=True, tag="messages", tag_field="type", omit_defaults=False):
    """Messages in order, and the cursor of whoever has them. `snapshot` begins a thread anew (the
    newest messages), `earlier` says that there are older ones before the first of it."""

    messages: Sequence[MessageFrame]
    cursor: str
    snapshot: bool = False
    earlier: bool = False
    typing: bool = False


def message_frame(message: Message, *, prev: int, link: FileLink, name: str | None = None) -> MessageFrame:
    """`message` for the visitor; `name` is the agent's, `link` makes their file addresses."""
    inbound = message.direction is Direction.INBOUND
    return MessageFrame(
        id=message.id,
        conversation=message.conversation_id,
        seq=message.seq,
        prev=prev,
        at=message.created_at,
        author=message.author,
        parts=[_shown(part, link) for part in message.parts],
        buttons=[msgspec.to_builtins(button) for button in message.buttons if button.payload is not None or button.url],
        name=name,
        key=message.platform_id.rpartition(":")[2] if inbound and message.platform_id else None,
        reply_to=message.reply_to,
    )


def _shown(part: Part, link: FileLink) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(part)
    if isinstance(part, Media):
        del shown["ref"]
        if part.ref.startswith(PREFIX):
            shown["url"] = link(part.ref.removeprefix(PREFIX))
    return shown
