"""One stored update → Inbound, Signal, Moved or Ignored.

Platform ids of messages are ``<chat id>:<message id>``, because Telegram counts messages per chat and
ours must be unique per channel. Presses, edits and reactions have none of their own. Each item of an
album is an update and so an Inbound of its own; Telegram puts the caption on the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from bots.telegram.wire import shapes
from bots.telegram.wire.envelopes import HOST_SENT, load
from gateway.errors import Unreadable
from gateway.messages import (
    Button,
    ButtonPress,
    ContactCard,
    Echo,
    Edit,
    Event,
    Ignored,
    Inbound,
    Location,
    Media,
    MediaKind,
    Moved,
    Part,
    Reaction,
    Sender,
    Signal,
    SignalKind,
    Start,
    Text,
    clean_text,
)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
"""What we ask Telegram for; reactions come only when named (https://core.telegram.org/bots/api#setwebhook)."""

_START = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>.*))?|/(?:help|menu)(?:@\w+)?", re.DOTALL)
"""Every bot is expected to know ``/help`` too (core.telegram.org/bots/features#global-commands); ours answers it with
what it can do."""
_TYPE_NAME = re.compile(r"[a-z_]{1,64}")


def read_event(body: bytes) -> Event:
    """Read one update. Raises Unreadable, and nothing else, for what no Bot API sends."""
    raw = load(body)
    try:
        if isinstance(raw, dict) and HOST_SENT in raw:
            return _echo(msgspec.convert(raw[HOST_SENT], shapes.Message))
        update = msgspec.convert(raw, shapes.Update)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, msgspec.ValidationError) else ""
        raise Unreadable(f"not a Bot API update{where}") from None
    match update:
        case shapes.Update(message=shapes.Message() as message):
            return _message(message)
        case shapes.Update(edited_message=shapes.Message() as message):
            return _edit(message)
        case shapes.Update(callback_query=shapes.CallbackQuery() as query):
            return _press(query)
        case shapes.Update(message_reaction=shapes.MessageReaction() as reaction):
            return _reaction(reaction)
        case shapes.Update(my_chat_member=shapes.ChatMemberUpdated() as change):
            return _membership(change)
    return Ignored(reason=f"update type {_type_name(raw)}")


def message_key(chat_id: int, message_id: int) -> str:
    """Our platform id of a Telegram message."""
    return f"{chat_id}:{message_id}"


def _type_name(raw: object) -> str:
    names = [key for key in raw if key != "update_id"] if isinstance(raw, dict) else []
    return names[0] if names and _TYPE_NAME.fullmatch(names[0]) else "unknown"


# --- messages --------------------------------------------------------------------------------


def _message(message: shapes.Message) -> Event:
    if moved := _migration(message):
        return moved
    author = message.from_
    if (silence := _silence(message)) or author is None:
        return Ignored(reason=silence or "nobody's message")
    part = _content(message, author)
    if part is None:
        return Ignored(reason="message without content")
    reply = message.reply_to_message
    return Inbound(
        sender=_sender(author, message.chat),
        parts=(part,),
        platform_id=message_key(message.chat.id, message.message_id),
        reply_to=message_key(message.chat.id, reply.message_id) if reply else None,
        sent_at=_moment(message.date),
    )


def _migration(message: shapes.Message) -> Moved | None:
    """A group that became a supergroup, told in both; https://core.telegram.org/bots/api#message."""
    if message.migrate_to_chat_id is not None:
        return Moved(address=str(message.chat.id), to=str(message.migrate_to_chat_id))
    if message.migrate_from_chat_id is not None:
        return Moved(address=str(message.migrate_from_chat_id), to=str(message.chat.id))
    return None


def _silence(message: shapes.Message) -> str | None:
    """Why nobody in this chat is speaking to us, or None where somebody is."""
    if message.chat.type == "channel" or message.is_automatic_forward:
        return "a Telegram channel's post"
    if message.from_ is None:
        return "nobody's message"
    return "another bot's message" if message.from_.is_bot else None


def _content(message: shapes.Message, author: shapes.User) -> Part | None:
    if message.text is not None:
        return _text(message.text)
    return _media(message) or _place(message) or _card(message.contact, author) or _said_with_a_widget(message)


def _text(text: str) -> Part | None:
    words = clean_text(text)
    if start := _START.fullmatch(words.strip()):
        return Start(payload=(start["payload"] or "").strip() or None)
    return Text(text=words) if words else None


def _media(message: shapes.Message) -> Media | None:
    for kind, file, mime in _files(message):
        if file is not None:
            return Media(
                kind=kind,
                ref=clean_text(file.file_id),
                name=_clean(file.file_name),
                mime=_clean(file.mime_type) or mime,
                size=file.file_size,
                caption=_clean(message.caption),
            )
    return None


def _files(message: shapes.Message) -> Iterator[tuple[MediaKind, shapes.File | None, str | None]]:
    """Every place a file can be in, with the MIME type Telegram leaves unsaid there."""
    yield MediaKind.IMAGE, _biggest(message.photo), "image/jpeg"
    yield MediaKind.VIDEO, message.video, None
    yield MediaKind.VIDEO, message.video_note, "video/mp4"
    # An animation comes with a `document` of the same file beside it, so it must be met first.
    yield MediaKind.VIDEO, message.animation, None
    yield MediaKind.AUDIO, message.audio, None
    yield MediaKind.VOICE, message.voice, None
    yield MediaKind.STICKER, message.sticker, _sticker_mime(message.sticker)
    yield MediaKind.FILE, message.document, None


