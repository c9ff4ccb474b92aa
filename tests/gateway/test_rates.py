"""A channel and an address keep their rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import rates
from gateway.channels import Rate
from gateway.rates import Bucket, Limiter

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
