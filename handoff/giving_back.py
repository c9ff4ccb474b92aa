"""A conversation goes out of an agent's hands and back into the queue, with its old place."""

from __future__ import annotations

from gateway.conversations import Conversation, State, require_move
from gateway.live import DESK, conversation_topic
from gateway.messages import Author
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.admission import Admission
from handoff.storage.handoffs import HandoffTable
from handoff.telling import tell
from handoff.wording import say


class GivingBack:
    """In the caller's transaction, which holds the conversation's lock."""

    def __init__(self, speaker: Speaker, texts: Texts, settings: Settings, clock: Clock) -> None:
        self._speaker = speaker
        self._texts = texts
        self._language = settings.company.language
        self._admission = Admission(settings, clock)

    async def to_queue(
        self, work: Work, conversation: Conversation, holder: str, note: str, author: int | None
    ) -> None:
        """Let it wait for another agent than the one named `holder`; the customer is told so.

        `note` says in the transcript why; `author` is the agent who says it, None the gateway itself.
        """
        handoff = await HandoffTable(work).active(conversation.id)
        if handoff is None:
            await self._admission.enqueue(work, conversation.id, language=conversation.language)
        else:
            await self._admission.requeue(work, handoff)
        await self._speaker.note(work, conversation, author, note)
        words = self._texts.translator(conversation.language or self._language).gettext(
            "{name} is passing you to a colleague who already sees our conversation."
        )
        await tell(self._speaker, work, conversation, say(words.format(name=holder), author=Author.SYSTEM))
        require_move(conversation, State.QUEUED)
        work.conversations.change(conversation.id, state=State.QUEUED, agent_id=None)
        work.announce(conversation_topic(conversation.id), "state")
        work.announce(DESK, "state", conversation=conversation.id)
