"""What a mail channel remembers: how far each mailbox was read, and the threads it writes in.

`mail_places` has one row a mailbox, `mail_threads` the newest threads of each correspondent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Column, Index, Select, String, Table, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bots.mail.wire.outbound import Thread
from gateway.channels import Send
from gateway.messages import Author, Direction, Message, Value
from gateway.storage import tables
from gateway.storage.deliveries import IS_OPEN, DeliveryState
from gateway.storage.dialect import upsert
from gateway.storage.messages import to_message
from gateway.storage.schema import Instant, Json, metadata

THREADS = 20
"""Threads of one address that are remembered."""

mail_places = Table(
    "mail_places",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("mailbox", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

mail_threads = Table(
    "mail_threads",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("root", String(64), primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("chain", Json, nullable=False),
    Column("subject", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_mail_threads_newest", "channel", "address", "updated_at"),
)

_place = mail_places.c
_thread = mail_threads.c
_chain = msgspec.json.Decoder(tuple[str, ...])


class Place(Value, frozen=True, kw_only=True):
    """How far a mailbox was read: all up to `last_uid` while it has this `uidvalidity` (RFC 9051, 2.3.1.1), last
    looked at when it was `seen_at`."""

    uidvalidity: int
    last_uid: int
    seen_at: datetime


class MailTables:
    """One channel's memory, within the caller's transaction."""

    def __init__(self, connection: AsyncConnection, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    # --- the mailbox -------------------------------------------------------------------------

    async def place(self, mailbox: str) -> Place | None:
        """How far `mailbox` was read; None where never."""
        found = await self._connection.execute(
            select(_place.uidvalidity, _place.last_uid, _place.seen_at).where(
                _place.channel == self._channel, _place.mailbox == mailbox
            )
        )
        row = found.one_or_none()
        return None if row is None else Place(**row._mapping)

    async def set_place(self, mailbox: str, place: Place) -> None:
        """Remember how far `mailbox` was read."""
        fields = {name: getattr(place, name) for name in Place.__struct_fields__}
        await self._connection.execute(
            upsert(self._connection, mail_places)
            .values(channel=self._channel, mailbox=mailbox, **fields)
            .on_conflict_do_update(index_elements=["channel", "mailbox"], set_=fields)
        )

    async def taken(self, ids: Iterable[str]) -> set[str]:
        """Those of these dedupe ids that the inbox has."""
        found = await self._connection.execute(
            select(tables.inbox.c.platform_id).where(
                tables.inbox.c.channel == self._channel, tables.inbox.c.platform_id.in_(list(ids))
            )
        )
        return set(found.scalars())

    # --- threads -----------------------------------------------------------------------------

    async def note_thread(self, address: str, thread: Thread, now: datetime) -> None:
        """Remember `thread`, whose last mail just came from `address`."""
        fields = {
            "message_id": thread.message_id or "",
            "chain": msgspec.json.encode(thread.references).decode(),
            "subject": thread.subject,
            "updated_at": now,
        }
        # Strangers choose ids, and an index takes no long ones.
        root = hashlib.sha256(next(iter(thread.references), thread.message_id or "").encode()).hexdigest()
        await self._connection.execute(
            upsert(self._connection, mail_threads)
            .values(channel=self._channel, address=address, root=root, **fields)
            .on_conflict_do_update(index_elements=["channel", "address", "root"], set_=fields)
        )
        theirs = (_thread.channel == self._channel, _thread.address == address)
        eldest = (
            select(_thread.updated_at).where(*theirs).order_by(_thread.updated_at.desc()).offset(THREADS - 1).limit(1)
        )
        await self._connection.execute(
            delete(mail_threads).where(*theirs, _thread.updated_at < eldest.scalar_subquery())
        )

    async def thread(self, send: Send) -> Thread | None:
        """The thread that `send` belongs to: that of the mail it answers, else the newest with its address."""
        found = await self._connection.execute(
            select(_thread.message_id, _thread.chain, _thread.subject)
            .where(_thread.channel == self._channel, _thread.address == send.address)
            .order_by(_thread.updated_at.desc())
            .limit(THREADS)
        )
        threads = [
            Thread(message_id=row.message_id or None, references=_chain.decode(row.chain), subject=row.subject)
            for row in found
        ]
        answered = send.reply_to or await self._taken_as(send.inbox)
        named = (one for one in threads if answered and answered in (one.message_id, *one.references))
        return next(named, None) or next(iter(threads), None)

    async def _taken_as(self, inbox: int | None) -> str | None:
        """The Message-ID of the mail whose turn said it."""
        if inbox is None:
            return None
        found = await self._connection.execute(
            select(tables.inbox.c.platform_id).where(
                tables.inbox.c.id == inbox, tables.inbox.c.channel == self._channel
            )
        )
        return found.scalar_one_or_none()

    # --- what the spine knows ----------------------------------------------------------------

    async def heard(self, message_id: str) -> Message | None:
        """The customer's message that came as the mail `message_id`."""
        found = await self._connection.execute(
            select(tables.messages)
            .where(
                tables.messages.c.channel == self._channel,
                tables.messages.c.platform_id == message_id,
                tables.messages.c.direction == Direction.INBOUND,
            )
            .limit(1)
        )
        row = found.one_or_none()
        return None if row is None else to_message(row)

    async def language(self, address: str) -> tuple[str | None, str | None]:
        """The language of the person at `address`, and their name there."""
        found = await self._connection.execute(
            select(tables.contacts.c.language, tables.identities.c.name)
            .join(tables.identities, tables.identities.c.contact_id == tables.contacts.c.id)
            .where(tables.identities.c.channel == self._channel, tables.identities.c.address == address)
        )
        row = found.one_or_none()
        return (None, None) if row is None else (row.language, row.name)

    async def written_to(self, message_id: str, own_id: Callable[[Send], str]) -> str | None:
        """Whom we wrote the mail `message_id` to, also where that is not recorded yet; None where we never did.
        `own_id` gives the Message-ID of a send."""
        delivery = tables.deliveries.c
        ours = select(delivery.send).where(delivery.channel == self._channel)
        # In this order: what is recorded between the two looks is found by the second.
        under_way = await self._sends(ours.where(delivery.state == DeliveryState.SENDING, IS_OPEN))
        recorded = await self._sends(ours.where(delivery.platform_id == message_id).limit(1))
        found = [send for send in under_way if own_id(send) == message_id] + recorded
        return found[0].address if found else None

    async def _sends(self, query: Select[str]) -> list[Send]:
        stored = await self._connection.execute(query)
        return [msgspec.json.decode(send, type=Send) for send in stored.scalars()]

    async def answers(self, address: str, now: datetime) -> int:
        """What the bot said to `address` on this channel within the hour before `now`."""
        said = tables.messages.c
        conversations = (
            select(tables.conversations.c.id)
            .join(tables.identities, tables.identities.c.contact_id == tables.conversations.c.contact_id)
            .where(tables.identities.c.channel == self._channel, tables.identities.c.address == address)
        )
        found = await self._connection.execute(
            select(func.count())
            .select_from(tables.messages)
            .where(
                said.conversation_id.in_(conversations),
                said.channel == self._channel,
                said.direction == Direction.OUTBOUND,
                said.author == Author.BOT,
                said.created_at > now - timedelta(hours=1),
            )
        )
        return int(found.scalar_one())
