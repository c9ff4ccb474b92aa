"""What becomes of a handoff when its conversation gives way to another of the same person.

Implements `gateway.people.joining.Yielding`.
"""

from __future__ import annotations

from gateway.conversations import Conversation, State
from gateway.live import DESK
from gateway.ports import Clock
from gateway.storage.work import Work
from handoff.handoffs import HandoffOutcome, HandoffState
from handoff.storage.agents import AgentTable
from handoff.storage.handoffs import HandoffTable


class HandoffYielding:
    """In the transaction that joins the two people, or takes them apart again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def gave_way(self, work: Work, conversation_id: int, to: int) -> None:
        """The handoff is over: the other conversation's goes on. What agents had begun to write goes along."""
        table = HandoffTable(work)
        active = await table.active(conversation_id)
        if active is not None:
            await table.change(
                active.id, state=HandoffState.CLOSED, outcome=HandoffOutcome.JOINED, closed_at=self._clock()
            )
        await AgentTable(work).move_drafts(conversation_id, to)
        work.announce(DESK, "closed", conversation=conversation_id)

    async def came_back(self, work: Work, conversation: Conversation) -> None:
        """The handoff that ended with the join waits again, or is its agent's again."""
        table = HandoffTable(work)
        latest = await table.latest(conversation.id)
        if latest is None or latest.outcome is not HandoffOutcome.JOINED:
            return
        state = {State.QUEUED: HandoffState.WAITING, State.AGENT: HandoffState.CLAIMED}.get(
            conversation.state, HandoffState.OFFERED
        )
        await table.change(latest.id, state=state, outcome=None, closed_at=None)
        work.announce(DESK, "queued", conversation=conversation.id, handoff=latest.id)
