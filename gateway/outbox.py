"""Sending: leased, in order per conversation, at the platform's pace, tried again as its error asks.

Each channel has a sender of its own, so a stuck platform delays no other. The promises and the three
classes of channels are in the README's design page, "Outbound"; the verdicts are in `retries`, the pace in
`rates`, the breaker in `breaker`, one try in `sending`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from gateway.breaker import Breaker
from gateway.channels import Channel
from gateway.errors import StorageUnavailable
from gateway.gate import Gate
from gateway.live import DESK, conversation_topic
from gateway.operating.observing import Observer, Unobserved
from gateway.people.lost import look_for_another_way
from gateway.ports import Clock
from gateway.processes.wakeups import OUTBOX, POLL_SECONDS, Wakeups, wait_for
from gateway.rates import Pace
from gateway.sending import SENDER_DIED, Sending
from gateway.settings import Outbox as OutboxSettings
from gateway.steps import Step, Watch, unwatched
from gateway.storage.deliveries import Delivery, DeliveryState, Outcome
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.tracing import following

log = structlog.get_logger()

LEASE = timedelta(seconds=7)
"""How long a sender that went silent keeps what it holds. With `LOOK` it bounds the wait for a successor."""

RENEW = timedelta(seconds=2)
"""The age at which a lease is renewed: two tries may fail before it runs out."""

LOOK = timedelta(seconds=1)
"""How often to look for what a dead sender left."""

GATHER_SECONDS = 0.01
"""How long an outcome may wait for others, so that they are recorded together."""

SHORTEST_NAP = 0.1
"""A channel that keeps a rate is looked at this often, not for each send."""


class ChannelSender:
    """Sends what is due on one channel, until told to stop.

    One pass is one transaction: it records the outcomes that gathered while the pass before was under way,
    renews leases, takes over what a dead sender left, and leases what is due now. So the cost of a commit
    is shared by as many sends as there are, and what a recorded send held up is leased with its record.
    """

    def __init__(
        self,
        database: Database,
        channel: Channel,
        *,
        clock: Clock,
        wakeups: Wakeups,
        settings: OutboxSettings,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        watch: Watch = unwatched,
        observer: Observer | None = None,
        pace: Pace | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or Breaker()
        self._database = database
        self._channel = channel
        self._clock = clock
        self._wakeups = wakeups
        self._settings = settings
        self._monotonic = monotonic
        self._watch = watch
        self._observer = observer or Unobserved()
        self._bell = wakeups.bell(OUTBOX)
        self._gate = Gate(settings.concurrency, pace or Pace(channel.capabilities.rate), self.breaker)
        self._sending = Sending(
            channel,
            self._gate,
            clock=clock,
            settings=settings,
            ours=self._is_ours,
            jitter=jitter,
            monotonic=monotonic,
            watch=watch,
            observer=observer,
        )
        self._held: dict[int, Delivery] = {}
        self._until: dict[int, datetime] = {}
        self._outcomes: deque[Outcome] = deque()
        self._doubtful: list[str] = []
        self._look_at = clock()

    async def run(self) -> None:
        """Lease, send and record. When stopping, what is under way is finished and recorded first."""
        async with asyncio.TaskGroup() as sends:
            while True:
                stopping = self._wakeups.stopping
                room = 0 if stopping else self._gate.room(self._monotonic())
                try:
                    leased = await self._pass(room, looking=not stopping)
                except StorageUnavailable:
                    await asyncio.sleep(POLL_SECONDS)
                    continue
                for delivery in leased:
                    if self._enters(delivery):
                        sends.create_task(self._carry(delivery))
                if stopping and not self._held:
                    return
                if not leased or len(leased) < room:
                    await wait_for(self._bell, self._nap())

    async def send_due(self) -> int:
        """Send once what is due now, one after the other, and record it; returns how many were tried."""
        try:
            leased = await self._pass(self._gate.room(self._monotonic()), looking=True)
        except StorageUnavailable:
            return 0
        for delivery in leased:
            if self._enters(delivery):
                await self._carry(delivery)
        while self._outcomes:
            try:
                await self._pass(0, looking=False)
            except StorageUnavailable:
                await asyncio.sleep(POLL_SECONDS)
        return len(leased)

    # --- one send ----------------------------------------------------------------------------

    def _enters(self, delivery: Delivery) -> bool:
        held_back = self._sending.enter(delivery)
        if held_back:
            self._gather(held_back)
        return held_back is None

    async def _carry(self, delivery: Delivery) -> None:
        try:
            with _following(delivery):
                self._gather(await self._sending.carry(delivery))
        except Exception:
            # The lease runs out and the send is judged then; its neighbours must not be cut off with it.
            log.exception("carry_broke", delivery=delivery.id, channel=self._channel.name)
            self._let_go([delivery])
            self._bell.set()

    def _gather(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if self._wakeups.stopping or len(self._outcomes) * 2 >= self._settings.concurrency:
            self._bell.set()
        elif len(self._outcomes) == 1:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._bell.set)

    def _is_ours(self, delivery: Delivery) -> bool:
        until = self._until.get(delivery.id)
        return until is not None and self._clock() < until

    def _let_go(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._held.pop(delivery.id, None)
            self._until.pop(delivery.id, None)

    def _nap(self) -> float:
        delay = self._gate.delay(self._monotonic())
        return min(POLL_SECONDS, max(SHORTEST_NAP, delay)) if delay else POLL_SECONDS

    # --- one transaction ---------------------------------------------------------------------

    async def _pass(self, room: int, *, looking: bool) -> list[Delivery]:
        """Record what gathered, and lease up to `room`. While the database is away nothing is forgotten,
        for forgetting would mean a repeat: raises StorageUnavailable, and the next pass tries again."""
        outcomes = list(self._outcomes)
        self._outcomes.clear()
        token = str(uuid4())
        try:
            leased = await self._commit(outcomes, room, token, looking=looking)
        except Exception as error:
            if room:
                self._doubtful.append(token)
            if isinstance(error, StorageUnavailable):
                self._outcomes.extendleft(reversed(outcomes))
                # Others wait for the same database with outcomes of their own: they come first.
                self._look_at = self._clock() + LEASE
                log.warning(
                    "outbox_waits", channel=self._channel.name, unrecorded=len(self._outcomes), reason=str(error)
                )
                raise
            log.exception("pass_broke", channel=self._channel.name, outcomes=len(outcomes))
            await self._record_apart(outcomes)
            return []
        except BaseException:
            self._outcomes.extendleft(reversed(outcomes))
            raise
        return leased

    async def _commit(self, outcomes: Sequence[Outcome], room: int, token: str, *, looking: bool) -> list[Delivery]:
        now = self._clock()
        late = [self._held[number] for number, until in self._until.items() if until < now + LEASE - RENEW]
        looking = looking and now >= self._look_at
        if not (outcomes or room or late or looking or self._doubtful):
            return []
        until = now + LEASE
        leased: list[Delivery] = []
        async with self._database.write() as work:
            recorded = await self._record(work, outcomes, now)
            renewed = await work.deliveries.renew(late, until) if late else set()
            if self._doubtful:
                await work.deliveries.release(self._channel.name, self._doubtful, now)
            left = await self._take_over(work, now) if looking else []
            if room:
                leased = await work.deliveries.lease(self._channel.name, room, token, now, until)
        self._doubtful.clear()
        if looking:
            self._look_at = now + LOOK
        self._recorded(outcomes, recorded, now)
        self._until.update(dict.fromkeys(renewed & self._held.keys(), until))
        if left:
            self._watch(Step.SETTLED, len(left))
        if leased:
            self._held.update((delivery.id, delivery) for delivery in leased)
            self._until.update((delivery.id, until) for delivery in leased)
            self._watch(Step.LEASED, len(leased))
        return leased

    async def _record(self, work: Work, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
        """Write outcomes, remember the platform's ids and announce; returns those that were still ours."""
        recorded = await work.deliveries.settle(outcomes, now)
        settled = [outcome for outcome in outcomes if outcome.delivery.id in recorded]
        for outcome in settled:
            delivery = outcome.delivery
            if outcome.platform_id:
                work.messages.set_platform_id(delivery.message_id, outcome.platform_id)
            topic = conversation_topic(delivery.conversation_id)
            work.announce(topic, "delivery", message=delivery.message_id)
            if outcome.lost:
                # Another way is looked for in a transaction of its own, which holds the conversation.
                await look_for_another_way(work, delivery.id, now, gone=outcome.gone)
        for conversation_id in dict.fromkeys(outcome.delivery.conversation_id for outcome in settled):
            work.announce(DESK, "delivery", conversation=conversation_id)
        return recorded

    async def _take_over(self, work: Work, now: datetime) -> list[Outcome]:
        """Judge what was under way when its sender died."""
        died = await work.deliveries.expired(self._channel.name, now, ours=self._held)
        outcomes = [self._sending.judged(delivery, SENDER_DIED) for delivery in died]
        await self._record(work, outcomes, now)
        if died:
            log.warning("sends_taken_over", channel=self._channel.name, sends=len(died))
        return outcomes

    def _recorded(self, outcomes: Sequence[Outcome], recorded: set[int], now: datetime) -> None:
        """Outcomes are committed: let go of their sends, and come back for those that are to be tried again."""
        if not outcomes:
            return
        self._let_go([outcome.delivery for outcome in outcomes])
        self._watch(Step.SETTLED, len(outcomes))
        soon = asyncio.get_running_loop().call_later
        for outcome in outcomes:
            delivery = outcome.delivery
            if delivery.id not in recorded:
                log.warning("lease_lost", delivery=delivery.id, channel=self._channel.name, state=outcome.state)
            elif outcome.state is DeliveryState.SENT:
                with _following(delivery):
                    log.info("sent", channel=self._channel.name, tries=delivery.attempts)
                self._observer.sent(self._channel.name, (now - delivery.created_at).total_seconds())
            elif outcome.state is DeliveryState.QUEUED:
                soon(max(0.0, (outcome.due_at - now).total_seconds()), self._bell.set)

    async def _record_apart(self, outcomes: Sequence[Outcome]) -> None:
        """One outcome broke the commit: alone, only that one can fail. Its lease runs out, and it is judged then."""
        for outcome in outcomes:
            try:
                await self._commit([outcome], 0, "", looking=False)
            except StorageUnavailable:
                self._outcomes.append(outcome)
            except Exception:
                log.exception("record_broke", delivery=outcome.delivery.id, channel=self._channel.name)
                self._let_go([outcome.delivery])


def _following(delivery: Delivery) -> AbstractContextManager[None]:
    """Whatever is logged of `delivery` names it, and the inbox row that it answers."""
    return following(
        inbox=delivery.send.inbox,
        conversation=delivery.conversation_id,
        message=delivery.message_id,
        delivery=delivery.id,
    )
