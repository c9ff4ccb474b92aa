"""One stored payload → what an agent did: said, changed, deleted, pressed, chose in a dialog, submitted one.

A dialog (Slack: modal) keeps what it is about in `private_metadata`, so that nothing is remembered here
between opening and submitting it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bots.slack.wire import shapes
from bots.slack.wire.envelopes import load
from bots.slack.wire.mrkdwn import plain_words
from gateway.errors import Unreadable
from gateway.messages import Event, Ignored, Inbound, Sender, Value, clean_text

_NEW = (None, "file_share", "thread_broadcast", "me_message")
_SLACKBOT = "USLACKBOT"
_CALLS = ("<@", "<!subteam", "<!here", "<!channel", "<!everyone")
"""How words begin that call a colleague."""


class Spot(Value, frozen=True, kw_only=True):
    """A thread: its room and its card's ts."""

    room: str
    ts: str

    @property
    def lane(self) -> str:
        """What is done at one spot is worked off in order."""
        return f"{self.room}:{self.ts}"


class SharedFile(Value, frozen=True, kw_only=True):
    """A file that an agent put under a message; `url` is None where Slack gives none out."""

    id: str
    name: str | None = None
    mime: str | None = None
    size: int | None = None
    url: str | None = None


class Said(Value, frozen=True, kw_only=True):
    """Words or files in a thread; `calls` where they call a colleague."""

    user: str
    spot: Spot
    ts: str
    text: str
    files: tuple[SharedFile, ...] = ()
    calls: bool = False


class Changed(Value, frozen=True, kw_only=True):
    """An agent edited a message; `calls` where its words now call a colleague."""

    user: str
    spot: Spot
    ts: str
    text: str
    calls: bool = False


class Deleted(Value, frozen=True, kw_only=True):
    """An agent deleted a message."""

    user: str
    spot: Spot
    ts: str


class Pressed(Value, frozen=True, kw_only=True):
    """A button under a message; `trigger` opens a dialog within three seconds."""

    user: str
    spot: Spot
    action: str
    value: str
    trigger: str


class Subject(Value, frozen=True, kw_only=True):
    """What a dialog is about, as its `private_metadata` keeps it: the text that was chosen (`shortcut`) of those
    that were found by the words `searched`, or the number of a booked `call`."""

    dialog: str
    spot: Spot
    shortcut: str = ""
    searched: str = ""
    call: int = 0


class Chosen(Value, frozen=True, kw_only=True):
    """Something was chosen or typed in an open dialog, which may be redrawn."""

    user: str
    subject: Subject
    view: str
    hash: str
    action: str
    value: str
    values: dict[str, str]


class Submitted(Value, frozen=True, kw_only=True):
    """A dialog was confirmed; `values` by the `action_id` of each field."""

    user: str
    subject: Subject
    values: dict[str, str]


class Nothing(Value, frozen=True, kw_only=True):
    """Nothing for us to do."""

    reason: str


Deed = Said | Changed | Deleted | Pressed | Chosen | Submitted | Nothing


def read_deed(body: bytes) -> Deed:
    """Read one payload. Raises Unreadable for what no Slack sends."""
    raw: Any = load(body)
    match raw:
        case {"type": "event_callback", "event": {"type": "message"}}:
            callback = _as(shapes.Callback, raw)
            return _message(callback, _as(shapes.Message, callback.event))
        case {"type": "block_actions", "view": {} as view}:
            return _chosen(raw, view)
        case {"type": "block_actions"}:
            return _pressed(_as(shapes.Interaction, raw))
        case {"type": "view_submission", "view": {} as view}:
            return _submitted(raw, view)
        case {"type": str()}:
            return Nothing(reason="not of this desk")
    raise Unreadable("not a Slack payload")


def whose(body: bytes) -> Event:
    """What intake must know of a payload: in which lane it goes, if it is anything at all."""
    deed = read_deed(body)
    match deed:
        case Nothing(reason=reason):
            return Ignored(reason=reason)
        case Chosen(subject=subject) | Submitted(subject=subject):
            return Inbound(sender=Sender(address=subject.spot.lane), parts=())
        case Said(spot=spot) | Changed(spot=spot) | Deleted(spot=spot) | Pressed(spot=spot):
            return Inbound(sender=Sender(address=spot.lane), parts=())


# --- words in threads ------------------------------------------------------------------------


def _message(callback: shapes.Callback, message: shapes.Message) -> Deed:
    if message.subtype == "message_changed":
        return _changed(callback, message)
    if message.subtype == "message_deleted":
        return _deleted(callback, message)
    if message.subtype not in _NEW or (user := _person(callback, message)) is None:
        return Nothing(reason="not a person's new words")
    if not message.channel or not message.thread_ts or message.thread_ts == message.ts:
        return Nothing(reason="not in a thread")
    text = message.text or ""
    return Said(
        user=user,
        spot=Spot(room=message.channel, ts=message.thread_ts),
        ts=message.ts,
        text=plain_words(text, callback.own).strip(),
        files=tuple(_file(file) for file in message.files or () if file.mode not in ("tombstone", "hidden_by_limit")),
        calls=_calls(text, callback),
    )


