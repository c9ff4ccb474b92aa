"""Tests of times named in three languages. It is Wednesday, 18 November 2026, ten in the morning in Kyiv."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.dates import find_windows
from nlu.time_grammar import Grammar
from nlu.time_pieces import Words, may_name_a_time, tokens
from tests.nlu.samples import NOW, ZONE


def _said(text: str, now: datetime = NOW, zone: str = ZONE) -> list[str]:
    return [
        f"{window.start:%d.%m %H:%M}" + (f"–{window.until:%d.%m %H:%M}" if window.until else "")
        for window in find_windows(text, now, zone)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("завтра після 15", "19.11 15:00–20.11 00:00"),
        ("послезавтра утром", "20.11 06:00–20.11 12:00"),
        ("next Friday", "27.11 00:00–28.11 00:00"),
        ("this Friday", "20.11 00:00–21.11 00:00"),
        ("у п'ятницю", "20.11 00:00–21.11 00:00"),
        ("в п’ятницю", "20.11 00:00–21.11 00:00"),
        ("в следующую пятницу", "27.11 00:00–28.11 00:00"),
        ("наступної п'ятниці", "27.11 00:00–28.11 00:00"),
        ("у середу", "25.11 00:00–26.11 00:00"),
        ("цієї середи", "18.11 00:00–19.11 00:00"),
        ("через годину", "18.11 11:00"),
        ("передзвоніть за годину", "18.11 11:00"),
        ("через два часа", "18.11 12:00"),
        ("через півгодини", "18.11 10:30"),
        ("через полчаса", "18.11 10:30"),
        ("in half an hour", "18.11 10:30"),
        ("in an hour", "18.11 11:00"),
        ("через 3 дні", "21.11 00:00–22.11 00:00"),
        ("in 2 days after 4pm", "20.11 16:00–21.11 00:00"),
        ("через тиждень", "25.11 00:00–26.11 00:00"),
        ("сьогодні ввечері", "18.11 18:00–18.11 22:00"),
        ("завтра с 10 до 12", "19.11 10:00–19.11 12:00"),
        ("завтра 10-12", "19.11 10:00–19.11 12:00"),
        ("10–12", "18.11 10:00–18.11 12:00"),
        ("25 ноября в 14:30", "25.11 14:30"),
        ("25 листопада", "25.11 00:00–26.11 00:00"),
        ("1 січня о 12", "01.01 12:00"),
        ("November 25th at 4 pm", "25.11 16:00"),
        ("the first of December", "01.12 00:00–02.12 00:00"),
        ("25.11", "25.11 00:00–26.11 00:00"),
        ("25.11.2026 о 14:00", "25.11 14:00"),
        ("25/11/26", "25.11 00:00–26.11 00:00"),
        ("2026-12-01 at 11", "01.12 11:00"),
        ("25 числа", "25.11 00:00–26.11 00:00"),
        ("10-го числа зранку", "10.12 06:00–10.12 12:00"),
        ("tomorrow at 3pm", "19.11 15:00"),
        ("at 3:30 tomorrow", "19.11 15:30"),
        ("after 6", "18.11 18:00–19.11 00:00"),
        ("о пів на третю", "18.11 14:30"),
        ("в половине третьего", "18.11 14:30"),
        ("half past two", "18.11 14:30"),
        ("за чверть третя", "18.11 14:45"),
        ("без четверти три", "18.11 14:45"),
        ("quarter to three", "18.11 14:45"),
        ("завтра о третій", "19.11 15:00"),
        ("в три часа дня", "18.11 15:00"),
        ("в 7 вечера", "18.11 19:00"),
        ("завтра о 9 ранку", "19.11 09:00"),
        ("о 9 ранку", "19.11 09:00"),  # nine has passed
        ("on Monday morning", "23.11 06:00–23.11 12:00"),
        ("monday afternoon", "23.11 12:00–23.11 18:00"),
        ("по обіді", "18.11 12:00–18.11 18:00"),
        ("в обед", "18.11 12:00–18.11 14:00"),
        ("після обіду в четвер", "19.11 12:00–19.11 18:00"),
        ("завтра до обіду", "19.11 00:00–19.11 12:00"),
        ("до 12", "18.11 10:00–18.11 12:00"),
        ("before noon", "18.11 10:00–18.11 12:00"),
        ("до 9", "19.11 00:00–19.11 09:00"),
        ("з десятої до дванадцятої", "18.11 10:00–18.11 12:00"),
        ("from 10 to 2 on Tuesday", "24.11 10:00–24.11 14:00"),
        ("between 3 and 5pm", "18.11 15:00–18.11 17:00"),
        ("між 14 та 16", "18.11 14:00–18.11 16:00"),
        ("завтра с 7 до 9 утра", "19.11 07:00–19.11 09:00"),
        ("tonight", "18.11 18:00–18.11 22:00"),
        ("на вихідних", "21.11 00:00–23.11 00:00"),
        ("next week", "23.11 00:00–30.11 00:00"),
        ("наступного тижня у вівторок", "24.11 00:00–25.11 00:00"),
        ("в пятницу на следующей неделе", "27.11 00:00–28.11 00:00"),
        ("завтра в первой половине дня", "19.11 06:00–19.11 12:00"),
        ("в 2 часа ночи", "19.11 02:00"),
        ("давайте завтра, десь о 16:30, якщо можна", "19.11 16:30"),
        ("подзвоніть о 15 будь ласка", "18.11 15:00"),
        ("the day after tomorrow after lunch", "20.11 12:00–20.11 18:00"),
        ("з 22 до 2", "18.11 22:00–19.11 02:00"),
        ("завтра с 22 до 2", "19.11 22:00–20.11 02:00"),
        ("from 22 to 2", "18.11 22:00–19.11 02:00"),
        ("from 10pm to 2am", "18.11 22:00–19.11 02:00"),
        ("з 23:00 до 1:30", "18.11 23:00–19.11 01:30"),
        ("з 7 вечора до 2", "18.11 19:00–19.11 02:00"),
        ("завтра ввечері з 10 до 2", "19.11 22:00–20.11 02:00"),
        ("з 22 до 7", "18.11 22:00–19.11 07:00"),
        ("з 10 до 2", "18.11 10:00–18.11 14:00"),
        ("завтра з 7 до 2", "19.11 07:00–19.11 14:00"),
        ("з 13 до 2", "18.11 13:00–18.11 14:00"),
        ("from 10pm to midnight", "18.11 22:00–19.11 00:00"),
        ("до полуночи", "18.11 10:00–19.11 00:00"),
        ("опівночі", "19.11 00:00"),
        ("через півтори години", "18.11 11:30"),
        ("за півтори години", "18.11 11:30"),
        ("через годину з половиною", "18.11 11:30"),
        ("через полтора часа", "18.11 11:30"),
        ("через 1,5 часа", "18.11 11:30"),
        ("in 1.5 hours", "18.11 11:30"),
        ("in an hour and a half", "18.11 11:30"),
        ("in one and a half hours", "18.11 11:30"),
        ("через дві з половиною години", "18.11 12:30"),
        ("через два с половиной часа", "18.11 12:30"),
        ("in two and a half hours", "18.11 12:30"),
        ("in a half hour", "18.11 10:30"),
        ("через пів години", "18.11 10:30"),
        ("через чверть години", "18.11 10:15"),
        ("через четверть часа", "18.11 10:15"),
        ("in three quarters of an hour", "18.11 10:45"),
        ("in a couple of hours", "18.11 12:00"),
        ("через годину 15 хвилин", "18.11 11:15"),
        ("через час тридцать минут", "18.11 11:30"),
        ("in 1 hour and 20 minutes", "18.11 11:20"),
        ("через двадцять п'ять хвилин", "18.11 10:25"),
        ("in forty-five minutes", "18.11 10:45"),
        ("часа через два", "18.11 12:00"),
        ("хвилин через двадцять", "18.11 10:20"),
        ("через 2ч", "18.11 12:00"),
        ("после 18-ти", "18.11 18:00–19.11 00:00"),
        ("завтра не пізніше 18", "19.11 00:00–19.11 18:00"),
        ("не позже шести", "18.11 10:00–18.11 18:00"),
        ("no later than 6 pm", "18.11 10:00–18.11 18:00"),
        ("не пізніше ніж о 18", "18.11 10:00–18.11 18:00"),
        ("не раньше 18", "18.11 18:00–19.11 00:00"),
        ("not earlier than 18", "18.11 18:00–19.11 00:00"),
        ("пізніше 18", "18.11 18:00–19.11 00:00"),
        ("ближче до 18", "18.11 18:00"),
        ("завтра ближе к 6", "19.11 18:00"),
        ("к шести", "18.11 18:00"),
        ("ближче до вечора", "18.11 18:00–18.11 22:00"),
        ("завтра к вечеру", "19.11 18:00–19.11 22:00"),
        ("завтра о першій половині дня", "19.11 06:00–19.11 12:00"),
        ("о пів на шосту", "18.11 17:30"),
        ("в половине шестого", "18.11 17:30"),
        ("в полшестого", "18.11 17:30"),
        ("half past five", "18.11 17:30"),
        ("half five", "18.11 17:30"),
        ("без чверті шоста", "18.11 17:45"),
        ("чверть по п'ятій", "18.11 17:15"),
        ("без десяти шесть", "18.11 17:50"),
        ("без двадцати шесть", "18.11 17:40"),
        ("без двадцяти п'яти шоста", "18.11 17:35"),
        ("за п'ять хвилин шоста", "18.11 17:55"),
        ("десять минут шестого", "18.11 17:10"),
        ("десять хвилин на шосту", "18.11 17:10"),
        ("п'ять по п'ятій", "18.11 17:05"),
        ("ten past five", "18.11 17:10"),
        ("at twenty-five to six", "18.11 17:35"),
        ("from ten to six", "18.11 10:00–18.11 18:00"),
        ("о дев'ятнадцятій", "18.11 19:00"),
        ("в семнадцать тридцать", "18.11 17:30"),
        ("о двадцять першій", "18.11 21:00"),
        ("о 17-30", "18.11 17:30"),
        ("о 17-й", "18.11 17:00"),
        ("5:30 p.m.", "18.11 17:30"),
        ("at 5 p.m. tomorrow", "19.11 17:00"),
        ("5.30pm", "18.11 17:30"),
        ("tue after 5", "24.11 17:00–25.11 00:00"),
        ("25-го о 15", "25.11 15:00"),
        ("двадцать пятого ноября", "25.11 00:00–26.11 00:00"),
    ],
)
def test_windows(text: str, expected: str) -> None:
    assert _said(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "в 15 відділенні",
        "на 5 человек",
        "посилка 10-12 кг",
        "від 5 до 10 кг",
        "до 30 кілограмів",
        "1.5 кг",
        "12.50 грн",
        "at one of your branches",
        "доброго дня",
        "добрий вечір",
        "good morning",
        "good night",
        "скільки днів йде посилка",
        "за 2 дні доставите?",
        "відділення 15",
        "99.99",
        "30 лютого",
        "25:61",
        "обід",
        "may I ask",
        "у вас є 3 посилки",
        "у вас є сорок посилок",
        "їхати півтори години",
        "за 10 дві штуки",
        "квартира 25-го полку",
        "в 15-й квартире",
        "посилка 10-30 кг",
        "номер 17-30",
        "добрый вечер",
        "half price",
        "не раніше",
        "відстань 1,5 км",
    ],
)
def test_no_time(text: str) -> None:
    assert _said(text) == []


def test_two_times_in_one_text() -> None:
    assert _said("завтра після 15 або в пятницу утром") == ["19.11 15:00–20.11 00:00", "20.11 06:00–20.11 12:00"]


def test_the_customers_zone_counts() -> None:
    (window,) = find_windows("tomorrow at 3pm", NOW, "America/New_York")
    assert window.start.isoformat() == "2026-11-19T15:00:00-05:00"
    (window,) = find_windows("today at 15:00", NOW, "Nowhere/Land")
    assert window.start.isoformat() == "2026-11-18T15:00:00+00:00"


def test_days_have_23_and_25_hours_when_the_clocks_change() -> None:
    spring = datetime(2026, 3, 28, 10, 0, tzinfo=UTC)  # Kyiv skips 03:00–04:00 on the 29th
    (day,) = find_windows("завтра", spring, ZONE)
    assert day.until
    assert day.until.astimezone(UTC) - day.start.astimezone(UTC) == timedelta(hours=23)
    autumn = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)
    (day,) = find_windows("завтра", autumn, ZONE)
    assert day.until
    assert day.until.astimezone(UTC) - day.start.astimezone(UTC) == timedelta(hours=25)


def test_an_hour_that_the_clocks_skip_is_the_next() -> None:
    (window,) = find_windows("завтра о 03:30", datetime(2026, 3, 28, 10, 0, tzinfo=UTC), ZONE)
    assert window.start.isoformat() == "2026-03-29T04:30:00+03:00"


def test_an_hour_from_now_is_an_hour_over_a_clock_change() -> None:
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 02:30 in Kyiv, half an hour before the change
    (window,) = find_windows("через годину", before, ZONE)
    assert window.start.astimezone(UTC) - before == timedelta(hours=1)


_WORDS = """
завтра послезавтра friday у п'ятницю next наступної week 15 7 24:00 03:30 о в at після до from to - , 25.11 ноября 31
між та and pm ранку вечора ночі половине пів на третю чверть in через годину 2 дні 2026-02-30 40 the of
"""
_PIECES = st.sampled_from(_WORDS.split())


@given(
    st.lists(_PIECES, max_size=9).map(" ".join),
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)),
    st.sampled_from(["Europe/Kyiv", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_whatever_is_said_windows_are_sound(text: str, moment: datetime, zone: str) -> None:
    now = moment.replace(tzinfo=UTC)
    last = 0
    for window in find_windows(text, now, zone):
        assert window.first >= last
        last = window.last
        assert text[window.first : window.last].strip()
        assert window.start.tzinfo == ZoneInfo(zone)
        assert window.until is None or window.until.astimezone(UTC) > window.start.astimezone(UTC)


@pytest.mark.parametrize("text", ["01.01.0000", "мій день народження 0000-01-15", "1/5/0000 at 10:00"])
def test_a_year_that_no_calendar_has_names_no_day(text: str) -> None:
    assert not any(moment.startswith(("01.01", "15.01", "01.05")) for moment in _said(text))


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    find_windows(text, NOW, ZONE)


_TIMELY = """
    завтра в у о об на до з по після перед між і та через за без під the in at on of a an after before from to past
    next this next наступний ця п'ятницю friday вихідні тиждень week годину minutes днів day days tomorrow today
    tonight час півгодини пів half чверть quarter noon опівдні ранку вечора ночі утром morning обіду першій вторую
    половине дня один three 25 листопада november числа 10 15 7 30 2026 20411758 12:30 9.15 25.11 2026-11-25 pm am
    го th року - – , ( . посилка будь де грн півтори полшестого half без десять шостій не пізніше ближче к опівночі
    p m h сорок twenty-five с половиной 1,5 hours перша
"""


@given(st.lists(st.sampled_from(_TIMELY.split()), max_size=8))
def test_times_begin_only_where_they_are_looked_for(said: list[str]) -> None:
    text = " ".join(said)
    words = Words(tokens(text))
    grammar = Grammar(words)
    begun = {place for place in range(len(words)) if grammar.group(place)[0]}
    assert begun <= set(words.openings())
    assert may_name_a_time(text) or not begun
