"""Alike texts come together, whatever their order, their language's endings, and how often they were asked."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import FrontdeskError
from nlu.grouper import ProcessGrouping
from nlu.grouping import group

TEXTS = [
    "скільки коштує доставка",
    "чи є знижки студентам",
    "Скільки коштує доставка?",
    "скільки коштує доставка в Київ",
    "знижки для студентів є?",
    "до котрої години ви працюєте",
]


def test_alike_ones_stand_together_the_largest_group_first() -> None:
    assert [sorted(found) for found in group(TEXTS)] == [[0, 2, 3], [1, 4], [5]]


def test_the_first_of_a_group_is_the_most_asked_wording() -> None:
    assert TEXTS[group(TEXTS)[0][0]].lower().startswith("скільки коштує доставка")
    assert group(TEXTS)[0][0] in (0, 2)


@given(st.lists(st.text(max_size=40), max_size=12))
@settings(max_examples=40)
def test_every_text_is_in_exactly_one_group(texts: list[str]) -> None:
    places = [place for found in group(texts) for place in found]
    assert sorted(places) == list(range(len(texts)))


async def test_the_process_finds_the_same() -> None:
    assert await ProcessGrouping().group(TEXTS) == group(TEXTS)
    assert await ProcessGrouping(command=("false",)).group(["alone"]) == [(0,)]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit(1)", "grouping process failed"),
        ("print('no groups')", "gave no groups"),
        ("import time; time.sleep(60)", "longer than 0.5 seconds"),
    ],
)
async def test_a_process_that_fails_says_why(program: str, reason: str) -> None:
    grouping = ProcessGrouping(limit=0.5 if "sleep" in program else 30, command=(sys.executable, "-c", program))
    with pytest.raises(FrontdeskError, match=reason):
        await grouping.group(TEXTS)
