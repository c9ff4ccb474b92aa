"""The queue as figures for `/metrics`: how many customers wait for a person, and how long."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.operating.observing import Figure
from gateway.ports import Clock
from gateway.storage.work import Work
from handoff.storage.figures import HandoffFigureTable


class HandoffFigures:
    """A `gateway.operating.observing.Source`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, work: Work) -> Sequence[Figure]:
        """Two figures, the same from every process."""
        count, since = await HandoffFigureTable(work).waiting()
        longest = 0.0 if since is None else max(0.0, (self._clock() - since).total_seconds())
        return [
            Figure(name="frontdesk_handoffs_waiting", help="Customers who wait for a person.", value=count),
            Figure(
                name="frontdesk_handoffs_waiting_seconds", help="How long the longest of them waits.", value=longest
            ),
        ]
