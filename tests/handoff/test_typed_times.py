"""Typed times all the way: what the language room reads out of them is what can be booked."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.ports import EntityKind
from gateway.settings import Callbacks, Hours
from handoff.calendar import Calendar, Refusal
from handoff.hours import OpeningHours
from nlu.entities import Extractor

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 23, 10, tzinfo=KYIV).astimezone(UTC)  # a Monday


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("завтра після 15", ["24 15:00", "24 16:00", "24 17:00"]),
        ("послезавтра утром", ["25 09:00", "25 10:00", "25 11:00"]),
        ("сьогодні о 16:30", ["23 16:30"]),
        ("tomorrow at 3pm", ["24 15:00"]),
        ("в пятницу в 10", ["27 10:00"]),
        ("передзвоніть якнайшвидше", ["23 11:00"]),
        ("в течение часа", ["23 11:00"]),
        ("в течение двух часов", ["23 11:00"]),
        ("right now please", ["23 11:00"]),
        (
            "наприкінці тижня після 16",
            ["26 16:00", "26 17:00"],
        ),
        ("у неділю", Refusal.CLOSED),
        ("завтра о 22", Refusal.CLOSED),
    ],
)
def test_typed_times_become_windows(text: str, offered: list[str] | Refusal) -> None:
    calendar = Calendar(OpeningHours(Hours(), "Europe/Kyiv"), Callbacks(), [], NOW)
    [time] = [e for e in Extractor().find(text, now=NOW, zone="Europe/Kyiv") if e.kind is EntityKind.TIME]
    read = calendar.read(time)
    found = read if isinstance(read, Refusal) else [w.start.astimezone(KYIV).strftime("%d %H:%M") for w in read]
    assert found == offered
