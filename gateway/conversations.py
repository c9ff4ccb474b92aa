"""One matter of one contact: its state, and which moves between states are allowed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from gateway.errors import Conflict
from gateway.messages import Value


class State(StrEnum):
    """Who answers now."""

    BOT = "bot"
    QUEUED = "queued"
    AGENT = "agent"
    CLOSED = "closed"


ALLOWED: dict[State, frozenset[State]] = {
    State.BOT: frozenset({State.QUEUED, State.AGENT, State.CLOSED}),
    State.QUEUED: frozenset({State.AGENT, State.BOT, State.CLOSED}),
    State.AGENT: frozenset({State.QUEUED, State.BOT, State.CLOSED, State.AGENT}),
    State.CLOSED: frozenset(),
}


class Form(Value, frozen=True, kw_only=True):
    """A form in progress (booking a callback, a rating): its name, its step, and what is known so far.

    `slots` is JSON-plain (str, int, float, bool, None, lists and dicts of these).
    """

    name: str
    step: str
    slots: dict[str, Any] = msgspec.field(default_factory=dict)


class Offer(Value, frozen=True, kw_only=True):
    """A choice last put before the customer; `number` where it was shown as a numbered list."""

    label: str
    payload: str
    number: int | None = None


class Conversation(Value, frozen=True, kw_only=True):
    """One matter of one contact across channels.

    `identity_id` is where the customer last wrote and so where replies go; `last_seq` the newest
    message's sequence number; `misses` counts turns not understood in a row, `article` is what the bot
    answered with last; `agent_id` is set exactly while `state` is agent.
    """

    id: int
    contact_id: int
    identity_id: int
    channel: str
    address: str
    state: State
    created_at: datetime
    updated_at: datetime
    last_seq: int = 0
    language: str | None = None
    misses: int = 0
    article: str | None = None
    agent_id: int | None = None
    form: Form | None = None
    offers: tuple[Offer, ...] = ()
    closed_at: datetime | None = None
    rating: int | None = None


def require_move(conversation: Conversation, to: State) -> None:
    """Raise Conflict where `conversation` may not move to state `to`."""
    if to not in ALLOWED[conversation.state]:
        raise Conflict(f"conversation {conversation.id} is {conversation.state} and cannot become {to}")
