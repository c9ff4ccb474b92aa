"""Conversations in the database: open one, lock one, change one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.conversations import Conversation, Form, Offer, State
from gateway.errors import NotFound
from gateway.storage import tables

_column = tables.conversations.c
_offers = msgspec.json.Decoder(tuple[Offer, ...])
_form = msgspec.json.Decoder(Form)


class Conversations:
    """One row a matter. On PostgreSQL `lock` takes the row lock every change goes through."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    async def get(self, conversation_id: int) -> Conversation:
        """The conversation as it is. Raises NotFound."""
        return await self._one(_select().where(_column.id == conversation_id), conversation_id)

    async def lock(self, conversation_id: int) -> Conversation:
        """The conversation, held until the end of the transaction. Raises NotFound."""
        query = _select().where(_column.id == conversation_id)
        if self._lock_rows:
            query = query.with_for_update(of=tables.conversations)
        return await self._one(query, conversation_id)

    async def open_of(self, contact_id: int) -> Conversation | None:
        """The contact's newest conversation that is not closed, locked; None where there is none."""
        query = (
            _select()
            .where(_column.contact_id == contact_id, _column.state != State.CLOSED)
            .order_by(_column.id.desc())
            .limit(1)
        )
        if self._lock_rows:
            query = query.with_for_update(of=tables.conversations)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else to_conversation(row)

    async def latest_of(self, contact_id: int) -> Conversation | None:
        """The contact's newest conversation in any state."""
        query = _select().where(_column.contact_id == contact_id).order_by(_column.id.desc()).limit(1)
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

    async def add(self, *, contact_id: int, identity_id: int, language: str | None, now: datetime) -> Conversation:
        """A new conversation in the bot's hands."""
        result = await self._connection.execute(
            insert(tables.conversations)
            .values(
                contact_id=contact_id,
                identity_id=identity_id,
                state=State.BOT,
                language=language,
                created_at=now,
                updated_at=now,
            )
            .returning(_column.id)
        )
        return await self.get(int(result.scalar_one()))

    async def change(self, conversation_id: int, **changes: Any) -> None:
        """Set columns; `form` and `offers` are given as values."""
        if "form" in changes and changes["form"] is not None:
            changes["form"] = msgspec.json.encode(changes["form"]).decode()
        if "offers" in changes:
            changes["offers"] = msgspec.json.encode(changes["offers"]).decode()
        await self._connection.execute(
            update(tables.conversations).where(_column.id == conversation_id).values(**changes)
        )

    async def next_seq(self, conversation_id: int, now: datetime) -> int:
        """The next sequence number, from the conversation's own row, so there is never a gap."""
        result = await self._connection.execute(
            update(tables.conversations)
            .where(_column.id == conversation_id)
            .values(last_seq=_column.last_seq + 1, updated_at=now)
            .returning(_column.last_seq)
        )
        return int(result.scalar_one())

    async def _one(self, query: Select[Any], conversation_id: int) -> Conversation:
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"conversation {conversation_id}")
        return to_conversation(row)


def _select() -> Select[Any]:
    return select(tables.conversations, tables.identities.c.channel, tables.identities.c.address).join(
        tables.identities, tables.identities.c.id == _column.identity_id
    )


def conversation_columns() -> Sequence[Any]:
    """The columns `to_conversation` needs, for queries of other packages that join identities."""
    return [*tables.conversations.c, tables.identities.c.channel, tables.identities.c.address]


def to_conversation(row: Row[Any]) -> Conversation:
    """A row of `conversation_columns` as a value."""
    values = {name: row._mapping[name] for name in Conversation.__struct_fields__}
    values["state"] = State(row.state)
    values["form"] = _form.decode(row.form) if row.form else None
    values["offers"] = _offers.decode(row.offers)
    return Conversation(**values)
