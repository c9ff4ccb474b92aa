"""A desk: a surface beside the web desk where agents work, and all that it may do to conversations.

`handoff` implements `DeskActs`, `bots/<kind>/desk` a `Desk`; neither knows the other, and the composition
root joins them. Whatever one desk does is in the database when it is done, so all desks stay in step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gateway.channels import Channel, Envelope, MediaKeeper, Receipt, WebhookRequest
from gateway.conversations import Conversation, State
from gateway.desk_calls import CallActs
from gateway.messages import Media, Message, Value
from gateway.operating.checkup import Finding
from gateway.operating.observing import Figure
from gateway.ports import Clock
from gateway.settings import Company
from gateway.staff import Staff
from gateway.texts import Texts

if TYPE_CHECKING:
    from gateway.processes.wakeups import Wakeups
    from gateway.storage.engine import Database
    from gateway.storage.work import Work

DESK_EVENTS = "work:desks"
"""The bell that rings when an agent did something on a desk of ours (see `gateway.processes.wakeups`)."""


# --- what a desk shows -----------------------------------------------------------------------


class Standing(Value, frozen=True, kw_only=True):
    """One handoff as it stands, in the least words: enough to see whether there is news of it.

    `active`: people wait or work on it. `state`, `agent_id` and `last_seq` are its conversation's. `asked` is
    false where an agent took the conversation although nobody had called one.
    """

    handoff_id: int
    conversation_id: int
    active: bool
    asked: bool
    state: State
    last_seq: int
    channel: str
    agent_id: int | None = None
    outcome: str | None = None
    rating: int | None = None
    language: str | None = None
    article: str | None = None
    closed_at: datetime | None = None

    @property
    def mark(self) -> str:
        """Changes whenever the handoff has news."""
        return f"{self.state}:{self.agent_id}:{self.outcome}:{self.rating}:{self.last_seq}"


class CardState(StrEnum):
    """What can be done about a handoff now."""

    WAITING = "waiting"
    HELD = "held"
    BOT = "bot"
    CLOSED = "closed"


class Named(Value, frozen=True, kw_only=True):
    """A value with the word for it."""

    label: str
    value: str


class TriedWords(Value, frozen=True, kw_only=True):
    """One thing the customer said and what the bot made of it, in words."""

    text: str
    did: str
    topic: str = ""


class Card(Value, frozen=True, kw_only=True):
    """A handoff in words of one language: what an agent must know before the first answer.

    `status` says who answers, or how it ended; `waits_since` is set while the customer waits for words, and
    `mood` empty where there is nothing to say of it.
    """

    conversation_id: int
    state: CardState
    name: str
    channel: str
    status: str
    reason: str
    began_at: datetime
    language: str = ""
    waits_since: datetime | None = None
    mood: str = ""
    topic: str = ""
    phone: str = ""
    form: str = ""
    call: str = ""
    rating: int | None = None
    earlier: int = 0
    holder_id: int | None = None
    tried: tuple[TriedWords, ...] = ()
    facts: tuple[Named, ...] = ()


class Side(StrEnum):
    """Whose line of a transcript it is."""

    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"
    NOTE = "note"


class DeskLine(Value, frozen=True, kw_only=True):
    """One message of a transcript in words. `by` is who said it; `remark` what is to be known of it beside its
    words (an edit, a pressed button). `source` is the configured channel it went over, `channel` the word for
    it."""

    message_id: int
    seq: int
    side: Side
    by: str
    at: datetime
    channel: str
    source: str = ""
    text: str = ""
    markdown: bool = False
    remark: str = ""
    media: tuple[Media, ...] = ()


class ReadyText(Value, frozen=True, kw_only=True):
    """A canned text, filled for one conversation; `missing` are the blanks nobody could fill. With a `title` it is
    an article's answer, and `shortcut` the article's id."""

    shortcut: str
    text: str
    missing: tuple[str, ...] = ()
    title: str = ""


class CallTime(Value, frozen=True, kw_only=True):
    """A window in which a call can be booked: `starts_at` in ISO 8601, and in words under its day."""

    starts_at: str
    day: str
    text: str


class CallSheet(Value, frozen=True, kw_only=True):
    """What the form for booking a call begins with."""

    phone: str
    topic: str
    times: tuple[CallTime, ...]


# --- what a desk may do ----------------------------------------------------------------------


class DeskActs(Protocol):
    """What agents do and see, the same from every desk. Every method runs in the caller's transaction `work`,
    so that an act and the caller's note of it are one.

    Refusals are worded in the agent's language: Conflict (somebody else has the conversation, or it moved
    on), RequestRefused (the input will not do), NotFound. After one the transaction must be given up.
    """

    async def standing(self, work: Work, known: Sequence[int]) -> list[Standing]:
        """Every active handoff, and those of `known` (ids of handoffs) as well, the oldest first."""
        ...

    async def card(self, work: Work, handoff_id: int, language: str) -> Card:
        """The handoff in words. Raises NotFound."""
        ...

    async def lines(
        self, work: Work, conversation_id: int, after_seq: int, limit: int, language: str
    ) -> list[DeskLine]:
        """Up to `limit` messages after `after_seq`, notes too, the oldest first."""
        ...

    async def lines_before(
        self, work: Work, conversation_id: int, before_seq: int, limit: int, language: str
    ) -> list[DeskLine]:
        """The last `limit` messages before `before_seq`, notes too, the oldest first."""
        ...

    async def claim(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """Take the conversation; who has it already keeps it."""
        ...

    async def take_over(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """Take the conversation from whoever has it; a note says so."""
        ...

    async def reply(
        self,
        work: Work,
        conversation_id: int,
        agent: Staff,
        text: str,
        *,
        media: Sequence[Media] = (),
        canned: str | None = None,
        article: str | None = None,
    ) -> Message:
        """Say it to the customer; `canned` is the shortcut of the text, `article` the id of the article that it
        was made from."""
        ...

    async def correct(self, work: Work, message_id: int, agent: Staff, text: str) -> Message:
        """Change what this agent said, where the customer's channel can."""
        ...

    async def note(self, work: Work, conversation_id: int, agent: Staff, text: str) -> Message:
        """A private note."""
        ...

    async def transfer(self, work: Work, conversation_id: int, agent: Staff, to: int | None, reason: str) -> None:
        """To a colleague, or (None) back to the queue."""
        ...

    async def back_to_bot(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """Let the bot answer again."""
        ...

    async def close(self, work: Work, conversation_id: int, agent: Staff, outcome: str) -> None:
        """End the conversation; `outcome` is a value of `outcomes`."""
        ...

    async def book(
        self, work: Work, conversation_id: int, agent: Staff, starts_at: datetime, phone: str, topic: str
    ) -> str:
        """Book a call, of which the customer is told; when it will be, in words."""
        ...

    async def templates(self, work: Work, conversation_id: int, agent: Staff, words: str) -> list[ReadyText]:
        """Canned texts that have `words`, in the customer's language and filled with their data."""
        ...

    async def call_sheet(self, work: Work, conversation_id: int, agent: Staff) -> CallSheet:
        """What is known for booking a call, and every window that is free."""
        ...

    async def colleagues(self, work: Work, conversation_id: int, agent: Staff) -> list[Named]:
        """Whom it can be given to: staff ids with names, the fittest first."""
        ...

    def outcomes(self, language: str) -> list[Named]:
        """How an agent may say that it ended."""
        ...


ArticleSearch = Callable[[str, str, Conversation], Awaitable[Sequence[tuple[str, str, str]]]]
"""(words, language, conversation) → (article id, title, filled answer), likeliest first."""


# --- what a desk is --------------------------------------------------------------------------


class Desk(Protocol):
    """One configured desk, `[desks.NAME]`."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    def receive(self, request: WebhookRequest) -> Receipt:
        """Verify over the raw bytes and cut into envelopes; see `Channel.receive`."""
        ...

    async def take(self, desk: str, envelopes: Sequence[Envelope]) -> None:
        """Return once `envelopes` are committed; an `Intake`. Raises StorageUnavailable."""
        ...

    async def listen(self) -> None:
        """Hear what is not told by webhook, until cancelled."""
        ...

    async def work(self) -> None:
        """Carry out what agents did, until the wakeups are stopped."""
        ...

    async def show(self) -> None:
        """Show handoffs and what is said in them, until the wakeups are stopped."""
        ...

    async def figures(self, work: Work) -> Sequence[Figure]:
        """A `gateway.operating.observing.Source`."""
        ...

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class DeskTools(Value, frozen=True, kw_only=True):
    """What the gateway hands a desk when building it; `file_limit` is in bytes, `keep_days` is how long raw
    events are kept (0: for good)."""

    database: Database
    acts: DeskActs
    calls: CallActs
    search: ArticleSearch
    media: MediaKeeper
    channels: Mapping[str, Channel]
    texts: Texts
    company: Company
    clock: Clock
    wakeups: Wakeups
    public_url: str | None
    file_limit: int
    keep_days: int = 30


class DeskKind(msgspec.Struct, frozen=True, kw_only=True):
    """A registration: the kind's name, its settings class, and how to build a desk from checked settings."""

    name: str
    settings: type[Any]
    build: Callable[[str, Any, DeskTools], Desk]