def _biggest(sizes: list[shapes.File] | None) -> shapes.File | None:
    return max(sizes, key=lambda size: size.width * size.height) if sizes else None


def _sticker_mime(sticker: shapes.Sticker | None) -> str | None:
    if sticker is None or sticker.is_animated:
        return "application/x-tgsticker" if sticker else None
    return "video/webm" if sticker.is_video else "image/webp"


def _place(message: shapes.Message) -> Location | None:
    # A venue comes with a bare `location` of the same place beside it.
    if venue := message.venue:
        title = ", ".join(part for part in (clean_text(venue.title), clean_text(venue.address)) if part)
        return _point(venue.location, title or None)
    return _point(message.location) if message.location else None


def _point(location: shapes.Location, title: str | None = None) -> Location:
    latitude, longitude = location.latitude, location.longitude
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Unreadable("a location that is not on Earth")
    return Location(latitude=latitude, longitude=longitude, title=title)


def _card(contact: shapes.Contact | None, author: shapes.User) -> ContactCard | None:
    if contact is None:
        return None
    own = contact.user_id is not None and contact.user_id == author.id
    phone = clean_text(contact.phone_number)
    # Telegram's own numbers are international but come without the plus from some clients.
    phone = f"+{phone}" if own and phone.isdigit() else phone
    return ContactCard(phone=phone, name=_full_name(contact.first_name, contact.last_name), own=own)


def _said_with_a_widget(message: shapes.Message) -> Text | None:
    words = message.dice.emoji if message.dice else message.poll.question if message.poll else ""
    return Text(text=clean_text(words)) if clean_text(words) else None


def _edit(message: shapes.Message) -> Event:
    author = message.from_
    if (silence := _silence(message)) or author is None:
        return Ignored(reason=silence or "nobody's message")
    if message.text is None and message.caption is None and _media(message) is None:
        return Ignored(reason="edit without words")  # a live location that moved
    words = message.text if message.text is not None else message.caption or ""
    return Inbound(
        sender=_sender(author, message.chat),
        parts=(Edit(target=message_key(message.chat.id, message.message_id), text=clean_text(words)),),
        sent_at=_moment(message.edit_date or message.date),
    )


# --- what a host bot said --------------------------------------------------------------------


def _echo(message: shapes.Message) -> Event:
    """A message of the bot's own, told by the application that sent it (see `wire.hosts`)."""
    author = message.from_
    if author is None or message.chat.type == "channel":
        return Ignored(reason="said to nobody in particular")
    key = message_key(message.chat.id, message.message_id)
    part = Text(text=clean_text(message.text)) if message.text else _content(message, author)
    if message.edit_date and isinstance(part, Text):
        part = Edit(target=key, text=part.text)
    if part is None:
        return Ignored(reason="message without content")
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return Echo(
        address=str(message.chat.id),
        parts=(part,),
        buttons=tuple(
            Button(label=clean_text(key.text), payload=_clean(key.callback_data), url=_clean(key.url))
            for row in rows
            for key in row
        ),
        platform_id=None if message.edit_date else key,
        sent_at=_moment(message.edit_date or message.date),
    )


# --- presses, reactions, membership ----------------------------------------------------------


def _press(query: shapes.CallbackQuery) -> Event:
    message = query.message
    if query.data is None or message is None:
        return Ignored(reason="a press that is not one of our buttons")
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    label = next((key.text for row in rows for key in row if key.callback_data == query.data), None)
    press = ButtonPress(
        payload=clean_text(query.data),
        label=_clean(label),
        target=message_key(message.chat.id, message.message_id),
    )
    return Inbound(sender=_sender(query.from_, message.chat), parts=(press,))


def _reaction(change: shapes.MessageReaction) -> Event:
    if change.user is None or change.user.is_bot:
        return Ignored(reason="nobody's reaction")
    before, after = _emoji(change.old_reaction), _emoji(change.new_reaction)
    target = message_key(change.chat.id, change.message_id)
    gone = [Reaction(target=target, emoji=emoji, removed=True) for emoji in before if emoji not in after]
    new = [Reaction(target=target, emoji=emoji) for emoji in after if emoji not in before]
    if not gone and not new:
        return Ignored(reason="a reaction without an emoji")
    sender = _sender(change.user, change.chat)
    return Inbound(sender=sender, parts=(*gone, *new), sent_at=_moment(change.date))


def _emoji(reactions: list[shapes.ReactionType]) -> list[str]:
    """Plain emoji; custom ones are pictures that only Telegram can show."""
    shown = ["⭐" if one.type == "paid" else clean_text(one.emoji or "") for one in reactions]
    return [emoji for emoji in shown if emoji]


def _membership(change: shapes.ChatMemberUpdated) -> Event:
    if change.new_chat_member.status in ("kicked", "left"):
        return Signal(kind=SignalKind.BLOCKED, address=str(change.chat.id))
    return Ignored(reason="the bot may write")


# --- people ----------------------------------------------------------------------------------


def _sender(user: shapes.User, chat: shapes.Chat) -> Sender:
    """The writer; a private chat's id is proven by Telegram, a group's belongs to many."""
    language = (user.language_code or "").partition("-")[0].lower()
    return Sender(
        address=str(chat.id),
        name=_full_name(user.first_name, user.last_name),
        username=_clean(user.username),
        language=_clean(language) or None,
        verified=chat.type == "private" and chat.id == user.id,
    )


def _full_name(first: str, last: str | None) -> str | None:
    return clean_text(" ".join(part for part in (first, last) if part)).strip() or None


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
