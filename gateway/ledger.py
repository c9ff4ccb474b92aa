"""What one sender holds and has yet to record, and the transactions that change it.

A pass is a sender's part of one transaction: it records the outcomes that gathered, renews leases, takes over
what a dead sender left, and leases what is due now. So the cost of a commit is shared by as many sends as
there are, and what a recorded send held up is leased with its record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import structlog

from gateway.errors import SendError, StorageUnavailable
from gateway.live import DESK, conversation_topic
from gateway.operating.observing import Observer
from gateway.people.lost import follow_there, look_for_another_way
from gateway.ports import Clock
from gateway.sending import SENDER_DIED
from gateway.steps import Step, Watch
from gateway.storage.deliveries import Delivery, DeliveryState, Outcome
from gateway.storage.work import Work
from gateway.tracing import following

log = structlog.get_logger()

LEASE = timedelta(seconds=7)
"""How long a sender that went silent keeps what it holds. With `LOOK` it bounds the wait for a successor."""

RENEW = timedelta(seconds=2)
"""The age at which a lease is renewed: two tries may fail before it runs out."""

LOOK = timedelta(seconds=1)
"""How often to look for what a dead sender left."""


@dataclass(eq=False)
class Pass:
    """One pass: what it is to do, and what it did."""

    now: datetime
    room: int
    outcomes: Sequence[Outcome]
    late: Sequence[Delivery] = ()
    doubtful: Sequence[str] = ()
    looking: bool = False
    alone: bool = False
    """Whether it records one outcome and does nothing else, because that one may have broken a pass."""
    token: str = field(default_factory=lambda: str(uuid4()))
    recorded: set[int] = field(default_factory=set)
    renewed: set[int] = field(default_factory=set)
    left: Sequence[Outcome] = ()
    leased: Sequence[Delivery] = ()

    @property
    def until(self) -> datetime:
        """When what it leases runs out."""
        return self.now + LEASE

    @property
    def emptied(self) -> bool:
        """Whether it leased all that was due."""
        return len(self.leased) < self.room


class Ledger:
    """One sender's leases and outcomes. Nothing is forgotten before its transaction has ended well: forgetting
    a send would mean to repeat it."""

    def __init__(
        self,
        channel: str,
        *,
        clock: Clock,
        watch: Watch,
        observer: Observer,
        judge: Callable[[Delivery, SendError], Outcome],
        begin: Callable[[Sequence[Delivery]], None],
        wake: Callable[[], None],
    ) -> None:
        """
        Args:
            judge: what to record of a send whose sender died.
            begin: called with what is leased once that is committed.
            wake: asks for a pass soon.
        """
        self._channel = channel
        self._clock = clock
        self._watch = watch
        self._observer = observer
        self._judge = judge
        self._begin = begin
        self._wake = wake
        self._held: dict[int, Delivery] = {}
        self._until: dict[int, datetime] = {}
        self._outcomes: deque[Outcome] = deque()
        self._suspects: deque[Outcome] = deque()
        self._doubtful: list[str] = []
        self._look_at = clock()

    @property
    def holds(self) -> bool:
        """Whether any send is under way or not recorded yet."""
        return bool(self._held)

    @property
    def gathered(self) -> int:
        """How many outcomes wait for a pass."""
        return len(self._outcomes)

    @property
    def suspects(self) -> int:
        """How many outcomes are to be recorded alone, because a pass with them broke."""
        return len(self._suspects)

    def is_ours(self, delivery: Delivery) -> bool:
        """Whether the lease of `delivery` still holds."""
        until = self._until.get(delivery.id)
        return until is not None and self._clock() < until

    def gather(self, outcome: Outcome) -> None:
        """Keep `outcome` for the next pass."""
        self._outcomes.append(outcome)

    def let_go(self, deliveries: Iterable[Delivery]) -> None:
        """Forget these sends; their leases run out."""
        for delivery in deliveries:
            self._held.pop(delivery.id, None)
            self._until.pop(delivery.id, None)

    # --- a pass ------------------------------------------------------------------------------

    def wants(self, room: int, *, looking: bool) -> bool:
        """Whether a pass has anything to do, or may have, with `room` for more sends."""
        now = self._clock()
        return bool(self._outcomes or room or self._doubtful or self._late(now) or (looking and now >= self._look_at))

    async def go(self, work: Work, room: int, *, looking: bool) -> Pass:
        """Do a pass in `work`'s transaction, leasing up to `room`; it counts once that is committed."""
        now = self._clock()
        outcomes = list(self._outcomes)
        self._outcomes.clear()
        return await self._carry_out(
            work,
            Pass(
                now=now,
                room=room,
                outcomes=outcomes,
                late=self._late(now),
                doubtful=tuple(self._doubtful),
                looking=looking and now >= self._look_at,
            ),
        )

    async def record_alone(self, work: Work) -> None:
        """Record one suspect. Where that fails for good its lease runs out, and it is judged then."""
        await self._carry_out(work, Pass(now=self._clock(), room=0, outcomes=[self._suspects.popleft()], alone=True))

    def waits(self, error: StorageUnavailable) -> None:
        """The database is away. Others wait for it with outcomes of their own: they come first."""
        self._look_at = self._clock() + LEASE
        log.warning("outbox_waits", channel=self._channel, unrecorded=len(self._outcomes), reason=str(error))

    # --- inside the transaction --------------------------------------------------------------

    async def _carry_out(self, work: Work, one: Pass) -> Pass:
        work.at_its_end(partial(self._ended, one))
        one.recorded = await self._record(work, one.outcomes, one.now)
        if one.late:
            one.renewed = await work.deliveries.renew(one.late, one.until)
        if one.doubtful:
            await work.deliveries.release(self._channel, one.doubtful, one.now)
        if one.looking:
            one.left = await self._take_over(work, one.now)
        if one.room:
            one.leased = await work.deliveries.lease(self._channel, one.room, one.token, one.now, one.until)
        return one

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
                await look_for_another_way(work, delivery.id, now, gone=outcome.gone)
            if outcome.moved_to:
                await follow_there(work, delivery.id, outcome.moved_to, now)
        for conversation_id in dict.fromkeys(outcome.delivery.conversation_id for outcome in settled):
            work.announce(DESK, "delivery", conversation=conversation_id)
        return recorded

    async def _take_over(self, work: Work, now: datetime) -> Sequence[Outcome]:
        """Judge what was under way when its sender died."""
        died = await work.deliveries.expired(self._channel, now, ours=self._held)
        outcomes = [self._judge(delivery, SENDER_DIED) for delivery in died]
        await self._record(work, outcomes, now)
        if died:
            log.warning("sends_taken_over", channel=self._channel, sends=len(died))
        return outcomes

    # --- after it ----------------------------------------------------------------------------

    def _ended(self, one: Pass, error: BaseException | None) -> None:
        if error is None:
            self._committed(one)
            return
        if one.room:
            # It may have been committed all the same: the next pass puts back what it leased.
            self._doubtful.append(one.token)
        if isinstance(error, StorageUnavailable) or not isinstance(error, Exception):
            self._outcomes.extendleft(reversed(one.outcomes))
        elif one.alone:
            for outcome in one.outcomes:
                log.warning("outcome_dropped", delivery=outcome.delivery.id, channel=self._channel, state=outcome.state)
                self.let_go([outcome.delivery])
        else:
            # One outcome broke it, or a stranger in the same transaction: alone, only that one can fail.
            self._suspects.extend(one.outcomes)
            self._wake()

    def _committed(self, one: Pass) -> None:
        self._doubtful = [token for token in self._doubtful if token not in one.doubtful]
        if one.looking:
            self._look_at = one.now + LOOK
        self._recorded(one)
        self._until.update(dict.fromkeys(one.renewed & self._held.keys(), one.until))
        if one.left:
            self._watch(Step.SETTLED, len(one.left))
        if one.leased:
            self._held.update((delivery.id, delivery) for delivery in one.leased)
            self._until.update((delivery.id, one.until) for delivery in one.leased)
            self._watch(Step.LEASED, len(one.leased))
            self._begin(one.leased)

    def _recorded(self, one: Pass) -> None:
        """Let go of the sends whose outcomes are committed, and come back for those to be tried again."""
        if not one.outcomes:
            return
        self.let_go(outcome.delivery for outcome in one.outcomes)
        self._watch(Step.SETTLED, len(one.outcomes))
        soon = asyncio.get_running_loop().call_later
        for outcome in one.outcomes:
            delivery = outcome.delivery
            if delivery.id not in one.recorded:
                log.warning("lease_lost", delivery=delivery.id, channel=self._channel, state=outcome.state)
            elif outcome.state is DeliveryState.SENT:
                with following_send(delivery):
                    log.info("sent", channel=self._channel, tries=delivery.attempts)
                self._observer.sent(self._channel, (one.now - delivery.created_at).total_seconds())
            elif outcome.state is DeliveryState.QUEUED:
                soon(max(0.0, (outcome.due_at - one.now).total_seconds()), self._wake)

    def _late(self, now: datetime) -> list[Delivery]:
        """What is under way and whose lease is to be renewed."""
        return [self._held[number] for number, until in self._until.items() if until < now + LEASE - RENEW]


def following_send(delivery: Delivery) -> AbstractContextManager[None]:
    """Whatever is logged of `delivery` names it, and the inbox row that it answers."""
    return following(
        inbox=delivery.send.inbox,
        conversation=delivery.conversation_id,
        message=delivery.message_id,
        delivery=delivery.id,
    )
