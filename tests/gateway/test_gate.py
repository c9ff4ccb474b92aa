"""Who may begin to be sent: places, pace and breaker together."""

from __future__ import annotations

from gateway.breaker import FAILURES, Breaker, BreakerState
from gateway.channels import Rate
from gateway.errors import Ambiguous, Rejected, Throttled, Unreachable
from gateway.gate import SHARE, SLOW_SECONDS, STEP_ASIDE_SECONDS, Gate
from gateway.rates import Pace

NOW = 1000.0
HANGS = Ambiguous("time-out")


def gate_of(size: int = 8, rate: Rate | None = None) -> Gate:
    return Gate(size, Pace(rate), Breaker())


def test_places_are_taken_and_given_back() -> None:
    gate = gate_of(2)
    assert gate.enter(1, "7", NOW) == gate.enter(2, "8", NOW) == 0
    assert (gate.room(NOW), gate.delay(NOW)) == (0, 0)
    gate.leave(1, "7", None, NOW)
    gate.withdraw(2, "8")
    assert gate.room(NOW) == 2


def test_slow_chats_hold_a_quarter_of_the_places_whoever_they_are() -> None:
    gate = gate_of(8)
    slow = [f"slow-{number}" for number in range(20)]
    for number, address in enumerate(slow):
        gate.enter(number, address, NOW - SLOW_SECONDS)
        gate.leave(number, address, HANGS, NOW)
        gate.breaker.answered()
    waits = [gate.enter(100 + number, address, NOW) for number, address in enumerate(slow)]
    assert waits == [0.0] * (8 // SHARE) + [STEP_ASIDE_SECONDS] * (20 - 8 // SHARE)
    assert gate.room(NOW) == 6
    assert [gate.enter(200 + number, f"quick-{number}", NOW) for number in range(6)] == [0.0] * 6


def hang(gate: Gate, address: str) -> None:
    gate.enter(1, address, NOW - SLOW_SECONDS)
    gate.leave(1, address, HANGS, NOW)


def test_a_chat_that_is_quick_again_is_slow_no_more() -> None:
    for error in (None, Rejected("403"), Ambiguous("502")):
        gate = gate_of(4)
        hang(gate, "7")
        hang(gate, "8")
        assert gate.enter(2, "7", NOW) == 0
        assert gate.enter(3, "8", NOW) == STEP_ASIDE_SECONDS
        gate.leave(2, "7", error, NOW + 0.1)
        assert gate.enter(4, "7", NOW + 1) == gate.enter(5, "8", NOW + 1) == 0


def test_throttled_waits_and_proves_that_the_platform_is_there() -> None:
    gate = gate_of()
    for number in range(FAILURES - 1):
        gate.enter(number, str(number), NOW)
        assert not gate.leave(number, str(number), HANGS, NOW)
    gate.enter(50, "7", NOW)
    gate.leave(50, "7", Throttled("429", retry_after=5), NOW)
    assert gate.enter(51, "7", NOW + 1) == 4
    gate.enter(52, "60", NOW)
    assert not gate.leave(52, "60", HANGS, NOW)
    assert gate.breaker.state is BreakerState.CLOSED


def test_an_outage_leaves_room_for_one_probe() -> None:
    gate = gate_of()
    for number in range(FAILURES):
        gate.enter(number, "7", NOW)
        changed = gate.leave(number, "7", Unreachable("refused"), NOW)
    assert changed
    assert gate.room(NOW) == 0
    assert gate.enter(10, "8", NOW) >= gate.delay(NOW) > 0
    later = NOW + gate.delay(NOW)
    assert gate.room(later) == 1
    assert gate.enter(11, "8", later) == 0
    assert gate.room(later) == 0
    assert gate.leave(11, "8", None, later)
    assert gate.room(later) == 8


def test_a_careful_channel_has_as_much_room_as_its_rate_gives() -> None:
    gate = gate_of(8, Rate(per_second=2, burst=2))
    for number in range(3):
        gate.enter(number, str(number), NOW)
    for number in range(3):
        gate.leave(number, str(number), Throttled("429", retry_after=4), NOW)
    assert (gate.room(NOW + 3.9), gate.delay(NOW + 3)) == (0, 1)
    assert gate.room(NOW + 4) == 1
    assert gate.enter(10, "9", NOW + 4) == 0
    assert gate.room(NOW + 4) == 0
    assert gate.room(NOW + 4.5) == 1
