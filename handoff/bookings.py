"""Booking, moving, cancelling and trying calls: the rows, their alarms, and the desk's news."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from gateway.contacts import Contact
from gateway.live import DESK, conversation_topic
from gateway.messages import Value
from gateway.ports import Clock
from gateway.processes.wakeups import TIMERS
from gateway.settings import Callbacks as CallbackSettings
from gateway.storage.work import Work
from handoff.calendar import Calendar
from handoff.callbacks import (
    LATE,
    Attempt,
    CallbackRequest,
    CallbackState,
    CallOutcome,
    after_attempt,
    reminder_at,
    require_active,
)
from handoff.hours import OpeningHours, Span
from handoff.storage.callbacks import CallbackTable

log = structlog.get_logger()

DUE = "callback.due"
OVERDUE = "callback.overdue"
REMINDER = "callback.reminder"


class Booking(Value, frozen=True, kw_only=True):
    """What is needed to call: a window, an E.164 number, and perhaps what about."""

    window: Span
    phone: str
    topic: str | None = None


class Bookings:
    """Changes booked calls in the caller's transaction, which holds a conversation's lock and then the
    call's. Alarms are set, never cancelled: their handlers look at the call first (see `Admission`)."""

    def __init__(self, hours: OpeningHours, settings: CallbackSettings, clock: Clock) -> None:
        self._hours = hours.between("callbacks.hours", settings.hours)
        self._settings = settings
        self._clock = clock

    async def calendar(self, work: Work, *, without: int | None = None) -> Calendar:
        """What is free now; the call `without` counts as not booked (because it is being moved)."""
        now = self._clock()
        until = now + timedelta(days=self._settings.days + 2)
        taken = await CallbackTable(work).taken(now, until, without=without)
        return Calendar(self._hours, self._settings, taken, now)

    async def book(
        self,
        work: Work,
        contact: Contact,
        conversation_id: int,
        booking: Booking,
        *,
        zone: str,
        language: str,
        booked_by: int | None = None,
    ) -> CallbackRequest:
        """A new booked call with its alarms set."""
        callback = await CallbackTable(work).add(
            contact_id=contact.id,
            conversation_id=conversation_id,
            phone=booking.phone,
            topic=booking.topic,
            language=language,
            starts_at=booking.window.start,
            ends_at=booking.window.end,
            zone=zone,
            booked_by=booked_by,
            created_at=self._clock(),
        )
        await self._set_alarms(work, callback)
        self._announce(work, callback, "callback")
        log.info("callback_booked", callback=callback.id, conversation=conversation_id)
        return callback

    async def move(self, work: Work, callback: CallbackRequest, window: Span) -> CallbackRequest:
        """Another time for a call that is still to be made. Raises Conflict where it is over."""
        require_active(callback)
        moved = await CallbackTable(work).change(
            callback.id,
            starts_at=window.start,
            ends_at=window.end,
            state=CallbackState.BOOKED,
            tries=0,
            late=False,
            overdue=False,
        )
        await self._set_alarms(work, moved)
        self._announce(work, moved, "callback")
        log.info("callback_moved", callback=callback.id)
        return moved

    async def cancel(self, work: Work, callback: CallbackRequest) -> CallbackRequest:
        """Nobody is to call any more. Raises Conflict where the call is over already."""
        require_active(callback)
        return await self._close(work, callback, CallbackState.CANCELLED)

    async def attempt(
        self, work: Work, callback: CallbackRequest, agent_id: int, outcome: CallOutcome, note: str
    ) -> CallbackRequest:
        """Note a try to call and what follows from it. For MOVED, `move` comes after this."""
        state = after_attempt(callback, outcome, self._settings.attempts)
        table = CallbackTable(work)
        now = self._clock()
        await table.add_attempt(Attempt(callback_id=callback.id, agent_id=agent_id, at=now, outcome=outcome, note=note))
        unanswered = callback.tries + 1 if outcome is CallOutcome.NO_ANSWER else callback.tries
        tried = await table.change(callback.id, agent_id=agent_id, outcome=outcome, tries=unanswered, state=state)
        if not tried.active:
            return await self._close(work, tried, state)
        self._announce(work, tried, "callback")
        return tried

    async def ring(self, work: Work, callback: CallbackRequest, rang_for: datetime) -> None:
        """The window begins: the call is due, `late` where the alarm was held up."""
        late = self._clock() - rang_for > LATE
        due = await CallbackTable(work).change(callback.id, state=CallbackState.DUE, late=late)
        self._announce(work, due, DUE)
        log.info("callback_due", callback=callback.id, late=late)

    async def pass_over(self, work: Work, callback: CallbackRequest) -> None:
        """The window is over and nobody has reached the customer."""
        passed = await CallbackTable(work).change(callback.id, overdue=True)
        self._announce(work, passed, OVERDUE)
        log.info("callback_overdue", callback=callback.id)

    async def _close(self, work: Work, callback: CallbackRequest, state: CallbackState) -> CallbackRequest:
        closed = await CallbackTable(work).change(callback.id, state=state, closed_at=self._clock())
        self._announce(work, closed, "callback")
        log.info("callback_closed", callback=callback.id, state=state)
        return closed

    async def _set_alarms(self, work: Work, callback: CallbackRequest) -> None:
        key, payload = str(callback.id), {"callback": callback.id}
        await work.timers.set(DUE, key, callback.starts_at, payload)
        await work.timers.set(OVERDUE, key, callback.ends_at, payload)
        remind = reminder_at(callback.window, self._clock())
        if remind is not None:
            await work.timers.set(REMINDER, key, remind, payload)
        work.announce(TIMERS, "set")

    def _announce(self, work: Work, callback: CallbackRequest, kind: str) -> None:
        ids = {"callback": callback.id, "conversation": callback.conversation_id}
        work.announce(DESK, kind, **ids)
        work.announce(conversation_topic(callback.conversation_id), kind, **ids)
