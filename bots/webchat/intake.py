"""Taking what a widget says: checked, stamped, and acknowledged only when it is committed."""

from __future__ import annotations

import time

import structlog

from bots.webchat import cursor as cursors
from bots.webchat import wire
from bots.webchat.frames import ClientMessage, Delivered, Malformed, Read, Typing
from bots.webchat.thread import ThreadReader, find_identity
from bots.webchat.tokens import Visitor
from gateway.channels import Rate
from gateway.errors import NotFound
from gateway.inbox import Inbox
from gateway.live import Change, Live, conversation_topic
from gateway.ports import Clock
from gateway.rates import Limiter
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database

log = structlog.get_logger()

VISITOR_RATE = Rate(per_second=10_000, burst=10_000, per_address=4, address_burst=30)
"""How often one visitor may say, type or report; a widget sending its queue after an outage stays below the burst."""

Notice = ClientMessage | Typing | Delivered | Read


class Intake:
    """One for all widgets of a process. `take` is the only way in, for sockets and for HTTP."""

    def __init__(self, *, database: Database, inbox: Inbox, live: Live, reader: ThreadReader, clock: Clock) -> None:
        self._database = database
        self._inbox = inbox
        self._live = live
        self._reader = reader
        self._clock = clock
        self._limiter = Limiter(VISITOR_RATE, time.monotonic())

    def delay(self, visitor: Visitor) -> float:
        """Seconds this visitor must wait before the next notice; `take` counts it."""
        return self._limiter.delay(f"{visitor.channel}:{visitor.id}", time.monotonic())

    async def take(self, visitor: Visitor, notice: Notice) -> None:
        """Return once `notice` is dealt with; a message then is committed.

        Raises Malformed (never the widget's luck at another time), RequestRefused for a bad cursor,
        StorageUnavailable.
        """
        self._limiter.take(f"{visitor.channel}:{visitor.id}", time.monotonic())
        match notice:
            case ClientMessage():
                await self._take_message(visitor, notice)
            case Typing():
                await self._typing(visitor)
            case Delivered(cursor=text):
                await self._reader.reached(visitor, cursors.decode(text), DeliveryState.DELIVERED)
            case Read(cursor=text):
                await self._reader.reached(visitor, cursors.decode(text), DeliveryState.READ)

    async def _take_message(self, visitor: Visitor, message: ClientMessage) -> None:
        wire.check(message)
        files = await self._facts(visitor, message)
        envelope = wire.stamp(message, visitor=visitor.id, at=self._clock(), files=files)
        await self._inbox.take(visitor.channel, [envelope])
        log.info("webchat_message_taken", channel=visitor.channel, message=str(message.id))

    async def _facts(self, visitor: Visitor, message: ClientMessage) -> dict[str, wire.FileFacts]:
        """Facts about the uploads named. Raises Malformed for a file that is not this visitor's own."""
        ids = wire.file_ids(message)
        if not ids:
            return {}
        facts = {}
        async with self._database.read() as work:
            identity = await find_identity(work, visitor)
            for file_id in ids:
                try:
                    file = await work.media.get(file_id)
                except NotFound:
                    raise Malformed("unknown_file", str(message.id)) from None
                if identity is None or file.owner != owner_of(identity.id):
                    raise Malformed("unknown_file", str(message.id))
                facts[file_id] = wire.FileFacts(name=file.name, mime=file.mime, size=file.size)
        return facts

    async def _typing(self, visitor: Visitor) -> None:
        async with self._database.read() as work:
            identity = await find_identity(work, visitor)
            conversation = await work.conversations.latest_of(identity.contact_id) if identity else None
        if conversation is not None:
            topic = conversation_topic(conversation.id)
            self._live.publish([Change(topic=topic, kind="typing", ids={"author": "contact"})])


def owner_of(identity_id: int) -> str:
    """How the media store names a visitor as a file's owner."""
    return f"identity:{identity_id}"
