"""A turn: claim a person's waiting events, understand, decide, answer — all in one transaction.

Replies, state, timers and the event's `done` commit together or not at all. An engine that may take long
understands before the transaction, where a database with one writer would else stand still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog
from msgspec import structs

from gateway.channels import Channel
from gateway.echoes import Echoes
from gateway.errors import StorageUnavailable, Unreadable
from gateway.messages import Echo, Event, Ignored, Inbound, Moved, Signal, Value, plain_text
from gateway.operating.observing import UNOBSERVED, Observer
from gateway.people.moving import Moving
from gateway.ports import Clock, Engine, Understanding, Utterance
from gateway.processes.wakeups import INBOX, OUTBOX, Wakeups, wait_for
from gateway.receipts import Receipts
from gateway.settings import Company
from gateway.steps import Step, Watch, unwatched
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work
from gateway.taking import Taker
from gateway.tracing import following

log = structlog.get_logger()

BATCH = 200
"""Events in one transaction at most: under load their reads and writes go together."""
BREATH = 20
"""Turns after which others get the event loop."""
ATTEMPTS = 3
WORDS_UNDERSTOOD = 2000
"""Longer texts are understood by their beginning; they are stored whole."""


class Prepared(Value, frozen=True, kw_only=True):
    """An event read and understood, ready for its transaction; `event` is None where it cannot be read."""

    row: InboxRow
    event: Event | None
    understanding: Understanding | None = None

    def belonging_to(self, contact_id: int) -> Prepared:
        """The same, of that contact: people may be joined, and parted, at any time."""
        if contact_id == self.row.contact_id:
            return self
        return structs.replace(self, row=structs.replace(self.row, contact_id=contact_id))


class Boarding(Protocol):
    """A sender that may go along in another's transaction."""

    async def board(self, work: Work) -> bool:
        """Record and lease in `work`; whether nothing is due after it."""
        ...


