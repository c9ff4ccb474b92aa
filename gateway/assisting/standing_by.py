"""Keeping an assistant out of conversations that people have, and telling it afterwards what was said."""

from __future__ import annotations

import structlog

from gateway.assisting.assistant import Assistant, AssistantFailed, sender_of
from gateway.assisting.transcript import missed_before
from gateway.conversations import Conversation, State
from gateway.errors import StorageUnavailable
from gateway.live import DESK
from gateway.processes.wakeups import POLL_SECONDS, Wakeups, wait_for
from gateway.storage.engine import Database

log = structlog.get_logger()

PEOPLE = (State.QUEUED, State.AGENT)


class StandingBy:
    """Pauses the assistant where people talk, and resumes it where the bot has the conversation again.

    What was paused is remembered here only to spare calls: the assistant's own tracker knows it, and the first
    message of a conversation after a restart looks there.
    """

    def __init__(self, database: Database, assistant: Assistant, wakeups: Wakeups) -> None:
        self._database = database
        self._assistant = assistant
        self._wakeups = wakeups
        self._bell = wakeups.bell(DESK)
        self._paused: set[int] = set()

    async def run(self) -> None:
        """Look until told to stop; also whether an assistant that failed is there again."""
        while not self._wakeups.stopping:
            await self._assistant.look()
            try:
                await self.look()
            except AssistantFailed as error:
                log.debug("assistant_not_told", reason=str(error))
            except StorageUnavailable as error:
                log.warning("standing_by_waits", reason=str(error))
            await wait_for(self._bell, POLL_SECONDS)

    async def look(self) -> None:
        """Tell the assistant what has changed. Raises AssistantFailed; the rest is told with the next look."""
        async with self._database.read() as view:
            talking = {one.id: one for one in await view.conversations.in_states(PEOPLE)}
        for conversation in talking.values():
            if conversation.id not in self._paused:
                await self._assistant.pause(sender_of(conversation), conversation.last_seq)
                self._paused.add(conversation.id)
        for conversation_id in self._paused - talking.keys():
            async with self._database.read() as view:
                conversation = await view.conversations.get(conversation_id)
            await self._came_back(conversation)
            self._paused.discard(conversation_id)

    async def _came_back(self, conversation: Conversation) -> None:
        if conversation.state is State.BOT:
            await self._assistant.resume(sender_of(conversation), missed_before(self._database, conversation.id))
