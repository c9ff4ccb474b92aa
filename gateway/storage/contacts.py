"""Contacts and identities in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.contacts import Contact, Identity
from gateway.errors import NotFound
from gateway.storage import tables
from gateway.storage.dialect import if_new
from gateway.storage.gathering import Gathering

_contact = tables.contacts.c
_identity = tables.identities.c

# Made once: building a statement costs more than running it.
_SEVERAL = select(tables.contacts).where(_contact.id.in_(bindparam("contacts", expanding=True)))
_IDENTITIES_OF = select(tables.identities).where(_identity.contact_id.in_(bindparam("contacts", expanding=True)))
_AT = select(tables.identities).where(
    _identity.channel == bindparam("channel"), _identity.address.in_(bindparam("addresses", expanding=True))
)


class Contacts:
    """People, found by number or by (channel, address). Those who were held are read once; changes
    are gathered."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering) -> None:
        self._connection = connection
        self._gathering = gathering
        self._held: dict[int, Contact] = {}
        self._identities: dict[int, Identity] = {}

    async def hold(self, contact_ids: Iterable[int]) -> None:
        """Read these people, whom the caller has locked, and their addresses at once and keep them."""
        wanted = list(contact_ids)
        self._held |= await self.several(wanted)
        result = await self._connection.execute(_IDENTITIES_OF, {"contacts": wanted})
        self._identities |= {row.id: _to_identity(row) for row in result}

    async def get(self, contact_id: int) -> Contact:
        """The contact. Raises NotFound."""
        held = self._held.get(contact_id)
        if held is not None:
            return held
        result = await self._connection.execute(select(tables.contacts).where(_contact.id == contact_id))
        row = result.one_or_none()
        if row is None:
            raise NotFound(f"contact {contact_id}")
        return _to_contact(row)

    async def several(self, contact_ids: Iterable[int]) -> dict[int, Contact]:
        """These people by id."""
        result = await self._connection.execute(_SEVERAL, {"contacts": list(contact_ids)})
        return {row.id: _to_contact(row) for row in result}

    async def identities(self, contact_id: int) -> list[Identity]:
        """All addresses of the contact, oldest first."""
        result = await self._connection.execute(
            select(tables.identities).where(_identity.contact_id == contact_id).order_by(_identity.id)
        )
        return [_to_identity(row) for row in result]

    async def find(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Identity]:
        """Those identities of `keys`, (channel, address), that exist."""
        addresses: defaultdict[str, list[str]] = defaultdict(list)
        for channel, address in keys:
            addresses[channel].append(address)
        found: dict[tuple[str, str], Identity] = {}
        for channel, wanted in addresses.items():
            # Channel by channel: the index serves a list of addresses, a list of pairs it need not.
            result = await self._connection.execute(_AT, {"channel": channel, "addresses": wanted})
            found |= {(row.channel, row.address): _to_identity(row) for row in result}
        return found

    async def identity(self, identity_id: int) -> Identity:
        """The identity. Raises NotFound."""
        held = self._identities.get(identity_id)
        if held is not None:
            return held
        result = await self._connection.execute(select(tables.identities).where(_identity.id == identity_id))
        row = result.one_or_none()
        if row is None:
            raise NotFound(f"identity {identity_id}")
        return _to_identity(row)

    async def meet(self, channel: str, address: str, now: datetime) -> Identity:
        """The identity at (channel, address), made with a new contact where there is none."""
        return (await self.meet_all([(channel, address)], now))[channel, address]

    async def meet_all(self, keys: Iterable[tuple[str, str]], now: datetime) -> dict[tuple[str, str], Identity]:
        """The identities at `keys`, (channel, address), each made with a new contact where there is none."""
        wanted = set(keys)
        known = await self.find(wanted)
        # In one order everywhere: two processes that meet the same strangers must not lock crosswise.
        strangers = sorted(wanted - known.keys())
        if strangers:
            made = await self._introduce(strangers, now)
            known |= await self.find(strangers)
            # Another process met them between our look and our insert: theirs stand.
            lost = made - {identity.contact_id for identity in known.values()}
            if lost:
                await self._connection.execute(delete(tables.contacts).where(_contact.id.in_(lost)))
        return known

    async def _introduce(self, strangers: Iterable[tuple[str, str]], now: datetime) -> set[int]:
        """A contact and an identity for each stranger; the ids of the contacts."""
        made: set[int] = set()
        rows: list[dict[str, Any]] = []
        for channel, address in strangers:
            contact_id = await self._gathering.reserve(tables.contacts)
            self._gathering.insert(tables.contacts, {"id": contact_id, "created_at": now})
            rows.append({"contact_id": contact_id, "channel": channel, "address": address})
            made.add(contact_id)
        await self._connection.execute(if_new(self._connection.dialect.name, tables.identities), rows)
        return made

    def update(self, contact_id: int, **changes: Any) -> None:
        """Set contact columns (`details` as a dict)."""
        if contact_id in self._held:
            self._held[contact_id] = msgspec.structs.replace(self._held[contact_id], **changes)
        if "details" in changes:
            changes["details"] = msgspec.json.encode(changes["details"]).decode()
        self._gathering.update(tables.contacts, contact_id, changes)

    def update_identity(self, identity_id: int, **changes: Any) -> None:
        """Set identity columns."""
        if identity_id in self._identities:
            self._identities[identity_id] = msgspec.structs.replace(self._identities[identity_id], **changes)
        self._gathering.update(tables.identities, identity_id, changes)


def _to_contact(row: Row[Any]) -> Contact:
    values = dict(row._mapping)
    values["details"] = msgspec.json.decode(row.details, type=dict[str, str])
    return Contact(**values)


def _to_identity(row: Row[Any]) -> Identity:
    return Identity(**row._mapping)