def _changed(callback: shapes.Callback, change: shapes.Message) -> Deed:
    message, before = change.message, change.previous_message
    if message is None or not change.channel or (user := _person(callback, message)) is None:
        return Nothing(reason="not a person's words")
    if not message.thread_ts or message.thread_ts == message.ts or (before and before.text == message.text):
        return Nothing(reason="no words in a thread were changed")
    return Changed(
        user=user,
        spot=Spot(room=change.channel, ts=message.thread_ts),
        ts=message.ts,
        text=plain_words(message.text or "", callback.own).strip(),
        calls=_calls(message.text or "", callback),
    )


def _deleted(callback: shapes.Callback, change: shapes.Message) -> Deed:
    gone = change.previous_message
    if gone is None or not change.channel or (user := _person(callback, gone)) is None:
        return Nothing(reason="not a person's words")
    if not gone.thread_ts or gone.thread_ts == gone.ts:
        return Nothing(reason="not in a thread")
    return Deleted(user=user, spot=Spot(room=change.channel, ts=gone.thread_ts), ts=gone.ts)


def _person(callback: shapes.Callback, message: shapes.Message) -> str | None:
    """Who wrote, where a person did."""
    if message.bot_id is not None or message.user in callback.own or message.user in (None, _SLACKBOT):
        return None
    return clean_text(message.user or "")


def _calls(text: str, callback: shapes.Callback) -> bool:
    """Whether somebody other than ourselves is called anywhere in `text`."""
    for own in callback.own:
        text = text.replace(f"<@{own}>", "")
    return any(mark in text for mark in _CALLS)


def _file(file: shapes.File) -> SharedFile:
    return SharedFile(
        id=clean_text(file.id),
        name=clean_text(file.name or file.title or "") or None,
        mime=clean_text(file.mimetype or "") or None,
        size=file.size,
        url=file.url_private_download or file.url_private,
    )


# --- buttons and dialogs ---------------------------------------------------------------------


def _pressed(interaction: shapes.Interaction) -> Deed:
    place, message = interaction.container, interaction.message or shapes.Message()
    room = interaction.channel.id if interaction.channel else place.channel_id
    ts = place.thread_ts or message.thread_ts or place.message_ts or message.ts
    if not room or not ts or not interaction.actions:
        return Nothing(reason="a press outside of a thread")
    action = interaction.actions[0]
    chosen = action.selected_option
    return Pressed(
        user=clean_text(interaction.user.id),
        spot=Spot(room=room, ts=ts),
        action=clean_text(action.action_id),
        value=clean_text((chosen.value if chosen else action.value) or ""),
        trigger=interaction.trigger_id or "",
    )


def _chosen(raw: Mapping[str, Any], view: Mapping[str, Any]) -> Deed:
    subject = _subject(view)
    match raw:
        case {"user": {"id": str(user)}, "actions": [{"action_id": str(action)} as first, *_]} if subject:
            return Chosen(
                user=clean_text(user),
                subject=subject,
                view=str(view.get("id", "")),
                hash=str(view.get("hash", "")),
                action=clean_text(action),
                value=clean_text(_value(first)),
                values=_values(view),
            )
    return Nothing(reason="not a dialog of ours")


def _submitted(raw: Mapping[str, Any], view: Mapping[str, Any]) -> Deed:
    subject = _subject(view)
    match raw:
        case {"user": {"id": str(user)}} if subject:
            return Submitted(user=clean_text(user), subject=subject, values=_values(view))
    return Nothing(reason="not a dialog of ours")


def _subject(view: Mapping[str, Any]) -> Subject | None:
    try:
        return msgspec.json.decode(str(view.get("private_metadata") or ""), type=Subject)
    except msgspec.MsgspecError:
        return None


def _values(view: Mapping[str, Any]) -> dict[str, str]:
    """What stands in a dialog's fields (https://docs.slack.dev/reference/views/#state)."""
    found: dict[str, str] = {}
    state = view.get("state")
    blocks = state.get("values") if isinstance(state, dict) else None
    for block in blocks.values() if isinstance(blocks, dict) else ():
        for action, field in block.items() if isinstance(block, dict) else ():
            if isinstance(field, dict):
                found[str(action)] = clean_text(_value(field))
    return found


def _value(field: Mapping[str, Any]) -> str:
    match field:
        case {"selected_option": {"value": str(value)}}:
            return value
        case {"value": str(value)}:
            return value
    return ""


def _as(shape: type[Any], raw: object) -> Any:
    try:
        return msgspec.convert(raw, shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, msgspec.ValidationError) else ""
        raise Unreadable(f"not a Slack payload{where}") from None
