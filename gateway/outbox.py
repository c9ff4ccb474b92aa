"""Sending: leased, in order per conversation, at the platform's pace, tried again as its error asks.

Each channel has a sender of its own, so a stuck platform delays no other. The promises and the three
classes of channels are in the README's design page, "Outbound"; the verdicts are in `retries`, the pace in
`rates`, the breaker in `breaker`, one try in `sending`, leases and what is to be recorded in `ledger`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from gateway.breaker import Breaker
from gateway.channels import Channel
from gateway.errors import StorageUnavailable
from gateway.gate import Gate
from gateway.ledger import Ledger, Pass, following_send
from gateway.operating.observing import UNOBSERVED, Observer
from gateway.ports import Clock
from gateway.processes.wakeups import OUTBOX, POLL_SECONDS, Wakeups, wait_for
from gateway.rates import Pace
from gateway.sending import Sending
from gateway.settings import Outbox as OutboxSettings
from gateway.steps import Watch, unwatched
from gateway.storage.deliveries import Delivery, Outcome
from gateway.storage.engine import Database
from gateway.storage.work import Work

log = structlog.get_logger()

GATHER_SECONDS = 0.01
"""How long an outcome may wait for others, so that they are recorded together."""

SHORTEST_NAP = 0.1
"""A channel that keeps a rate is looked at this often, not for each send."""


class ChannelSender:
    """Sends what is due on one channel, until told to stop.

    Its passes (`ledger`) go in transactions of their own, or along in a turn's: then what the turn decided is
    leased by the commit that decided it, and what was sent before is recorded by it too.
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
        observer: Observer = UNOBSERVED,
        pace: Pace | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or Breaker()
        self._database = database
        self._channel = channel
        self._wakeups = wakeups
        self._settings = settings
        self._monotonic = monotonic
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
        self._ledger = Ledger(
            channel.name,
            clock=clock,
            watch=watch,
            observer=observer,
            judge=self._sending.judged,
            begin=self._begin,
            wake=self._bell.set,
        )
        self._sends: asyncio.TaskGroup | None = None
        self._leased: list[Delivery] = []
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Lease, send and record. When stopping, what is under way is finished and recorded first."""
        async with asyncio.TaskGroup() as sends:
            self._sends = sends
            try:
                await self._work()
            finally:
                self._sends = None

    async def _work(self) -> None:
        while True:
            stopping = self._wakeups.stopping
            try:
                more = await self._pass(taking=not stopping)
            except StorageUnavailable:
                await asyncio.sleep(POLL_SECONDS)
                continue
            if stopping and not self._ledger.holds:
                return
            if not more:
                await wait_for(self._bell, self._nap())

    async def board(self, work: Work) -> bool:
        """Go along in `work`'s transaction; whether nothing is due after it, so that no bell need be rung.

        For SQLite, where one transaction follows the other: elsewhere two might each wait for people whom
        the other holds.
        """
        if self._sends is None or self._wakeups.stopping:
            return False
        if self._ledger.gathered or self._channel.name in work.deliveries.queued:
            return (await self._go(work, self._room(), looking=False)).emptied
        return True

    async def send_due(self) -> int:
        """Send once what is due now, one after the other, and record it; returns how many were tried."""
        with suppress(StorageUnavailable):
            await self._pass(taking=True)
        leased, self._leased = self._leased, []
        for delivery in leased:
            if self._enters(delivery):
                await self._carry(delivery)
        while self._ledger.gathered:
            try:
                await self._pass(taking=False)
            except StorageUnavailable:
                await asyncio.sleep(POLL_SECONDS)
        return len(leased)

    # --- one send ----------------------------------------------------------------------------

    def _begin(self, leased: Sequence[Delivery]) -> None:
        if self._sends is None:
            self._leased += leased
            return
        for delivery in leased:
            if self._enters(delivery):
                self._sends.create_task(self._carry(delivery))

    def _enters(self, delivery: Delivery) -> bool:
        held_back = self._sending.enter(delivery)
        if held_back:
            self._gather(held_back)
        return held_back is None

    async def _carry(self, delivery: Delivery) -> None:
        try:
            with following_send(delivery):
                self._gather(await self._sending.carry(delivery))
        except Exception:
            # The lease runs out and the send is judged then; its neighbours must not be cut off with it.
            log.exception("carry_broke", delivery=delivery.id, channel=self._channel.name)
            self._ledger.let_go([delivery])
            self._bell.set()

    def _gather(self, outcome: Outcome) -> None:
        self._ledger.gather(outcome)
        if self._wakeups.stopping or self._ledger.gathered * 2 >= self._settings.concurrency:
            self._bell.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._bell.set)

    def _is_ours(self, delivery: Delivery) -> bool:
        return self._ledger.is_ours(delivery)

    def _room(self) -> int:
        return self._gate.room(self._monotonic())

    def _nap(self) -> float:
        delay = self._gate.delay(self._monotonic())
        return min(POLL_SECONDS, max(SHORTEST_NAP, delay)) if delay else POLL_SECONDS

    # --- one transaction ---------------------------------------------------------------------

    async def _pass(self, *, taking: bool) -> bool:
        """A pass of our own, which takes new sends or only records; whether more may be due than there was
        room for. Raises StorageUnavailable: then nothing is forgotten, and the next pass tries again."""
        more = False
        try:
            if self._ledger.wants(self._room() if taking else 0, looking=taking):
                async with self._database.write() as work:
                    # What a turn took along while we waited for our transaction is not here any more.
                    room = self._room() if taking else 0
                    done = await self._go(work, room, looking=taking)
                    more = bool(room) and not done.emptied
            await self._record_apart()
        except StorageUnavailable as error:
            self._ledger.waits(error)
            raise
        except Exception:
            log.exception("pass_broke", channel=self._channel.name)
            await self._record_apart()
        return more

    async def _go(self, work: Work, room: int, *, looking: bool) -> Pass:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return await self._ledger.go(work, room, looking=looking)

    async def _record_apart(self) -> None:
        """Record each by itself what broke a pass, or may have."""
        for _ in range(self._ledger.suspects):
            try:
                async with self._database.write() as work:
                    await self._ledger.record_alone(work)
            except StorageUnavailable:
                raise
            except Exception:
                log.exception("record_broke", channel=self._channel.name)
