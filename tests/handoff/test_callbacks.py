"""The life of a booked call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.errors import Conflict
from handoff.callbacks import (
    CallbackRequest,
    CallbackState,
    CallOutcome,
    after_attempt,
    reminder_at,
    reminder_fits,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def callback(state: CallbackState = CallbackState.DUE, tries: int = 0) -> CallbackRequest:
    return CallbackRequest(
        id=1,
        contact_id=1,
        conversation_id=1,
        phone="+380671234567",
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=1),
        zone="Europe/Kyiv",
        state=state,
        created_at=NOW,
        tries=tries,
    )


@pytest.mark.parametrize(
    ("tries", "outcome", "state"),
    [
        (0, CallOutcome.REACHED, CallbackState.DONE),
        (0, CallOutcome.NO_ANSWER, CallbackState.DUE),
        (1, CallOutcome.NO_ANSWER, CallbackState.DUE),
        (2, CallOutcome.NO_ANSWER, CallbackState.FAILED),
        (0, CallOutcome.WRONG_NUMBER, CallbackState.FAILED),
        (2, CallOutcome.MOVED, CallbackState.BOOKED),
    ],
)
def test_what_follows_from_an_attempt(tries: int, outcome: CallOutcome, state: CallbackState) -> None:
    assert after_attempt(callback(tries=tries), outcome, limit=3) is state


@pytest.mark.parametrize("state", [CallbackState.DONE, CallbackState.FAILED, CallbackState.CANCELLED])
def test_nobody_calls_when_it_is_over(state: CallbackState) -> None:
    with pytest.raises(Conflict):
        after_attempt(callback(state), CallOutcome.REACHED, limit=3)


def test_a_reminder_only_for_who_booked_well_ahead() -> None:
    window = callback().window
    assert reminder_at(window, NOW - timedelta(hours=2)) is None
    assert reminder_at(window, NOW - timedelta(hours=3)) == NOW - timedelta(minutes=15)


def test_a_reminder_neither_after_the_fact_nor_for_a_call_moved_away() -> None:
    booked = callback(CallbackState.BOOKED)
    assert reminder_fits(booked, NOW - timedelta(minutes=15))
    assert not reminder_fits(booked, NOW)
    assert not reminder_fits(booked, NOW - timedelta(hours=2))
    assert not reminder_fits(callback(CallbackState.CANCELLED), NOW - timedelta(minutes=10))
