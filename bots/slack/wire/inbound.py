"""One stored payload → Inbound, Echo or Ignored.

A direct message's address is its channel (``D…``): one person, one conversation. In a room a thread is a
conversation, so the address is ``<channel>:<ts of the thread's first message>``, and a first message opens
one. Slash commands are answered in a direct message, so theirs is the user (``U…``). Platform ids of
messages are ``<channel>:<ts>``, because Slack's timestamps are unique per channel only.

What is passed over on purpose: bots (ours too) and Slackbot; a deleted message, which stays in the
transcript, for it was said and perhaps answered; an edit that changed no word (Slack tells of unfurled links
so); a reaction in a room to a message of ours, for Slack does not tell in which thread that stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from bots.slack.wire import shapes
from bots.slack.wire.emoji import emoji_of
from bots.slack.wire.envelopes import load
from bots.slack.wire.mrkdwn import plain_words, unescape
from gateway.errors import Unreadable
from gateway.messages import (
    ButtonPress,
    Echo,
    Edit,
    Event,
    Ignored,
    Inbound,
    Media,
    MediaKind,
    Part,
    Reaction,
    Sender,
    Text,
    clean_text,
)

BY_ID = "id:"
"""How the `ref` of a file begins that only ``files.info`` tells the address of."""

_NAME = re.compile(r"[a-z_]{1,64}")
_TS = re.compile(r"(\d{1,11})\.(\d{6})")
_NEW = (None, "file_share", "thread_broadcast", "me_message")
"""Subtypes of a message that somebody wrote (https://docs.slack.dev/reference/events/message/#subtypes)."""
_SLACKBOT = "USLACKBOT"
_CLIPS = {"slack_audio": MediaKind.VOICE, "slack_video": MediaKind.VIDEO}
_FAMILIES = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}

ShapeT = TypeVar("ShapeT", bound=shapes.Shape)


def read_event(body: bytes) -> Event:
    """Read one payload. Raises Unreadable, and nothing else, for what no Slack sends."""
    raw: Any = load(body)
    kind = raw.get("type") if isinstance(raw, dict) else None
    if not isinstance(kind, str):
        raise Unreadable("not a Slack payload")
    match kind:
        case "event_callback":
            return _callback(_as(shapes.Callback, raw))
        case "block_actions":
            return _press(_as(shapes.Interaction, raw))
        case "slash_command":
            return _command(_as(shapes.Command, raw))
        case "frontdesk_said":
            return _echo(_as(shapes.Overheard, raw))
    return Ignored(reason=f"payload type {_name(kind)}")


def message_key(channel: str, ts: str) -> str:
    """Our platform id of a Slack message."""
    return f"{channel}:{ts}"


def address_of(channel: str, ts: str, thread_ts: str | None) -> str:
    """Where a reply to the message goes."""
    return channel if is_direct(channel) else f"{channel}:{thread_ts or ts}"


def is_direct(address: str) -> bool:
    """Whether `address` is a direct message, or a person."""
    return address[:1] in ("D", "U", "W")


# --- events ----------------------------------------------------------------------------------


def _callback(callback: shapes.Callback) -> Event:
    kind = callback.event.get("type")
    if not isinstance(kind, str):
        raise Unreadable("an event without a type")
    match kind:
        case "message":
            return _message(callback, _as(shapes.Message, callback.event))
        case "app_mention":
            message = _as(shapes.Message, callback.event)
            # Its message_changed tells the same, and what the words were before.
            return Ignored(reason="a mention by edit") if message.edited else _message(callback, message)
        case "reaction_added" | "reaction_removed":
            return _reaction(callback, _as(shapes.Reaction, callback.event), removed=kind == "reaction_removed")
    return Ignored(reason=f"event type {_name(kind)}")


