"""What was taken back in the same breath is not meant."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.ports import EntityKind
from handoff.forms.correcting import corrects, meant, on_day_of
from nlu.entities import Extractor

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 23, 10, tzinfo=KYIV)  # a Monday


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("ні, не на 15, а на 16", ["23 16:00"]),
        ("не в 15, а в 16", ["23 16:00"]),
        ("not at 3 pm, at 4 pm", ["23 16:00"]),
        ("не сьогодні, а завтра о 15", ["24 15:00"]),
        ("завтра о 15, ні, краще о 16", ["24 16:00"]),
        ("не завтра о 15, а о 16", ["24 16:00"]),
        ("завтра о 15, а післязавтра о 16", ["25 16:00"]),
        ("завтра о 15 або о 16", ["24 15:00", "23 16:00"]),
        ("посилка на 5 кг", []),
        ("розмір на 12", []),
    ],
)
def test_of_two_times_the_one_that_stays(text: str, times: list[str]) -> None:
    found = [one for one in Extractor().find(text, now=NOW, zone="Europe/Kyiv") if one.kind is EntityKind.TIME]
    assert [datetime.fromisoformat(one.value).strftime("%d %H:%M") for one in meant(text, found)] == times


def test_the_hour_of_another_day_keeps_its_clock_over_a_change_of_the_clocks() -> None:
    friday = datetime(2027, 3, 26, 10, tzinfo=KYIV)
    [hour] = Extractor().find("о 16", now=friday, zone="Europe/Kyiv")
    monday = datetime(2027, 3, 29, 9, tzinfo=KYIV)
    assert on_day_of(hour, monday, "Europe/Kyiv").value == "2027-03-29T16:00:00+03:00"
    [dated] = Extractor().find("завтра о 16", now=friday, zone="Europe/Kyiv")
    assert on_day_of(dated, monday, "Europe/Kyiv") == dated


@pytest.mark.parametrize("text", ["ні, о 16", "Ой, вибачте, не той номер", "краще о 17", "no, at four", "другой номер"])
def test_how_corrections_begin(text: str) -> None:
    assert corrects(text)


@pytest.mark.parametrize("text", ["питання про доставку завтра", "номер посилки", "нотаріус о 15"])
def test_how_they_do_not(text: str) -> None:
    assert not corrects(text)
