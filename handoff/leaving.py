"""What becomes of the conversations of somebody who is no agent any more: they wait for another one.

Booked calls need nothing: any agent may make them, whoever booked or tried them.
"""

from __future__ import annotations

import structlog

from gateway.conversations import State
from gateway.live import DESK
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Staff
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.giving_back import GivingBack
from handoff.storage.agents import AgentTable

log = structlog.get_logger()


class Leaving:
    """Gives back what those hold who were deactivated or lost the role."""

    def __init__(self, speaker: Speaker, texts: Texts, settings: Settings, clock: Clock) -> None:
        self._giving_back = GivingBack(speaker, texts, settings, clock)
        self._texts = texts.translator(settings.company.language)

    async def left(self, work: Work, staff: Staff) -> int:
        """How many conversations of `staff`, as they are from now on, went back to the queue.

        In the transaction that changes them. None of an agent's do.
        """
        if staff.is_agent:
            return 0
        agents = AgentTable(work)
        given = 0
        for conversation_id in await agents.held(staff.id):
            given += await self._give_back(work, conversation_id, staff)
        await agents.left(staff.id)
        work.announce(DESK, "presence", agent=staff.id)
        return given

    async def look(self, database: Transactions) -> int:
        """The same for everybody who holds a conversation, one transaction each.

        Somebody may have been changed past the command that changes people, or have taken a conversation in
        the moment in which they were.
        """
        async with database.read() as work:
            holders = [await work.staff.get(holder) for holder in await AgentTable(work).holders()]
        given = 0
        for staff in holders:
            if not staff.is_agent:
                async with database.write() as work:
                    given += await self.left(work, await work.staff.get(staff.id))
        return given

    async def _give_back(self, work: Work, conversation_id: int, staff: Staff) -> bool:
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state is not State.AGENT or conversation.agent_id != staff.id:
            return False  # given away while we waited for it
        words = self._texts.gettext("{name} is not an agent any more. Back to the queue.")
        await self._giving_back.to_queue(work, conversation, staff.name, words.format(name=staff.name), None)
        log.info("conversation_left", conversation=conversation_id, agent=staff.id)
        return True
