"""Questions whose answer did not help, as customers say themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from gateway.storage import tables
from gateway.storage.votes import votes

_turn = tables.turns.c
_vote = votes.c


def voted_down(turns: Select[Any]) -> Select[Any]:
    """Of a query of `turns` those whose answer was voted down, with the article as `voted`.

    Where the answer was chosen after “did you mean…”, the question is what was written before.
    """
    answered, before = tables.messages.alias(), tables.turns.alias()
    newest = (
        select(func.max(before.c.id))
        .where(before.c.conversation_id == answered.c.conversation_id, before.c.message_id <= answered.c.id)
        .scalar_subquery()
    )
    return (
        turns.add_columns(_vote.article.label("voted"))
        .join(answered, answered.c.conversation_id == _turn.conversation_id)
        .join(votes, _vote.message_id == answered.c.id)
        .where(_vote.helped.is_(False), _turn.id == newest)
        .where(or_(_turn.message_id == answered.c.id, _turn.did == "clarify"))
    )


def voted_up() -> ColumnElement[bool]:
    """Whether a turn's answer helped, as the customer says: then it did, even if a person joined later."""
    return select(_vote.message_id).where(_vote.message_id == _turn.message_id, _vote.helped.is_(True)).exists()
