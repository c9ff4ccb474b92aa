"""One try of one leased send: ask the gate, ask the platform, and say what is to be recorded.

Where an earlier try may have arrived and the platform can be asked (`Idempotency.RECONCILED`), it is asked
before anything is sent again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from gateway.breaker import BreakerState
from gateway.channels import Channel, Idempotency, Reconciling, Send
from gateway.errors import Ambiguous, Gone, MovedAway, Rejected, SendError, Unreachable, WindowOver
from gateway.gate import Gate
from gateway.operating.observing import Observer, Unobserved
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
        moved_to: str | None = None
        try:
            self._watch(Step.SENDING, 1)
            if not self._ours(delivery):
                # Somebody else may have judged it by now; a lease that only came too late is taken anew.
                return put_back(delivery, self._clock())
            result = found = await self._find(delivery)
            if found is None:
                if not self._ours(delivery):
                    return put_back(delivery, self._clock())  # asking took longer than the lease
                result = await self._try(delivery, delivery.send)
                if isinstance(result, MovedAway):
                    # Surely refused, so nothing is said twice.
                    moved_to = result.address
                    result = await self._try(delivery, msgspec.structs.replace(delivery.send, address=moved_to))
            ended = True
        finally:
            if not ended:
                self._gate.withdraw(number, address)
        error = result if isinstance(result, SendError) else None
        if self._gate.leave(number, address, error, self._monotonic()):
            log.warning("channel_breaker", channel=self._channel.name, state=self._gate.breaker.state)
        outcome = self._came_to(delivery, result, looked=found is not None)
        return msgspec.structs.replace(outcome, moved_to=moved_to)

    def _came_to(self, delivery: Delivery, result: str | SendError | None, *, looked: bool) -> Outcome:
        """What to record of a try, or of what was found where we `looked` for an earlier one."""
        if not isinstance(result, SendError):
            return sent(delivery, result)
        if not looked and self._reconciles(delivery):
            # The earlier try surely did not arrive, so only this one is in question.
            delivery = msgspec.structs.replace(delivery, resent=False)
        return self._failed(delivery, result)

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
        outcome = _by_verdict(delivery, verdict, error.reason, self._clock())
        if verdict.doubtful and self._channel.capabilities.idempotency is Idempotency.RECONCILED:
            # Whenever it is sent again, be it because an agent says so: look first.
            outcome = msgspec.structs.replace(outcome, resent=True)
        return outcome

    def _reconciles(self, delivery: Delivery) -> bool:
        return delivery.resent and self._channel.capabilities.idempotency is Idempotency.RECONCILED

    async def _find(self, delivery: Delivery) -> str | SendError | None:
        """The platform's id where an earlier try arrived, None where there is none or it did not, or why
        that cannot be known now."""
        if not self._reconciles(delivery):
            return None
        if not isinstance(self._channel, Reconciling):
            return Rejected("the channel cannot be asked what arrived")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                found = await self._channel.find_sent(delivery.send, delivery.created_at)
        except Rejected as error:
            # Asked again at a first try: it was shown as unknown, and a person decided to send it all the same.
            return None if delivery.attempts == 1 else error
        except SendError as error:
            return error
        except TimeoutError:
            return Unreachable("time-out while asking what arrived")
        except Exception as error:
            log.exception("find_broke", delivery=delivery.id, channel=self._channel.name)
            return Rejected(type(error).__name__)
        log.info("send_looked_for", delivery=delivery.id, channel=self._channel.name, arrived=found is not None)
        return found

    async def _try(self, delivery: Delivery, send: Send) -> str | SendError | None:
        """The platform's id of the message, or why there is none."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                platform_id = await self._channel.send(send)
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
        if outcome.state is DeliveryState.FAILED and isinstance(error, Gone | WindowOver):
            outcome = msgspec.structs.replace(outcome, lost=True, gone=isinstance(error, Gone))
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