def _message(callback: shapes.Callback, message: shapes.Message) -> Event:
    if message.subtype == "message_changed":
        return _changed(callback, message)
    if message.subtype not in _NEW:
        return Ignored(reason=f"message subtype {_name(message.subtype or '')}")
    if silence := _silence(callback, message):
        return Ignored(reason=silence)
    if not message.channel or not message.ts:
        raise Unreadable("a message without channel or ts")
    parts = _content(callback, message)
    if not parts:
        return Ignored(reason="message without content")
    direct, threaded = is_direct(message.channel), message.thread_ts not in (None, message.ts)
    return Inbound(
        sender=_sender(callback, message, message.channel),
        parts=parts,
        platform_id=message_key(message.channel, message.ts),
        reply_to=message_key(message.channel, str(message.thread_ts)) if direct and threaded else None,
        sent_at=_moment(message.ts),
    )


def _changed(callback: shapes.Callback, change: shapes.Message) -> Event:
    message, before = change.message, change.previous_message
    if message is None or not change.channel or not message.ts:
        raise Unreadable("a changed message without the message")
    if silence := _silence(callback, message):
        return Ignored(reason=silence)
    same_words = message.text == before.text if before else message.edited is None
    if same_words:
        return Ignored(reason="edit without words")
    return Inbound(
        sender=_sender(callback, message, change.channel),
        parts=(
            Edit(target=message_key(change.channel, message.ts), text=plain_words(message.text or "", _own(callback))),
        ),
        sent_at=_moment((message.edited or shapes.Edited()).ts or change.ts),
    )


def _silence(callback: shapes.Callback, message: shapes.Message) -> str | None:
    """Why nobody is speaking to us here, or None where somebody is."""
    if message.bot_id is not None or message.user in callback.own:
        return "a bot's message"
    if message.user is None:
        return "nobody's message"
    return "Slackbot's message" if message.user == _SLACKBOT else None


def _content(callback: shapes.Callback, message: shapes.Message) -> tuple[Part, ...]:
    """The words, as the caption of the first file where there are files."""
    words = plain_words(message.text or "", _own(callback)).strip()
    alone = not words and not message.files
    # Beside words of one's own there may also be what a link shows of itself: nobody said that.
    forwarded = [one for one in message.attachments or () if alone or one.is_share]
    said = (plain_words(one.text or one.fallback or "").strip() for one in forwarded)
    words = "\n\n".join(one for one in (words, *said) if one)
    shared = [*(message.files or ()), *(file for one in forwarded for file in one.files or ())]
    files = [media for file in shared if (media := _media(file))]
    if not files:
        return (Text(text=words),) if words else ()
    return (msgspec.structs.replace(files[0], caption=words or None), *files[1:])


def _own(callback: shapes.Callback) -> frozenset[str]:
    """Whose mention at the beginning is for us: `authed_users` is what came before `authorizations`."""
    return callback.own or frozenset(callback.authed_users or ())


def _media(file: shapes.File) -> Media | None:
    if file.mode in ("tombstone", "hidden_by_limit"):
        return None
    mime = _clean(file.mimetype)
    family = (mime or "").partition("/")[0]
    kind = _CLIPS.get(file.subtype) or _FAMILIES.get(family, MediaKind.FILE)
    address = file.url_private_download or file.url_private
    return Media(
        kind=kind,
        # Files of another workspace come without an address (file_access: check_file_info).
        ref=clean_text(address) if address else BY_ID + clean_text(file.id),
        name=_clean(file.name or file.title),
        mime=mime,
        size=file.size,
    )


# --- reactions, presses, commands ------------------------------------------------------------


def _reaction(callback: shapes.Callback, reaction: shapes.Reaction, *, removed: bool) -> Event:
    item = reaction.item
    if item.type != "message" or not item.channel or not item.ts:
        return Ignored(reason="a reaction to something else than a message")
    if reaction.user in callback.own:
        return Ignored(reason="our own reaction")
    direct = is_direct(item.channel)
    if not direct and reaction.item_user in callback.own:
        return Ignored(reason="a reaction in a thread that Slack does not name")
    return Inbound(
        sender=Sender(
            address=address_of(item.channel, item.ts, None),
            person=_person(callback.team_id, reaction.user),
            verified=direct,
        ),
        parts=(
            Reaction(
                target=message_key(item.channel, item.ts),
                emoji=emoji_of(clean_text(reaction.reaction)),
                removed=removed,
            ),
        ),
        sent_at=_moment(reaction.event_ts),
    )