class Turns:
    """Works off the inbox, person by person, in order."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        engine: Engine,
        taker: Taker,
        receipts: Receipts,
        echoes: Echoes,
        moving: Moving,
        *,
        clock: Clock,
        wakeups: Wakeups,
        company: Company,
        watch: Watch = unwatched,
        observer: Observer = UNOBSERVED,
        at_hand: bool = False,
        senders: Sequence[Boarding] = (),
    ) -> None:
        """
        Args:
            senders: who leases in the turn's own transaction what it decided to send, where one process
                holds the database.
            at_hand: whether the engine is in this process and answers in a millisecond or so.
        """
        self._database = database
        self._channels = channels
        self._engine = engine
        self._taker = taker
        self._receipts = receipts
        self._echoes = echoes
        self._moving = moving
        self._clock = clock
        self._wakeups = wakeups
        self._company = company
        self._watch = watch
        self._observer = observer
        self._thinks_first = database.is_sqlite and not at_hand
        self._senders = senders
        self._bell = wakeups.bell(INBOX)

    async def run(self) -> None:
        """Take turns until told to stop."""
        while not self._wakeups.stopping:
            try:
                taken = await self.take_waiting()
            except StorageUnavailable as error:
                log.warning("turns_wait", reason=str(error))
                taken = 0
            if not taken:
                await wait_for(self._bell)

    async def take_waiting(self) -> int:
        """Deal with one batch of waiting events; returns how many were dealt with.

        On SQLite the one writing connection is not held while an engine elsewhere thinks. On PostgreSQL the
        people are locked first: of two workers each must think about others, not both about the same. With an
        engine at hand that is the shorter way on SQLite too: what was committed last is in the batch.
        """
        if self._thinks_first:
            async with self._database.read() as view:
                rows = await view.inbox.waiting(BATCH)
            prepared = await self._prepare(rows)
            return await self._take_or_split(prepared, lambda: self._take_together(prepared)) if rows else 0
        prepared = []
        return await self._take_or_split(prepared, lambda: self._take_next(prepared))

    async def _take_or_split(self, prepared: Sequence[Prepared], take: Callable[[], Awaitable[int]]) -> int:
        try:
            return await take()
        except StorageUnavailable:
            raise
        except Exception:
            # One event broke the batch: alone, only it can fail, and the others go their way.
            log.exception("turns_split", events=len(prepared))
            return await self._take_apart(prepared)

    async def _take_next(self, prepared: list[Prepared]) -> int:
        """Lock, understand and take; `prepared` is filled on the way, for who must go on after a failure."""
        async with self._database.write() as work:
            prepared += await self._prepare(await work.inbox.claim_next(BATCH))
            await self._take_claimed(work, prepared)
            if prepared and self._senders and all([await sender.board(work) for sender in self._senders]):
                work.withdraw(OUTBOX)
        self._count(prepared)
        return len(prepared)

    async def _prepare(self, rows: Sequence[InboxRow]) -> list[Prepared]:
        events = [(row, self._parse(row)) for row in rows]
        understood = await self._understand(self._utterances(events))
        return [Prepared(row=row, event=event, understanding=understood.get(row.id)) for row, event in events]

    async def _understand(self, utterances: Mapping[int, Utterance]) -> dict[int, Understanding]:
        """What the engine says of each text; where it breaks on one, that one alone goes without."""
        try:
            found = await self._engine.understand(list(utterances.values()))
            return dict(zip(utterances, found, strict=True))
        except Exception:
            log.exception("understanding_broke", texts=len(utterances))
        if len(utterances) <= 1:
            return {}
        alone = [await self._understand({row_id: utterance}) for row_id, utterance in utterances.items()]
        return {row_id: found for one in alone for row_id, found in one.items()}

    def _utterances(self, events: Sequence[tuple[InboxRow, Event | None]]) -> dict[int, Utterance]:
        """The texts by inbox row, with what is known of their writers: at first only what their messenger says."""
        now = self._clock()
        return {
            row.id: Utterance(
                text=text[:WORDS_UNDERSTOOD],
                now=now,
                zone=row.zone or self._company.zone,
                language=row.language or event.sender.language,
            )
            for row, event in events
            if isinstance(event, Inbound) and (text := plain_text(event.parts).strip())
        }

    def _parse(self, row: InboxRow) -> Event | None:
        channel = self._channels.get(row.channel)
        if channel is None:
            return Ignored(reason="channel is not configured any more")
        try:
            return channel.parse(row.body)
        except Unreadable as error:
            log.warning("quarantined", inbox=row.id, channel=row.channel, reason=str(error))
        except Exception:
            # A driver's bug: this event is put aside as well, so that it does not block all others.
            log.exception("parse_broke", inbox=row.id, channel=row.channel)
        return None

    async def _take_together(self, prepared: Sequence[Prepared]) -> int:
        async with self._database.write() as work:
            claimed = await self._claim(work, prepared)
            await self._take_claimed(work, claimed)
        self._count(claimed)
        return len(claimed)

    async def _claim(self, work: Work, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Those of `prepared` that are still waiting, with their people as they are now."""
        contacts = await work.inbox.claim({one.row.contact_id for one in prepared}, [one.row.id for one in prepared])
        return [one.belonging_to(contacts[one.row.id]) for one in prepared if one.row.id in contacts]

    async def _take_claimed(self, work: Work, claimed: Sequence[Prepared]) -> None:
        if not claimed:
            return
        self._watch(Step.CLAIMED, len(claimed))
        await self._hold(work, claimed)
        for place, one in enumerate(claimed, 1):
            await self._take_one(work, one)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        work.inbox.settle([one.row.id for one in claimed])
        self._watch(Step.DECIDED, len(claimed))

    def _count(self, taken: Sequence[Prepared]) -> None:
        if taken:
            self._watch(Step.TURNED, len(taken))
        now = self._clock()
        for one in taken:
            self._observer.turned((now - one.row.received_at).total_seconds())

    async def _hold(self, work: Work, claimed: Sequence[Prepared]) -> None:
        """Read together what every turn reads, so that a batch costs little more than one turn."""
        people = {one.row.contact_id for one in claimed}
        await work.contacts.hold(people)
        await work.conversations.hold_newest(people)
        await self._taker.look_back(
            work, [(one.row.contact_id, one.understanding) for one in claimed if one.understanding is not None]
        )

    async def _take_apart(self, prepared: Sequence[Prepared]) -> int:
        taken = 0
        stuck: set[int] = set()
        for one in prepared:
            if one.row.contact_id in stuck:
                continue
            try:
                taken += await self._take_together([one])
            except StorageUnavailable:
                raise
            except Exception as error:
                final = one.row.attempts + 1 >= ATTEMPTS
                log.exception("turn_failed", inbox=one.row.id, channel=one.row.channel, final=final)
                taken += await self._give_up(one, type(error).__name__) if final else await self._note(one, error)
                if not final:
                    stuck.add(one.row.contact_id)
        return taken

    async def _note(self, one: Prepared, error: Exception) -> int:
        async with self._database.write() as work:
            await work.inbox.fail(one.row.id, type(error).__name__, final=False)
        return 1

    async def _give_up(self, one: Prepared, reason: str) -> int:
        """An event that fails each time: a person gets the words, the raw event is put aside."""
        try:
            async with self._database.write() as work:
                for claimed in await self._claim(work, [one]):
                    if isinstance(one.event, Inbound):
                        await self._taker.rescue(work, claimed.row, one.event)
                    await work.inbox.fail(one.row.id, reason, final=True)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception("rescue_failed", inbox=one.row.id)
            async with self._database.write() as work:
                await work.inbox.fail(one.row.id, reason, final=True)
        return 1

    async def _take_one(self, work: Work, one: Prepared) -> None:
        with following(inbox=one.row.id):
            match one.event:
                case Inbound(quiet=True) as inbound:
                    await self._taker.take_quietly(work, one.row, inbound, one.understanding)
                case Inbound() as inbound:
                    await self._taker.take(work, one.row, inbound, one.understanding)
                case Signal() as signal:
                    await self._receipts.note(work, one.row, signal)
                case Echo() as echo:
                    await self._echoes.note(work, one.row, echo)
                case Moved() as moved:
                    await self._moving.follow(work, one.row.channel, moved)
                case Ignored(reason=reason):
                    log.info("ignored", channel=one.row.channel, reason=reason)
                case None:
                    await work.inbox.fail(one.row.id, "unreadable", final=True)
