"""The protocols through which the spine speaks with its rooms: nlu, knowledge_base and handoff.

Values first, then one protocol a room. Only `gateway/app.py` knows who implements them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from gateway.contacts import Contact
from gateway.conversations import Conversation, Form, State
from gateway.learning import Phrase, TrainingReport
from gateway.messages import Button, Outbound, Part, Value

if TYPE_CHECKING:
    from gateway.storage.work import Work

# --- nlu: what a text means ------------------------------------------------------------------


class Utterance(Value, frozen=True, kw_only=True):
    """A text to understand. `language` is the conversation's so far (a hint, not a verdict), `zone`
    the customer's IANA time zone, `now` an aware datetime that relative dates count from."""

    text: str
    now: datetime
    zone: str
    language: str | None = None


class EntityKind(StrEnum):
    """What can be copied out of a text."""

    PHONE = "phone"
    EMAIL = "email"
    ORDER = "order"
    TIME = "time"


class Entity(Value, frozen=True, kw_only=True):
    """A thing named in a text at `text[start:end]`.

    `value` is normal form: E.164, lower-case e-mail, upper-case order number, or for a time the
    ISO 8601 start with offset; `until` is the window's exclusive ISO end, None for a point in time.
    `dayless` is a time whose day was not named («о 16»): its next one from now on is taken.
    """

    kind: EntityKind
    text: str
    value: str
    start: int
    end: int
    until: str | None = None
    dayless: bool = False


class Ranked(Value, frozen=True, kw_only=True):
    """An intent (an article's id) with its probability-like confidence in 0–1."""

    intent: str
    confidence: float


class Mood(Value, frozen=True, kw_only=True):
    """How dissatisfied a text sounds, 0–1, and why in words an agent can read (English keys)."""

    anger: float = 0.0
    reasons: tuple[str, ...] = ()


class Understanding(Value, frozen=True, kw_only=True):
    """What the engine says of one text: `ranking` is best first and may be empty."""

    text: str
    language: str
    language_confidence: float
    ranking: tuple[Ranked, ...] = ()
    entities: tuple[Entity, ...] = ()
    mood: Mood = Mood()

    @property
    def best(self) -> Ranked | None:
        """The likeliest intent, None where nothing is known."""
        return self.ranking[0] if self.ranking else None


class Moods(Protocol):
    """How pleased a customer is."""

    def amid(self, said: Understanding, before: Sequence[str], misses: int) -> Mood:
        """The mood of what is `said`, with what went before: `before` are the customer's last texts in this
        conversation, and `misses` the turns in a row that were not understood. Who must say it again is not
        pleased."""
        ...


class Engine(Protocol):
    """Understands texts with the newest trained model."""

    @property
    def revision(self) -> int | None:
        """The knowledge-base revision of the model in service; None before any training."""
        ...

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """One understanding for each utterance, in order. Never raises for strange text."""
        ...

    async def refresh(self) -> bool:
        """Swap in a newer stored model if there is one; the old one serves until then."""
        ...


class TaughtEngine(Engine, Protocol):
    """An engine whose model we train and store ourselves."""

    @property
    def encoder(self) -> str | None:
        """The fingerprint of the sentence vectors that the model in service was taught with; None: it was taught
        without, or is not loaded."""
        ...


class Trainer(Protocol):
    """Trains a model in a process of its own and stores it under its revision."""

    async def train(self, revision: int, phrases: Sequence[Phrase]) -> TrainingReport:
        """Raises FrontdeskError with a clear reason where training is not possible."""
        ...


# --- knowledge_base: what we answer ----------------------------------------------------------


class Action(StrEnum):
    """What choosing an article does."""

    ANSWER = "answer"
    HANDOFF = "handoff"
    CALLBACK = "callback"
    CALLBACK_MOVE = "callback_move"
    CALLBACK_CANCEL = "callback_cancel"
    CONTINUE = "continue"
    DECLINE = "decline"


class Answer(Value, frozen=True, kw_only=True):
    """An article's rendered answer; `degraded` says why the plain text had to stand in."""

    article: str
    text: str
    language: str
    buttons: tuple[Button, ...] = ()
    degraded: str | None = None


