"""The days a report is about, in the company's zone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.messages import Value

CHOICES = (7, 30, 90)
LONGEST = 366
"""Days that a report covers at most."""


class Period(Value, frozen=True, kw_only=True):
    """From the first to the last day, both included, in `zone` (IANA)."""

    first: date
    last: date
    zone: str

    @property
    def start(self) -> datetime:
        """The first instant."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant that is not in it any more."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    def day_of(self, moment: datetime) -> date:
        """The day on which `moment` is."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


def read_period(query: Mapping[str, str], now: datetime, zone: str) -> Period:
    """The period that a page's address asks for: `days` back from today, or `from` and `to`.

    What cannot be read is a month; days to come are left out, and the longest period is `LONGEST` days.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    if first or last:
        last = min(last or today, today)
        first = min(first or last, last)
        return Period(first=max(first, last - timedelta(days=LONGEST - 1)), last=last, zone=zone)
    days = next((choice for choice in CHOICES if query.get("days") == str(choice)), CHOICES[1])
    return Period(first=today - timedelta(days=days - 1), last=today, zone=zone)


def _day(word: str) -> date | None:
    try:
        found = date.fromisoformat(word)
    except ValueError:
        return None
    return found if found.year > 2000 else None


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
