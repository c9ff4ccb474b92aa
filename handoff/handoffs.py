"""A Handoff: the move of one conversation to people, from the wish to how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from gateway.messages import Value
from gateway.ports import HandoffContext, Reason


class HandoffState(StrEnum):
    """Where a handoff stands.

    `offered`: outside opening hours; the customer was offered a call or a message and has not chosen.
    It is not in the queue yet, but at the next opening it goes there, so that nobody is forgotten.
    """

    OFFERED = "offered"
    WAITING = "waiting"
    CLAIMED = "claimed"
    CLOSED = "closed"


ACTIVE = (HandoffState.OFFERED, HandoffState.WAITING, HandoffState.CLAIMED)


class HandoffOutcome(StrEnum):
    """How a handoff ended; an agent chooses among `CHOICES`, the others follow from what happened."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    NO_ANSWER = "no_answer"
    SPAM = "spam"
    CALLBACK = "callback"
    BOT = "bot"
    JOINED = "joined"


CHOICES = (
    HandoffOutcome.RESOLVED,
    HandoffOutcome.UNRESOLVED,
    HandoffOutcome.NO_ANSWER,
    HandoffOutcome.SPAM,
)
"""What an agent may say when closing."""


class Handoff(Value, frozen=True, kw_only=True):
    """One move to people.

    `reason` is None where an agent took the conversation unasked; `since` is when the waiting began
    (kept through a transfer back to the queue); `opening` is set for a message left for the next
    opening; `told_at`/`told_place` are when and which place the customer was last told.
    """

    id: int
    conversation_id: int
    state: HandoffState
    created_at: datetime
    since: datetime
    reason: Reason | None = None
    context: HandoffContext | None = None
    anger: float = 0.0
    language: str | None = None
    opening: datetime | None = None
    claimed_by: int | None = None
    claimed_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: HandoffOutcome | None = None
    told_at: datetime | None = None
    told_place: int | None = None


def renewed(known: HandoffContext | None, newer: HandoffContext) -> HandoffContext:
    """`newer`, with the reason and the anger a handoff began with: asking again makes neither less true."""
    if known is None:
        return newer
    mood = max(known.mood, newer.mood, key=lambda mood: mood.anger)
    entities = {(entity.kind, entity.value): entity for entity in (*known.entities, *newer.entities)}
    return HandoffContext(
        reason=known.reason,
        language=newer.language,
        tried=newer.tried or known.tried,
        entities=tuple(entities.values()),
        mood=mood,
        article=newer.article or known.article,
    )


class Rating(Value, frozen=True, kw_only=True):
    """What a customer says of a closed conversation: `score` 1–5 and perhaps a word more."""

    conversation_id: int
    score: int
    created_at: datetime
    agent_id: int | None = None
    comment: str | None = None