Variables = Mapping[str, Mapping[str, str]]
"""What templates may say: ``{"company": {...}, "contact": {...}, "entities": {...}}``, plain strings."""


class Knowledge(Protocol):
    """The published articles, in memory."""

    @property
    def revision(self) -> int | None:
        """The published revision in memory; None where nothing was ever published."""
        ...

    async def refresh(self) -> bool:
        """Take over a newer published revision if there is one."""
        ...

    def action(self, article: str, now: datetime) -> Action | None:
        """What the article does; None where it is not published or not valid at `now`."""
        ...

    def title(self, article: str, language: str) -> str | None:
        """The article's title in `language`, else in the nearest language it has."""
        ...

    def titles(self, language: str) -> Sequence[tuple[str, str]]:
        """(id, title in `language` or the nearest) of every article that may be used now."""
        ...

    def category(self, article: str) -> str:
        """The article's category; empty where it has none, or is not published."""
        ...

    def answer(self, article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
        """Render the answer. Raises NotFound; a failing template gives a degraded Answer instead."""
        ...


# --- handoff: people -------------------------------------------------------------------------


class Reason(StrEnum):
    """Why a conversation goes to people."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    ANGRY = "angry"
    ATTACHMENT = "attachment"
    ARTICLE = "article"
    FAILURE = "failure"
    QUIET = "quiet"


class Tried(Value, frozen=True, kw_only=True):
    """One thing the bot understood in this conversation and what it did about it."""

    text: str
    intent: str | None
    confidence: float
    did: str


class HandoffContext(Value, frozen=True, kw_only=True):
    """What the agent must not ask again; the transcript itself is read from the messages."""

    reason: Reason
    language: str | None = None
    tried: tuple[Tried, ...] = ()
    entities: tuple[Entity, ...] = ()
    mood: Mood = Mood()
    article: str | None = None


class Situation(Value, frozen=True, kw_only=True):
    """What a turn knows: the conversation as loaded and locked, the contact, the inbound parts, and
    what was understood (None where there were no words). `language` is the one to answer in."""

    conversation: Conversation
    contact: Contact
    parts: tuple[Part, ...]
    language: str
    now: datetime
    channel_kind: str
    understanding: Understanding | None = None


class Outcome(Value, frozen=True, kw_only=True):
    """What follows: things to say, a state to move to (None: stay), the form from now on (None: none).

    `handoff` asks the turn to hand over after the replies; `unhandled` says that the form does not
    want these words, so the turn goes on as if there were no form (which stays open).
    """

    replies: tuple[Outbound, ...] = ()
    state: State | None = None
    form: Form | None = None
    handoff: Reason | None = None
    unhandled: bool = False


class Handoffs(Protocol):
    """Queues, agents, callbacks and ratings. Every method runs in the caller's transaction `work`
    and words its own replies; the caller says them and applies the state and form."""

    async def request(self, work: Work, situation: Situation, context: HandoffContext) -> Outcome:
        """Hand over: create the Handoff, or outside opening hours offer a call or a message for later.

        For `Reason.QUIET` nothing is said, at any hour: who asked that no program answers waits as with a
        message that was left."""
        ...

    async def waiting(self, work: Work, situation: Situation) -> Outcome:
        """The customer wrote while queued: tell the place in the queue when it is worth telling."""
        ...

    async def wrote(self, work: Work, situation: Situation) -> None:
        """The customer wrote to an agent's conversation: mark it unread."""
        ...

    async def begin(self, work: Work, form: str, situation: Situation) -> Outcome:
        """Start the form ``callback``, ``callback_move``, ``callback_cancel`` or ``message``."""
        ...

    async def step(self, work: Work, situation: Situation) -> Outcome:
        """Go on with `situation.conversation.form`, or with the form that a pressed button names
        (payload ``f:<form>:<value>``) even when none is open."""
        ...

    async def back_to_bot(self, work: Work, situation: Situation) -> Outcome:
        """The customer left the queue for the bot (payload ``do:bot``)."""
        ...


# --- timers ----------------------------------------------------------------------------------


class Timer(Value, frozen=True, kw_only=True):
    """A durable alarm: `kind` names its handler, `key` makes it replaceable, `payload` is JSON-plain."""

    id: int
    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]


Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime; tests pass their own."""
