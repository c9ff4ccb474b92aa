"""What tests of sending share: words in a conversation, what became of them, and a platform that takes its time."""

from __future__ import annotations

import asyncio

from gateway.channels import Send
from gateway.contacts import Identity
from gateway.conversations import Conversation
from gateway.messages import Outbound, Text
from gateway.settings import Outbox
from gateway.steps import Watch, unwatched
from gateway.storage.deliveries import Delivery
from gateway.storage.engine import Database
from tests.fakes import FakeChannel
from tests.gateway.spine import Spine


def spine_of(
    database: Database, clock, channel: FakeChannel | None = None, watch: Watch = unwatched, **outbox: object
) -> Spine:
    return Spine(database, clock, known={}, actions={}, channel=channel, outbox=Outbox(**outbox), watch=watch)


async def say(spine: Spine, *texts: str, address: str = "7", channel: str = "shop") -> Conversation:
    """Queue `texts` in the address's conversation."""
    async with spine.database.write() as work:
        identity: Identity = await work.contacts.meet(channel, address, spine.clock())
        conversation = await work.conversations.open_of(identity.contact_id)
        conversation = conversation or await work.conversations.add(identity=identity, language=None, now=spine.clock())
        await spine.speaker.say(work, conversation, *(Outbound(parts=(Text(text=text),)) for text in texts))
    return conversation


async def conversation_of(spine: Spine, address: str, channel: str = "shop") -> Conversation:
    """The newest conversation of who writes from there."""
    async with spine.database.read() as view:
        identity = (await view.contacts.find([(channel, address)]))[channel, address]
        conversation = await view.conversations.latest_of(identity.contact_id)
    assert conversation is not None
    return conversation


async def deliveries_of(spine: Spine, conversation: Conversation) -> list[Delivery]:
    async with spine.database.read() as view:
        messages = await view.messages.after(conversation.id, 0)
        found = await view.deliveries.of_messages([message.id for message in messages])
    return [delivery for message in messages for delivery in found.get(message.id, ())]


class Held(FakeChannel):
    """A platform that takes until told to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()
        self.begun = asyncio.Event()

    async def send(self, send: Send) -> str | None:
        self.begun.set()
        await self.answer.wait()
        return await super().send(send)
