"""Sending: leased, in order per conversation, within the channel's rate, tried again as its error asks.

Each channel has a loop of its own, so a stuck platform delays no other. The promises and the three
classes of channels are in the README's design page, "Outbound"; the verdicts are in `retries`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from gateway.channels import Channel
from gateway.errors import Ambiguous, SendError, StorageUnavailable
from gateway.live import DESK, conversation_topic
from gateway.ports import Clock
from gateway.rates import Limiter
from gateway.retries import Fate, Verdict, judge
from gateway.settings import Outbox as OutboxSettings
from gateway.steps import Step, Watch, unwatched
from gateway.storage.deliveries import Delivery, DeliveryState
from gateway.storage.engine import Database
from gateway.wakeups import OUTBOX, POLL_SECONDS, Wakeups, wait_for

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
SEND_SECONDS = 45
PATIENCE_SECONDS = 1.0
"""A send that must wait longer than this for its rate goes back to the queue instead of holding a place."""


class ChannelSender:
    """Sends what is due on one channel, until told to stop."""

    def __init__(
        self,
        database: Database,
        channel: Channel,
        *,
        clock: Clock,
        wakeups: Wakeups,
        settings: OutboxSettings,
        jitter: Callable[[], float] = random.random,
        watch: Watch = unwatched,
    ) -> None:
        self._database = database
        self._channel = channel
        self._clock = clock
        self._wakeups = wakeups
        self._settings = settings
        self._jitter = jitter
        self._watch = watch
        self._bell = wakeups.bell(OUTBOX)
        self._limiter = Limiter(channel.capabilities.rate, time.monotonic())
        self._under_way = 0

    async def run(self) -> None:
        """Lease and send. When stopping, what is under way is finished first."""
        async with asyncio.TaskGroup() as group:
            while not self._wakeups.stopping:
                leased = await self._lease()
                for delivery in leased:
                    self._under_way += 1
                    group.create_task(self._carry(delivery))
                if not leased:
                    await wait_for(self._bell)

    async def send_due(self) -> int:
        """Send once what is due now, one after the other; returns how many were tried."""
        leased = await self._lease()
        for delivery in leased:
            await self._deliver(delivery)
        return len(leased)

    async def _lease(self) -> list[Delivery]:
        room = self._settings.concurrency - self._under_way
        if room <= 0:
            return []
        now = self._clock()
        try:
            async with self._database.write() as work:
                for delivery in await work.deliveries.expired(self._channel.name, now):
                    verdict = self._judge(delivery, Ambiguous("sender died"))
                    await work.deliveries.settle(delivery, now, **_changes(delivery, verdict, "sender died", now))
                leased = await work.deliveries.lease(self._channel.name, room, str(uuid4()), now, now + LEASE)
            if leased:
                self._watch(Step.LEASED, len(leased))
            return leased
        except StorageUnavailable as error:
            log.warning("outbox_waits", channel=self._channel.name, reason=str(error))
        except Exception:
            # What is under way must not be cut off for it: that would leave its fate unknown.
            log.exception("lease_broke", channel=self._channel.name)
        return []

    async def _carry(self, delivery: Delivery) -> None:
        try:
            await self._deliver(delivery)
        except Exception:
            # The lease runs out and the send is judged then; its neighbours must not be cut off with it.
            log.exception("carry_broke", delivery=delivery.id, channel=self._channel.name)
        finally:
            self._under_way -= 1
            self._bell.set()

    async def _deliver(self, delivery: Delivery) -> None:
        address = delivery.send.address
        delay = self._limiter.delay(address, time.monotonic())
        if delay > PATIENCE_SECONDS:
            later = self._clock() + timedelta(seconds=delay)
            await self._settle(delivery, state=DeliveryState.QUEUED, due_at=later, attempts=delivery.attempts - 1)
            return
        self._limiter.take(address, time.monotonic())
        await asyncio.sleep(delay)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                self._watch(Step.SENDING, 1)
                platform_id = await self._channel.send(delivery.send)
                self._watch(Step.ANSWERED, 1)
        except SendError as error:
            await self._settle_error(delivery, error)
        except TimeoutError:
            await self._settle_error(delivery, Ambiguous("time-out"))
        except Exception as error:
            # A driver's bug must neither stop the loop nor repeat a message: nobody knows its fate.
            log.exception("send_broke", delivery=delivery.id, channel=self._channel.name)
            await self._settle_error(delivery, Ambiguous(type(error).__name__))
        else:
            await self._settle(delivery, state=DeliveryState.SENT, platform_id=platform_id, reason=None)

    async def _settle_error(self, delivery: Delivery, error: SendError) -> None:
        verdict = self._judge(delivery, error)
        log.warning(
            "send_failed",
            delivery=delivery.id,
            channel=self._channel.name,
            reason=error.reason,
            fate=verdict.fate,
        )
        await self._settle(delivery, **_changes(delivery, verdict, error.reason, self._clock()))

    def _judge(self, delivery: Delivery, error: SendError) -> Verdict:
        return judge(
            error,
            attempt=delivery.attempts,
            limit=self._settings.attempts,
            resent=delivery.resent,
            idempotency=self._channel.capabilities.idempotency,
            resend_unknown=self._settings.unknown == "resend_once",
            jitter=self._jitter(),
        )

    async def _settle(self, delivery: Delivery, **changes: Any) -> None:
        """Record an outcome. While the database is away this waits: forgetting would mean a repeat."""
        while True:
            try:
                async with self._database.write() as work:
                    settled = await work.deliveries.settle(delivery, self._clock(), **changes)
                    if settled and changes.get("platform_id"):
                        await work.messages.set_platform_id(delivery.message_id, changes["platform_id"])
                    topic = conversation_topic(delivery.conversation_id)
                    work.announce(topic, "delivery", message=delivery.message_id)
                    work.announce(DESK, "delivery", conversation=delivery.conversation_id)
                self._watch(Step.SETTLED, 1)
                return
            except StorageUnavailable as error:
                log.warning("settle_waits", delivery=delivery.id, reason=str(error))
                await asyncio.sleep(POLL_SECONDS)


def _changes(delivery: Delivery, verdict: Verdict, reason: str, now: datetime) -> dict[str, Any]:
    """The columns that record `verdict`. An unknown send that will be repeated says so by `resent`."""
    if verdict.fate is not Fate.RETRY and not verdict.resend:
        state = DeliveryState.FAILED if verdict.fate is Fate.FAIL else DeliveryState.UNKNOWN
        return {"state": state, "reason": reason}
    return {
        "state": DeliveryState.QUEUED,
        "due_at": now + verdict.delay,
        "reason": reason,
        "resent": delivery.resent or verdict.resend,
        "attempts": delivery.attempts if verdict.spent else delivery.attempts - 1,
    }
