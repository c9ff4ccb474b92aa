"""One Send → one Bot API call, already cut to size by the gateway's rendering.

A message carries one keyboard only. Payload and url buttons make an inline keyboard. A button that asks
for the phone or the place needs a reply keyboard: then payload buttons become plain keys beside it
(pressing one sends its label as a text) and urls are written under the text. The reply keyboard folds
away after a press; whoever typed instead is rid of it with the next message without buttons, for which
the caller passes ``clear_keyboard`` (see `channel.TelegramChannel.send`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from bots.telegram.wire.html import markdown_html, plain_html
from bots.telegram.wire.inbound import message_key
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import (
    Ask,
    Button,
    ContactCard,
    Edit,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Text,
    Value,
    clean_text,
)

Params = dict[str, Any]
"""JSON-plain parameters of a call."""

REMOVE: Params = {"remove_keyboard": True}
"""The `reply_markup` that takes a reply keyboard away."""

CALLBACK_DATA_LIMIT = 64
"""Bytes, https://core.telegram.org/bots/api#inlinekeyboardbutton."""

PHOTO_LIMIT = 10 * 1024 * 1024
"""Bytes, https://core.telegram.org/bots/api#sendphoto; a document may have five times as many."""

_OURS = "file:"
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/%]")
_ROW_WIDTH = 36
_ASKS = {Ask.PHONE: "request_contact", Ask.LOCATION: "request_location"}
_MEDIA = {
    MediaKind.IMAGE: ("sendPhoto", "photo", "photo.jpg"),
    MediaKind.VIDEO: ("sendVideo", "video", "video.mp4"),
    MediaKind.AUDIO: ("sendAudio", "audio", "audio.mp3"),
    MediaKind.VOICE: ("sendVoice", "voice", "voice.ogg"),
    MediaKind.STICKER: ("sendSticker", "sticker", "sticker.webp"),
    MediaKind.FILE: ("sendDocument", "document", "file.bin"),
}


class Upload(Value, frozen=True, kw_only=True):
    """A file of ours to send along as parameter `field`; `ref` names it in the media store."""

    field: str
    ref: str
    name: str


class Call(Value, frozen=True, kw_only=True):
    """One Bot API request."""

    method: str
    params: Params
    upload: Upload | None = None


def compose(send: Send, *, clear_keyboard: bool = False, as_document: bool = False) -> Call:
    """The call that says `send`, a picture of ours `as_document` where Telegram took it for no photo. Raises
    Rejected for what Telegram has no words for."""
    chat_id = _chat(send.address)
    part = _as_file(send.part) if as_document or _too_large_a_photo(send.part) else send.part
    method, params, upload = _say(part, chat_id, _leftover_links(send.buttons))
    says = method.startswith("send")
    # What is done to a message that is there takes no keyboard away: Telegram refuses such a call.
    markup = _markup(send.buttons) or (REMOVE if clear_keyboard and says else None)
    if markup is not None:
        params["reply_markup"] = markup
    if (target := _message_id(send.reply_to, chat_id)) is not None and says:
        params["reply_parameters"] = {"message_id": target, "allow_sending_without_reply": True}
    return Call(method=method, params={"chat_id": chat_id, **params}, upload=upload)


def asks(buttons: Sequence[Button]) -> bool:
    """Whether `buttons` need a reply keyboard."""
    return any(button.ask is not None for button in buttons)


def sent_id(result: object) -> str | None:
    """Our platform id of the message in a reply; None where the method makes no message."""
    match result:
        case {"message_id": int(message_id), "chat": {"id": int(chat_id)}}:
            return message_key(chat_id, message_id)
    return None


def typing_call(address: str) -> Call:
    """The call that shows "typing…" for five seconds."""
    return Call(method="sendChatAction", params={"chat_id": _chat(address), "action": "typing"})


# --- what is said ----------------------------------------------------------------------------


def _say(part: Part, chat_id: int, links: str) -> tuple[str, Params, Upload | None]:
    match part:
        case Text():
            return "sendMessage", {**_text(part, links), "link_preview_options": {"is_disabled": True}}, None
        case Media():
            return _media(part, links)
        case Location():
            return *_place(part), None
        case ContactCard():
            name = clean_text(part.name or part.phone)
            return "sendContact", {"phone_number": clean_text(part.phone), "first_name": name}, None
        case _:
            return *_change(part, chat_id), None


