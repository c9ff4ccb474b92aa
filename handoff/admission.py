"""Into the queue and out of it: the handoff's row, its alarms, and the desk's news."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from gateway.live import DESK
from gateway.ports import Clock, HandoffContext
from gateway.processes.wakeups import TIMERS
from gateway.settings import Settings
from gateway.storage.work import Work
from handoff.handoffs import Handoff, HandoffOutcome, HandoffState, renewed
from handoff.storage.handoffs import HandoffTable

log = structlog.get_logger()

WAITING_LIMIT = "handoff.waiting"
OPENING = "handoff.opening"


class Admission:
    """Changes handoffs in the caller's transaction, which holds the conversation's lock.

    The conversation's own state is the caller's to change. Alarms are never cancelled: their handlers
    look at the state first, and taking an alarm's row here while it rings would be a deadlock.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._limit = timedelta(minutes=settings.handoff.waiting_limit)
        self._patience = timedelta(hours=settings.dialogue.idle_hours) / 2
        self._clock = clock

    async def enqueue(
        self,
        work: Work,
        conversation_id: int,
        *,
        language: str | None,
        context: HandoffContext | None = None,
        opening: datetime | None = None,
    ) -> Handoff:
        """Put the conversation into the queue; one that waits already keeps its place.

        `opening` is when people are back, for a message left until then.
        """
        table = HandoffTable(work)
        active = await table.active(conversation_id)
        now = self._clock()
        if active is None:
            active = await table.add(
                conversation_id=conversation_id,
                state=HandoffState.WAITING,
                now=now,
                language=language,
                context=context,
                opening=opening,
            )
        else:
            since = active.since if active.state is HandoffState.WAITING else now
            changes: dict[str, object] = {"since": since, "opening": opening, "told_at": None}
            if context is not None:
                merged = renewed(active.context, context)
                changes |= {"context": merged, "reason": merged.reason, "anger": merged.mood.anger}
            await table.change(active.id, state=HandoffState.WAITING, **changes)
        if opening is None:  # who left a message does not sit waiting, and need not be asked for patience
            await self.set_limit(work, conversation_id, now)
        work.announce(DESK, "queued", conversation=conversation_id, handoff=active.id)
        log.info("handoff_queued", conversation=conversation_id, handoff=active.id)
        return active

    async def offer(
        self,
        work: Work,
        conversation_id: int,
        *,
        language: str | None,
        context: HandoffContext,
        opening: datetime | None,
    ) -> Handoff:
        """Note that a person was wanted while nobody is there; at `opening` the wish is taken up."""
        table = HandoffTable(work)
        now = self._clock()
        offered = await table.add(
            conversation_id=conversation_id,
            state=HandoffState.OFFERED,
            now=now,
            language=language,
            context=context,
            opening=opening,
        )
        await self.set_opening(work, conversation_id, opening)
        log.info("handoff_offered", conversation=conversation_id, handoff=offered.id)
        return offered

    async def claim(self, work: Work, conversation_id: int, agent_id: int, language: str | None) -> Handoff:
        """An agent has it, out of the queue or unasked, or from a colleague.

        `claimed_at` is when the customer had somebody: who had a colleague before has not waited since.
        """
        table = HandoffTable(work)
        now = self._clock()
        active = await table.active(conversation_id)
        if active is None:
            active = await table.add(
                conversation_id=conversation_id,
                state=HandoffState.CLAIMED,
                now=now,
                language=language,
                claimed_by=agent_id,
                claimed_at=now,
            )
        else:
            since = active.claimed_at if active.state is HandoffState.CLAIMED else now
            await table.change(active.id, state=HandoffState.CLAIMED, claimed_by=agent_id, claimed_at=since)
        return active

    async def requeue(self, work: Work, handoff: Handoff) -> None:
        """Back into the queue with the old place, because a transfer is not the customer's fault."""
        await HandoffTable(work).change(
            handoff.id, state=HandoffState.WAITING, claimed_by=None, claimed_at=None, told_at=None, opening=None
        )
        await self.set_limit(work, handoff.conversation_id, self._clock())
        work.announce(DESK, "queued", conversation=handoff.conversation_id, handoff=handoff.id)

    async def close(self, work: Work, conversation_id: int, outcome: HandoffOutcome) -> None:
        """The handoff, if there is one, is over."""
        table = HandoffTable(work)
        active = await table.active(conversation_id)
        if active is not None:
            await table.change(active.id, state=HandoffState.CLOSED, outcome=outcome, closed_at=self._clock())
            log.info("handoff_closed", conversation=conversation_id, handoff=active.id, outcome=outcome)

    async def set_opening(self, work: Work, conversation_id: int, opening: datetime | None) -> None:
        """Ring at `opening`, but always before the silent conversation would be closed as forgotten."""
        latest = self._clock() + self._patience
        due = min(opening, latest) if opening else latest
        await work.timers.set(OPENING, str(conversation_id), due, {"conversation": conversation_id})
        work.announce(TIMERS, "set")

    async def set_limit(self, work: Work, conversation_id: int, start: datetime) -> None:
        """Ring when somebody who waits from `start` on has waited long enough."""
        await work.timers.set(
            WAITING_LIMIT, str(conversation_id), start + self._limit, {"conversation": conversation_id}
        )
        work.announce(TIMERS, "set")
