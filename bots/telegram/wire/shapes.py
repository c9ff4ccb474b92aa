"""The parts of Bot API objects that we read; every other field is passed over.

Names are the Bot API's (https://core.telegram.org/bots/api#available-types).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, field

Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all shapes."""


class User(Shape, frozen=True, kw_only=True):
    id: Id
    first_name: str
    is_bot: bool = False
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(Shape, frozen=True, kw_only=True):
    id: Id
    type: str = "private"


class MessageRef(Shape, frozen=True, kw_only=True):
    message_id: Id


class File(Shape, frozen=True, kw_only=True):
    """Any of PhotoSize, Video, VideoNote, Animation, Audio, Voice, Sticker, Document."""

    file_id: str
    file_name: str | None = None
    mime_type: str | None = None
    file_size: Id | None = None
    width: int = 0
    height: int = 0


class Sticker(File, frozen=True, kw_only=True):
    is_animated: bool = False
    is_video: bool = False


class Location(Shape, frozen=True, kw_only=True):
    latitude: float
    longitude: float


class Venue(Shape, frozen=True, kw_only=True):
    location: Location
    title: str
    address: str = ""


class Contact(Shape, frozen=True, kw_only=True):
    phone_number: str
    first_name: str = ""
    last_name: str | None = None
    user_id: Id | None = None


class Dice(Shape, frozen=True, kw_only=True):
    emoji: str


class Poll(Shape, frozen=True, kw_only=True):
    question: str


class InlineButton(Shape, frozen=True, kw_only=True):
    text: str
    callback_data: str | None = None
    url: str | None = None


class InlineKeyboard(Shape, frozen=True, kw_only=True):
    inline_keyboard: list[list[InlineButton]] = []


class Message(Shape, frozen=True, kw_only=True):
    message_id: Id
    chat: Chat
    date: int = 0
    edit_date: int | None = None
    from_: User | None = field(default=None, name="from")
    is_automatic_forward: bool = False
    reply_to_message: MessageRef | None = None
    text: str | None = None
    caption: str | None = None
    photo: list[File] | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    audio: File | None = None
    voice: File | None = None
    sticker: Sticker | None = None
    document: File | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    dice: Dice | None = None
    poll: Poll | None = None
    reply_markup: InlineKeyboard | None = None
    migrate_to_chat_id: Id | None = None
    migrate_from_chat_id: Id | None = None


class PressedMessage(Shape, frozen=True, kw_only=True):
    """A Message or an InaccessibleMessage."""

    message_id: Id
    chat: Chat
    reply_markup: InlineKeyboard | None = None


class CallbackQuery(Shape, frozen=True, kw_only=True):
    id: str
    from_: User = field(name="from")
    data: str | None = None
    message: PressedMessage | None = None


class ReactionType(Shape, frozen=True, kw_only=True):
    type: str
    emoji: str | None = None


class MessageReaction(Shape, frozen=True, kw_only=True):
    chat: Chat
    message_id: Id
    old_reaction: list[ReactionType]
    new_reaction: list[ReactionType]
    user: User | None = None
    date: int = 0


class ChatMember(Shape, frozen=True, kw_only=True):
    status: str


class ChatMemberUpdated(Shape, frozen=True, kw_only=True):
    chat: Chat
    new_chat_member: ChatMember


class Update(Shape, frozen=True, kw_only=True):
    update_id: Id
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    message_reaction: MessageReaction | None = None
    my_chat_member: ChatMemberUpdated | None = None
