"""Conversations in the database: open one, lock one, change one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.contacts import Identity
from gateway.conversations import Conversation, Form, Offer, State
from gateway.errors import NotFound
from gateway.storage import tables
from gateway.storage.gathering import Gathering
from gateway.storage.lists import among
from gateway.storage.queries import Query

_column = tables.conversations.c
_offers = msgspec.json.Decoder(tuple[Offer, ...])
_form = msgspec.json.Decoder(Form)


class Conversations:
    """One row a matter. On PostgreSQL `lock` takes the row lock every change goes through.

    What is locked stays as it is in the database but for our own changes, so it is read once and then
    kept; changes are gathered.
    """

    def __init__(self, connection: AsyncConnection, gathering: Gathering, *, lock_rows: bool) -> None:
        self._connection = connection
        self._gathering = gathering
        self._lock_rows = lock_rows
        self._held: dict[int, Conversation] = {}
        self._newest: dict[int, int | None] = {}

    async def get(self, conversation_id: int) -> Conversation:
        """The conversation as it is. Raises NotFound."""
        held = self._held.get(conversation_id)
        return held or await self._one(_select().where(_column.id == conversation_id), conversation_id)

    async def lock(self, conversation_id: int) -> Conversation:
        """The conversation, held until the end of the transaction. Raises NotFound."""
        held = self._held.get(conversation_id)
        if held is None:
            query = self._locking(_select().where(_column.id == conversation_id))
            held = self._hold(await self._one(query, conversation_id))
        return held

    async def hold_newest(self, contact_ids: Iterable[int]) -> None:
        """Lock what `open_of` and `latest_of` will give for these people: read together, and only once."""
        wanted = list(contact_ids)
        [rows] = await self._gathering.ask((_NEWEST_HELD if self._lock_rows else _NEWEST, {"contacts": wanted}))
        found = [self._hold(_from_values(dict(zip(_SELECTED, row, strict=True)))) for row in rows]
        self._newest = dict.fromkeys(wanted)
        # An open one stands before a closed one, whichever is newer.
        for conversation in sorted(found, key=lambda one: (one.state is not State.CLOSED, one.id)):
            self._newest[conversation.contact_id] = conversation.id

    def forget(self, contact_ids: Iterable[int]) -> None:
        """Read the conversations of these people anew when they are asked for: they changed beside us. Locks stay."""
        people = set(contact_ids)
        self._held = {key: one for key, one in self._held.items() if one.contact_id not in people}
        for contact_id in people & self._newest.keys():
            del self._newest[contact_id]

    async def open_of(self, contact_id: int) -> Conversation | None:
        """The contact's newest conversation that is not closed, locked; None where there is none."""
        if contact_id in self._newest:
            newest = await self.latest_of(contact_id)
            return newest if newest and newest.state is not State.CLOSED else None
        query = (
            _select()
            .where(_column.contact_id == contact_id, _column.state != State.CLOSED)
            .order_by(_column.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(self._locking(query))).one_or_none()
        return None if row is None else self._hold(to_conversation(row))

    async def latest_of(self, contact_id: int) -> Conversation | None:
        """The contact's newest conversation in any state, an open one before a closed one."""
        if contact_id in self._newest:
            known = self._newest[contact_id]
            return None if known is None else self._held[known]
        query = (
            _select()
            .where(_column.contact_id == contact_id)
            .order_by(_column.state == State.CLOSED, _column.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else to_conversation(row)

    async def of_contact(self, contact_id: int) -> list[Conversation]:
        """All conversations of the contact, newest first."""
        result = await self._connection.execute(
            _select().where(_column.contact_id == contact_id).order_by(_column.id.desc())
        )
        return [to_conversation(row) for row in result]

    async def idle(self, state: State, before: datetime, limit: int = 100) -> list[Conversation]:
        """Conversations in `state` that nobody touched since `before`, oldest first, locked; those that
        somebody is touching right now are left out."""
        query = (
            _select()
            .where(_column.state == state, _column.updated_at < before)
            .order_by(_column.updated_at)
            .limit(limit)
        )
        if self._lock_rows:
            query = query.with_for_update(of=tables.conversations, skip_locked=True)
        return [to_conversation(row) for row in await self._connection.execute(query)]

    async def in_states(self, states: Iterable[State], limit: int = 1000) -> list[Conversation]:
        """Conversations in one of `states`, the last touched first."""
        query = _select().where(_column.state.in_(list(states))).order_by(_column.updated_at.desc()).limit(limit)
        return [to_conversation(row) for row in await self._connection.execute(query)]

    async def add(self, *, identity: Identity, language: str | None, now: datetime) -> Conversation:
        """A new conversation in the bot's hands, with the person behind `identity`."""
        made = Conversation(
            id=await self._gathering.reserve(tables.conversations),
            contact_id=identity.contact_id,
            identity_id=identity.id,
            channel=identity.channel,
            address=identity.address,
            state=State.BOT,
            language=language,
            created_at=now,
            updated_at=now,
        )
        row = {column.name: getattr(made, column.name) for column in tables.conversations.c}
        self._gathering.insert(tables.conversations, {**row, "offers": "[]"})
        self._held[made.id] = made
        self._newest[made.contact_id] = made.id
        return made

    def change(self, conversation_id: int, **changes: Any) -> None:
        """Set columns; `form` and `offers` are given as values. See `answer_at` for the identity."""
        held = self._held.get(conversation_id)
        if held is not None:
            self._held[conversation_id] = msgspec.structs.replace(held, **changes)
        if changes.get("form") is not None:
            changes["form"] = msgspec.json.encode(changes["form"]).decode()
        if "offers" in changes:
            changes["offers"] = msgspec.json.encode(changes["offers"]).decode()
        self._gathering.update(tables.conversations, conversation_id, changes)

    def answer_at(self, conversation: Conversation, identity: Identity) -> Conversation:
        """The conversation, locked before, with its replies going to `identity` from now on."""
        moved = msgspec.structs.replace(
            conversation, identity_id=identity.id, channel=identity.channel, address=identity.address
        )
        self._held[conversation.id] = moved
        self._gathering.update(tables.conversations, conversation.id, {"identity_id": identity.id})
        return moved

    async def next_seq(self, conversation_id: int, now: datetime) -> int:
        """The next sequence number, from the conversation's own row, so there is never a gap."""
        seq = (await self.lock(conversation_id)).last_seq + 1
        self.change(conversation_id, last_seq=seq, updated_at=now)
        return seq

    def _locking(self, query: Select[Any]) -> Select[Any]:
        return query.with_for_update(of=tables.conversations) if self._lock_rows else query

    def _hold(self, conversation: Conversation) -> Conversation:
        self._held[conversation.id] = conversation
        if self._lock_rows:
            # Whoever held this row before us may have drawn later ids than we have in hand.
            self._gathering.forget_reserved()
        return conversation

    async def _one(self, query: Select[Any], conversation_id: int) -> Conversation:
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"conversation {conversation_id}")
        return to_conversation(row)


def _select() -> Select[Any]:
    return select(tables.conversations, tables.identities.c.channel, tables.identities.c.address).join(
        tables.identities, tables.identities.c.id == _column.identity_id
    )


# Made once: building a statement costs more than running it.
_FOUND = (
    _select()
    .where(
        _column.id.in_(
            select(func.max(_column.id))
            .where(among(_column.contact_id, "contacts"))
            .group_by(_column.contact_id, _column.state == State.CLOSED)
        )
    )
    .order_by(_column.id)
)
_NEWEST = Query(_FOUND)
_NEWEST_HELD = Query(_FOUND.with_for_update(of=tables.conversations))
_SELECTED = tuple(column.name for column in _FOUND.selected_columns)


def conversation_columns() -> Sequence[Any]:
    """The columns `to_conversation` needs, for queries of other packages that join identities."""
    return [*tables.conversations.c, tables.identities.c.channel, tables.identities.c.address]


def to_conversation(row: Row[Any]) -> Conversation:
    """A row of `conversation_columns` as a value."""
    mapping = row._mapping
    return _from_values({name: mapping[name] for name in Conversation.__struct_fields__})


def _from_values(values: dict[str, Any]) -> Conversation:
    values["state"] = State(values["state"])
    values["form"] = _form.decode(values["form"]) if values["form"] else None
    values["offers"] = _offers.decode(values["offers"])
    return Conversation(**values)
