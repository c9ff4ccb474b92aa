"""The times at which we can still call: opening hours less what is booked. Pure.

Two bookings decided in the same instant may both take a window's last place: `capacity` says how much
work an hour should hold, it is not a seat that can be sold once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.ports import Entity
from gateway.settings import Callbacks
from handoff.hours import OpeningHours, Span

CHOICES = 4
"""How many windows are offered at once: as many as one sees at a glance."""

MINUTE = timedelta(minutes=1)
"""As exactly as times are named: “now” is somewhere in it."""


class Refusal(StrEnum):
    """Why a time cannot be booked."""

    PAST = "past"
    SOON = "soon"
    FAR = "far"
    CLOSED = "closed"
    FULL = "full"


class Calendar:
    """What can be booked at `now`; `taken` holds one span for each call already booked."""

    def __init__(self, hours: OpeningHours, settings: Callbacks, taken: Sequence[Span], now: datetime) -> None:
        self._hours = hours
        self._settings = settings
        self._taken = taken
        self._now = now
        self._length = timedelta(minutes=settings.window)
        self._earliest = now + timedelta(minutes=settings.notice)
        self._all = hours.windows(self._earliest, settings.days, self._length)
        self.free = [window for window in self._all if not self._is_full(window)]

    def why_not(self, window: Span) -> Refusal | None:
        """What speaks against calling in `window`; None where nothing does."""
        if window.start < self._now:
            return Refusal.PAST
        if window.start < self._earliest:
            return Refusal.SOON
        if window.start > self._now + timedelta(days=self._settings.days + 1):
            return Refusal.FAR
        if not self._hours.covers(window):
            return Refusal.CLOSED
        return Refusal.FULL if self._is_full(window) else None

    def suggest(self, zone: str) -> list[Span]:
        """Up to `CHOICES` free windows over the first two days that have any (days of `zone`): the
        first of each day and one well after it, so that there is something for everybody."""
        by_day: dict[object, list[Span]] = {}
        for window in self.free:
            by_day.setdefault(window.start.astimezone(ZoneInfo(zone)).date(), []).append(window)
        days = list(by_day.values())[:2]
        share = CHOICES // len(days) if days else 0
        return [window for day in days for window in spread(day, share)]

    def nearest(self, at: datetime) -> list[Span]:
        """Up to `CHOICES` free windows nearest to `at`, in order of time."""
        nearest = sorted(self.free, key=lambda window: (abs(window.start - at), window.start))[:CHOICES]
        return sorted(nearest, key=lambda window: window.start)

    def window_at(self, start: datetime) -> Span:
        """The window that begins at `start`."""
        return Span(start=start, end=start + self._length)

    def read(self, time: Entity) -> list[Span] | Refusal:
        """The free windows that a named time means: one for a point in time, perhaps several for a
        stretch (“tomorrow morning”). A refusal where there is none."""
        start = datetime.fromisoformat(time.value)
        until = datetime.fromisoformat(time.until) if time.until else None
        if start <= self._now < (until or start + MINUTE) <= start + max(self._length, MINUTE):
            return self._soonest()
        if until is None or until - start < self._length:
            return self._at_point(start)
        wanted = Span(start=start, end=until)
        inside = [window for window in self.free if wanted.start <= window.start and window.end <= wanted.end]
        return inside or self._why_nothing(wanted)

    def _soonest(self) -> list[Span] | Refusal:
        """“At once”, “within an hour”: the first free window; a call this minute nobody can promise."""
        if not self._hours.is_open(self._now):
            return Refusal.CLOSED
        return self.free[:1] or Refusal.FULL

    def _at_point(self, start: datetime) -> list[Span] | Refusal:
        asked = self.window_at(start)
        refusal = self.why_not(asked)
        if refusal is None:
            return [asked]
        # "At 17:30" before closing at 18:00 is the last window, not a refusal.
        around = next((window for window in self._all if window.holds(start)), None)
        if refusal is Refusal.CLOSED and around is not None:
            return [around] if around in self.free else Refusal.FULL
        return refusal

    def _why_nothing(self, wanted: Span) -> Refusal:
        if wanted.end <= self._now:
            return Refusal.PAST
        if wanted.end <= self._earliest + self._length:
            return Refusal.SOON
        if wanted.start > self._now + timedelta(days=self._settings.days + 1):
            return Refusal.FAR
        full = any(window.meets(wanted) for window in self._all)
        return Refusal.FULL if full else Refusal.CLOSED

    def _is_full(self, window: Span) -> bool:
        return sum(1 for span in self._taken if span.meets(window)) >= self._settings.capacity


def spread(windows: Sequence[Span], count: int = CHOICES) -> list[Span]:
    """Up to `count` of `windows` spread evenly, always with the first."""
    if len(windows) <= count:
        return list(windows)
    return [windows[index * len(windows) // count] for index in range(count)]