def _press(interaction: shapes.Interaction) -> Event:
    """A press is not ours only where it bears no value: a link, or a menu's own affair."""
    place = interaction.container
    channel = interaction.channel.id if interaction.channel else place.channel_id
    message = interaction.message or shapes.Message()
    ts = place.message_ts or message.ts
    if not channel or not ts:
        return Ignored(reason="a press outside of a message")
    pressed = [(value, label) for action in interaction.actions for value, label in [_choice(action)] if value]
    if not pressed:
        return Ignored(reason="a press without a value")
    user = interaction.user
    team = interaction.team.id if interaction.team else user.team_id or ""
    return Inbound(
        sender=Sender(
            address=address_of(channel, ts, place.thread_ts or message.thread_ts),
            person=_person(team, user.id),
            username=_clean(user.username or user.name),
            verified=is_direct(channel),
        ),
        parts=tuple(
            ButtonPress(payload=clean_text(value), label=label, target=message_key(channel, ts))
            for value, label in pressed
        ),
    )


def _choice(action: shapes.Action) -> tuple[str | None, str | None]:
    """(payload, label) of a pressed button or a chosen option."""
    chosen = action.selected_option
    if chosen is not None:
        return chosen.value, unescape(chosen.text.text) if chosen.text else None
    return action.value, unescape(action.text.text) if action.text else None


def _command(command: shapes.Command) -> Event:
    return Inbound(
        sender=Sender(
            address=clean_text(command.user_id),
            person=_person(command.team_id, command.user_id),
            username=_clean(command.user_name),
            verified=True,
        ),
        parts=(Text(text=plain_words(command.text).strip() or clean_text(command.command)),),
    )


def _echo(said: shapes.Overheard) -> Event:
    words = plain_words(said.text).strip()
    if not words:
        return Ignored(reason="an echo without words")
    if not is_direct(said.channel) and said.thread_ts is None:
        return Ignored(reason="an echo that opens a thread")
    return Echo(
        address=address_of(said.channel, said.ts, said.thread_ts),
        parts=(Text(text=words),),
        platform_id=message_key(said.channel, said.ts),
        sent_at=_moment(said.ts),
    )


# --- people and moments ----------------------------------------------------------------------


def _sender(callback: shapes.Callback, message: shapes.Message, channel: str) -> Sender:
    """The writer; a direct message is proven by Slack to be that person's, a thread belongs to many."""
    profile = message.user_profile or shapes.Profile()
    return Sender(
        address=clean_text(address_of(channel, message.ts, message.thread_ts)),
        person=_person(callback.team_id, message.user or ""),
        name=_clean(profile.display_name or profile.real_name),
        username=_clean(profile.name),
        verified=is_direct(channel),
    )


def _person(team: str, user: str) -> str:
    """Who somebody is in the workspace that the app is installed in."""
    return clean_text(f"{team}:{user}")


def _moment(ts: str) -> datetime | None:
    """Slack's ``1515449522.000016``: seconds, and a count that makes it unique and orders it."""
    found = _TS.fullmatch(ts)
    try:
        return datetime.fromtimestamp(int(found[1]), UTC).replace(microsecond=int(found[2])) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def _clean(text: str | None) -> str | None:
    return clean_text(text) if text else None


def _name(kind: str) -> str:
    return kind if _NAME.fullmatch(kind) else "unknown"


def _as(shape: type[ShapeT], raw: Mapping[str, Any]) -> ShapeT:
    convert: Callable[..., ShapeT] = msgspec.convert
    try:
        return convert(raw, shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, msgspec.ValidationError) else ""
        raise Unreadable(f"not a Slack payload{where}") from None
