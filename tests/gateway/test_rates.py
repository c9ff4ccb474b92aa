"""A channel and an address keep their rates, where they are to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import rates
from gateway.channels import Rate
from gateway.rates import BOUNDLESS, CAREFUL_SECONDS, SEVERAL, SOON_SECONDS, Bucket, Limiter, Pace

SLACK = 1e-6
"""Floating point: a wait that is short by less than this is no breach."""

_wishes = st.lists(st.floats(0, 3), min_size=1, max_size=60)


@given(per_second=st.floats(0.1, 50), burst=st.integers(1, 10), pauses=_wishes)
def test_never_more_than_the_rate_and_the_burst(per_second: float, burst: int, pauses: list[float]) -> None:
    now, sent = 0.0, []
    bucket = Bucket(per_second, burst, now)
    for pause in pauses:
        now += pause
        now += bucket.delay(now)
        bucket.take(now)
        sent.append(now)
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + per_second * (sent[last] - start) + SLACK


@given(debt=st.integers(1, 10))
def test_sends_that_wait_at_the_same_time_queue_up(debt: int) -> None:
    """The outbox asks, takes and only then waits: each next one must be told a longer wait."""
    bucket = Bucket(2.0, 1, 0.0)
    delays = []
    for _ in range(debt):
        delays.append(bucket.delay(0.0))
        bucket.take(0.0)
    assert delays == pytest.approx([number / 2 for number in range(debt)])


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket(1.0, 1, 100.0)
    bucket.take(100.0)
    assert bucket.delay(50.0) == 1.0
    assert bucket.delay(100.5) == 0.5


def test_unused_time_is_saved_up_to_the_burst_only() -> None:
    bucket = Bucket(10.0, 3, 0.0)
    taken = 0
    while bucket.delay(1000.0) == 0:
        bucket.take(1000.0)
        taken += 1
    assert taken == 3


def test_without_a_rate_nothing_waits() -> None:
    limiter = Limiter(None, 0.0)
    for _ in range(1000):
        assert limiter.delay("7", 0.0) == 0
        limiter.take("7", 0.0)


def test_one_address_waits_and_the_others_do_not() -> None:
    limiter = Limiter(Rate(per_second=30, burst=30, per_address=1, address_burst=1), 0.0)
    limiter.take("7", 0.0)
    assert limiter.delay("7", 0.0) == 1.0
    assert limiter.delay("8", 0.0) == 0.0


def test_the_channels_own_rate_holds_for_all_addresses_together() -> None:
    limiter = Limiter(Rate(per_second=2, burst=2, per_address=1, address_burst=1), 0.0)
    for address in ("1", "2"):
        limiter.take(address, 0.0)
    assert limiter.delay("3", 0.0) == 0.5


def test_addresses_are_forgotten_oldest_first() -> None:
    limiter = Limiter(Rate(per_second=1e6, burst=10**6, per_address=0.001, address_burst=1), 0.0)
    for number in range(rates.MAX_ADDRESSES + 1):
        limiter.take(str(number), 0.0)
    assert limiter.delay("0", 0.0) == 0.0
    assert limiter.delay(str(rates.MAX_ADDRESSES), 0.0) > 0


# --- pace ----------------------------------------------------------------------------------------

RATE = Rate(per_second=4, burst=8, per_address=1, address_burst=1)


def throttled_together(pace: Pace, count: int, now: float = 0.0, retry_after: float = 5.0) -> None:
    for number in range(count):
        pace.throttled(f"hot-{number}", retry_after, now)


def test_nothing_waits_while_nothing_is_throttled() -> None:
    pace = Pace(RATE)
    for _ in range(1000):
        assert (pace.delay("7", 0.0), pace.channel_delay(0.0), pace.room(0.0)) == (0, 0, BOUNDLESS)
        pace.take("7", 0.0)


def test_a_throttled_address_rests_then_keeps_its_rate_then_is_free() -> None:
    pace = Pace(RATE)
    pace.throttled("7", 5.0, 0.0)
    assert pace.delay("7", 0.0) == 5
    assert pace.delay("7", 4.999) == pytest.approx(0.001)
    for second in range(5, 65):
        assert pace.delay("7", float(second)) == 0
        pace.take("7", float(second))
        assert pace.delay("7", float(second)) == (1 if second < 65 else 0)
    pace.take("7", 5 + CAREFUL_SECONDS)
    assert pace.delay("7", 5 + CAREFUL_SECONDS) == 0


def test_one_throttled_address_is_nobody_elses_trouble() -> None:
    pace = Pace(RATE)
    throttled_together(pace, SEVERAL - 1)
    for _ in range(10):
        pace.throttled("hot-0", 5.0, 0.0)
    assert (pace.delay("8", 0.0), pace.room(0.0)) == (0, BOUNDLESS)


def test_several_together_mean_the_channel() -> None:
    pace = Pace(RATE)
    throttled_together(pace, SEVERAL)
    assert (pace.room(4.9), pace.channel_delay(0.0), pace.delay("8", 1.0)) == (0, 5, 4)
    sent = 0
    for tenth in range(50, 50 + 100):
        now = tenth / 10
        while pace.room(now) and pace.delay(f"new-{sent}", now) == 0:
            pace.take(f"new-{sent}", now)
            sent += 1
    assert sent == 1 + 4 * 9.9 // 1
    assert pace.delay("new-0", 15.0) == pace.channel_delay(15.0)
    free = 5 + CAREFUL_SECONDS
    assert (pace.room(free), pace.delay("8", free)) == (BOUNDLESS, 0)


def test_a_careful_channel_keeps_the_rate_of_each_address_too() -> None:
    pace = Pace(RATE)
    throttled_together(pace, SEVERAL)
    assert pace.delay("8", 10.0) == 0
    pace.take("8", 10.0)
    assert pace.delay("8", 10.0) == 1
    assert pace.delay("9", 10.0) == 0


def test_several_over_a_long_time_mean_each_for_itself() -> None:
    pace = Pace(RATE)
    for number in range(10):
        pace.throttled(f"hot-{number}", 1.0, number * SOON_SECONDS)
    assert pace.room(10 * SOON_SECONDS) == BOUNDLESS


def test_without_documented_rates_only_the_platforms_own_delay_holds() -> None:
    pace = Pace(None)
    throttled_together(pace, SEVERAL)
    assert pace.delay("hot-0", 2.0) == pace.delay("8", 2.0) == 3
    assert (pace.delay("hot-0", 5.0), pace.room(5.0)) == (0, BOUNDLESS)


@given(waits=st.lists(st.floats(0, 30), min_size=1, max_size=8))
def test_a_later_shorter_delay_never_shortens_an_earlier_one(waits: list[float]) -> None:
    pace = Pace(RATE)
    for wait in waits:
        pace.throttled("7", wait, 0.0)
    assert pace.delay("7", 0.0) >= max(waits) - SLACK


def test_throttled_addresses_are_forgotten_oldest_first() -> None:
    pace = Pace(None)
    for number in range(rates.MAX_ADDRESSES + 1):
        pace.throttled(str(number), 5.0, number * SOON_SECONDS / 2)
    now = rates.MAX_ADDRESSES * SOON_SECONDS / 2
    assert pace.delay(str(rates.MAX_ADDRESSES), now) > 0
