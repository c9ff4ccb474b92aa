"""A CallbackRequest: a booked call, and the rules of its life. Pure.

booked → due (its window begins) → tried once or more → done, failed or cancelled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from gateway.errors import Conflict
from gateway.messages import Value
from handoff.hours import Span

LATE = timedelta(minutes=5)
"""An alarm this much behind its time was held up by a stopped process; the desk is told so."""

REMINDER_BEFORE = timedelta(minutes=15)
REMINDER_WHEN_AHEAD = timedelta(hours=2)
"""Somebody who books for sooner than this needs no reminder."""


class CallbackState(StrEnum):
    """Where a booked call stands."""

    BOOKED = "booked"
    DUE = "due"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (CallbackState.BOOKED, CallbackState.DUE)


class CallOutcome(StrEnum):
    """What came of one call."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    MOVED = "moved"


class CallbackRequest(Value, frozen=True, kw_only=True):
    """A booked call.

    `phone` is E.164; `starts_at`–`ends_at` the window (UTC) and `zone` the IANA zone the customer was
    told it in; `tries` counts attempts without an answer; `late` is set where the alarm rang after its
    time, `overdue` where the window passed without a call; `outcome` is that of the last attempt.
    """

    id: int
    contact_id: int
    conversation_id: int
    phone: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    state: CallbackState
    created_at: datetime
    topic: str | None = None
    language: str | None = None
    booked_by: int | None = None
    agent_id: int | None = None
    tries: int = 0
    late: bool = False
    overdue: bool = False
    outcome: CallOutcome | None = None
    closed_at: datetime | None = None

    @property
    def window(self) -> Span:
        """The time of the call."""
        return Span(start=self.starts_at, end=self.ends_at)

    @property
    def active(self) -> bool:
        """Whether somebody still has to call."""
        return self.state in ACTIVE


class Attempt(Value, frozen=True, kw_only=True):
    """One try to call: who, when, what came of it, and a word for colleagues."""

    callback_id: int
    agent_id: int
    at: datetime
    outcome: CallOutcome
    note: str = ""


def after_attempt(callback: CallbackRequest, outcome: CallOutcome, limit: int) -> CallbackState:
    """The state after a try with `outcome`; `limit` unanswered tries make it failed.

    Raises Conflict where nobody is to call any more.
    """
    require_active(callback)
    match outcome:
        case CallOutcome.REACHED:
            return CallbackState.DONE
        case CallOutcome.WRONG_NUMBER:
            return CallbackState.FAILED
        case CallOutcome.NO_ANSWER if callback.tries + 1 >= limit:
            return CallbackState.FAILED
        case CallOutcome.NO_ANSWER:
            return CallbackState.DUE
        case CallOutcome.MOVED:
            return CallbackState.BOOKED


def require_active(callback: CallbackRequest) -> None:
    """Raise Conflict where `callback` is over."""
    if not callback.active:
        raise Conflict(f"callback {callback.id} is already {callback.state}")


def reminder_fits(callback: CallbackRequest, now: datetime) -> bool:
    """Whether a reminder that rings at `now` still helps: not after the fact, not for a call moved away."""
    return callback.state is CallbackState.BOOKED and now < callback.starts_at <= now + REMINDER_BEFORE


def reminder_at(window: Span, booked_at: datetime) -> datetime | None:
    """When to remind the customer; None where the call is too near for that."""
    if window.start - booked_at <= REMINDER_WHEN_AHEAD:
        return None
    return window.start - REMINDER_BEFORE
