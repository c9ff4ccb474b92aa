"""Opening hours in words."""

from __future__ import annotations

import pytest

from gateway.opening import describe
from gateway.settings import Hours
from gateway.texts import Texts

ROUND = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
NEVER = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "")


@pytest.mark.parametrize(
    ("language", "hours", "said"),
    [
        ("uk", Hours(), "пн–пт 09:00–18:00"),
        ("ru", Hours(sat="10:00-15:00"), "пн–пт 09:00–18:00, сб 10:00–15:00"),
        ("en", Hours(sat="10:00-15:00"), "Mon–Fri 09:00–18:00, Sat 10:00–15:00"),
        (
            "en",
            Hours(wed="09:00-13:00, 14:00-18:00"),
            "Mon–Tue 09:00–18:00, Wed 09:00–13:00, 14:00–18:00, Thu–Fri 09:00–18:00",
        ),
        ("en", Hours(mon="", sun="10:00-12:00"), "Tue–Fri 09:00–18:00, Sun 10:00–12:00"),
        ("en", Hours(**NEVER), ""),
    ],
)
def test_the_week_in_words(language: str, hours: Hours, said: str) -> None:
    assert describe(hours, Texts().translator(language)) == said


@pytest.mark.parametrize(
    ("language", "said"), [("uk", "цілодобово"), ("ru", "круглосуточно"), ("en", "around the clock")]
)
def test_always_open(language: str, said: str) -> None:
    assert said in describe(Hours(**ROUND), Texts().translator(language))
