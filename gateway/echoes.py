"""What our own account said without us: it goes into the transcript, and is never sent."""

from __future__ import annotations

from gateway.live import DESK, conversation_topic
from gateway.messages import Author, Direction, Echo, Message
from gateway.ports import Clock
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work


class Echoes:
    """Writes down what a host application's bot, or a person in the platform's own inbox, told a customer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def note(self, work: Work, row: InboxRow, echo: Echo) -> Message | None:
        """Append `echo` to the open conversation, or to a new one: an answer to it will then have what it
        answers. None where the words were ours after all, and stand there already."""
        now = self._clock()
        identity = await work.contacts.identity(row.identity_id)
        conversation = await work.conversations.open_of(identity.contact_id)
        if conversation is None:
            conversation = await work.conversations.add(identity=identity, language=None, now=now)
        elif echo.platform_id and await work.messages.by_platform_id(row.channel, conversation.id, echo.platform_id):
            return None
        message = await work.messages.add(
            conversation_id=conversation.id,
            seq=await work.conversations.next_seq(conversation.id, now),
            direction=Direction.OUTBOUND,
            author=Author.BOT,
            channel=row.channel,
            parts=echo.parts,
            buttons=echo.buttons,
            platform_id=echo.platform_id,
            now=now,
        )
        work.announce(conversation_topic(conversation.id), "message", message=message.id, seq=message.seq)
        work.announce(DESK, "message", conversation=conversation.id)
        return message
