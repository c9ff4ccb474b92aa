"""A transcript as the desk draws it: messages folded into bubbles, day breaks and events. Pure.

Edits replace the words of the bubble they change, reactions hang under theirs, quoted replies show
their beginning; what belongs to a message outside the loaded stretch stands by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gateway.messages import Author, Direction, Edit, MediaKind, Message, Reaction, Start, Value, plain_text
from gateway.storage.deliveries import Delivery, DeliveryState
from handoff.desk_rows import Line
from handoff.screens.pieces import Piece, pieces, words
from handoff.screens.words import Words, mark

TOGETHER = timedelta(minutes=5)
"""Words of one author within this time stand under one name."""

QUOTE = 120

_FILES = frozenset(kind.value for kind in MediaKind)

_FATES = (
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
    DeliveryState.DROPPED,
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.MOVED,
)
"""A message in several sends has the fate of the first of these among them."""


class Trouble(Value, frozen=True, kw_only=True):
    """A send that a person must decide on: it failed, or nobody knows whether it arrived."""

    delivery_id: int
    failed: bool
    reason: str


class Bubble(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One message. `side` is contact, bot, agent, system or note; `first` begins a run of one author;
    `named` where the side alone does not tell who it was."""

    id: int
    seq: int
    side: str
    by: str
    at: datetime
    pieces: tuple[Piece, ...]
    first: bool = True
    named: bool = True
    edited: bool = False
    reactions: tuple[str, ...] = ()
    quoted: str = ""
    quoted_id: int | None = None
    choices: tuple[str, ...] = ()
    fate: str = ""
    fate_word: str = ""
    troubles: tuple[Trouble, ...] = ()
    moved: str = ""
    """Where it could not arrive, and by which way it went instead."""
    draw: str = "bubble"


class Divider(Value, frozen=True, kw_only=True, omit_defaults=False):
    """What stands between bubbles: a new day, another channel, an opening, “new since you looked”."""

    draw: str
    key: str
    text: str
    icon: str = ""
    at: datetime | None = None


Item = Bubble | Divider


class Reader(Value, frozen=True, kw_only=True):
    """Who looks: their number, the first message that was new to them (0: none), the zone of the day
    breaks, the kinds of channels by name, and what the customer is called."""

    agent_id: int
    new_seq: int
    zone: str
    kinds: Mapping[str, str]
    customer: str


def fold(lines: Sequence[Line], reader: Reader, say: Words, *, from_start: bool) -> list[Item]:
    """`lines` (oldest first) as items; `from_start` says that nothing older exists."""
    messages = [line.message for line in lines]
    edits, reactions, absorbed = _gather(messages)
    by_id = {message.id: message for message in messages}
    items: list[Item] = []
    previous: Message | None = None
    for line in lines:
        message = line.message
        if message.id in absorbed:
            continue
        between = _between(previous, message, reader, say, from_start=from_start)
        items += between
        opening = next((part for part in message.parts if isinstance(part, Start)), None)
        if opening is not None and len(message.parts) == 1:
            items.append(_opening(message, say))
        else:
            bubble = _bubble(line, reader, say, by_id)
            joined = previous is not None and not between and _together(previous, message)
            items.append(_as_it_is_now(bubble, edits.get(message.id), reactions.get(message.id, ()), joined))
        previous = message
    return items


# --- edits and reactions ---------------------------------------------------------------------


def _gather(messages: Sequence[Message]) -> tuple[dict[int, str], dict[int, tuple[str, ...]], set[int]]:
    """(newest words by message, reactions by message, the messages that were only such news)."""
    # Messengers count each for themselves: the same number may be two messages of two channels.
    known = {(message.channel, message.platform_id): message.id for message in messages if message.platform_id}
    edits: dict[int, str] = {}
    reactions: dict[int, dict[str, None]] = {}
    absorbed: set[int] = set()
    for message in messages:
        for part in message.parts:
            target = known.get((message.channel, part.target)) if isinstance(part, Edit | Reaction) else None
            if target is None or target == message.id:
                continue
            if isinstance(part, Edit):
                edits[target] = part.text
            elif isinstance(part, Reaction):
                held = reactions.setdefault(target, {})
                held.pop(part.emoji, None) if part.removed else held.setdefault(part.emoji)
            if len(message.parts) == 1:
                absorbed.add(message.id)
    return edits, {target: tuple(held) for target, held in reactions.items()}, absorbed


def _as_it_is_now(bubble: Bubble, edit: str | None, reactions: Sequence[str], joined: bool) -> Bubble:
    """`bubble` with what happened to it later."""
    changed = bubble.pieces
    if edit is not None:
        others = (_without_caption(piece) for piece in bubble.pieces if piece.kind != "text")
        changed = (words(0, edit), *others)
    return _replace(
        bubble, pieces=changed, edited=bubble.edited or edit is not None, reactions=tuple(reactions), first=not joined
    )


def _without_caption(piece: Piece) -> Piece:
    """A file's old words, of which the edit tells the new ones; what stands in a place or a card stays."""
    return replace(piece, text="") if piece.kind in _FILES else piece


