"""Handoffs and ratings in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, Select, insert, select, update

from gateway.errors import NotFound
from gateway.ports import HandoffContext, Reason
from gateway.storage.dialect import upsert
from gateway.storage.work import Work
from handoff.handoffs import ACTIVE, Handoff, HandoffOutcome, HandoffState, Rating
from handoff.queue import Waiting
from handoff.storage import tables

_column = tables.handoffs.c
_context = msgspec.json.Decoder(HandoffContext)


class HandoffTable:
    """Moves to people; a conversation has at most one that is not closed."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def add(
        self,
        *,
        conversation_id: int,
        state: HandoffState,
        now: datetime,
        language: str | None,
        context: HandoffContext | None = None,
        **more: Any,
    ) -> Handoff:
        """A new handoff. `more` are columns such as `opening` or `claimed_by`."""
        result = await self._connection.execute(
            insert(tables.handoffs)
            .values(
                conversation_id=conversation_id,
                state=state,
                reason=context.reason if context else None,
                context=msgspec.json.encode(context).decode() if context else None,
                anger=context.mood.anger if context else 0.0,
                language=language,
                created_at=now,
                since=now,
                **more,
            )
            .returning(tables.handoffs)
        )
        return _to_handoff(result.one())

    async def get(self, handoff_id: int) -> Handoff:
        """The handoff. Raises NotFound."""
        row = (await self._connection.execute(_select().where(_column.id == handoff_id))).one_or_none()
        if row is None:
            raise NotFound(f"handoff {handoff_id}")
        return _to_handoff(row)

    async def active(self, conversation_id: int) -> Handoff | None:
        """The conversation's handoff that is not closed."""
        query = _select().where(_column.conversation_id == conversation_id, _column.state.in_(ACTIVE))
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_handoff(row)

    async def latest(self, conversation_id: int) -> Handoff | None:
        """The conversation's newest handoff in any state."""
        query = _select().where(_column.conversation_id == conversation_id).order_by(_column.id.desc()).limit(1)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_handoff(row)

    async def of_conversations(self, conversation_ids: Iterable[int]) -> dict[int, Handoff]:
        """The newest handoff of each conversation that has one."""
        query = _select().where(_column.conversation_id.in_(list(conversation_ids))).order_by(_column.id)
        return {row.conversation_id: _to_handoff(row) for row in await self._connection.execute(query)}

    async def change(self, handoff_id: int, **changes: Any) -> None:
        """Set columns (`context` as a value)."""
        if changes.get("context") is not None:
            changes["context"] = msgspec.json.encode(changes["context"]).decode()
        await self._connection.execute(update(tables.handoffs).where(_column.id == handoff_id).values(**changes))

    async def waiting(self) -> list[Waiting]:
        """Everybody in the queue, in no particular order."""
        query = select(_column.conversation_id, _column.since, _column.anger).where(
            _column.state == HandoffState.WAITING
        )
        return [
            Waiting(conversation_id=row.conversation_id, since=row.since, anger=row.anger)
            for row in await self._connection.execute(query)
        ]

    async def handling_times(self, since: datetime, limit: int = 30) -> list[timedelta]:
        """How long agents lately took from taking a conversation to closing it, newest first."""
        query = (
            select(_column.claimed_at, _column.closed_at)
            .where(_column.closed_at > since, _column.claimed_at.is_not(None))
            .order_by(_column.closed_at.desc())
            .limit(limit)
        )
        return [row.closed_at - row.claimed_at for row in await self._connection.execute(query)]

    async def rate(self, rating: Rating) -> None:
        """Keep a rating; a second one replaces the score and keeps the comment."""
        values = {name: getattr(rating, name) for name in Rating.__struct_fields__}
        await self._connection.execute(
            upsert(self._connection, tables.ratings)
            .values(**values)
            .on_conflict_do_update(index_elements=["conversation_id"], set_={"score": rating.score})
        )

    async def comment(self, conversation_id: int, comment: str) -> bool:
        """Add a word to a rating; False where there is none."""
        result = await self._connection.execute(
            update(tables.ratings).where(tables.ratings.c.conversation_id == conversation_id).values(comment=comment)
        )
        return bool(result.rowcount)

    async def ratings(self, conversation_ids: Iterable[int]) -> dict[int, Rating]:
        """Ratings by conversation."""
        query = select(tables.ratings).where(tables.ratings.c.conversation_id.in_(list(conversation_ids)))
        return {row.conversation_id: Rating(**row._mapping) for row in await self._connection.execute(query)}


def _select() -> Select[Any]:
    return select(tables.handoffs)


def _to_handoff(row: Row[Any]) -> Handoff:
    values = dict(row._mapping)
    values["state"] = HandoffState(row.state)
    values["reason"] = Reason(row.reason) if row.reason else None
    values["context"] = _context.decode(row.context) if row.context else None
    values["outcome"] = HandoffOutcome(row.outcome) if row.outcome else None
    return Handoff(**values)
