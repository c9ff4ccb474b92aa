"""Another way: an answer that cannot arrive where the customer last wrote goes to another place of theirs.

Only to what is proven to be theirs or was used in this conversation, once a channel, and with a sentence that
says why they get it there. It runs as an alarm, in a transaction that holds the conversation's lock, so that
nothing is sent twice and the order stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from gateway.channels import Channel, Send
from gateway.contacts import Identity
from gateway.conversations import Conversation
from gateway.identity import ways
from gateway.live import DESK, conversation_topic
from gateway.messages import Author, Message, Outbound, Text
from gateway.people.lost import REROUTE
from gateway.people.naming import channel_word
from gateway.people.settings import People
from gateway.ports import Clock, Timer
from gateway.processes.wakeups import OUTBOX
from gateway.rendering import fit
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.storage.deliveries import Delivery, DeliveryState
from gateway.storage.used import last_inbound
from gateway.storage.work import Work
from gateway.texts import Texts

log = structlog.get_logger()


class Rerouting:
    """The alarm's handler."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        speaker: Speaker,
        texts: Texts,
        company: Company,
        policy: People,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._speaker = speaker
        self._texts = texts
        self._company = company
        self._policy = policy
        self._clock = clock
        self._order = _names_in_order(policy.order, channels)

    def handlers(self) -> Mapping[str, Callable[[Work, Timer], Awaitable[None]]]:
        """See `gateway.timers`."""
        return {REROUTE: self.reroute}

    async def reroute(self, work: Work, timer: Timer) -> None:
        """Send what failed, and what waits behind it for the same address, another way, if there is one."""
        seen = await work.deliveries.get(int(timer.payload["delivery"]))
        if seen is None:
            return
        conversation = await work.conversations.lock(seen.conversation_id)
        lost = await work.deliveries.get(seen.id)
        if lost is None or lost.state is not DeliveryState.FAILED:
            return  # an agent was faster
        await self._note_gone(work, lost, gone=bool(timer.payload.get("gone")))
        target = await self._another(work, conversation, lost) if self._policy.other_ways else None
        if target is None:
            log.info("no_other_way", delivery=lost.id, conversation=conversation.id)
            return
        behind = await work.deliveries.behind(lost)
        waiting = [one for one in behind if target.channel not in await self._tried(work, one)]
        conversation = await self._go_there(work, conversation, target, lost.channel)
        moved = await work.deliveries.move_on(
            [lost.id, *(one.id for one in waiting)], "not tried: the way before was closed", self._clock()
        )
        await self._send_again(work, conversation, target, [one for one in (lost, *waiting) if one.id in moved])
        work.announce(OUTBOX, "queued")
        work.announce(conversation_topic(conversation.id), "delivery", message=lost.message_id)
        work.announce(DESK, "delivery", conversation=conversation.id)
        log.info("rerouted", delivery=lost.id, conversation=conversation.id, channel=target.channel)

    async def _note_gone(self, work: Work, lost: Delivery, *, gone: bool) -> None:
        """Nobody is there any more: what is said next does not try it first."""
        if not gone:
            return
        key = (lost.channel, lost.send.address)
        identity = (await work.contacts.find([key])).get(key)
        if identity is not None and not identity.blocked:
            work.contacts.update_identity(identity.id, blocked=True)

    async def _another(self, work: Work, conversation: Conversation, lost: Delivery) -> Identity | None:
        if conversation.channel != lost.channel or conversation.address != lost.send.address:
            # They are answered elsewhere by now, so that is where this belongs as well, unless it was tried there.
            here = await work.contacts.identity(conversation.identity_id)
            tried = await self._tried(work, lost)
            if not here.blocked and here.channel in self._channels and here.channel not in tried:
                return here
        found = ways(
            await work.contacts.identities(conversation.contact_id),
            used=await last_inbound(work.connection, conversation.id),
            tried=await self._tried(work, lost),
            known=self._channels,
            order=self._order,
        )
        return found[0] if found else None

    async def _tried(self, work: Work, lost: Delivery) -> set[str]:
        sends = (await work.deliveries.of_messages([lost.message_id])).get(lost.message_id, [])
        return {lost.channel, *(one.channel for one in sends)}

    async def _go_there(self, work: Work, conversation: Conversation, target: Identity, before: str) -> Conversation:
        """Answer at `target` from now on; the customer is told why, once."""
        if conversation.identity_id == target.id:
            return conversation
        moved = work.conversations.answer_at(conversation, target)
        texts = self._texts.translator(conversation.language or self._company.language)
        words = texts.gettext("We could not reach you in {channel}, so we answer here.").format(
            channel=channel_word(self._channels[before].kind if before in self._channels else before, texts)
        )
        offers = moved.offers
        await self._speaker.say(work, moved, Outbound(parts=(Text(text=words),), author=Author.SYSTEM))
        work.conversations.change(moved.id, offers=offers)  # the choices are those of what follows
        return await work.conversations.get(moved.id)

    async def _send_again(
        self, work: Work, conversation: Conversation, target: Identity, lost: Sequence[Delivery]
    ) -> None:
        for message_id in dict.fromkeys(one.message_id for one in lost):
            message = await work.messages.get(message_id)
            pieces = [one for one in lost if one.message_id == message_id]
            outbound = await self._unsent(work, message, pieces)
            if self._channels[target.channel].capabilities.stored:
                # The transport is the transcript: what is to be seen there must be said there.
                await self._speaker.say(work, conversation, outbound)
                continue
            fitted = fit(outbound, self._channels[target.channel].capabilities)
            last = len(fitted.parts) - 1
            work.deliveries.add(
                conversation_id=conversation.id,
                message_id=message.id,
                channel=target.channel,
                sends=[
                    Send(
                        address=target.address,
                        part=part,
                        key=f"{message.id}.{target.id}.{index}",
                        buttons=fitted.buttons if index == last else (),
                        author=message.author,
                    )
                    for index, part in enumerate(fitted.parts)
                ],
                author=message.author,
                state=DeliveryState.QUEUED,
                now=self._clock(),
            )
            if fitted.offers and {one.payload for one in fitted.offers} == {one.payload for one in conversation.offers}:
                work.conversations.change(conversation.id, offers=fitted.offers)

    async def _unsent(self, work: Work, message: Message, pieces: Sequence[Delivery]) -> Outbound:
        """What of `message` has not arrived: all of it, or what was behind the pieces that were sent."""
        sends = (await work.deliveries.of_messages([message.id])).get(message.id, [])
        numbers = {one.id for one in pieces}
        arrived = any(one.id not in numbers and one.channel == pieces[0].channel for one in sends)
        return Outbound(
            parts=tuple(one.send.part for one in pieces) if arrived else message.parts,
            buttons=message.buttons,
            author=message.author,
            agent_id=message.agent_id,
            article=message.article,
        )


def _names_in_order(order: Sequence[str], channels: Mapping[str, Channel]) -> list[str]:
    """Names of channels for what the settings name by name or kind."""
    return [name for wanted in order for name, channel in channels.items() if wanted in (name, channel.kind)]
