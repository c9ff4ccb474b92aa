"""When people answer: opening hours, closed days, and the call windows inside them. Pure.

Hours are wall-clock times of the company's zone; everything that leaves this module is UTC. Where a
clock change repeats an hour, an opening takes the first of the two and a closing the second; where it
skips one, a time inside the gap moves behind it (`zoneinfo`, PEP 495).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import SettingsError
from gateway.messages import Value
from gateway.settings import Hours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEARCH_DAYS = 400
"""How far ahead an opening is looked for: a year with everything closed means never."""

_MERGED = timedelta(days=4)
"""Round the clock is cut here, so that looking for its end does not take a year."""

_INTERVAL = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})")
_DAY_MINUTES = 24 * 60
_LONGEST = 2 * _DAY_MINUTES  # an opening may end on the next day
ALL_DAY = ((0, _LONGEST),)


class Span(Value, frozen=True, kw_only=True):
    """From `start` until just before `end`, both aware UTC datetimes."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether `at` lies inside."""
        return self.start <= at < self.end

    def meets(self, other: Span) -> bool:
        """Whether the two share any moment."""
        return self.start < other.end and other.start < self.end


class OpeningHours:
    """The opening hours of one company. Raises SettingsError, naming the field, for bad settings."""

    def __init__(self, hours: Hours, zone: str, *, within: Sequence[tuple[int, int]] = ALL_DAY) -> None:
        self._hours = hours
        self._zone = _zone(zone)
        self._week = [_shared(parse_day(f"hours.{day}", getattr(hours, day)), within) for day in WEEKDAYS]
        self._closed = frozenset(_closed_day(text) for text in hours.closed)
        self._is_holiday = _holidays(hours.holidays)

    def between(self, field: str, times: str) -> OpeningHours:
        """These hours as far as they lie within `times` of each day (``"08:00-20:00"``; empty: all day).

        Raises SettingsError naming `field`.
        """
        if not times.strip():
            return self
        return OpeningHours(self._hours, self._zone.key, within=parse_day(field, times))

    def is_open(self, at: datetime) -> bool:
        """Whether people answer at `at` (aware)."""
        return self.closing(at) is not None

    def opened(self, at: datetime) -> datetime | None:
        """Since when they have been answering at `at`; None where it is closed then."""
        span = self._around(at)
        return span.start if span else None

    def closing(self, at: datetime) -> datetime | None:
        """When they stop answering, counted from `at`; None where it is closed at `at`."""
        span = self._around(at)
        return span.end if span else None

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself where it is open, else the next opening (UTC); None where it never opens."""
        for span in self._from(at):
            return at.astimezone(UTC) if span.holds(at) else span.start
        return None

    def windows(self, start: datetime, days: int, length: timedelta) -> list[Span]:
        """Whole windows of `length` inside opening hours that begin at `start` or later, up to the end
        of the local day `days` days after it, in order. Each opening's windows count from its start."""
        today = start.astimezone(self._zone).date()
        found: list[Span] = []
        for span in (span for offset in range(days + 1) for span in self.spans(today + timedelta(days=offset))):
            begin = span.start
            while begin + length <= span.end:
                if begin >= start:
                    found.append(Span(start=begin, end=begin + length))
                begin += length
        return found

    def covers(self, span: Span) -> bool:
        """Whether it is open during the whole of `span`."""
        return any(opening.start <= span.start and span.end <= opening.end for opening in self._from(span.start))

    def spans(self, day: date) -> list[Span]:
        """When it is open on the local `day`, in order; a closed day gives none."""
        if day in self._closed or self._is_holiday(day):
            return []
        found = []
        for begin, end in self._week[day.weekday()]:
            start = self._instant(day, begin, fold=0)
            stop = self._instant(day, end, fold=1)
            if start < stop:  # a clock change may swallow an opening whole
                found.append(Span(start=start, end=stop))
        return found

    def _instant(self, day: date, minute: int, *, fold: int) -> datetime:
        midnight = datetime.combine(day + timedelta(days=minute // _DAY_MINUTES), time(), self._zone)
        wall = midnight + timedelta(minutes=minute % _DAY_MINUTES)
        instant = wall.replace(fold=fold).astimezone(UTC)
        skipped = instant.astimezone(self._zone).replace(tzinfo=None) != wall.replace(tzinfo=None)
        # In a gap fold=1 would jump backwards; fold=0 moves forward by the length of the gap.
        return wall.replace(fold=0).astimezone(UTC) if skipped else instant

    def _around(self, at: datetime) -> Span | None:
        return next((span for span in self._from(at) if span.holds(at)), None)

    def _from(self, at: datetime) -> Iterator[Span]:
        """Spans that end after `at`, in order; days that touch at midnight are one."""
        first = at.astimezone(self._zone).date()
        held: Span | None = None
        for offset in range(-1, SEARCH_DAYS):
            for span in self.spans(first + timedelta(days=offset)):
                if held and held.end == span.start and span.end - held.start < _MERGED:
                    held = Span(start=held.start, end=span.end)
                    continue
                if held and held.end > at:
                    yield held
                held = span
        if held and held.end > at:
            yield held


# --- reading settings ------------------------------------------------------------------------


def _shared(day: Sequence[tuple[int, int]], within: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of `day` that lie in `within`, all in minutes."""
    parts = ((max(begin, first), min(end, last)) for begin, end in day for first, last in within)
    return [(begin, end) for begin, end in parts if begin < end]


def parse_day(field: str, text: str) -> list[tuple[int, int]]:
    """`"09:00-13:00, 14:00-18:00"` as minutes of the day, in order. Raises SettingsError for `field`."""
    found: list[tuple[int, int]] = []
    for piece in (piece.strip() for piece in text.split(",")):
        if not piece:
            continue
        begin, end = _interval(field, piece)
        if found and begin < found[-1][1]:
            raise SettingsError(field, f"{piece!r} overlaps the hours before it; put them in order")
        found.append((begin, end))
    return found


def _interval(field: str, piece: str) -> tuple[int, int]:
    match = _INTERVAL.fullmatch(piece)
    if match is None:
        raise SettingsError(field, f'{piece!r} is not a time span; say for example "09:00-18:00", or "" for closed')
    hours = [int(number) for number in match.groups()]
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(begin, end) > _DAY_MINUTES or hours[1] > 59 or hours[3] > 59:
        raise SettingsError(field, f"{piece!r} names a time past 24:00")
    if begin >= end:
        raise SettingsError(
            field, f'{piece!r} ends before it begins; past midnight say "20:00-24:00" and begin the next day at 00:00'
        )
    return begin, end


def _closed_day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError("hours.closed", f"{text!r} is not a day; say for example 2026-12-31") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError("company.zone", f"{name!r} is not a time zone; say for example Europe/Kyiv") from None


def _holidays(country: str) -> Callable[[date], bool]:
    """Public holidays of `country`. The package is heavy, so only a firm that wants it pays for it."""
    if not country:
        return lambda day: False
    from holidays import country_holidays  # noqa: PLC0415

    try:
        known = country_holidays(country.upper())
    except NotImplementedError:
        raise SettingsError("hours.holidays", f"{country!r} is not a country known here; say for example PL") from None
    return lambda day: day in known
