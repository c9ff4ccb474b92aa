"""When a channel counts as down, and how it is tried then."""

from __future__ import annotations

import pytest

from gateway.breaker import ADDRESSES, FAILURES, Breaker, BreakerState
from gateway.rates import BOUNDLESS

NOW = 1000.0


def opened(now: float = NOW, **given: float) -> Breaker:
    breaker = Breaker(first_pause=1.0, longest_pause=given.get("longest_pause", 8.0))
    changes = [breaker.failed(number, str(number), now, reached=True) for number in range(FAILURES)]
    assert changes == [False] * (FAILURES - 1) + [True]
    return breaker


def test_failures_of_several_addresses_in_a_row_open_it() -> None:
    breaker = opened()
    assert breaker.state is BreakerState.OPEN
    assert (breaker.room(NOW), breaker.delay(NOW)) == (0, 1.0)


@pytest.mark.parametrize("number", range(1, FAILURES))
def test_any_answer_between_begins_the_count_anew(number: int) -> None:
    breaker = Breaker()
    for one in range(number):
        breaker.failed(one, str(one), NOW, reached=True)
    assert not breaker.answered()
    for one in range(FAILURES - 1):
        assert not breaker.failed(one, str(one), NOW, reached=True)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.room(NOW) == BOUNDLESS


def test_chats_that_hang_are_no_outage() -> None:
    breaker = Breaker()
    for one in range(100):
        assert not breaker.failed(one, str(one % (ADDRESSES - 1)), NOW, reached=True)


def test_without_a_connection_one_address_is_enough() -> None:
    breaker = Breaker()
    assert [breaker.failed(one, "7", NOW, reached=False) for one in range(FAILURES)][-1]


def test_one_probe_at_a_time_after_a_growing_pause() -> None:
    breaker, now = opened(), NOW
    pauses = []
    for probe in range(100, 106):
        pauses.append(breaker.delay(now))
        assert breaker.room(now + pauses[-1] - 0.001) == 0
        now += pauses[-1]
        assert breaker.room(now) == 1
        breaker.begin(probe)
        assert (breaker.state, breaker.room(now), breaker.delay(now)) == (BreakerState.PROBING, 0, 0.0)
        assert not breaker.failed(probe, "9", now, reached=True)
    assert pauses == [1, 2, 4, 8, 8, 8]


def test_a_probe_that_is_answered_closes_it_and_the_next_pause_is_short_again() -> None:
    breaker = opened()
    breaker.begin(100)
    breaker.failed(100, "9", NOW, reached=True)
    breaker.begin(101)
    assert breaker.answered()
    assert breaker.state is BreakerState.CLOSED
    for number in range(FAILURES):
        breaker.failed(number, str(number), NOW, reached=True)
    assert breaker.delay(NOW) == 1.0


def test_what_began_before_the_outage_says_nothing_of_the_probe() -> None:
    breaker = opened()
    breaker.begin(100)
    assert not breaker.failed(3, "3", NOW, reached=True)
    assert breaker.state is BreakerState.PROBING
    assert breaker.answered()


def test_a_probe_that_did_not_take_place_leaves_room_for_another() -> None:
    breaker = opened()
    breaker.begin(100)
    breaker.withdraw(99)
    assert breaker.room(NOW + 1) == 0
    breaker.withdraw(100)
    assert breaker.room(NOW + 1) == 1
