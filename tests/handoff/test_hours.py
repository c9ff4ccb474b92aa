"""Opening hours: weekdays, breaks, holidays, and the two days a year that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.settings import Hours
from handoff.hours import WEEKDAYS, OpeningHours, Span, parse_day

KYIV = ZoneInfo("Europe/Kyiv")
HOUR = timedelta(hours=1)
ROUND_THE_CLOCK = Hours(**dict.fromkeys(WEEKDAYS, "00:00-24:00"))


def kyiv(year: int, month: int, day: int, hour: int = 0, minute: int = 0, *, fold: int = 0) -> datetime:
    # As UTC: a time in a repeated hour equals nothing in another zone (PEP 495).
    return datetime(year, month, day, hour, minute, tzinfo=KYIV, fold=fold).astimezone(UTC)


@pytest.fixture
def hours() -> OpeningHours:
    return OpeningHours(Hours(sat="10:00-13:00, 14:00-16:00"), "Europe/Kyiv")


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (kyiv(2026, 11, 23, 8, 59), False),
        (kyiv(2026, 11, 23, 9), True),
        (kyiv(2026, 11, 23, 17, 59), True),
        (kyiv(2026, 11, 23, 18), False),
        (kyiv(2026, 11, 21, 12, 59), True),
        (kyiv(2026, 11, 21, 13, 30), False),
        (kyiv(2026, 11, 21, 14), True),
        (kyiv(2026, 11, 22, 12), False),
        (datetime(2026, 11, 23, 7, 30, tzinfo=UTC), True),  # 09:30 in Kyiv
    ],
)
def test_open_and_closed(hours: OpeningHours, at: datetime, is_open: bool) -> None:
    assert hours.is_open(at) is is_open


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        (kyiv(2026, 11, 23, 10), kyiv(2026, 11, 23, 10)),
        (kyiv(2026, 11, 23, 18), kyiv(2026, 11, 24, 9)),
        (kyiv(2026, 11, 21, 13, 30), kyiv(2026, 11, 21, 14)),
        (kyiv(2026, 11, 21, 17), kyiv(2026, 11, 23, 9)),
    ],
)
def test_next_opening(hours: OpeningHours, at: datetime, opening: datetime) -> None:
    found = hours.next_opening(at)
    assert found == opening
    assert found is not None
    assert found.tzinfo is UTC


def test_a_company_that_never_opens_has_no_next_opening() -> None:
    never = OpeningHours(Hours(**dict.fromkeys(WEEKDAYS, "")), "Europe/Kyiv")
    assert never.next_opening(kyiv(2026, 11, 23)) is None
    assert never.windows(kyiv(2026, 11, 23), 7, HOUR) == []


def test_closed_days_and_holidays_are_skipped() -> None:
    closed = OpeningHours(Hours(closed=["2026-11-24"]), "Europe/Kyiv")
    assert closed.next_opening(kyiv(2026, 11, 23, 20)) == kyiv(2026, 11, 25, 9)
    polish = OpeningHours(Hours(holidays="pl"), "Europe/Warsaw")
    assert polish.spans(date(2026, 11, 11)) == []  # Independence Day, a Wednesday
    assert polish.spans(date(2026, 11, 12)) != []


# --- clock changes ---------------------------------------------------------------------------


def test_opening_keeps_its_wall_time_over_both_changes(hours: OpeningHours) -> None:
    # Friday before and Monday after: 09:00 in Kyiv is another moment in UTC.
    assert hours.next_opening(kyiv(2026, 3, 27, 5)) == datetime(2026, 3, 27, 7, tzinfo=UTC)
    assert hours.next_opening(kyiv(2026, 3, 29, 5)) == datetime(2026, 3, 30, 6, tzinfo=UTC)
    assert hours.next_opening(kyiv(2026, 10, 23, 5)) == datetime(2026, 10, 23, 6, tzinfo=UTC)
    assert hours.next_opening(kyiv(2026, 10, 25, 5)) == datetime(2026, 10, 26, 7, tzinfo=UTC)


def test_round_the_clock_days_have_23_and_25_hours() -> None:
    always = OpeningHours(ROUND_THE_CLOCK, "Europe/Kyiv")
    spring = always.windows(kyiv(2026, 3, 29), 0, HOUR)
    autumn = always.windows(kyiv(2026, 10, 25), 0, HOUR)
    assert (len(spring), len(autumn)) == (23, 25)
    # The hour from 03:00 comes twice in autumn and never in spring.
    assert [w.start.astimezone(KYIV).hour for w in spring][2:5] == [2, 4, 5]
    assert [w.start.astimezone(KYIV).hour for w in autumn][2:6] == [2, 3, 3, 4]


def test_an_opening_in_the_repeated_hour_takes_the_first_and_a_closing_the_second() -> None:
    nightly = OpeningHours(Hours(sun="03:30-03:45"), "Europe/Kyiv")
    [span] = nightly.spans(date(2026, 10, 25))
    assert span.start == kyiv(2026, 10, 25, 3, 30, fold=0)
    assert span.end == kyiv(2026, 10, 25, 3, 45, fold=1)
    assert span.end - span.start == timedelta(hours=1, minutes=15)


def test_an_opening_in_the_skipped_hour_moves_behind_it() -> None:
    nightly = OpeningHours(Hours(sun="03:30-05:00"), "Europe/Kyiv")
    [span] = nightly.spans(date(2026, 3, 29))
    assert span.start == kyiv(2026, 3, 29, 4, 30)
    assert span.end == kyiv(2026, 3, 29, 5)


def test_days_that_touch_at_midnight_are_one_opening() -> None:
    always = OpeningHours(ROUND_THE_CLOCK, "Europe/Kyiv")
    midnight = Span(start=kyiv(2026, 11, 23, 23, 30), end=kyiv(2026, 11, 24, 0, 30))
    assert always.covers(midnight)
    assert always.is_open(kyiv(2026, 11, 24))
    late = OpeningHours(Hours(mon="20:00-24:00", tue="00:00-02:00"), "Europe/Kyiv")
    assert late.closing(kyiv(2026, 11, 23, 21)) == kyiv(2026, 11, 24, 2)


# --- windows ---------------------------------------------------------------------------------


def test_windows_lie_inside_openings_and_count_from_their_start(hours: OpeningHours) -> None:
    found = hours.windows(kyiv(2026, 11, 21, 10, 30), 0, HOUR)
    assert [w.start for w in found] == [kyiv(2026, 11, 21, h) for h in (11, 12, 14, 15)]
    friday_and_weekend = hours.windows(kyiv(2026, 11, 20, 16, 1), 2, timedelta(minutes=90))
    assert [w.start for w in friday_and_weekend] == [
        kyiv(2026, 11, 20, 16, 30),
        kyiv(2026, 11, 21, 10),
        kyiv(2026, 11, 21, 11, 30),
        kyiv(2026, 11, 21, 14),
    ]


@settings(max_examples=20)
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    days=st.integers(0, 9),
    minutes=st.sampled_from([15, 30, 45, 60, 90]),
    zone=st.sampled_from(["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_every_window_is_open_whole_and_in_order(start: datetime, days: int, minutes: int, zone: str) -> None:
    hours = OpeningHours(Hours(sat="00:00-24:00", sun="00:00-04:00, 05:00-23:30"), zone)
    length = timedelta(minutes=minutes)
    found = hours.windows(start, days, length)
    assert all(w.start >= start and w.end - w.start == length and hours.covers(w) for w in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(hours.is_open(w.start) and hours.next_opening(w.start) == w.start for w in found)


# --- bad settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mon": "nine to six"}, "hours.mon"),
        ({"tue": "18:00-09:00"}, "hours.tue"),
        ({"wed": "09:00-25:00"}, "hours.wed"),
        ({"thu": "09:60-10:00"}, "hours.thu"),
        ({"fri": "09:00-13:00, 12:00-18:00"}, "hours.fri"),
        ({"holidays": "XX"}, "hours.holidays"),
        ({"closed": ["31.12.2026"]}, "hours.closed"),
    ],
)
def test_a_bad_setting_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(SettingsError) as refused:
        OpeningHours(Hours(**changes), "Europe/Kyiv")
    assert refused.value.field == field


def test_a_bad_zone_names_its_field() -> None:
    with pytest.raises(SettingsError, match=r"company\.zone"):
        OpeningHours(Hours(), "Europe/Kiew")


def test_dashes_and_spaces_are_forgiven() -> None:
    assert parse_day("hours.mon", " 9:00 – 13:00,14:00—18:00, ") == [(540, 780), (840, 1080)]


def test_calls_keep_to_their_own_times_within_opening_hours() -> None:
    hours = Hours(mon="00:00-24:00", tue="12:00-22:00", wed="")
    day = OpeningHours(hours, "Europe/Kyiv").between("callbacks.hours", "09:00-20:00")
    spans = [day.spans(date(2026, 11, 23) + timedelta(days=offset)) for offset in range(3)]
    kyiv = ZoneInfo("Europe/Kyiv")
    assert [[(span.start.astimezone(kyiv).hour, span.end.astimezone(kyiv).hour) for span in one] for one in spans] == [
        [(9, 20)],
        [(12, 20)],
        [],
    ]


def test_a_wrong_time_for_calls_names_the_field() -> None:
    with pytest.raises(SettingsError, match=r"callbacks\.hours"):
        OpeningHours(Hours(), "Europe/Kyiv").between("callbacks.hours", "nine to five")
