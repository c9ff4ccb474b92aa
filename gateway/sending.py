"""One try of one leased send: ask the gate, ask the platform, and say what is to be recorded."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.breaker import BreakerState
from gateway.channels import Channel
from gateway.errors import Ambiguous, SendError
from gateway.gate import Gate
from gateway.observing import Observer, Unobserved
from gateway.ports import Clock
from gateway.retries import Fate, Verdict, judge
from gateway.settings import Outbox as OutboxSettings
from gateway.steps import Step, Watch, unwatched
from gateway.storage.deliveries import Delivery, DeliveryState, Outcome

log = structlog.get_logger()

SEND_SECONDS = 45
"""No try takes longer, whatever the channel's own limits are."""

SENDER_DIED = Ambiguous("sender died")


class Sending:
    """Tries sends of one channel; `ours` tells whether a lease still holds."""

    def __init__(
        self,
        channel: Channel,
        gate: Gate,
        *,
        clock: Clock,
        settings: OutboxSettings,
        ours: Callable[[Delivery], bool],
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        watch: Watch = unwatched,
        observer: Observer | None = None,
    ) -> None:
        self._channel = channel
        self._gate = gate
        self._clock = clock
        self._settings = settings
        self._ours = ours
        self._jitter = jitter
        self._monotonic = monotonic
        self._watch = watch
        self._observer = observer or Unobserved()

    def enter(self, delivery: Delivery) -> Outcome | None:
        """Ask the gate: None, and then `carry` must follow; else what goes back at no cost, to be tried later."""
        wait = self._gate.enter(delivery.id, delivery.send.address, self._monotonic())
        return put_back(delivery, self._clock() + timedelta(seconds=wait)) if wait else None

    async def carry(self, delivery: Delivery) -> Outcome:
        """Try once."""
        number, address = delivery.id, delivery.send.address
        ended = False
        try:
            self._watch(Step.SENDING, 1)
            if not self._ours(delivery):
                # Somebody else may have judged it by now; a lease that only came too late is taken anew.
                return put_back(delivery, self._clock())
            result = await self._try(delivery)
            ended = True
        finally:
            if not ended:
                self._gate.withdraw(number, address)
        error = result if isinstance(result, SendError) else None
        if self._gate.leave(number, address, error, self._monotonic()):
            log.warning("channel_breaker", channel=self._channel.name, state=self._gate.breaker.state)
        return sent(delivery, result) if not isinstance(result, SendError) else self._failed(delivery, result)

    def judged(self, delivery: Delivery, error: SendError) -> Outcome:
        """What to record after `error`."""
        verdict = judge(
            error,
            attempt=delivery.attempts,
            limit=self._settings.attempts,
            resent=delivery.resent,
            idempotency=self._channel.capabilities.idempotency,
            resend_unknown=self._settings.unknown == "resend_once",
            jitter=self._jitter(),
            down=self._gate.breaker.state is not BreakerState.CLOSED,
        )
        return _by_verdict(delivery, verdict, error.reason, self._clock())

    async def _try(self, delivery: Delivery) -> str | SendError | None:
        """The platform's id of the message, or why there is none."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                platform_id = await self._channel.send(delivery.send)
        except SendError as error:
            return error
        except TimeoutError:
            return Ambiguous("time-out")
        except Exception as error:
            # A driver's bug must neither stop the loop nor repeat a message: nobody knows its fate.
            log.exception("send_broke", delivery=delivery.id, channel=self._channel.name)
            return Ambiguous(type(error).__name__)
        self._watch(Step.ANSWERED, 1)
        return platform_id

    def _failed(self, delivery: Delivery, error: SendError) -> Outcome:
        outcome = self.judged(delivery, error)
        self._observer.send_failed(self._channel.name, type(error).__name__)
        log.warning(
            "send_failed",
            delivery=delivery.id,
            channel=self._channel.name,
            reason=error.reason,
            state=outcome.state,
            tries=delivery.attempts,
        )
        return outcome


def sent(delivery: Delivery, platform_id: str | None) -> Outcome:
    """It is there."""
    return Outcome(
        delivery=delivery,
        state=DeliveryState.SENT,
        attempts=delivery.attempts,
        resent=delivery.resent,
        due_at=delivery.due_at,
        platform_id=platform_id,
    )


def put_back(delivery: Delivery, due_at: datetime) -> Outcome:
    """It was not tried."""
    return Outcome(
        delivery=delivery,
        state=DeliveryState.QUEUED,
        attempts=delivery.attempts - 1,
        resent=delivery.resent,
        due_at=max(due_at, delivery.due_at),
        reason=delivery.reason,
    )


def _by_verdict(delivery: Delivery, verdict: Verdict, reason: str, now: datetime) -> Outcome:
    again = verdict.fate is Fate.RETRY or verdict.resend
    state = DeliveryState.FAILED if verdict.fate is Fate.FAIL else DeliveryState.UNKNOWN
    return Outcome(
        delivery=delivery,
        state=DeliveryState.QUEUED if again else state,
        attempts=delivery.attempts if verdict.spent else delivery.attempts - 1,
        resent=delivery.resent or (again and verdict.doubtful),
        due_at=now + verdict.delay,
        reason=reason,
    )