def _replace(bubble: Bubble, **changes: object) -> Bubble:
    values = {name: getattr(bubble, name) for name in Bubble.__struct_fields__}
    return Bubble(**{**values, **changes})


# --- between bubbles -------------------------------------------------------------------------


def _between(previous: Message | None, message: Message, reader: Reader, say: Words, *, from_start: bool) -> list[Item]:
    items: list[Item] = []
    zone = ZoneInfo(reader.zone)
    day = message.created_at.astimezone(zone).date()
    if previous is None or previous.created_at.astimezone(zone).date() != day:
        text = say.translator.day(message.created_at, reader.zone)
        items.append(Divider(draw="day", key=f"day-{day.isoformat()}", text=text, at=message.created_at))
    changed = previous is not None and previous.channel != message.channel
    if changed or (previous is None and from_start):
        kind = reader.kinds.get(message.channel, message.channel)
        words_of = say.translator.gettext("Now on {channel}") if changed else say.translator.gettext("On {channel}")
        items.append(
            Divider(
                draw="event",
                key=f"channel-{message.seq}",
                text=words_of.format(channel=say.channel(kind)),
                icon=mark(kind),
            )
        )
    if previous is not None and previous.seq < reader.new_seq <= message.seq:
        items.append(Divider(draw="unread", key="new-line", text=say.translator.gettext("New")))
    return items


def _opening(message: Message, say: Words) -> Divider:
    return Divider(
        draw="event",
        key=f"start-{message.seq}",
        text=say.translator.gettext("Opened the conversation"),
        at=message.created_at,
    )


def _together(previous: Message, message: Message) -> bool:
    return (
        previous.author == message.author
        and previous.agent_id == message.agent_id
        and previous.direction == message.direction
        and message.direction is not Direction.NOTE
        and message.created_at - previous.created_at < TOGETHER
    )


# --- one bubble ------------------------------------------------------------------------------


def _bubble(line: Line, reader: Reader, say: Words, by_id: Mapping[int, Message]) -> Bubble:
    message, sends = line.message, line.deliveries
    fate = _fate(sends)
    quoted = by_id.get(message.reply_to) if message.reply_to else None
    return Bubble(
        id=message.id,
        seq=message.seq,
        side="note" if message.direction is Direction.NOTE else message.author.value,
        by=_by(line, reader, say),
        at=message.created_at,
        named=message.author is not Author.CONTACT and not _is_readers_word(message, reader),
        pieces=pieces(message.parts) or _leftover(message, say),
        edited=any(isinstance(part, Edit) for part in message.parts),
        quoted=plain_text(quoted.parts)[:QUOTE] if quoted else "",
        quoted_id=quoted.id if quoted else None,
        choices=tuple(button.label for button in message.buttons),
        fate=fate.value if fate else "",
        fate_word=say.delivery(fate) if fate else "",
        troubles=tuple(
            Trouble(delivery_id=send.id, failed=send.state is DeliveryState.FAILED, reason=send.reason or "")
            for send in sends
            if send.state in (DeliveryState.FAILED, DeliveryState.UNKNOWN)
        ),
        moved=_moved(sends, reader, say),
    )


def _moved(sends: Sequence[Delivery], reader: Reader, say: Words) -> str:
    """In words what became of a message that went another way; empty for all others."""
    lost = [send for send in sends if send.state is DeliveryState.MOVED]
    if not lost:
        return ""

    def named(some: Sequence[Delivery]) -> str:
        channels = dict.fromkeys(send.channel for send in some)
        return ", ".join(say.channel(reader.kinds.get(channel, channel)) for channel in channels)

    reason = next((send.reason for send in lost if send.reason), "")
    words = say.translator.gettext("Could not arrive: {channel} ({reason})")
    told = words.format(channel=named(lost), reason=reason)
    others = [send for send in sends if send.state is not DeliveryState.MOVED]
    if not others:
        return told
    return say.translator.gettext("{told}. Went another way: {channel}").format(told=told, channel=named(others))


def _leftover(message: Message, say: Words) -> tuple[Piece, ...]:
    """A reaction to something that is not loaded."""
    emojis = [part.emoji for part in message.parts if isinstance(part, Reaction) and not part.removed]
    text = say.translator.gettext("Reacted with {emoji}").format(emoji=" ".join(emojis)) if emojis else "…"
    return (Piece(kind="text", text=text),)


def _fate(sends: Sequence[Delivery]) -> DeliveryState | None:
    states = {send.state for send in sends}
    return next((state for state in _FATES if state in states), None)


def _is_readers_word(message: Message, reader: Reader) -> bool:
    return message.direction is Direction.OUTBOUND and message.agent_id == reader.agent_id


def _by(line: Line, reader: Reader, say: Words) -> str:
    _ = say.translator.gettext
    match line.message.author:
        case Author.CONTACT:
            return reader.customer
        case Author.BOT:
            return _("Bot")
        case Author.SYSTEM:
            return _("Automatic")
        case Author.AGENT if line.message.agent_id == reader.agent_id:
            return _("You")
        case Author.AGENT:
            return line.agent or _("Agent")
