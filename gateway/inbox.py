"""Durable intake: dedupe, one shared commit for all that is waiting, and only then the acknowledgement."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import structlog
from msgspec import structs

from gateway.channels import UNREADABLE, Envelope
from gateway.errors import StorageUnavailable
from gateway.messages import Value
from gateway.ports import Clock
from gateway.processes.wakeups import INBOX
from gateway.steps import Step, Watch, unwatched
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from gateway.storage.work import Work

log = structlog.get_logger()

BATCH = 500
"""Envelopes in one commit, where a single request does not bring more."""
STORE_SECONDS = 4.0
"""How long whoever brings an event waits for its commit. Nobody was told that it is taken, so it comes again;
where the commit succeeds after all, that is a repeat."""


class _Waiting(Value, frozen=True, kw_only=True):
    channel: str
    envelopes: tuple[Envelope, ...]
    committed: asyncio.Future[None]


class Inbox:
    """Takes envelopes of all channels. While one commit is under way the next batch gathers, so the
    cost of a slow disk is shared by everybody who waits for it.

    The commit is a task of the inbox, not of whoever came first: a dropped request takes nothing from
    the others in its batch.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        watch: Watch = unwatched,
        staffs_own: Collection[tuple[str, str]] = (),
    ) -> None:
        """`staffs_own` are places of ours, by channel and address: what is written there is kept, and is nobody's."""
        self._database = database
        self._clock = clock
        self._watch = watch
        self._staffs_own = {(channel, address.lower()) for channel, address in staffs_own}
        self._gathered: deque[_Waiting] = deque()
        self._committer: asyncio.Task[None] | None = None

    async def take(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Return once `envelopes` are committed. Raises StorageUnavailable, and then nothing is acked.

        An envelope that was taken before is not taken again. One that cannot be stored at all fails
        alone, with the database's own error.
        """
        if not envelopes:
            return
        waiting = _Waiting(
            channel=channel,
            envelopes=tuple(self._belonging(channel, envelope) for envelope in envelopes),
            committed=asyncio.get_running_loop().create_future(),
        )
        self._watch(Step.RECEIVED, len(waiting.envelopes))
        self._gathered.append(waiting)
        if self._committer is None:
            self._committer = asyncio.create_task(self._commit_gathered(), name="inbox")
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await waiting.committed
        except TimeoutError:
            raise StorageUnavailable("the database takes no writes now") from None

    def count_as_staffs(self, channel: str, address: str) -> None:
        """A place of ours from now on, in this process: `staffs_own` has moved there."""
        self._staffs_own.add((channel, address.lower()))

    async def close(self) -> None:
        """Return once everything gathered so far is committed or refused."""
        if self._committer is not None:
            await asyncio.wait([self._committer])

    async def _commit_gathered(self) -> None:
        try:
            while self._gathered:
                await self._commit()
        finally:
            # Cancelled in between: nobody else will commit for those who still wait.
            self._committer = None
            _refuse(self._gathered, StorageUnavailable("not stored"))
            self._gathered.clear()

    def _belonging(self, channel: str, envelope: Envelope) -> Envelope:
        """Staff's own words belong to nobody: they make no customer, and need no turn."""
        if self._staffs_own and envelope.address and (channel, envelope.address.lower()) in self._staffs_own:
            return structs.replace(envelope, address=None)
        return envelope

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._gathered.popleft()]
        room = BATCH - len(batch[0].envelopes)
        while self._gathered and len(self._gathered[0].envelopes) <= room:
            batch.append(self._gathered.popleft())
            room -= len(batch[-1].envelopes)
        return batch

    async def _commit(self, alone: _Waiting | None = None) -> None:
        """Commit what is gathered, or one that must go `alone`."""
        batch = [alone] if alone else []
        try:
            async with self._database.write() as work:
                # Who came while the database was busy goes along.
                batch = batch or self._next_batch()
                await self._store(work, batch)
                self._watch(Step.INSERTED, sum(len(waiting.envelopes) for waiting in batch))
        except StorageUnavailable as error:
            _refuse(batch or self._next_batch(), error)
        except Exception as error:
            if len(batch) <= 1:
                log.exception("not_stored", channel=batch[0].channel if batch else None)
                _refuse(batch or self._next_batch(), error)
                return
            # One envelope broke the commit: alone, only it can fail.
            for waiting in batch:
                await self._commit(waiting)
        except BaseException:
            _refuse(batch, StorageUnavailable("not stored"))
            raise
        else:
            self._watch(Step.STORED, sum(len(waiting.envelopes) for waiting in batch))
            for waiting in batch:
                if not waiting.committed.done():
                    waiting.committed.set_result(None)

    async def _store(self, work: Work, batch: Sequence[_Waiting]) -> None:
        pairs = [(waiting.channel, envelope) for waiting in batch for envelope in waiting.envelopes]
        addresses = {(channel, e.address) for channel, e in pairs if e.address is not None}
        now = self._clock()
        known = await work.contacts.meet_all(addresses, now)
        rows: list[dict[str, Any]] = []
        for channel, envelope in pairs:
            identity_id = None
            if envelope.address is not None:
                identity_id = known[channel, envelope.address].id
            elif envelope.platform_id.startswith(UNREADABLE):
                log.warning("quarantined", channel=channel, reason="unreadable")
            rows.append(
                {
                    "channel": channel,
                    "platform_id": envelope.platform_id,
                    "identity_id": identity_id,
                    "body": envelope.body,
                    "status": _status(envelope),
                    "received_at": now,
                }
            )
        await work.inbox.add(rows)
        work.announce(INBOX, "arrived")


def _status(envelope: Envelope) -> InboxStatus:
    """An event of nobody needs no turn: it is kept, aside if it could not even be read."""
    if envelope.address is not None:
        return InboxStatus.WAITING
    return InboxStatus.QUARANTINED if envelope.platform_id.startswith(UNREADABLE) else InboxStatus.DONE


def _refuse(batch: Iterable[_Waiting], error: Exception) -> None:
    """Tell whoever still waits; one whose owner has gone away is done already."""
    for waiting in batch:
        if not waiting.committed.done():
            waiting.committed.set_exception(error)
