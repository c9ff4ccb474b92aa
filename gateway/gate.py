"""What one channel lets through: its places, its pace and its breaker together. Pure; times are monotonic seconds."""

from __future__ import annotations

from collections import Counter, OrderedDict

from gateway.breaker import Breaker
from gateway.errors import Ambiguous, SendError, Throttled, Unreachable
from gateway.rates import Pace

SLOW_SECONDS = 2.0
"""A send that took this long makes its address a slow one."""

SHARE = 4
"""Slow addresses may hold this part of the places together: a quarter."""

STEP_ASIDE_SECONDS = 1.0
"""How long a send to a slow address waits where that part is taken."""

MAX_SLOW = 10_000


class Gate:
    """Counts the sends under way and says which may begin.

    An address whose last send kept us waiting counts as slow until one does not: however often it times
    out, and however many there are of its kind, the others find most places free.
    """

    def __init__(self, size: int, pace: Pace, breaker: Breaker) -> None:
        self._size = size
        self._pace = pace
        self.breaker = breaker
        self._under_way: Counter[str] = Counter()
        self._began: dict[int, float] = {}
        self._slow: OrderedDict[str, None] = OrderedDict()

    def room(self, now: float) -> int:
        """How many sends may begin, whatever their addresses."""
        return max(0, min(self._size - len(self._began), self._pace.room(now), self.breaker.room(now)))

    def delay(self, now: float) -> float:
        """Seconds until there may be room again; 0 where only a send that ends can make it."""
        return max(self._pace.channel_delay(now), self.breaker.delay(now))

    def enter(self, number: int, address: str, now: float) -> float:
        """Let send `number` begin: 0, or the seconds after which it should ask again."""
        wait = self._pace.delay(address, now)
        if self.breaker.room(now) < 1:
            wait = max(wait, self.breaker.delay(now), STEP_ASIDE_SECONDS)
        if address in self._slow and self._slow_under_way() >= max(1, self._size // SHARE):
            wait = max(wait, STEP_ASIDE_SECONDS)
        if wait > 0:
            return wait
        self._pace.take(address, now)
        self.breaker.begin(number)
        self._under_way[address] += 1
        self._began[number] = now
        return 0.0

    def leave(self, number: int, address: str, error: SendError | None, now: float) -> bool:
        """Send `number` ended, by `error` or well; whether the breaker opened or closed by that."""
        self._note_slow(address, now - self._free(number, address))
        match error:
            case Ambiguous() | Unreachable():
                return self.breaker.failed(number, address, now, reached=isinstance(error, Ambiguous))
            case Throttled():
                self._pace.throttled(address, error.retry_after, now)
        return self.breaker.answered()

    def withdraw(self, number: int, address: str) -> None:
        """Send `number` did not take place after all, and says nothing of the platform."""
        self._free(number, address)
        self.breaker.withdraw(number)

    def _free(self, number: int, address: str) -> float:
        """Give the place back; returns when it was taken."""
        self._under_way[address] -= 1
        if not self._under_way[address]:
            del self._under_way[address]
        return self._began.pop(number)

    def _slow_under_way(self) -> int:
        return sum(count for address, count in self._under_way.items() if address in self._slow)

    def _note_slow(self, address: str, seconds: float) -> None:
        if seconds < SLOW_SECONDS:
            self._slow.pop(address, None)
            return
        self._slow[address] = None
        self._slow.move_to_end(address)
        if len(self._slow) > MAX_SLOW:
            self._slow.popitem(last=False)
