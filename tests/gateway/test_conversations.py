"""Which moves between states are allowed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.conversations import ALLOWED, Conversation, State, require_move
from gateway.errors import Conflict

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BOT, QUEUED, AGENT, CLOSED = State.BOT, State.QUEUED, State.AGENT, State.CLOSED
MOVES = {
    (BOT, QUEUED),
    (BOT, AGENT),
    (BOT, CLOSED),
    (QUEUED, AGENT),
    (QUEUED, BOT),
    (QUEUED, CLOSED),
    (AGENT, QUEUED),
    (AGENT, BOT),
    (AGENT, CLOSED),
    (AGENT, AGENT),
}


def conversation(state: State) -> Conversation:
    return Conversation(
        id=7,
        contact_id=1,
        identity_id=1,
        channel="shop",
        address="7",
        state=state,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("to", State)
@pytest.mark.parametrize("state", State)
def test_moves(state: State, to: State) -> None:
    if (state, to) in MOVES:
        require_move(conversation(state), to)
        return
    with pytest.raises(Conflict, match=f"conversation 7 is {state} and cannot become {to}"):
        require_move(conversation(state), to)


def test_every_state_says_where_it_may_go() -> None:
    assert set(ALLOWED) == set(State)
