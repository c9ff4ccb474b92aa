"""Ten faults, planted one at a time into the program of these tests, to prove that the checker finds them.

Each is what somebody could write by mistake. It replaces one small thing at a seam that stays: the intake, the
end of a transaction, a repository's method, a verdict. Production code knows nothing of them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from inspect import isawaitable
from random import random
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import select, text, update

from gateway import retries
from gateway.app import Frontdesk
from gateway.channels import Envelope
from gateway.errors import Ambiguous
from gateway.processes import wakeups
from gateway.steps import Step, Watch
from gateway.storage import tables
from gateway.storage.conversations import Conversations
from gateway.storage.deliveries import Deliveries, Delivery, DeliveryState, Outcome
from gateway.storage.inbox import Inbox, InboxRow
from gateway.storage.work import Work

Plant = Callable[[Frontdesk, Watch], None]


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A fault and how to plant it. `what` is told in the table of findings."""

    what: str
    plant: Plant


def ack_before_commit(frontdesk: Frontdesk, watch: Watch) -> None:
    """The 2xx goes out while the body is still on its way into the database."""
    take = frontdesk.inbox.take
    kept: set[asyncio.Task[None]] = set()

    async def taken(channel: str, envelopes: Sequence[Envelope]) -> None:
        kept.add(asyncio.create_task(take(channel, envelopes)))

    frontdesk.inbox.take = taken  # type: ignore[method-assign]


def no_dedupe(frontdesk: Frontdesk, watch: Watch) -> None:
    """The platform's id is not looked at: what it delivers twice is stored twice."""
    take = frontdesk.inbox.take

    async def taken(channel: str, envelopes: Sequence[Envelope]) -> None:
        await take(channel, [msgspec.structs.replace(one, platform_id=uuid4().hex) for one in envelopes])

    frontdesk.inbox.take = taken  # type: ignore[method-assign]


def split_transaction(frontdesk: Frontdesk, watch: Watch) -> None:
    """The replies are committed, and the event's `done` in a transaction of its own after them."""
    open_write, settle = frontdesk.database.write, Inbox.settle
    postponed: list[int] = []

    def later(self: Inbox, row_ids: Iterable[int]) -> None:
        postponed.extend(row_ids)

    @asynccontextmanager
    async def write() -> AsyncIterator[Work]:
        try:
            async with open_write() as work:
                yield work
        except BaseException:
            postponed.clear()
            raise
        if postponed:
            row_ids = tuple(postponed)
            postponed.clear()
            watch(Step.TURNED, len(row_ids))
            async with open_write() as work:
                settle(work.inbox, row_ids)

    Inbox.settle = later  # type: ignore[method-assign]
    frontdesk.database.write = write  # type: ignore[method-assign]


