"""What the desk's screens show, as values: rows of lists, lines of a transcript, the context beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from gateway.contacts import Contact, Identity
from gateway.conversations import Conversation, State
from gateway.messages import (
    Author,
    ContactCard,
    Edit,
    Location,
    Media,
    Message,
    Part,
    Reaction,
    Text,
    Value,
    plain_text,
)
from gateway.ports import Entity, Tried
from gateway.rendering import strip_markdown
from gateway.staff import Staff
from gateway.storage.deliveries import Delivery
from handoff.callbacks import Attempt, CallbackRequest
from handoff.desk_people import JoinLine
from handoff.handoffs import Handoff, Rating

PREVIEW = 140


class Filter(StrEnum):
    """The desk's tabs."""

    MINE = "mine"
    QUEUE = "queue"
    ALL = "all"
    CALLBACKS = "callbacks"
    CLOSED = "closed"


class InboxRow(Value, frozen=True, kw_only=True):
    """One conversation in a list.

    `name` is the contact's, else the messenger's, None where neither is known; `preview` the last
    message's words and `preview_kind` what it is (``text``, a MediaKind, ``location``, ``contact``,
    ``reaction``); `waiting_since` when the customer's wait began (None: nobody waits); `place` counts
    from 1 in the queue; `assignee` is the agent's name.
    """

    id: int
    contact_id: int
    name: str | None
    channel: str
    channel_kind: str
    state: State
    language: str | None
    updated_at: datetime
    preview: str = ""
    preview_kind: str = "text"
    preview_author: Author | None = None
    unread: int = 0
    waiting_since: datetime | None = None
    place: int | None = None
    anger: float = 0.0
    handoff: Handoff | None = None
    assignee_id: int | None = None
    assignee: str | None = None
    callback: CallbackRequest | None = None
    closed_at: datetime | None = None
    rating: int | None = None


class Line(Value, frozen=True, kw_only=True):
    """One message of a transcript with its sends' fates and, for an agent's, the agent's name."""

    message: Message
    deliveries: tuple[Delivery, ...] = ()
    agent: str | None = None


class Transcript(Value, frozen=True, kw_only=True):
    """A stretch of a conversation, oldest first; `more` where older ones can be loaded."""

    lines: tuple[Line, ...]
    more: bool


class Earlier(Value, frozen=True, kw_only=True):
    """An earlier conversation of the same person, and how it ended."""

    conversation: Conversation
    handoff: Handoff | None = None
    rating: Rating | None = None
    agent: str | None = None
    topic: str | None = None


class Call(Value, frozen=True, kw_only=True):
    """A call with its attempts and the names a list shows."""

    callback: CallbackRequest
    attempts: tuple[Attempt, ...] = ()
    contact: str | None = None
    agent: str | None = None


class CustomerContext(Value, frozen=True, kw_only=True):
    """All that an agent must not ask again. `tried` and `entities` are the newest, also what came after the
    handoff's context was written; `conversation.form` is the open form."""

    conversation: Conversation
    channel_kind: str
    contact: Contact
    identities: tuple[Identity, ...]
    handoff: Handoff | None
    tried: tuple[Tried, ...]
    entities: tuple[Entity, ...]
    earlier: tuple[Earlier, ...]
    calls: tuple[Call, ...]
    joins: tuple[JoinLine, ...] = ()
    rating: Rating | None = None
    assignee: str | None = None


class Colleague(Value, frozen=True, kw_only=True):
    """Somebody a conversation can go to."""

    staff: Staff
    online: bool
    load: int


def preview(parts: Sequence[Part]) -> str:
    """The first words of a message, on one line, without marks of formatting."""
    words = plain_text(parts)
    if any(isinstance(part, Text) and part.markdown for part in parts):
        words = strip_markdown(words)
    return " ".join(words.split())[:PREVIEW]


def kind_of(parts: Sequence[Part]) -> str:
    """What a message is, by its first telling part."""
    for part in parts:
        match part:
            case Media(kind=kind):
                return kind
            case Location():
                return "location"
            case ContactCard():
                return "contact"
            case Reaction():
                return "reaction"
            case Edit():
                return "edit"
            case _:
                continue
    return "text"


def waits_since(unanswered: datetime | None, handoff: Handoff | None) -> datetime | None:
    """Since when a customer waits for a person's words: what came before the handoff the bot has answered."""
    return max(unanswered, handoff.since) if unanswered and handoff else unanswered


def in_tab_order(rows: list[InboxRow], show: Filter) -> list[InboxRow]:
    """Mine: unread first, then the longest wait; the queue by place; calls by time; else as read."""
    match show:
        case Filter.MINE:
            return sorted(rows, key=lambda row: (row.unread == 0, row.waiting_since is None, -_stamp(row)))
        case Filter.QUEUE:
            return sorted(rows, key=lambda row: (row.place is None, row.place or 0, row.id))
        case Filter.CALLBACKS:
            return sorted(rows, key=lambda row: row.callback.starts_at if row.callback else row.updated_at)
        case _:
            return rows


def _stamp(row: InboxRow) -> float:
    """Newest first, but whoever waits longest for an answer before those."""
    return -row.waiting_since.timestamp() if row.waiting_since else row.updated_at.timestamp()
