"""Joins and splits of people in the database: which rows went from whom to whom, and the log of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Row, Table, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.conversations import Form, Offer, State
from gateway.errors import NotFound
from gateway.identity import Proof
from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.schema import metadata

_join = tables.joins.c


class Deed(StrEnum):
    """What was done with two contacts."""

    JOIN = "join"
    SPLIT = "split"


class Closed(Value, frozen=True, kw_only=True):
    """A conversation as it was before it gave way to another; `closed_at` tells whether it still is as it was left."""

    id: int
    state: State
    closed_at: datetime
    agent_id: int | None = None
    form: Form | None = None
    offers: tuple[Offer, ...] = ()
    misses: int = 0


class Carried(Value, frozen=True, kw_only=True):
    """The conversation that took over a form, and what it had offered before."""

    id: int
    offers: tuple[Offer, ...] = ()


class Record(Value, frozen=True, kw_only=True):
    """All that undoing needs.

    `moved` are rows by table; `fields` what the kept contact took over and `details` likewise; `differed` what
    it did not; `answers` where each open conversation was answered; `carried` is who took over the form of the
    `closed` one.
    """

    moved: dict[str, list[int]] = msgspec.field(default_factory=dict)
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    details: dict[str, str] = msgspec.field(default_factory=dict)
    differed: dict[str, str] = msgspec.field(default_factory=dict)
    answers: dict[int, int] = msgspec.field(default_factory=dict)
    closed: Closed | None = None
    carried: Carried | None = None


class Join(Value, frozen=True, kw_only=True):
    """One entry: what went from `other_id` to `kept_id` (a split: from the kept to the other, who is new)."""

    id: int
    deed: Deed
    kept_id: int
    other_id: int
    proof: Proof
    record: Record
    created_at: datetime
    reason: str = ""
    agent_id: int | None = None
    undone_at: datetime | None = None
    undone_by: int | None = None


class Joins:
    """The log, and the moving itself. Callers hold the locks of both people."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    # --- moving ------------------------------------------------------------------------------

    async def move_all(self, source: int, target: int) -> dict[str, list[int]]:
        """Give everything of contact `source` to `target`: every row of every table that names a contact."""
        return {table.name: await self._move(table, owner == source, target) for table, owner in _owned()}

    async def move_back(self, moved: Mapping[str, Sequence[int]], source: int, target: int) -> None:
        """Give those of the `moved` rows that are still `source`'s to `target`."""
        for table, owner in _owned():
            ids = moved.get(table.name)
            if ids:
                await self._move(table, and_(owner == source, table.c.id.in_(ids)), target)

    async def move_of_identities(self, identity_ids: Iterable[int], source: int, target: int) -> dict[str, list[int]]:
        """Give these identities of `source` to `target`, with the conversations that are answered there and
        whatever belongs to those."""
        chosen = list(identity_ids)
        identity = tables.identities.c
        moved = {
            "identities": await self._move(
                tables.identities, and_(identity.contact_id == source, identity.id.in_(chosen)), target
            )
        }
        conversation = tables.conversations.c
        where = and_(conversation.contact_id == source, conversation.identity_id.in_(chosen))
        moved["conversations"] = talks = await self._move(tables.conversations, where, target)
        return moved | await self.move_of_conversations(talks, source, target)

    async def move_of_conversations(
        self, conversation_ids: Sequence[int], source: int, target: int
    ) -> dict[str, list[int]]:
        """Give what belongs to these conversations (booked calls) and is `source`'s to `target`."""
        moved = {}
        for table, owner in _owned():
            if "conversation_id" in table.c:
                where = and_(owner == source, table.c.conversation_id.in_(conversation_ids))
                moved[table.name] = await self._move(table, where, target)
        return moved

    async def _move(self, table: Table, where: ColumnElement[bool], target: int) -> list[int]:
        owner = _owner_of(table)
        changed = await self._connection.execute(
            update(table).where(where).values({owner.name: target}).returning(table.c.id)
        )
        return sorted(changed.scalars())

    # --- the log -----------------------------------------------------------------------------

    async def add(
        self,
        *,
        deed: Deed,
        kept_id: int,
        other_id: int,
        proof: Proof,
        record: Record,
        now: datetime,
        agent_id: int | None = None,
        reason: str = "",
    ) -> int:
        """Write an entry; returns its number."""
        result = await self._connection.execute(
            insert(tables.joins)
            .values(
                deed=deed,
                kept_id=kept_id,
                other_id=other_id,
                proof=proof,
                agent_id=agent_id,
                reason=reason,
                record=msgspec.json.encode(record).decode(),
                created_at=now,
            )
            .returning(_join.id)
        )
        return int(result.scalar_one())

    async def get(self, join_id: int) -> Join:
        """The entry. Raises NotFound."""
        row = (await self._connection.execute(select(tables.joins).where(_join.id == join_id))).one_or_none()
        if row is None:
            raise NotFound(f"join {join_id}")
        return _to_join(row)

    async def of(self, contact_id: int) -> list[Join]:
        """Everything that was ever done with this contact and with those who went into them, newest first."""
        family = {contact_id}
        while True:
            rows = (
                await self._connection.execute(
                    select(tables.joins)
                    .where(or_(_join.kept_id.in_(family), _join.other_id.in_(family)))
                    .order_by(_join.id.desc())
                )
            ).all()
            # Who was split off is somebody else; who went into this person is part of them.
            grown = family | {row.other_id for row in rows if row.kept_id in family and row.deed == Deed.JOIN}
            if grown == family:
                return [_to_join(row) for row in rows]
            family = grown

    async def later(self, join: Join) -> bool:
        """Whether something that still stands was done after `join` with one of its two."""
        two = (join.kept_id, join.other_id)
        query = (
            select(_join.id)
            .where(
                _join.id > join.id,
                _join.undone_at.is_(None),
                or_(_join.kept_id.in_(two), _join.other_id.in_(two)),
            )
            .limit(1)
        )
        return (await self._connection.execute(query)).first() is not None

    async def kept_apart(self, one_id: int, other_id: int) -> bool:
        """Whether an agent decided that these are two: undid their join, or split them."""
        pair = or_(
            and_(_join.kept_id == one_id, _join.other_id == other_id),
            and_(_join.kept_id == other_id, _join.other_id == one_id),
        )
        undone = and_(_join.deed == Deed.JOIN, _join.undone_by.is_not(None))
        split = and_(_join.deed == Deed.SPLIT, _join.undone_at.is_(None))
        query = select(_join.id).where(pair, or_(undone, split)).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def went_into(self, contact_id: int) -> int:
        """Who this contact is now, after all joins that stand."""
        seen = {contact_id}
        while True:
            query = (
                select(_join.kept_id)
                .where(_join.other_id == contact_id, _join.deed == Deed.JOIN, _join.undone_at.is_(None))
                .order_by(_join.id.desc())
                .limit(1)
            )
            kept = (await self._connection.execute(query)).scalar_one_or_none()
            if kept is None or kept in seen:
                return contact_id
            seen.add(contact_id := int(kept))

    async def undo(self, join_id: int, agent_id: int | None, now: datetime) -> bool:
        """Mark the entry as undone; False where somebody else was first."""
        changed = await self._connection.execute(
            update(tables.joins)
            .where(_join.id == join_id, _join.undone_at.is_(None))
            .values(undone_at=now, undone_by=agent_id)
        )
        return bool(changed.rowcount)

    # --- looking -----------------------------------------------------------------------------

    async def opened_since(self, contact_id: int, identity_ids: Iterable[int], since: datetime) -> list[int]:
        """Conversations of the contact, begun after `since`, that are answered at these identities."""
        column = tables.conversations.c
        query = select(column.id).where(
            column.contact_id == contact_id,
            column.identity_id.in_(list(identity_ids)),
            column.created_at > since,
        )
        return list((await self._connection.execute(query)).scalars())


def _owned() -> list[tuple[Table, Column[Any]]]:
    """Every table whose rows are a contact's, with the column that says whose: the conversations first, as
    everybody who changes what hangs on one holds its lock."""
    found = [
        (table, column)
        for table in metadata.sorted_tables
        if table is not tables.joins
        for column in table.c
        if any(key.column is tables.contacts.c.id for key in column.foreign_keys)
    ]
    return sorted(found, key=lambda one: one[0] is not tables.conversations)


def _owner_of(table: Table) -> Column[Any]:
    return next(owner for owned, owner in _owned() if owned is table)


def _to_join(row: Row[Any]) -> Join:
    values = dict(row._mapping)
    values |= {
        "deed": Deed(row.deed),
        "proof": Proof(row.proof),
        "record": msgspec.json.decode(row.record, type=Record),
    }
    return Join(**values)
