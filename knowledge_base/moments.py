"""A Moment: a day, or a minute of it, on the company's clocks. Articles begin and end to be valid at one. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.messages import Value

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ] *([0-9]{1,2}:[0-9]{2})(?::00)?)?", re.ASCII)

_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}", re.ASCII)


class Moment(Value, frozen=True, kw_only=True):
    """A day, with or without a time of it. As words: 2026-12-31, or 2026-12-31 09:00."""

    day: date
    at: time | None = None

    def __str__(self) -> str:
        return f"{self.day.isoformat()} {self.at:%H:%M}" if self.at is not None else self.day.isoformat()

    @property
    def iso(self) -> str:
        """As ISO 8601 has it: 2026-12-31, or 2026-12-31T09:00, without a zone."""
        return str(self).replace(" ", "T")

    def instant(self, zone: ZoneInfo, *, end: bool = False) -> datetime:
        """When it comes, or with `end`, when it is over, in UTC; at most a day off at the ends of the calendar."""
        day = self.day + timedelta(days=1) if end and self.at is None and self.day < date.max else self.day
        local = datetime.combine(day, self.at or time.min, zone)
        return local.astimezone(UTC) if date.min < day < date.max else local.replace(tzinfo=UTC)

    def come(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it is, or was before, `now`: a day begins at midnight."""
        today = now.astimezone(zone).date()
        if self.at is None or today != self.day:
            return today >= self.day
        # As instants: on the clocks an hour is there twice, or not at all, when they are changed.
        return now.astimezone(UTC) >= datetime.combine(self.day, self.at, zone).astimezone(UTC)

    def over(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it is behind `now` as an end: a day ends with its last minute, a minute as it comes."""
        if self.at is None:
            return now.astimezone(zone).date() > self.day
        return self.come(now, zone)


def read_moment(word: str) -> Moment:
    """The inverse of `str`. Raises ValueError."""
    found = _WRITTEN.fullmatch(word)
    if found is None:
        raise ValueError(f"not of this form: {word}")
    day, at = found.groups()
    return Moment(day=date.fromisoformat(day), at=read_time(at) if at else None)


def read_time(word: str) -> time:
    """A time of day as 09:00 or 9:00. Raises ValueError."""
    if not _TIME.fullmatch(word):
        raise ValueError(f"not of this form: {word}")
    hour, minute = word.split(":")
    return time(int(hour), int(minute))


def day_of(moment: Moment | None) -> date | None:
    """Its day, where there is one."""
    return moment.day if moment else None


def time_of(moment: Moment | None) -> time | None:
    """Its time, where there is one."""
    return moment.at if moment else None
