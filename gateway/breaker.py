"""A breaker: a channel whose platform is down is left alone but for one try at a time. Pure; times are
monotonic seconds."""

from __future__ import annotations

from enum import StrEnum

from gateway.rates import BOUNDLESS

FAILURES = 5
"""Failures in a row that open it."""

ADDRESSES = 3
"""They must be of that many addresses, unless no connection came about: one chat that hangs is no outage."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class BreakerState(StrEnum):
    """Closed: sends pass. Open: nothing does. Probing: one send is under way to see whether others may."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Opens after failures in a row that are the platform's own: 5xx, time-outs, lost and refused
    connections. Any answer that means one message only (a success, a 4xx, a 429) closes it.

    Opened, it lets one probe through after a pause, which doubles with each probe that fails. Probes are
    told apart by their number, so that what began before the outage and ends late says nothing of it.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self._limit = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._pause = first_pause
        self._next_try = 0.0
        self._probe: int | None = None
        self._failures = 0
        self._unreached = 0
        self._addresses: set[str] = set()
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """What passes now."""
        return self._state

    def room(self, now: float) -> int:
        """How many sends may begin."""
        if self._state is BreakerState.CLOSED:
            return BOUNDLESS
        return int(self._state is BreakerState.OPEN and now >= self._next_try)

    def delay(self, now: float) -> float:
        """Seconds until the next probe may begin; 0 where nothing waits for a pause."""
        return max(0.0, self._next_try - now) if self._state is BreakerState.OPEN else 0.0

    def begin(self, number: int) -> None:
        """Send `number` begins; while open it is the probe."""
        if self._state is BreakerState.OPEN:
            self._state = BreakerState.PROBING
            self._probe = number

    def withdraw(self, number: int) -> None:
        """Send `number` did not take place after all; another may be the probe."""
        if number == self._probe:
            self._state = BreakerState.OPEN
            self._probe = None

    def answered(self) -> bool:
        """The platform is there; whether that closed the breaker."""
        self._failures = self._unreached = 0
        self._addresses.clear()
        changed = self._state is not BreakerState.CLOSED
        self._state = BreakerState.CLOSED
        self._probe = None
        self._pause = self._first_pause
        return changed

    def failed(self, number: int, address: str, now: float, *, reached: bool) -> bool:
        """Send `number` got no answer (`reached`: though a connection came about) or a 5xx; whether that
        opened the breaker."""
        if self._state is not BreakerState.CLOSED:
            if number == self._probe:
                self._pause = min(self._longest_pause, self._pause * 2)
                self._open(now)
            return False
        self._failures += 1
        self._unreached += not reached
        if len(self._addresses) < ADDRESSES:
            self._addresses.add(address)
        if self._failures < self._limit or (self._unreached < self._limit and len(self._addresses) < ADDRESSES):
            return False
        self._open(now)
        return True

    def _open(self, now: float) -> None:
        self._state = BreakerState.OPEN
        self._probe = None
        self._next_try = now + self._pause
