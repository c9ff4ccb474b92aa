"""Where somebody stands in the queue now, counted from the database, and how that is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.messages import Value
from gateway.storage.work import Work
from gateway.texts import Translator
from handoff import queue
from handoff.agents import online
from handoff.storage.agents import AgentTable
from handoff.storage.handoffs import HandoffTable

RECENT = timedelta(days=7)


class Position(Value, frozen=True, kw_only=True):
    """A place counted from 1, and about how many minutes remain (None: nobody can know)."""

    place: int
    minutes: int | None = None


async def position(work: Work, conversation_id: int, now: datetime) -> Position | None:
    """The conversation's position; None where it is not waiting."""
    handoffs = HandoffTable(work)
    place = queue.place(await handoffs.waiting(), conversation_id)
    if place is None:
        return None
    agents = await online(work, now)
    loads = await AgentTable(work).loads(agents)
    handling = await handoffs.handling_times(now - RECENT)
    return Position(place=place, minutes=queue.estimate(place, len(agents), list(loads.values()), handling))


def say_position(texts: Translator, position: Position) -> str:
    """Place and, where it is known, the wait."""
    words = [queue.say_place(texts, position.place), queue.say_wait(texts, position.minutes)]
    return " ".join(word for word in words if word)
