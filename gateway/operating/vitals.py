"""Whether the background loops live: one that breaks and is begun again, over and over, does not."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from gateway.operating.observing import Figure

OFTEN = 3
WITHIN_SECONDS = 30.0
"""A loop that broke so often in so short a time does no work between its breaks."""


class Vitals:
    """Remembers breaks. A loop is named as its task is: `turns`, or `outbox:shop` for a channel's own."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._breaks: Counter[str] = Counter()
        self._latest: dict[str, deque[float]] = {}

    def runs(self, loop: str) -> None:
        """`loop` begins. Its figure begins with 0, so that the first break is seen as one more."""
        self._breaks[loop] += 0

    def broke(self, loop: str) -> None:
        """`loop` ended with an error, and will be begun again."""
        self._breaks[loop] += 1
        self._latest.setdefault(loop, deque(maxlen=OFTEN)).append(self._seconds())

    def breaking(self) -> list[str]:
        """The loops that break over and over now."""
        since = self._seconds() - WITHIN_SECONDS
        return sorted(loop for loop, times in self._latest.items() if len(times) == OFTEN and times[0] >= since)

    def figures(self) -> Sequence[Figure]:
        """A `Probe`: breaks since the start, by loop."""
        return [
            Figure(
                name="frontdesk_loop_breaks",
                help="How often a background loop broke since the start.",
                value=breaks,
                labels={"loop": loop},
            )
            for loop, breaks in sorted(self._breaks.items())
        ]


def of_one_channel(loop: str) -> bool:
    """Whether `loop` serves one channel only, so that the others go on without it."""
    return ":" in loop
