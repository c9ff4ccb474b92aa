"""Opening hours in words, for answers: «пн–пт 08:00–20:00, сб 09:00–18:00»."""

from __future__ import annotations

from itertools import groupby

from babel.dates import get_day_names

from gateway.settings import Hours
from gateway.texts import Translator

ALWAYS = "00:00-24:00"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def describe(hours: Hours, translator: Translator) -> str:
    """The week with equal days drawn together; closed days are left out."""
    if all(getattr(hours, day).replace(" ", "") == ALWAYS for day in DAYS):
        return translator.gettext("around the clock")
    names = get_day_names("abbreviated", locale=translator.language)
    week = [(names[number], _times(getattr(hours, day))) for number, day in enumerate(DAYS)]
    lines = []
    for times, days in groupby(week, key=lambda pair: pair[1]):
        if times:
            named = [name for name, _ in days]
            lines.append(f"{named[0]}–{named[-1]} {times}" if len(named) > 1 else f"{named[0]} {times}")
    return ", ".join(lines)


def _times(text: str) -> str:
    return ", ".join(part.strip().replace("-", "–") for part in text.split(",") if part.strip())
