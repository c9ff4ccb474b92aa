"""What agents do from desks where colleagues see each other: take over, and correct what was sent."""

from __future__ import annotations

import structlog

from gateway.conversations import State
from gateway.errors import Conflict, RequestRefused
from gateway.live import DESK
from gateway.messages import Author, Direction, Edit, Media, Message, Outbound
from gateway.staff import Staff
from gateway.storage.work import Work
from handoff.desk_service import DeskService
from handoff.screens.words import Words

log = structlog.get_logger()


class ColleagueDesk(DeskService):
    """The desk's acts, and two more."""

    async def take_over(self, conversation_id: int, agent: Staff) -> None:
        """Take the conversation from the colleague who has it, who reads of it in a note. Where nobody has it,
        it is simply taken. Raises Conflict for a closed one."""
        async with self._database.write() as work:
            conversation = await work.conversations.lock(conversation_id)
            holder = await self._holder(work, conversation)
            if holder is None or holder.id == agent.id or conversation.state is not State.AGENT:
                await self.claim(conversation_id, agent)
                return
            words = self._texts.translator(agent.language).gettext("Taken over from {name}.")
            await self._note(work, conversation, agent, words.format(name=holder.name))
            await self._admission.claim(work, conversation_id, agent.id, conversation.language)
            await self._give_to(work, conversation, agent)
            work.announce(DESK, "transferred", conversation=conversation_id, agent=agent.id)
            log.info("conversation_taken_over", conversation=conversation_id, agent=agent.id)

    async def correct(self, message_id: int, agent: Staff, text: str) -> Message:
        """Change the words of what this agent said; the customer sees it where their channel can.

        Raises Conflict where it cannot, with the reason; RequestRefused for a note, or words that will not do.
        """
        words = self._words(text, agent, needed=True)
        async with self._database.write() as work:
            message = await work.messages.get(message_id)
            conversation = await self._held(work, message.conversation_id, agent)
            target = await self._correctable(work, message, conversation.channel, agent)
            correction = Outbound(parts=(Edit(target=target, text=words),), author=Author.AGENT, agent_id=agent.id)
            said = (await self._speaker.say(work, conversation, correction))[0]
            await self._done_writing(work, said, agent)
            return said

    async def _correctable(self, work: Work, message: Message, channel: str, agent: Staff) -> str:
        """The platform's name for the one message to change."""
        _ = self._texts.translator(agent.language).gettext
        if message.direction is Direction.NOTE:
            raise RequestRefused(400, _("A note stays as it was written. Write another one."))
        if message.agent_id != agent.id:
            raise Conflict(_("Only who said it can change it."))
        known = self._channels.get(message.channel)
        sends = (await work.deliveries.of_messages([message.id])).get(message.id, [])
        in_one_piece = len(sends) == 1 and not any(isinstance(part, Media) for part in message.parts)
        if known is None or not known.capabilities.edits or channel != message.channel or not in_one_piece:
            named = Words(self._texts.translator(agent.language)).channel(known.kind if known else message.channel)
            words = _(
                "{channel} cannot change this message: the customer still reads the old words. Send a correction."
            )
            raise Conflict(words.format(channel=named))
        target = sends[0].platform_id or message.platform_id
        if target is None:
            raise Conflict(
                _("The message has not arrived yet, so it cannot be changed yet. Change it again in a moment.")
            )
        return target
