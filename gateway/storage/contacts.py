"""Contacts and identities in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.contacts import Contact, Identity
from gateway.errors import NotFound
from gateway.storage import tables
from gateway.storage.gathering import Gathering
from gateway.storage.lists import among
from gateway.storage.queries import Query

_contact = tables.contacts.c
_identity = tables.identities.c

# Made once: building a statement costs more than running it.
_SEVERAL = Query(select(tables.contacts).where(among(_contact.id, "contacts")))
_IDENTITIES_OF = Query(select(tables.identities).where(among(_identity.contact_id, "contacts")))
_AT = Query(
    select(tables.identities).where(_identity.channel == bindparam("channel"), among(_identity.address, "addresses"))
)
_CONTACT = tuple(column.name for column in tables.contacts.c)
_IDENTITY = tuple(column.name for column in tables.identities.c)


class Contacts:
    """People, found by number or by (channel, address). Those who were held are read once; changes
    are gathered."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering, *, lock_rows: bool) -> None:
        self._connection = connection
        self._gathering = gathering
        self._lock_rows = lock_rows
        self._held: dict[int, Contact] = {}
        self._identities: dict[int, Identity] = {}
        self._of_held: defaultdict[int, set[tuple[str, str]]] | None = None

    async def hold(self, contact_ids: Iterable[int]) -> None:
        """Read these people, whom the caller has locked, and their addresses at once and keep them."""
        wanted = {"contacts": list(contact_ids)}
        people, addresses = await self._gathering.ask((_SEVERAL, wanted), (_IDENTITIES_OF, wanted))
        self._of_held = None
        self._held |= {contact.id: contact for contact in map(_to_contact, people)}
        self._identities |= {identity.id: identity for identity in map(_to_identity, addresses)}

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

    async def lock(self, contact_ids: Iterable[int]) -> dict[int, Contact]:
        """These people as they are now, held until the transaction ends, in the order of their ids. Waits for
        who has them; two who wait for each other are told apart by the database, and one tries again."""
        query = select(tables.contacts).where(_contact.id.in_(set(contact_ids))).order_by(_contact.id)
        if self._lock_rows:
            # Not FOR UPDATE: who changes a row of theirs twice looks its contact up (a foreign key's FOR KEY
            # SHARE), and would wait for us while we wait for that row.
            query = query.with_for_update(key_share=True)
        people = {row.id: _to_contact(row) for row in await self._connection.execute(query)}
        self.forget(people)
        return people

    def forget(self, contact_ids: Iterable[int]) -> None:
        """Read these people and their addresses anew when they are asked for: they changed beside us."""
        people = set(contact_ids)
        for contact_id in people & self._held.keys():
            del self._held[contact_id]
        self._identities = {key: one for key, one in self._identities.items() if one.contact_id not in people}
        self._of_held = None

    def known_of(self, contact_id: int) -> set[tuple[str, str]] | None:
        """(channel, address) of all a held person's identities; None where they are not held."""
        if contact_id not in self._held:
            return None
        if self._of_held is None:
            self._of_held = defaultdict(set)
            for identity in self._identities.values():
                self._of_held[identity.contact_id].add((identity.channel, identity.address))
        return self._of_held[contact_id]

    async def several(self, contact_ids: Iterable[int]) -> dict[int, Contact]:
        """These people by id."""
        [rows] = await self._gathering.ask((_SEVERAL, {"contacts": list(contact_ids)}))
        return {contact.id: contact for contact in map(_to_contact, rows)}

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
        # Channel by channel: the index serves a list of addresses, a list of pairs it need not.
        asked = [(_AT, {"channel": channel, "addresses": wanted}) for channel, wanted in addresses.items()]
        identities = [_to_identity(row) for rows in await self._gathering.ask(*asked) for row in rows]
        return {(identity.channel, identity.address): identity for identity in identities}

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
        await self._gathering.insert_new(tables.identities, rows)
        return made

    async def add(self, now: datetime, **fields: Any) -> Contact:
        """A new person without an address yet."""
        contact_id = await self._gathering.reserve(tables.contacts)
        made = Contact(id=contact_id, created_at=now, **fields)
        self._gathering.insert(tables.contacts, {"id": contact_id, "created_at": now, **fields})
        return made

    async def keep_proof(self, contact_id: int, key: tuple[str, str], proof: str, now: datetime) -> Identity:
        """The identity at `key`, (shelf, value), made with this contact where there is none: it may be another's."""
        return await self._settle(contact_id, key, proof=proof, proven_at=now, verified=True)

    async def settle(self, contact_id: int, key: tuple[str, str]) -> Identity:
        """The identity at `key`, (channel, address), made with this contact where there is none: else whose it is."""
        return await self._settle(contact_id, key)

    async def _settle(self, contact_id: int, key: tuple[str, str], **fields: Any) -> Identity:
        channel, address = key
        row = {"contact_id": contact_id, "channel": channel, "address": address, **fields}
        await self._gathering.insert_new(tables.identities, [row])
        if self._of_held is not None:
            self._of_held[contact_id].add(key)
        return (await self.find([key]))[key]

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


def _to_contact(row: Sequence[Any]) -> Contact:
    values = dict(zip(_CONTACT, row, strict=True))
    values["details"] = msgspec.json.decode(values["details"], type=dict[str, str])
    return Contact(**values)


def _to_identity(row: Sequence[Any]) -> Identity:
    return Identity(**dict(zip(_IDENTITY, row, strict=True)))
