"""Finds the days and hours people name, as windows in their own time zone.

What is said of a day («завтра», «next Friday», «25 ноября»), a part of it («утром») and the clock («після
15», "from 10 to 12") is put together in any order; «через годину» is a distance from now. An hour from one
to seven without a word on which half of the day is in the afternoon: nobody books a call for three at night.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import MINYEAR, UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nlu.time_grammar import Grammar
from nlu.time_pieces import (
    Calendar,
    Clock,
    Day,
    Distance,
    Hour,
    Part,
    Piece,
    Relative,
    Week,
    Weekday,
    Within,
    Words,
    may_name_a_time,
    tokens,
)
from nlu.time_words import MORNING, PARTS

_NOON = 12 * 60
_DAWN = 6 * 60
_WHOLE_DAY = 24 * 60
_FARTHEST = 366 * 3  # days ahead or back that a written date may lie


class Window(NamedTuple):
    """A time named at `text[first:last]`: from `start` until `until` (exclusive), None for a point.

    `dayless` where only an hour or a part of the day was named, and its next one is meant.
    """

    first: int
    last: int
    start: datetime
    until: datetime | None
    dayless: bool = False


def find_windows(text: str, now: datetime, zone: str) -> list[Window]:
    """The times named in `text`, in order.

    Args:
        now: an aware datetime that relative words count from.
        zone: the customer's IANA time zone; an unknown one counts as UTC.
    """
    if not may_name_a_time(text):
        return []
    found = tokens(text)
    words = Words(found)
    grammar = Grammar(words)
    resolver = _Resolver(now.astimezone(_zone(zone)))
    windows: list[Window] = []
    after = 0
    for place in words.openings():
        if place < after:
            continue
        pieces, end = grammar.group(place)
        span = resolver.resolve(pieces) if pieces else None
        if span is not None:
            dayless = all(isinstance(piece, Clock | Part) for piece in pieces)
            windows.append(Window(found[place].start, found[end - 1].end, *span, dayless))
            after = end
    return windows


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


Span = tuple[datetime, datetime | None]


class _Resolver:
    """Turns pieces into spans, counting from `now` in the customer's zone."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._today = now.date()

    def resolve(self, pieces: list[Piece]) -> Span | None:
        day: Day | None = None
        part: Part | None = None
        clock: Clock | None = None
        for piece in pieces:
            match piece:
                case Distance(minutes=minutes):
                    return self._from_now(minutes), None
                case Within(minutes=minutes):
                    return self._from_now(0), self._from_now(minutes) if minutes else None
                case Part():
                    part = piece
                case Clock():
                    clock = piece
                case _:
                    day = piece
        dates = self._dates(day) if day is not None else (self._today, 1)
        if dates is None:
            return None
        first, length = dates
        if clock is None and part is None:
            return self._at(first, 0), self._at(first + timedelta(days=length), 0)
        begin, end = _minutes(clock, part)
        if clock is not None and clock.begin is None and first == self._today:
            begin = self._now.hour * 60 + self._now.minute
            if day is None and end <= begin:
                begin = 0  # «до 12» after noon means tomorrow's
        if day is None and self._at(self._today, max(begin, end)) <= self._now:
            first += timedelta(days=1)
            if clock is not None and clock.begin is None:
                begin = 0
        start, until = self._at(first, begin), self._at(first, end)
        # «після 24:00» leaves nothing of its day, and a clock change may swallow a stretch whole.
        empty = until.astimezone(UTC) <= start.astimezone(UTC)
        return start, None if empty or (clock is not None and clock.exact) else until

    def _from_now(self, minutes: int) -> datetime:
        there = (self._now.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(self._now.tzinfo)
        return there.replace(second=0, microsecond=0)

    def _at(self, day: date, minutes: int) -> datetime:
        """That minute of the clock on `day`; an hour that the clocks skip is the one after it."""
        day += timedelta(days=minutes // _WHOLE_DAY)
        minutes %= _WHOLE_DAY
        local = datetime.combine(day, time(minutes // 60, minutes % 60), self._now.tzinfo)
        return local.astimezone(UTC).astimezone(self._now.tzinfo)

    def _dates(self, day: Day) -> tuple[date, int] | None:
        match day:
            case Relative(days=days, length=length):
                return (self._today + timedelta(days=days), length) if abs(days) <= _FARTHEST else None
            case Week(ahead=ahead):
                monday = self._today - timedelta(days=self._today.weekday())
                return (monday + timedelta(days=7), 7) if ahead else (self._today, 7 - self._today.weekday())
            case Weekday():
                return self._weekday(day), day.length
            case Calendar():
                found = self._calendar(day)
                return None if found is None else (found, 1)

    def _weekday(self, day: Weekday) -> date:
        monday = self._today - timedelta(days=self._today.weekday())
        if day.week == "next":
            return monday + timedelta(days=7 + day.number)
        this = monday + timedelta(days=day.number)
        under_way = day.length > 1 and this + timedelta(days=day.length) > self._today
        if this > self._today or under_way or (day.week == "this" and this == self._today):
            return this
        return this + timedelta(days=7)

    def _calendar(self, day: Calendar) -> date | None:
        """The date; without a year or month the next one that is not past."""
        if day.year is not None and day.month is not None:
            return self._sensible(_date(day.year, day.month, day.day))
        year, month = self._today.year, day.month or self._today.month
        for _ in range(24):
            found = _date(year, month, day.day)
            if found is not None and found >= self._today:
                return found
            if day.month is not None:
                year += 1
            else:
                year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return None

    def _sensible(self, found: date | None) -> date | None:
        return found if found and abs((found - self._today).days) <= _FARTHEST else None


def _date(year: int, month: int, day: int) -> date | None:
    if year < MINYEAR or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    return date(year, month, day)


def _minutes(clock: Clock | None, part: Part | None) -> tuple[int, int]:
    """Where the window begins and ends, in minutes from midnight; the end of a point is its begin."""
    bounds = PARTS[part.number] if part else (0, 24)
    low, high = bounds[0] * 60, bounds[1] * 60
    if clock is None:
        return low, high
    begin = _settled(clock.begin, part) if clock.begin else low
    if clock.exact:
        return begin, begin
    if clock.end is None:
        return begin, high if part and high > begin else _WHOLE_DAY
    end = _settled(clock.end, part)
    if clock.begin and clock.begin.vague and not clock.end.vague and begin >= end > clock.begin.minutes:
        begin = clock.begin.minutes  # «з 7 до 9»: not from seven in the evening
    if end <= begin and clock.end.vague:
        if clock.begin and clock.begin.vague and clock.begin.minutes >= _DAWN and part is None:
            begin = clock.begin.minutes  # «з 7 до 2»: in the morning, not over the night
        else:
            end = clock.end.minutes  # «з 22 до 2»: two at night, not two the next afternoon
    if end <= begin and end + _NOON > begin and end < _NOON:
        end += _NOON
    return begin, end if end > begin else end + _WHOLE_DAY


def _settled(hour: Hour, part: Part | None) -> int:
    """The minute of the day, deciding a vague hour by the part of the day, else for the afternoon."""
    minutes = hour.minutes
    if part is not None and part.number == MORNING:
        return minutes
    if part is not None and PARTS[part.number][0] >= 12 and minutes < _NOON and PARTS[part.number][1] <= 24:
        return minutes + _NOON
    return minutes + _NOON if hour.vague and minutes < _NOON else minutes
