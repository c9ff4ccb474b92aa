"""Putting words into a conversation: what is heard, said or noted gets its place in the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.channels import Channel, Send
from gateway.conversations import Conversation
from gateway.live import DESK, address_topic, conversation_topic
from gateway.messages import Author, Direction, Inbound, Message, Outbound, Text
from gateway.ports import Clock
from gateway.processes.wakeups import OUTBOX
from gateway.rendering import Fitted, fit
from gateway.storage.deliveries import DeliveryState
from gateway.storage.work import Work
from gateway.tracing import followed_inbox


class Speaker:
    """Appends messages in the caller's transaction; what goes out becomes deliveries in the same."""

    def __init__(self, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._channels = channels
        self._clock = clock

    def reaches(self, conversation: Conversation) -> bool:
        """Whether the channel the customer last wrote in is still configured; else nothing can be said."""
        return conversation.channel in self._channels

    async def hear(self, work: Work, conversation: Conversation, inbound: Inbound, channel: str) -> Message:
        """Append what the customer said."""
        now = self._clock()
        replied = None
        if inbound.reply_to:
            replied = await work.messages.by_platform_id(channel, conversation.id, inbound.reply_to)
        message = await work.messages.add(
            conversation_id=conversation.id,
            seq=await work.conversations.next_seq(conversation.id, now),
            direction=Direction.INBOUND,
            author=Author.CONTACT,
            channel=channel,
            parts=inbound.parts,
            platform_id=inbound.platform_id,
            reply_to=replied.id if replied else None,
            now=now,
        )
        self._announce(work, conversation, message)
        return message

    async def say(self, work: Work, conversation: Conversation, *outbounds: Outbound) -> list[Message]:
        """Append what we say and queue its sends; its buttons become the offers now open.

        The reply goes where the customer last wrote, which is the conversation's identity.
        """
        said = []
        offers: tuple[object, ...] = ()
        for outbound in outbounds:
            fitted = fit(outbound, self._channels[conversation.channel].capabilities)
            said.append(await self._say_one(work, conversation, outbound, fitted))
            offers = fitted.offers or offers
        work.conversations.change(conversation.id, offers=offers)
        return said

    async def note(self, work: Work, conversation: Conversation, agent_id: int | None, text: str) -> Message:
        """Append a private note that only agents see; without an agent it is the gateway's own."""
        now = self._clock()
        message = await work.messages.add(
            conversation_id=conversation.id,
            seq=await work.conversations.next_seq(conversation.id, now),
            direction=Direction.NOTE,
            author=Author.AGENT if agent_id is not None else Author.SYSTEM,
            agent_id=agent_id,
            channel=conversation.channel,
            parts=(Text(text=text),),
            now=now,
        )
        self._announce(work, conversation, message)
        return message

    async def _say_one(self, work: Work, conversation: Conversation, outbound: Outbound, fitted: Fitted) -> Message:
        now = self._clock()
        message = await work.messages.add(
            conversation_id=conversation.id,
            seq=await work.conversations.next_seq(conversation.id, now),
            direction=Direction.OUTBOUND,
            author=outbound.author,
            agent_id=outbound.agent_id,
            channel=conversation.channel,
            parts=outbound.parts,
            buttons=outbound.buttons,
            reply_to=outbound.reply_to,
            article=outbound.article,
            now=now,
        )
        stored = self._channels[conversation.channel].capabilities.stored
        work.deliveries.add(
            conversation_id=conversation.id,
            message_id=message.id,
            channel=conversation.channel,
            sends=await self._sends(work, conversation, message, fitted),
            author=outbound.author,
            state=DeliveryState.SENT if stored else DeliveryState.QUEUED,
            now=now,
        )
        if stored:
            # The platform is our own database, and so is its name for the message.
            work.messages.set_platform_id(message.id, str(message.id))
        else:
            work.announce(OUTBOX, "queued")
        self._announce(work, conversation, message)
        return message

    async def _sends(self, work: Work, conversation: Conversation, message: Message, fitted: Fitted) -> Sequence[Send]:
        replied = await work.messages.get(message.reply_to) if message.reply_to else None
        # A messenger knows its own names of messages only; this one may have come over another.
        known = replied.platform_id if replied and replied.channel == conversation.channel else None
        last = len(fitted.parts) - 1
        return [
            Send(
                address=conversation.address,
                part=part,
                key=f"{message.id}.{index}",
                buttons=fitted.buttons if index == last else (),
                reply_to=known if index == 0 else None,
                inbox=followed_inbox(),
                author=message.author,
            )
            for index, part in enumerate(fitted.parts)
        ]

    def _announce(self, work: Work, conversation: Conversation, message: Message) -> None:
        work.announce(conversation_topic(message.conversation_id), "message", message=message.id, seq=message.seq)
        work.announce(DESK, "message", conversation=message.conversation_id)
        if message.direction is not Direction.NOTE:
            work.announce(address_topic(conversation.channel, conversation.address), "message", message=message.id)
