"""All that is stored of a person, found from their contact by following foreign keys: to show it, and to erase it.

A new table is found by its keys; a test names those that belong to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Conflict
from gateway.storage import tables
from gateway.storage.inventory import every_table
from gateway.storage.joins import Deed
from gateway.storage.quotes import Quotes

OWNED = tables.contacts.name
SECRETS = frozenset({"digest", "nonce", "lease"})
"""Columns that nobody needs to see of themselves, and that open doors."""
_FILE = "file:"

Row = dict[str, Any]


class Persons:
    """Rows of some contacts, who are one person."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    async def named(self, who: str) -> set[int]:
        """The contacts that `who` may mean: a contact's number, `channel:address`, or a phone or e-mail address."""
        contact, identity = tables.contacts.c, tables.identities.c
        channel, colon, address = who.partition(":")
        found = select(contact.id).where(or_(contact.phone == who, func.lower(contact.email) == who.lower()))
        proven = select(identity.contact_id).where(func.lower(identity.address) == who.lower())
        queries = [found, proven]
        if who.isdecimal() and len(who) < len(str(2**63)):
            queries = [select(contact.id).where(contact.id == int(who))]
        elif colon:
            queries.append(select(identity.contact_id).where(identity.channel == channel, identity.address == address))
        return {number for query in queries for number in await self._connection.scalars(query)}

    async def whole(self, contact_id: int) -> set[int]:
        """The contact and all that it was joined with. On PostgreSQL they are locked."""
        join = tables.joins.c
        stands = join.undone_at.is_(None) & (join.deed == Deed.JOIN)
        found, new = {contact_id}, {contact_id}
        while new:
            pairs = select(join.kept_id, join.other_id).where(
                stands, or_(join.kept_id.in_(new), join.other_id.in_(new))
            )
            new = {number for pair in await self._connection.execute(pairs) for number in pair} - found
            found |= new
        locking = select(tables.contacts.c.id).where(tables.contacts.c.id.in_(found)).order_by(tables.contacts.c.id)
        await self._connection.execute(locking.with_for_update() if self._lock_rows else locking)
        return found

    async def rows(self, contact_ids: Collection[int]) -> dict[str, list[Row]]:
        """What is stored of them, by table, without `SECRETS`."""
        found: dict[str, list[Row]] = {}
        for table, condition in belonging(contact_ids).items():
            columns = [column for column in table.columns if column.name not in SECRETS]
            result = await self._connection.execute(select(*columns).where(condition).order_by(*table.primary_key))
            found[table.name] = [dict(row._mapping) for row in result]
        return {name: rows for name, rows in found.items() if rows}

    async def files(self, contact_ids: Collection[int]) -> list[str]:
        """Ids of the uploaded files that are theirs or stand in their transcripts."""
        table = tables.media
        own = select(tables.identities.c.id).where(tables.identities.c.contact_id.in_(contact_ids))
        owners = [f"identity:{number}" for number in await self._connection.scalars(own)]
        found = set(await self._connection.scalars(select(table.c.id).where(table.c.owner.in_(owners))))
        condition = belonging(contact_ids)[tables.messages]
        shown = select(tables.messages.c.parts).where(condition, tables.messages.c.parts.contains(_FILE))
        for parts in await self._connection.scalars(shown):
            refs = (part.get("ref", "") for part in msgspec.json.decode(parts))
            found.update(ref.removeprefix(_FILE) for ref in refs if ref.startswith(_FILE))
        known = select(table.c.id).where(table.c.id.in_(found)).order_by(table.c.id)
        return list(await self._connection.scalars(known))

    async def erase(self, contact_ids: Collection[int], files: Iterable[str]) -> int:
        """Delete all of it, and what is known of those files; returns how many rows. Raises Conflict."""
        await self._find_other_places(contact_ids)
        erased = await Quotes(self._connection).erase(contact_ids)
        erased += await self._erase_timers(contact_ids)
        erased += await self._delete(tables.media, tables.media.c.id.in_(list(files)))
        theirs = belonging(contact_ids)
        for table, condition in reversed([*theirs.items(), *done_at_desks(theirs).items()]):
            erased += await self._delete(table, condition)
        return erased

    async def _find_other_places(self, contact_ids: Collection[int]) -> None:
        """Somebody else's conversation may end at an address that was taken from them: it gets another of theirs."""
        conversation, identity = tables.conversations.c, tables.identities
        other = identity.alias()
        own = select(func.min(other.c.id)).where(other.c.contact_id == conversation.contact_id).scalar_subquery()
        theirs = select(identity.c.id).where(identity.c.contact_id.in_(contact_ids))
        foreign = conversation.identity_id.in_(theirs) & conversation.contact_id.not_in(contact_ids)
        homeless = select(conversation.id).where(foreign, own.is_(None)).limit(1)
        number = await self._connection.scalar(homeless)
        if number is not None:
            raise Conflict(
                f"conversation {number} of somebody else goes to an address of this person; erase them first"
            )
        await self._connection.execute(update(tables.conversations).where(foreign).values(identity_id=own))

    async def _erase_timers(self, contact_ids: Collection[int]) -> int:
        """Alarms name what they are about in their payload."""
        reached = {table.name: (table, condition) for table, condition in belonging(contact_ids).items()}
        about: dict[str, set[int]] = {}
        for named, name in _RING_FOR.items():
            table, condition = reached[name]
            about[named] = set(await self._connection.scalars(select(table.c.id).where(condition)))
        rows = await self._connection.execute(select(tables.timers.c.id, tables.timers.c.payload))
        theirs = [
            row.id
            for row in rows
            if any(value in about.get(name, ()) for name, value in msgspec.json.decode(row.payload).items())
        ]
        return await self._delete(tables.timers, tables.timers.c.id.in_(theirs)) if theirs else 0

    async def _delete(self, table: Table, condition: ColumnElement[bool]) -> int:
        return int((await self._connection.execute(delete(table).where(condition))).rowcount)


