"""Booked calls and their attempts in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from gateway.errors import NotFound
from gateway.storage.work import Work
from handoff.callbacks import ACTIVE, Attempt, CallbackRequest, CallbackState, CallOutcome
from handoff.hours import Span
from handoff.storage import tables

_column = tables.callbacks.c
_attempt = tables.callback_attempts.c


class CallbackTable:
    """Booked calls. Whoever changes one locks a conversation first, if at all, and then the call."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection
        self._lock_rows = not work.is_sqlite

    async def add(self, **values: Any) -> CallbackRequest:
        """A new booked call from its columns."""
        result = await self._connection.execute(
            insert(tables.callbacks).values(state=CallbackState.BOOKED, **values).returning(tables.callbacks)
        )
        return _to_callback(result.one())

    async def get(self, callback_id: int, *, lock: bool = False) -> CallbackRequest:
        """The call; with `lock` held until the end of the transaction. Raises NotFound."""
        query = select(tables.callbacks).where(_column.id == callback_id)
        if lock and self._lock_rows:
            query = query.with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"callback {callback_id}")
        return _to_callback(row)

    async def change(self, callback_id: int, **changes: Any) -> CallbackRequest:
        """Set columns; returns the call as it is now."""
        result = await self._connection.execute(
            update(tables.callbacks).where(_column.id == callback_id).values(**changes).returning(tables.callbacks)
        )
        return _to_callback(result.one())

    async def active_of(self, contact_id: int) -> list[CallbackRequest]:
        """The contact's calls that somebody still has to make, soonest first."""
        query = (
            select(tables.callbacks)
            .where(_column.contact_id == contact_id, _column.state.in_(ACTIVE))
            .order_by(_column.starts_at, _column.id)
        )
        return [_to_callback(row) for row in await self._connection.execute(query)]

    async def of_contact(self, contact_id: int) -> list[CallbackRequest]:
        """All calls of the contact, newest first."""
        query = select(tables.callbacks).where(_column.contact_id == contact_id).order_by(_column.id.desc())
        return [_to_callback(row) for row in await self._connection.execute(query)]

    async def active(self, limit: int = 500) -> list[CallbackRequest]:
        """Every call that somebody still has to make, soonest first."""
        query = (
            select(tables.callbacks)
            .where(_column.state.in_(ACTIVE))
            .order_by(_column.starts_at, _column.id)
            .limit(limit)
        )
        return [_to_callback(row) for row in await self._connection.execute(query)]

    async def active_in(self, conversation_ids: Iterable[int]) -> dict[int, CallbackRequest]:
        """The soonest call that is still to be made, by conversation."""
        query = (
            select(tables.callbacks)
            .where(_column.conversation_id.in_(list(conversation_ids)), _column.state.in_(ACTIVE))
            .order_by(_column.starts_at.desc(), _column.id.desc())
        )
        return {row.conversation_id: _to_callback(row) for row in await self._connection.execute(query)}

    async def taken(self, start: datetime, end: datetime, *, without: int | None = None) -> list[Span]:
        """The windows of booked calls that touch `start`–`end`, one entry a call."""
        query = select(_column.starts_at, _column.ends_at).where(
            _column.state.in_(ACTIVE), _column.starts_at < end, _column.ends_at > start
        )
        if without is not None:
            query = query.where(_column.id != without)
        return [Span(start=row.starts_at, end=row.ends_at) for row in await self._connection.execute(query)]

    async def add_attempt(self, attempt: Attempt) -> None:
        """Note one try to call."""
        await self._connection.execute(
            insert(tables.callback_attempts).values(
                **{name: getattr(attempt, name) for name in Attempt.__struct_fields__}
            )
        )

    async def attempts(self, callback_ids: Iterable[int]) -> dict[int, list[Attempt]]:
        """Tries by call, oldest first."""
        query = (
            select(tables.callback_attempts).where(_attempt.callback_id.in_(list(callback_ids))).order_by(_attempt.id)
        )
        found: dict[int, list[Attempt]] = {}
        for row in await self._connection.execute(query):
            found.setdefault(row.callback_id, []).append(_to_attempt(row))
        return found


def _to_callback(row: Row[Any]) -> CallbackRequest:
    values = dict(row._mapping)
    values["state"] = CallbackState(row.state)
    values["outcome"] = CallOutcome(row.outcome) if row.outcome else None
    return CallbackRequest(**values)


def _to_attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        callback_id=row.callback_id,
        agent_id=row.agent_id,
        at=row.at,
        outcome=CallOutcome(row.outcome),
        note=row.note,
    )
