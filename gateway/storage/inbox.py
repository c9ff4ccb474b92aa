"""The inbox table: raw events, each once, waiting until a turn has dealt with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.gathering import Gathering
from gateway.storage.lists import among
from gateway.storage.queries import Query

_column = tables.inbox.c
WINDOW = 20
"""How many batches deep a worker looks for people: the work of that many workers."""


class InboxStatus(StrEnum):
    """Where a raw event is."""

    WAITING = "waiting"
    DONE = "done"
    QUARANTINED = "quarantined"


class InboxRow(Value, frozen=True, kw_only=True):
    """A raw event as stored; `contact_id` is whose it is (None only for quarantined ones), `language` and
    `zone` are that person's so far."""

    id: int
    channel: str
    platform_id: str
    body: bytes
    identity_id: int
    contact_id: int
    attempts: int
    received_at: datetime
    language: str | None
    zone: str | None


class Inbox:
    """Rows in, waiting rows out. UNIQUE (channel, platform_id) is what makes a repeat harmless."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering, *, lock_rows: bool) -> None:
        self._connection = connection
        self._gathering = gathering
        self._lock_rows = lock_rows
        self._put_aside: set[int] = set()

    async def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert those rows whose (channel, platform_id) is new."""
        if rows:
            await self._gathering.insert_new(tables.inbox, rows)

    async def waiting(self, limit: int) -> list[InboxRow]:
        """The oldest waiting rows."""
        [rows] = await self._gathering.ask((_WAITING, {"limit": limit}))
        return [_to_row(row) for row in rows]

    async def claim(self, contact_ids: Iterable[int], row_ids: Iterable[int]) -> dict[int, int]:
        """Those of `row_ids` still waiting whose contacts nobody else is serving, in order, and whose each is.

        The lock is on the contact, never on the event rows: two workers that lock different events
        of one person could commit them in the wrong order.
        """
        contacts = list(contact_ids)
        if self._lock_rows:
            contacts = await self._lock(tables.contacts.c.id.in_(contacts), len(contacts))
        [rows] = await self._gathering.ask((_OF_THESE, {"rows": row_ids, "contacts": contacts}))
        return {row_id: contact_id for row_id, contact_id in rows}  # noqa: C416 — a dict of rows is not typed

    async def claim_next(self, limit: int) -> list[InboxRow]:
        """Waiting rows of people whom nobody else is serving, in order, their people locked: the oldest
        rows are looked through for such people, however many of them other workers have in hand."""
        if not self._lock_rows:
            return await self.waiting(limit)
        oldest = (
            select(_column.identity_id)
            .where(_column.status == InboxStatus.WAITING)
            .order_by(_column.id)
            .limit(limit * WINDOW)
            .subquery()
        )
        whose = select(tables.identities.c.contact_id).where(tables.identities.c.id.in_(select(oldest)))
        contacts = await self._lock(tables.contacts.c.id.in_(whose), limit)
        if not contacts:
            return []
        result = await self._connection.execute(
            _select()
            .where(_column.status == InboxStatus.WAITING, tables.identities.c.contact_id.in_(contacts))
            .order_by(_column.id)
            .limit(limit)
        )
        return [_to_row(row) for row in result]

    async def _lock(self, condition: ColumnElement[bool], limit: int) -> list[int]:
        """Contacts that meet `condition` and that nobody else holds, held until the transaction ends."""
        locked = await self._connection.execute(
            select(tables.contacts.c.id)
            .where(condition)
            .order_by(tables.contacts.c.id)
            .limit(limit)
            # Not FOR UPDATE: an agent's transaction that changes a conversation twice looks its contact up (a
            # foreign key's FOR KEY SHARE), and would wait for us while we wait for the conversation.
            .with_for_update(skip_locked=True, key_share=True)
        )
        return list(locked.scalars())

    def settle(self, row_ids: Iterable[int]) -> None:
        """Mark rows, whose people the caller has locked, as dealt with, but for those put aside on the way."""
        for row_id in row_ids:
            if row_id not in self._put_aside:
                self._gathering.update(tables.inbox, row_id, {"status": InboxStatus.DONE})

    async def fail(self, row_id: int, reason: str, *, final: bool) -> None:
        """Count a failed try; `final` puts the row aside so that it blocks nobody. A row that another
        worker has dealt with meanwhile stays done."""
        self._put_aside.add(row_id)
        status = InboxStatus.QUARANTINED if final else InboxStatus.WAITING
        await self._connection.execute(
            update(tables.inbox)
            .where(_column.id == row_id, _column.status == InboxStatus.WAITING)
            .values(attempts=_column.attempts + 1, reason=reason, status=status)
        )

    async def count(self, status: InboxStatus) -> int:
        """How many rows are in `status`."""
        result = await self._connection.execute(
            select(func.count()).select_from(tables.inbox).where(_column.status == status)
        )
        return int(result.scalar_one())


def _select() -> Select[Any]:
    person = tables.contacts.c
    columns = {**dict(_column), "contact_id": person.id, "language": person.language, "zone": person.zone}
    return (
        select(*(columns[name] for name in InboxRow.__struct_fields__))
        .join(tables.identities, tables.identities.c.id == _column.identity_id)
        .join(tables.contacts, person.id == tables.identities.c.contact_id)
    )


# Made once: building a statement costs more than running it.
_WAITING = Query(_select().where(_column.status == InboxStatus.WAITING).order_by(_column.id).limit(bindparam("limit")))
_OF_THESE = Query(
    select(_column.id, tables.identities.c.contact_id)
    .join(tables.identities, tables.identities.c.id == _column.identity_id)
    .where(
        among(_column.id, "rows"),
        _column.status == InboxStatus.WAITING,
        among(tables.identities.c.contact_id, "contacts"),
    )
    .order_by(_column.id)
)


def _to_row(row: Sequence[Any]) -> InboxRow:
    return InboxRow(**dict(zip(InboxRow.__struct_fields__, row, strict=True)))