_RING_FOR = {
    "conversation": "conversations",
    "delivery": "deliveries",
    "callback": "callbacks",
    "identity": "identities",
}
"""What a timer's payload may name, and the table of it."""


def belonging(contact_ids: Collection[int]) -> dict[Table, ColumnElement[bool]]:
    """The tables with rows of these contacts, each after those it refers to, and which rows those are."""
    people = list(contact_ids)
    found: dict[Table, ColumnElement[bool]] = {tables.contacts: tables.contacts.c.id.in_(people)}
    for table in every_table():
        if table is tables.contacts:
            continue
        keys = {key: key.column.table for key in table.foreign_keys if key.column.table in found}
        direct = {key: of for key, of in keys.items() if of is tables.contacts}
        # Whose a row is its contact says; an address may have gone to somebody else since.
        conditions = [key.parent.in_(select(key.column).where(found[of])) for key, of in (direct or keys).items()]
        if conditions:
            found[table] = or_(*conditions)
    places = select(tables.identities.c.channel, tables.identities.c.address).where(found[tables.identities])
    for table in every_table():
        if table not in found and {"channel", "address"} <= set(table.c.keys()):
            found[table] = tuple_(table.c.channel, table.c.address).in_(places)
    return found


def done_at_desks(theirs: Mapping[Table, ColumnElement[bool]]) -> dict[Table, ColumnElement[bool]]:
    """What agents did and were told in a desk's threads about them, which names the thread by its place: a press of
    a button brings the whole card along. To erase only: platforms' tokens lie in it, and all that was said stands
    in the transcript."""
    found: dict[Table, ColumnElement[bool]] = {}
    for threads in [table for table in theirs if set(table.c.keys()) >= _PLACE]:
        room, ts = threads.c.room, threads.c.ts
        for table in every_table():
            names = set(table.c.keys())
            if table not in theirs and names >= _PLACE:
                spots = select(threads.c.desk, room, ts).where(theirs[threads])
                found[table] = tuple_(table.c.desk, table.c.room, table.c.ts).in_(spots)
            elif table not in theirs and names >= _LANE:
                lanes = select(threads.c.desk, room + ":" + ts).where(theirs[threads])
                found[table] = tuple_(table.c.desk, table.c.lane).in_(lanes)
    return found


_PLACE, _LANE = frozenset({"desk", "room", "ts"}), frozenset({"desk", "lane"})
"""The columns by which a table names a thread of a desk; a lane is its room and ts."""
