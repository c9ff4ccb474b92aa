"""Days and minutes on the company's clocks, on the days too on which the clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from knowledge_base.articles import Article
from knowledge_base.moments import Moment, read_moment, read_time
from knowledge_base.rules import problems_of

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    "word", ["2026-12-31", "2026-12-31 09:00", "2026-12-31 00:00", "0001-01-01", "9999-12-31 23:59"]
)
def test_what_is_written_is_read(word: str) -> None:
    assert str(read_moment(word)) == word


@pytest.mark.parametrize(
    "word",
    ["", "2026-02-30", "2026-12-31 24:00", "2026-12-31 09:60", "2026-12-31 09:00:01", "31.12.2026", "2026-12-31 9"],
)
def test_what_is_no_moment_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_moment(word)


@pytest.mark.parametrize("word", ["9", "09:00:00", "٠٩:٠٠", "-1:00"])
def test_what_is_no_time_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_time(word)


@pytest.mark.parametrize(
    ("moment", "before", "since"),
    [
        ("2026-11-21 10:30", (2026, 11, 21, 8, 29), (2026, 11, 21, 8, 30)),
        ("2026-11-21", (2026, 11, 20, 21, 59), (2026, 11, 20, 22, 0)),
        # 03:30 is there twice on 25 October: the first counts, and it does not go back again.
        ("2026-10-25 03:30", (2026, 10, 25, 0, 29), (2026, 10, 25, 0, 30)),
        ("2026-10-25 03:30", (2026, 10, 25, 0, 29), (2026, 10, 25, 1, 5)),
        # 03:30 is not there on 29 March: an hour later on the clocks, which is just as long after midnight.
        ("2026-03-29 03:30", (2026, 3, 29, 1, 29), (2026, 3, 29, 1, 30)),
    ],
)
def test_it_comes_at_its_minute(moment: str, before: tuple[int, ...], since: tuple[int, ...]) -> None:
    wanted = read_moment(moment)
    assert not wanted.come(datetime(*before, tzinfo=UTC), KYIV)  # type: ignore[arg-type, misc]
    assert wanted.come(datetime(*since, tzinfo=UTC), KYIV)  # type: ignore[arg-type, misc]


def test_a_day_is_over_after_its_last_minute_and_a_minute_as_it_comes() -> None:
    day, minute = read_moment("2026-11-21"), read_moment("2026-11-21 10:30")
    assert not day.over(datetime(2026, 11, 21, 21, 59, tzinfo=UTC), KYIV)
    assert day.over(datetime(2026, 11, 21, 22, 0, tzinfo=UTC), KYIV)
    assert not minute.over(datetime(2026, 11, 21, 8, 29, tzinfo=UTC), KYIV)
    assert minute.over(datetime(2026, 11, 21, 8, 30, tzinfo=UTC), KYIV)


@pytest.mark.parametrize(
    ("begins", "ends", "fault"),
    [
        ("2026-11-21", "2026-11-21", None),
        ("2026-11-21 09:00", "2026-11-21", None),
        ("2026-11-21 09:00", "2026-11-21 09:01", None),
        ("2026-11-21 09:00", "2026-11-21 09:00", "it is over before it begins; look at the times"),
        ("2026-11-21", "2026-11-21 00:00", "it is over before it begins; look at the times"),
        ("2026-11-21 09:00", "2026-11-20 10:00", "the last valid day is before the first"),
    ],
)
def test_what_ends_before_it_begins_is_a_fault(begins: str, ends: str, fault: str | None) -> None:
    first, last = read_moment(begins), read_moment(ends)
    article = Article(id="a", valid_from=first.day, from_time=first.at, valid_until=last.day, until_time=last.at)
    said = [one.text() for one in problems_of(article) if one.path == ("valid_until",)]
    assert said == ([fault] if fault else [])


def test_a_moment_for_programs_is_iso_8601() -> None:
    assert Moment(day=date(2026, 12, 31), at=time(9)).iso == "2026-12-31T09:00"
    assert Moment(day=date(2026, 12, 31)).iso == "2026-12-31"