def lock_on_messages(frontdesk: Frontdesk, watch: Watch) -> None:
    """The rows of the events are locked, not the person: two workers share one person's messages."""

    people = tables.contacts

    async def claim_next(self: Inbox, limit: int) -> list[InboxRow]:
        found = (
            select(tables.inbox, people.c.id.label("contact_id"), people.c.language, people.c.zone)
            .join(tables.identities, tables.identities.c.id == tables.inbox.c.identity_id)
            .join(people, people.c.id == tables.identities.c.contact_id)
            .where(tables.inbox.c.status == "waiting")
            .order_by(tables.inbox.c.id)
            .limit(limit)
            .with_for_update(of=tables.inbox, skip_locked=True)
        )
        rows = list(await self._connection.execute(found))
        await asyncio.sleep(random() // 0.5 * 0.5)  # every other turn thinks for longer
        return [InboxRow(**{name: row._mapping[name] for name in InboxRow.__struct_fields__}) for row in rows]

    Inbox.claim_next = claim_next  # type: ignore[method-assign]


def unreferenced_task(frontdesk: Frontdesk, watch: Watch) -> None:
    """What the bot says is put into a task that nobody waits for, beside the turn's transaction."""
    say = frontdesk.speaker.say

    async def said(work: Work, conversation: Any, *outbounds: Any) -> list[Any]:
        async def alone() -> None:
            async with frontdesk.database.write() as own:
                await say(own, conversation, *outbounds)

        asyncio.create_task(alone())  # noqa: RUF006 — this is the bug
        return []

    frontdesk.speaker.say = said  # type: ignore[method-assign]


def lost_wakeup(frontdesk: Frontdesk, watch: Watch) -> None:
    """What rings between the last look and the wait is forgotten, and nobody looks by himself any more."""

    async def wait_for(bell: asyncio.Event, seconds: float = 0.0) -> None:
        await asyncio.sleep(0.05)
        bell.clear()
        await bell.wait()

    _replace_everywhere(wakeups.wait_for, wait_for)


def resend_always(frontdesk: Frontdesk, watch: Watch) -> None:
    """A send whose fate is unknown is repeated until it is answered, whatever the channel can bear."""
    judge = retries.judge

    def judged(error: Any, **known: Any) -> retries.Verdict:
        if isinstance(error, Ambiguous):
            return retries.Verdict(fate=retries.Fate.RETRY, delay=timedelta(0), spent=False)
        return judge(error, **known)

    _replace_everywhere(judge, judged)


def seq_from_sequence(frontdesk: Frontdesk, watch: Watch) -> None:
    """Messages are numbered by a database sequence, which does not go back with a transaction."""

    async def next_seq(self: Conversations, conversation_id: int, now: datetime) -> int:
        name = f"numbers_of_{conversation_id}"
        await self._connection.execute(text(f"CREATE SEQUENCE IF NOT EXISTS {name}"))
        seq = int((await self._connection.execute(text(f"SELECT nextval('{name}')"))).scalar_one())
        await _done(self.change(conversation_id, last_seq=seq, updated_at=now))
        return seq

    Conversations.next_seq = next_seq  # type: ignore[method-assign]


def no_fencing(frontdesk: Frontdesk, watch: Watch) -> None:
    """Whoever has sent records the outcome, even if the lease went to somebody else meanwhile."""

    async def settle(self: Deliveries, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
        for outcome in outcomes:
            changes = {name: getattr(outcome, name) for name in ("state", "attempts", "resent", "due_at", "reason")}
            await self._connection.execute(
                update(tables.deliveries)
                .where(tables.deliveries.c.id == outcome.delivery.id)
                .values(**changes, lease=None, leased_until=None, updated_at=now)
            )
        return {outcome.delivery.id for outcome in outcomes}

    Deliveries.settle = settle  # type: ignore[method-assign]


def settle_before_response(frontdesk: Frontdesk, watch: Watch) -> None:
    """A send counts as sent from the moment it is taken up."""
    lease = Deliveries.lease

    async def leased(self: Deliveries, *which: Any, **how: Any) -> list[Delivery]:
        found = await lease(self, *which, **how)
        await self._connection.execute(
            update(tables.deliveries)
            .where(tables.deliveries.c.id.in_([delivery.id for delivery in found]))
            .values(state=DeliveryState.SENT, lease=None, leased_until=None)
        )
        return found

    Deliveries.lease = leased  # type: ignore[method-assign]


BUGS = {
    plant.__name__: Bug(what=(plant.__doc__ or "").strip(), plant=plant)
    for plant in (
        ack_before_commit,
        no_dedupe,
        split_transaction,
        lock_on_messages,
        unreferenced_task,
        lost_wakeup,
        resend_always,
        seq_from_sequence,
        no_fencing,
        settle_before_response,
    )
}


async def _done(result: Any) -> None:
    """Wait for `result` where it is to be waited for."""
    if isawaitable(result):
        await result


def _replace_everywhere(old: object, new: object) -> None:
    """Put `new` where any module of the gateway has `old` under some name."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("gateway", "bots", "handoff"):
            for attribute, value in list(vars(module).items()):
                if value is old:
                    setattr(module, attribute, new)
