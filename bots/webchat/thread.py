"""A visitor's thread as frames: what sockets and polls send, and the receipts that come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bots.webchat import cursor as cursors
from bots.webchat.cursor import Cursor
from bots.webchat.storage import Seen, Stretch, Threads
from bots.webchat.tokens import Visitor, VisitorTokens
from bots.webchat.wire import Batch, MessageFrame, message_frame
from gateway.contacts import Identity
from gateway.errors import NotFound
from gateway.live import DESK, conversation_topic
from gateway.ports import Clock
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.work import Work

BATCH = 50
READS_AT_ONCE = 8
READS_AT_ONCE_SQLITE = 3
"""When all visitors come back at once they queue here, where nobody loses patience, and leave connections to
the database for everybody else."""


class ThreadReader:
    """Reads threads for visitors, and notes how far they got."""

    def __init__(self, database: Database, tokens: VisitorTokens, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock
        self._turnstile = asyncio.Semaphore(READS_AT_ONCE_SQLITE if database.is_sqlite else READS_AT_ONCE)

    async def newest(self, visitor: Visitor) -> Batch:
        """The end of the thread, as a snapshot. Raises StorageUnavailable."""
        async with self._turnstile, self._database.read() as work:
            stretch = await Threads(work.connection, visitor.channel).newest(visitor.id, BATCH)
            return Batch(
                messages=await self._frames(work, visitor, stretch.seen),
                cursor=cursors.encode(stretch.cursor),
                snapshot=True,
                earlier=stretch.more,
            )

    async def before(self, visitor: Visitor, message_id: int) -> Batch:
        """Older messages, for who scrolls up. Raises StorageUnavailable."""
        async with self._turnstile, self._database.read() as work:
            stretch = await Threads(work.connection, visitor.channel).before(visitor.id, message_id, BATCH)
            return Batch(messages=await self._frames(work, visitor, stretch.seen), cursor="", earlier=stretch.more)

    async def after(self, visitor: Visitor, cursor: Cursor) -> tuple[Batch, Stretch]:
        """What `cursor` does not hold, oldest first, at most `BATCH`; the stretch says if more follows."""
        async with self._turnstile, self._database.read() as work:
            stretch = await Threads(work.connection, visitor.channel).after(visitor.id, cursor, BATCH)
            frames = await self._frames(work, visitor, stretch.seen) if stretch.seen else []
            return Batch(messages=frames, cursor=cursors.encode(stretch.cursor)), stretch

    async def reached(self, visitor: Visitor, cursor: Cursor, state: DeliveryState) -> None:
        """Note that the visitor's screen holds (or showed) everything up to `cursor`.

        Pairs of `cursor` that are no conversation of this visitor are passed over.
        """
        async with self._database.write() as work:
            identity = await find_identity(work, visitor)
            if identity is None:
                return
            own = {conversation.id for conversation in await work.conversations.of_contact(identity.contact_id)}
            for conversation_id in own & cursor.keys():
                seq = cursor[conversation_id]
                if await work.deliveries.reached(visitor.channel, conversation_id, seq, state, self._clock()):
                    work.announce(conversation_topic(conversation_id), "delivery", seq=seq)
                    work.announce(DESK, "delivery", conversation=conversation_id)

    async def _frames(self, work: Work, visitor: Visitor, seen: Iterable[Seen]) -> list[MessageFrame]:
        seen = list(seen)
        names = await _agent_names(work, {item.message.agent_id for item in seen})
        return [
            message_frame(
                item.message,
                prev=item.prev,
                link=lambda file_id: self.link(visitor, file_id),
                name=names.get(item.message.agent_id),
            )
            for item in seen
        ]

    def link(self, visitor: Visitor, file_id: str) -> str:
        """Where `visitor` loads the file: an address without the gateway's own name."""
        key = self._tokens.file_key(visitor.channel, visitor.id, file_id)
        return f"/channels/{visitor.channel}/files/{file_id}?token={key}"


async def find_identity(work: Work, visitor: Visitor) -> Identity | None:
    """The visitor's identity; None while they have said nothing."""
    key = (visitor.channel, visitor.id)
    return (await work.contacts.find([key])).get(key)


async def _agent_names(work: Work, agent_ids: set[int | None]) -> dict[int | None, str]:
    names: dict[int | None, str] = {}
    for agent_id in agent_ids - {None}:
        try:
            names[agent_id] = (await work.staff.get(agent_id or 0)).name
        except NotFound:
            continue
    return names
