"""Which windows can be booked, and what a named time means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.ports import Entity, EntityKind
from gateway.settings import Callbacks, Hours
from handoff.calendar import Calendar, Refusal, spread
from handoff.hours import OpeningHours, Span

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 23, 12, tzinfo=KYIV)  # a Monday
HOURS = OpeningHours(Hours(), "Europe/Kyiv")


def calendar(*taken: Span, now: datetime = NOW, **changes: int) -> Calendar:
    return Calendar(HOURS, Callbacks(**changes), taken, now.astimezone(UTC))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=KYIV)


def window(day: int, hour: int) -> Span:
    return Span(start=at(day, hour), end=at(day, hour + 1))


def time(start: datetime, until: datetime | None = None) -> Entity:
    return Entity(
        kind=EntityKind.TIME,
        text="",
        value=start.isoformat(),
        until=until.isoformat() if until else None,
        start=0,
        end=0,
    )


def starts(windows: list[Span] | Refusal) -> list[datetime]:
    assert isinstance(windows, list)
    return [window.start.astimezone(KYIV) for window in windows]


def test_suggestions_spread_over_two_days() -> None:
    assert starts(calendar().suggest("Europe/Kyiv")) == [at(23, 13), at(23, 15), at(24, 9), at(24, 13)]


def test_notice_is_kept() -> None:
    assert starts(calendar(notice=61).suggest("Europe/Kyiv"))[0] == at(23, 14)


def test_a_full_window_is_not_offered() -> None:
    full = [window(23, 13)] * 3
    assert at(23, 13) not in starts(calendar(*full).free)
    assert at(23, 13) in starts(calendar(*full[:2]).free)
    assert calendar(*full).why_not(window(23, 13)) is Refusal.FULL
    # A call at half past fills both hours it touches.
    across = Span(start=at(23, 13, 30), end=at(23, 14, 30))
    assert calendar(across, capacity=1).why_not(window(23, 14)) is Refusal.FULL


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (at(23, 11), Refusal.PAST),
        (at(23, 12, 10), Refusal.SOON),
        (at(23, 17, 30), Refusal.CLOSED),
        (at(28, 12), Refusal.CLOSED),
        (at(24, 9), None),
    ],
)
def test_why_not(start: datetime, refusal: Refusal | None) -> None:
    assert calendar().why_not(Span(start=start, end=start + timedelta(hours=1))) is refusal


def test_too_far_ahead_is_refused() -> None:
    assert calendar(days=2).read(time(at(30, 12))) is Refusal.FAR


def test_a_point_in_time_is_the_window_from_it() -> None:
    assert starts(calendar().read(time(at(24, 15, 30)))) == [at(24, 15, 30)]


def test_a_point_before_closing_is_the_last_window() -> None:
    assert starts(calendar().read(time(at(24, 17, 30)))) == [at(24, 17)]


def test_a_stretch_gives_every_free_window_in_it() -> None:
    assert starts(calendar().read(time(at(24, 15), at(25, 0)))) == [at(24, 15), at(24, 16), at(24, 17)]


@pytest.mark.parametrize(
    ("start", "until", "refusal"),
    [
        (at(24, 19), at(24, 22), Refusal.CLOSED),
        (at(22, 9), at(22, 12), Refusal.PAST),
        (at(23, 11), at(23, 13), Refusal.SOON),
        (at(29, 9), at(29, 18), Refusal.CLOSED),
    ],
)
def test_a_stretch_without_windows_says_why(start: datetime, until: datetime, refusal: Refusal) -> None:
    assert calendar().read(time(start, until)) is refusal


@pytest.mark.parametrize("until", [None, at(23, 12, 30), at(23, 13)])
def test_at_once_is_the_first_free_window(until: datetime | None) -> None:
    asked, now = time(at(23, 12), until), NOW + timedelta(seconds=40)
    assert starts(calendar(now=now).read(asked)) == [at(23, 13)]
    assert starts(calendar(*[window(23, 13)] * 3, now=now).read(asked)) == [at(23, 14)]


def test_at_once_while_closed_is_refused_as_closed() -> None:
    now = at(23, 20, 5)
    assert calendar(now=now).read(time(at(23, 20, 5))) is Refusal.CLOSED
    assert calendar(now=now).read(time(at(23, 20, 5), at(23, 21))) is Refusal.CLOSED


def test_a_stretch_from_now_on_that_is_longer_is_read_as_any() -> None:
    assert starts(calendar().read(time(NOW, at(23, 15)))) == [at(23, 13), at(23, 14)]


def test_the_nearest_windows_come_in_order() -> None:
    assert starts(calendar().nearest(at(24, 20))) == [at(24, hour) for hour in (14, 15, 16, 17)]


def test_spreading_keeps_the_first() -> None:
    windows = [window(24, hour) for hour in range(9, 18)]
    assert [w.start.hour for w in spread(windows, 4)] == [9, 11, 13, 15]
    assert spread(windows[:3], 4) == windows[:3]


def test_windows_keep_their_wall_time_over_the_change_to_winter() -> None:
    friday = datetime(2026, 10, 23, 17, 30, tzinfo=KYIV)
    [first, *_] = calendar(now=friday).suggest("Europe/Kyiv")
    assert first.start == datetime(2026, 10, 26, 9, tzinfo=KYIV)
    assert first.start.astimezone(UTC).hour == 7
