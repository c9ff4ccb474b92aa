"""Contacts and identities in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.contacts import Contact, Identity
from gateway.errors import NotFound
from gateway.storage import tables
from gateway.storage.dialect import upsert

_contact = tables.contacts.c
_identity = tables.identities.c


class Contacts:
    """People, found by number or by (channel, address)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, contact_id: int) -> Contact:
        """The contact. Raises NotFound."""
        result = await self._connection.execute(select(tables.contacts).where(_contact.id == contact_id))
        row = result.one_or_none()
        if row is None:
            raise NotFound(f"contact {contact_id}")
        return _to_contact(row)

    async def several(self, contact_ids: Iterable[int]) -> dict[int, Contact]:
        """These people by id."""
        result = await self._connection.execute(select(tables.contacts).where(_contact.id.in_(list(contact_ids))))
        return {row.id: _to_contact(row) for row in result}

    async def identities(self, contact_id: int) -> list[Identity]:
        """All addresses of the contact, oldest first."""
        result = await self._connection.execute(
            select(tables.identities).where(_identity.contact_id == contact_id).order_by(_identity.id)
        )
        return [_to_identity(row) for row in result]

    async def find(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Identity]:
        """Those identities of `keys`, (channel, address), that exist."""
        wanted = list(keys)
        if not wanted:
            return {}
        result = await self._connection.execute(
            select(tables.identities).where(tuple_(_identity.channel, _identity.address).in_(wanted))
        )
        return {(row.channel, row.address): _to_identity(row) for row in result}

    async def identity(self, identity_id: int) -> Identity:
        """The identity. Raises NotFound."""
        result = await self._connection.execute(select(tables.identities).where(_identity.id == identity_id))
        row = result.one_or_none()
        if row is None:
            raise NotFound(f"identity {identity_id}")
        return _to_identity(row)

    async def meet(self, channel: str, address: str, now: datetime) -> Identity:
        """The identity at (channel, address), made with a new contact where there is none."""
        known = await self.find([(channel, address)])
        if known:
            return known[channel, address]
        contact_id = await self._insert_contact(now)
        made = await self._connection.execute(
            upsert(self._connection, tables.identities)
            .values(contact_id=contact_id, channel=channel, address=address)
            .on_conflict_do_nothing()
            .returning(_identity.id)
        )
        if made.scalar_one_or_none() is None:
            # Another process met this address between our look and our insert: theirs stands.
            await self._connection.execute(delete(tables.contacts).where(_contact.id == contact_id))
        return (await self.find([(channel, address)]))[channel, address]

    async def update(self, contact_id: int, **changes: Any) -> None:
        """Set contact columns (`details` as a dict)."""
        if "details" in changes:
            changes["details"] = msgspec.json.encode(changes["details"]).decode()
        if changes:
            await self._connection.execute(update(tables.contacts).where(_contact.id == contact_id).values(**changes))

    async def update_identity(self, identity_id: int, **changes: Any) -> None:
        """Set identity columns."""
        if changes:
            await self._connection.execute(
                update(tables.identities).where(_identity.id == identity_id).values(**changes)
            )

    async def _insert_contact(self, now: datetime) -> int:
        result = await self._connection.execute(insert(tables.contacts).values(created_at=now).returning(_contact.id))
        return int(result.scalar_one())


def _to_contact(row: Row[Any]) -> Contact:
    values = dict(row._mapping)
    values["details"] = msgspec.json.decode(row.details, type=dict[str, str])
    return Contact(**values)


def _to_identity(row: Row[Any]) -> Identity:
    return Identity(**row._mapping)
