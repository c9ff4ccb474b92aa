"""The queue: order, place, an honest wait, and its words in three languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.texts import Texts
from handoff.queue import HEAD_START, Waiting, estimate, in_order, place, round_up, say_place, say_wait, worth_telling

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def waiting(number: int, minutes: float, anger: float = 0.0) -> Waiting:
    return Waiting(conversation_id=number, since=NOW - timedelta(minutes=minutes), anger=anger)


def order(*ones: Waiting) -> list[int]:
    return [one.conversation_id for one in in_order(ones)]


def test_the_oldest_comes_first() -> None:
    assert order(waiting(1, 5), waiting(2, 9), waiting(3, 7)) == [2, 3, 1]


def test_the_angry_come_before_newcomers_but_not_before_who_really_waited() -> None:
    assert order(waiting(1, 5), waiting(2, 1, anger=0.9)) == [2, 1]
    assert order(waiting(1, 20), waiting(2, 1, anger=1.0)) == [1, 2]
    assert order(waiting(1, 5), waiting(2, 4, anger=0.3)) == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 600), st.floats(0, 1)), min_size=1, max_size=30))
def test_nobody_is_pushed_back_by_more_than_the_head_start(people: list[tuple[int, float]]) -> None:
    ones = [waiting(number, minutes, anger) for number, (minutes, anger) in enumerate(people)]
    ordered = in_order(ones)
    assert sorted(ordered, key=lambda one: one.conversation_id) == ones
    for before, after in pairwise(ordered):
        assert before.since <= after.since + HEAD_START


def test_place_counts_from_one() -> None:
    queue = [waiting(7, 5), waiting(8, 3)]
    assert (place(queue, 7), place(queue, 8), place(queue, 9)) == (1, 2, None)


@pytest.mark.parametrize(
    ("position", "agents", "busy", "minutes", "expected"),
    [
        (1, 0, [], [5, 5, 5], None),  # nobody is there: nobody can know
        (1, 2, [1, 0], [], 1),  # somebody is free
        (1, 2, [1, 1], [], None),  # no experience yet
        (1, 1, [2], [9, 9, 9], 10),
        (4, 2, [1, 1], [9, 9, 9], 20),
        (3, 2, [0, 1], [10, 10, 10], 10),  # the first place goes to who is free
        (30, 1, [3], [10, 10, 10], 61),
    ],
)
def test_estimate(position: int, agents: int, busy: list[int], minutes: list[int], expected: int | None) -> None:
    assert estimate(position, agents, busy, [timedelta(minutes=m) for m in minutes]) == expected


@given(st.floats(0, 300))
def test_rounding_never_promises_less(minutes: float) -> None:
    assert round_up(minutes) >= min(minutes, 60)


def test_a_place_is_told_again_when_it_changes_or_after_a_minute() -> None:
    assert worth_telling(3, None, None, NOW)
    assert not worth_telling(3, 3, NOW - timedelta(seconds=60), NOW)
    assert worth_telling(3, 3, NOW - timedelta(seconds=61), NOW)
    assert worth_telling(2, 3, NOW - timedelta(seconds=1), NOW)


@pytest.mark.parametrize(
    ("language", "minutes", "words"),
    [
        ("uk", 1, "Чекати приблизно 1 хвилину."),
        ("uk", 2, "Чекати приблизно 2 хвилини."),
        ("uk", 5, "Чекати приблизно 5 хвилин."),
        ("uk", 61, "Чекати доведеться понад годину."),
        ("ru", 1, "Ждать примерно 1 минуту."),
        ("ru", 3, "Ждать примерно 3 минуты."),
        ("ru", 45, "Ждать примерно 45 минут."),
        ("en", 1, "The wait is about 1 minute."),
        ("en", 5, "The wait is about 5 minutes."),
    ],
)
def test_the_wait_in_words(language: str, minutes: int, words: str) -> None:
    assert say_wait(Texts().translator(language), minutes) == words


def test_an_unknown_wait_is_not_told() -> None:
    assert say_wait(Texts().translator("uk"), None) is None
    assert say_place(Texts().translator("uk"), 1) == "Ви наступні в черзі."
    assert say_place(Texts().translator("ru"), 12) == "Ваше место в очереди: 12."