def _change(part: Part, chat_id: int) -> tuple[str, Params]:
    """What is done to a message that is already there."""
    match part:
        case Edit():
            words = {"text": plain_html(part.text), "parse_mode": "HTML"}
            return "editMessageText", {"message_id": _target(part.target, chat_id), **words}
        case Reaction():
            mood = [] if part.removed else [{"type": "emoji", "emoji": clean_text(part.emoji)}]
            return "setMessageReaction", {"message_id": _target(part.target, chat_id), "reaction": mood}
    raise Rejected(f"telegram cannot say a {type(part).__name__}")


def _text(part: Text, links: str) -> Params:
    html = markdown_html(part.text) if part.markdown else plain_html(part.text)
    return {"text": html + plain_html(links), "parse_mode": "HTML"}


def _media(part: Media, links: str) -> tuple[str, Params, Upload | None]:
    method, field, fallback = _MEDIA[part.kind]
    params: Params = {}
    caption = (part.caption or "") + links
    if caption and part.kind is not MediaKind.STICKER:  # Telegram's stickers have no caption
        params = {"caption": plain_html(caption), "parse_mode": "HTML"}
    if part.ref.startswith(_OURS):
        name = _UNSAFE_IN_NAME.sub("_", clean_text(part.name or "")).strip() or fallback
        return method, params, Upload(field=field, ref=part.ref, name=name)
    return method, {field: clean_text(part.ref), **params}, None


def is_photo(call: Call) -> bool:
    """Whether `call` uploads a photo: Telegram refuses large, long and rare ones, and takes them as documents."""
    return call.method == "sendPhoto" and call.upload is not None


def _too_large_a_photo(part: Part) -> bool:
    return isinstance(part, Media) and part.ref.startswith(_OURS) and (part.size or 0) > PHOTO_LIMIT


def _as_file(part: Part) -> Part:
    """A picture as a file with a picture's name; all else as it is."""
    if not isinstance(part, Media) or part.kind is not MediaKind.IMAGE:
        return part
    return structs.replace(part, kind=MediaKind.FILE, name=part.name or _MEDIA[MediaKind.IMAGE][2])


def _place(place: Location) -> tuple[str, Params]:
    point: Params = {"latitude": place.latitude, "longitude": place.longitude}
    if not place.title:
        return "sendLocation", point
    title, _, address = clean_text(place.title).partition(", ")
    return "sendVenue", {**point, "title": title or address, "address": address or title}


# --- keyboards -------------------------------------------------------------------------------


def _markup(buttons: Sequence[Button]) -> Params | None:
    if asks(buttons):
        first = [[{"text": clean_text(b.label), _ASKS[b.ask]: True}] for b in buttons if b.ask is not None]
        keys = [{"text": clean_text(b.label)} for b in buttons if b.payload is not None]
        return {"keyboard": first + _rows(keys), "resize_keyboard": True, "one_time_keyboard": True}
    keys = [_inline_key(button) for button in buttons]
    return {"inline_keyboard": _rows(keys)} if keys else None


def _inline_key(button: Button) -> dict[str, str]:
    label = clean_text(button.label)
    if button.url is not None:
        return {"text": label, "url": clean_text(button.url)}
    payload = clean_text(button.payload or "")
    if not 0 < len(payload.encode()) <= CALLBACK_DATA_LIMIT:
        raise Rejected(f"a button's payload must have 1–{CALLBACK_DATA_LIMIT} bytes")
    return {"text": label, "callback_data": payload}


def _rows(keys: Sequence[dict[str, str]]) -> list[list[Any]]:
    """Short labels side by side (a rating in one row, hours two and two), long ones one a row."""
    if not keys:
        return []
    longest = max(len(key["text"]) for key in keys)
    width = max(1, min(5, _ROW_WIDTH // (longest + 4)))
    return [list(keys[start : start + width]) for start in range(0, len(keys), width)]


def _leftover_links(buttons: Sequence[Button]) -> str:
    if not asks(buttons):
        return ""
    return "".join(f"\n{button.label}: {button.url}" for button in buttons if button.url is not None)


# --- ids -------------------------------------------------------------------------------------


def _chat(address: str) -> int:
    try:
        return int(address)
    except ValueError:
        raise Rejected("the address is not a chat id") from None


def _message_id(platform_id: str | None, chat_id: int) -> int | None:
    """The message id within this chat; None for another chat's message or somebody else's id."""
    chat, _, number = (platform_id or "").partition(":")
    return int(number) if chat == str(chat_id) and number.isascii() and number.isdigit() else None


def _target(platform_id: str, chat_id: int) -> int:
    number = _message_id(platform_id, chat_id)
    if number is None:
        raise Rejected("the target is not a message of this chat")
    return number
