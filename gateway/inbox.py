"""Durable intake: dedupe, one shared commit for all that is waiting, and only then the acknowledgement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from gateway.channels import Envelope
from gateway.errors import StorageUnavailable
from gateway.messages import Value
from gateway.ports import Clock
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from gateway.storage.work import Work
from gateway.wakeups import INBOX

log = structlog.get_logger()

BATCH = 500


class _Waiting(Value, frozen=True, kw_only=True):
    channel: str
    envelopes: tuple[Envelope, ...]
    committed: asyncio.Future[None]


class Inbox:
    """Takes envelopes of all channels. While one commit is under way the next batch gathers, so the
    cost of a slow disk is shared by everybody who waits for it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gathered: list[_Waiting] = []
        self._committing = asyncio.Lock()

    async def take(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Return once `envelopes` are committed. Raises StorageUnavailable, and then nothing is acked.

        An envelope that was taken before is not taken again.
        """
        if not envelopes:
            return
        waiting = _Waiting(
            channel=channel,
            envelopes=tuple(envelopes),
            committed=asyncio.get_running_loop().create_future(),
        )
        self._gathered.append(waiting)
        async with self._committing:
            # Whoever comes first commits for all that gathered meanwhile; the others find it done.
            if not waiting.committed.done():
                await self._commit_gathered()
        await waiting.committed

    async def _commit_gathered(self) -> None:
        batch, self._gathered = self._gathered[:BATCH], self._gathered[BATCH:]
        try:
            async with self._database.write() as work:
                await self._store(work, batch)
        except BaseException as error:
            for waiting in batch:
                if not waiting.committed.done():
                    reason = error if isinstance(error, StorageUnavailable) else StorageUnavailable("not stored")
                    waiting.committed.set_exception(reason)
                    # Its owner may have gone away (a dropped request); then nobody else will look.
                    waiting.committed.exception()
            if not isinstance(error, StorageUnavailable):
                raise
            return
        for waiting in batch:
            if not waiting.committed.done():
                waiting.committed.set_result(None)

    async def _store(self, work: Work, batch: Sequence[_Waiting]) -> None:
        pairs = [(waiting.channel, envelope) for waiting in batch for envelope in waiting.envelopes]
        known = await work.contacts.find({(c, e.address) for c, e in pairs if e.address is not None})
        now = self._clock()
        rows: list[dict[str, Any]] = []
        for channel, envelope in pairs:
            identity_id = None
            if envelope.address is not None:
                key = (channel, envelope.address)
                if key not in known:
                    known[key] = await work.contacts.meet(channel, envelope.address, now)
                identity_id = known[key].id
            else:
                log.warning("quarantined", channel=channel, reason="unreadable")
            rows.append(
                {
                    "channel": channel,
                    "platform_id": envelope.platform_id,
                    "identity_id": identity_id,
                    "body": envelope.body,
                    "status": InboxStatus.WAITING if identity_id is not None else InboxStatus.QUARANTINED,
                    "received_at": now,
                }
            )
        await work.inbox.add(rows)
        work.announce(INBOX, "arrived")
