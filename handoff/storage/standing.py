"""How handoffs stand, in the least columns: asked for by every desk each second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, or_, select, text

from gateway.conversations import State
from gateway.desks import Standing
from gateway.ports import HandoffContext
from gateway.storage import tables as spine
from gateway.storage.work import Work
from handoff.handoffs import HandoffState
from handoff.storage import tables

_handoff = tables.handoffs.c
_conversation = spine.conversations.c
_context = msgspec.json.Decoder(HandoffContext)

NOT_OVER = text("handoffs.state != 'closed'")
"""As the index has it: SQLite takes a partial index for literally the same condition only."""
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
