"""News about messages that is no message: delivered, read, failed after all, typing, blocked.

A platform may tell what became of a message before its answer to our request is recorded, even before it has
answered. Such news is kept as an alarm and looked at again, until the send it belongs to is recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
import structlog

from gateway.live import DESK, conversation_topic
from gateway.messages import Signal, SignalKind, Value
from gateway.people.lost import look_for_another_way, lost_there
from gateway.ports import Clock, Timer
from gateway.storage.deliveries import DeliveryState
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work

log = structlog.get_logger()

EARLY = "receipt.early"
"""The alarm."""

SOON = timedelta(seconds=1)
"""When early news is looked at again; each time after that it waits twice as long."""

PATIENCE = timedelta(minutes=10)
"""How long it is kept: what is under way is recorded or judged long before."""

_STATE = {
    SignalKind.DELIVERED: DeliveryState.DELIVERED,
    SignalKind.READ: DeliveryState.READ,
    SignalKind.FAILED: DeliveryState.FAILED,
    SignalKind.BLOCKED: DeliveryState.FAILED,
}


class News(Value, frozen=True, kw_only=True):
    """A signal, and where and when it came; what the alarm carries."""

    channel: str
    identity: int
    since: datetime
    signal: Signal


class Receipts:
    """Notes signals where they belong."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handlers(self) -> Mapping[str, Callable[[Work, Timer], Awaitable[None]]]:
        """See `gateway.timers`."""
        return {EARLY: self.look_again}

    async def note(self, work: Work, row: InboxRow, signal: Signal) -> None:
        """Move deliveries on, or remember that the customer blocked us."""
        if signal.platform_id:
            await self._place(
                work, News(channel=row.channel, identity=row.identity_id, since=self._clock(), signal=signal)
            )
        if signal.kind is SignalKind.BLOCKED:
            work.contacts.update_identity(row.identity_id, blocked=True)
            work.announce(DESK, "blocked")

    async def look_again(self, work: Work, timer: Timer) -> None:
        """Whether the send that early news is about is recorded by now."""
        await self._place(work, msgspec.convert(timer.payload, News))

    async def _place(self, work: Work, news: News) -> None:
        """Move on what `news` is about; keep it while a send that it may be about is not recorded."""
        if news.signal.kind not in _STATE or await self._move_on(work, news):
            return
        if await work.deliveries.may_get(news.channel, news.signal.platform_id or ""):
            await self._keep(work, news)
        else:
            # It may have been recorded between the two looks, on a database that others write to as well.
            await self._move_on(work, news)

    async def _move_on(self, work: Work, news: News) -> bool:
        signal, now = news.signal, self._clock()
        platform_id, state = signal.platform_id or "", _STATE[signal.kind]
        moved = await work.deliveries.receipt(news.channel, platform_id, state, now, signal.reason)
        for conversation_id in set(moved):
            work.announce(conversation_topic(conversation_id), "delivery")
            if state is DeliveryState.FAILED:
                work.announce(DESK, "delivery", conversation=conversation_id)
        if moved and lost_there(signal):
            for delivery_id in await work.deliveries.failed_as(news.channel, platform_id):
                await look_for_another_way(work, delivery_id, now, gone=signal.kind is SignalKind.BLOCKED)
        return bool(moved)

    async def _keep(self, work: Work, news: News) -> None:
        waited = self._clock() - news.since
        if waited > PATIENCE:
            log.info("receipt_of_nobody", channel=news.channel, signal=news.signal.kind)
            return
        due = self._clock() + max(SOON, waited)
        await work.timers.set(EARLY, _key(news), due, msgspec.to_builtins(news))


def _key(news: News) -> str:
    """One alarm for each piece of news; platforms' ids may be longer than an alarm's key."""
    said = "\0".join((news.channel, news.signal.platform_id or "", news.signal.kind))
    return blake2b(said.encode(), digest_size=16).hexdigest()
