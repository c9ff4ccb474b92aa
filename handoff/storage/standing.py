"""How handoffs and calls stand, in the least columns: asked for by every desk each second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, and_, or_, select, text

from gateway.conversations import State
from gateway.desk_calls import DueCall
from gateway.desks import Standing
from gateway.ports import HandoffContext
from gateway.storage import tables as spine
from gateway.storage.work import Work
from handoff.callbacks import ACTIVE, CallbackState
from handoff.handoffs import HandoffState
from handoff.storage import tables

_handoff = tables.handoffs.c
_call = tables.callbacks.c
_conversation = spine.conversations.c
_context = msgspec.json.Decoder(HandoffContext)

NOT_OVER = text("handoffs.state != 'closed'")
"""As the index has it: SQLite takes a partial index for literally the same condition only."""
TO_BE_MADE = text("callbacks.state in ('booked', 'due')")
"""As the index on calls has it."""
AT_PEOPLES = (HandoffState.WAITING, HandoffState.CLAIMED)


class StandingTable:
    """Reads handoffs beside their conversations."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def of(self, known: Sequence[int]) -> list[Standing]:
        """Those that people wait for or work on, and those of `known`, by id."""
        query = (
            select(
                _handoff.id.label("handoff_id"),
                _handoff.conversation_id,
                _handoff.state.label("handoff_state"),
                _handoff.reason,
                _handoff.outcome,
                _handoff.context,
                _conversation.state,
                _conversation.agent_id,
                _conversation.last_seq,
                _conversation.rating,
                _conversation.language,
                _conversation.closed_at,
                spine.identities.c.channel,
            )
            .join(spine.conversations, _conversation.id == _handoff.conversation_id)
            .join(spine.identities, spine.identities.c.id == _conversation.identity_id)
            .order_by(_handoff.id)
        )
        wanted = or_(NOT_OVER, _handoff.id.in_(list(known))) if known else NOT_OVER
        rows = await self._connection.execute(query.where(wanted))
        taken = set(known)
        return [_to_standing(row) for row in rows if row.handoff_state in AT_PEOPLES or row.handoff_id in taken]


class CallStandingTable:
    """Reads calls beside their conversations."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def of(self, known: Sequence[int]) -> list[DueCall]:
        """Those that somebody is to make now, and those of `known`, by id, the soonest first."""
        query = (
            select(
                _call.id,
                _call.conversation_id,
                _call.starts_at,
                _call.state,
                _conversation.language,
                spine.identities.c.channel,
            )
            .join(spine.conversations, _conversation.id == _call.conversation_id)
            .join(spine.identities, spine.identities.c.id == _conversation.identity_id)
            .order_by(_call.starts_at, _call.id)
        )
        due = and_(TO_BE_MADE, _call.state == CallbackState.DUE)
        wanted = or_(due, _call.id.in_(list(known))) if known else due
        return [_to_due_call(row) for row in await self._connection.execute(query.where(wanted))]


def _to_due_call(row: Row[*tuple[Any, ...]]) -> DueCall:
    return DueCall(
        callback_id=row.id,
        conversation_id=row.conversation_id,
        starts_at=row.starts_at,
        due=row.state == CallbackState.DUE,
        active=row.state in ACTIVE,
        channel=row.channel,
        language=row.language,
    )


def _to_standing(row: Row[*tuple[Any, ...]]) -> Standing:
    return Standing(
        handoff_id=row.handoff_id,
        conversation_id=row.conversation_id,
        active=row.handoff_state in AT_PEOPLES,
        asked=row.reason is not None,
        state=State(row.state),
        last_seq=row.last_seq,
        channel=row.channel,
        agent_id=row.agent_id,
        outcome=row.outcome,
        rating=row.rating,
        language=row.language,
        article=_article(row.context),
        closed_at=row.closed_at,
    )


def _article(context: str | None) -> str | None:
    """The article that called people, out of the stored context."""
    return _context.decode(context).article if context else None
