"""What waits, as figures: events for their turn, alarms for their time, sends for their platform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from gateway.operating.observing import Figure
from gateway.ports import Clock
from gateway.storage.deliveries import DeliveryState
from gateway.storage.figures import FigureTable, Sends
from gateway.storage.work import Work

WATCHED = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.FAILED)


class Backlog:
    """A `Source`. Configured `channels` are shown even where nothing waits for them."""

    def __init__(self, channels: Iterable[str], clock: Clock) -> None:
        self._channels = tuple(channels)
        self._clock = clock

    async def __call__(self, work: Work) -> Sequence[Figure]:
        """All of it, from partial indexes alone."""
        table = FigureTable(work)
        sends = await table.sends()
        return [
            *_events(waiting=await table.waiting(), quarantined=await table.quarantined()),
            Figure(
                name="frontdesk_inbox_oldest_seconds",
                help="Age of the oldest event that waits for its turn.",
                value=self._age(await table.oldest_waiting()),
            ),
            Figure(
                name="frontdesk_timers_late_seconds",
                help="How long ago the next alarm should have rung.",
                value=self._age(await table.next_timer()),
            ),
            *_by_state(sends),
            *self._by_channel(sends),
            *self._ages(sends),
        ]

    def _by_channel(self, sends: Sequence[Sends]) -> list[Figure]:
        counted = {(one.channel, one.state): one.count for one in sends}
        known = {*counted, *((channel, str(state)) for channel in self._channels for state in WATCHED)}
        return [
            Figure(
                name="frontdesk_channel_deliveries",
                help="Deliveries by channel and state.",
                value=counted.get((channel, state), 0),
                labels={"channel": channel, "state": state},
            )
            for channel, state in sorted(known)
        ]

    def _ages(self, sends: Sequence[Sends]) -> list[Figure]:
        ages = dict.fromkeys(self._channels, 0.0)
        for one in sends:
            ages[one.channel] = max(ages.get(one.channel, 0.0), self._age(one.oldest))
        return [
            Figure(
                name="frontdesk_unsent_oldest_seconds",
                help="Age of the oldest delivery that is not sent yet.",
                value=age,
                labels={"channel": channel},
            )
            for channel, age in sorted(ages.items())
        ]

    def _age(self, since: datetime | None) -> float:
        """Seconds since then; 0 for never, and for what is yet to come."""
        return 0.0 if since is None else max(0.0, (self._clock() - since).total_seconds())


def _events(**counts: int) -> list[Figure]:
    return [
        Figure(name="frontdesk_inbox", help="Raw events by status.", value=count, labels={"status": status})
        for status, count in counts.items()
    ]


def _by_state(sends: Sequence[Sends]) -> list[Figure]:
    return [
        Figure(
            name="frontdesk_deliveries",
            help="Deliveries by state.",
            value=sum(one.count for one in sends if one.state == state),
            labels={"state": state},
        )
        for state in WATCHED
    ]
