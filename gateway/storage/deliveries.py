"""The deliveries table: each row is one send, leased by one sender at a time, in order per conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.channels import Send
from gateway.messages import Author, Value
from gateway.storage import tables

_column = tables.deliveries.c
_send = msgspec.json.Decoder(Send)


class DeliveryState(StrEnum):
    """The fate of one send. `dropped`: decided by the bot before an agent took over, never sent."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING)


class Delivery(Value, frozen=True, kw_only=True):
    """One send and its fate; `lease` is the fencing token of whoever is sending it."""

    id: int
    conversation_id: int
    message_id: int
    channel: str
    send: Send
    author: Author
    state: DeliveryState
    attempts: int
    resent: bool
    due_at: datetime
    lease: str | None = None
    platform_id: str | None = None
    reason: str | None = None


class Deliveries:
    """Sends on their way out."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    async def add(
        self,
        *,
        conversation_id: int,
        message_id: int,
        channel: str,
        sends: Sequence[Send],
        author: Author,
        state: DeliveryState,
        now: datetime,
    ) -> None:
        """Queue `sends` (or note them as already `sent` where the database is the transport)."""
        rows = [
            {
                "conversation_id": conversation_id,
                "message_id": message_id,
                "channel": channel,
                "send": msgspec.json.encode(send).decode(),
                "author": author,
                "state": state,
                "due_at": now,
                "created_at": now,
                "updated_at": now,
            }
            for send in sends
        ]
        if rows:
            await self._connection.execute(insert(tables.deliveries), rows)

    async def lease(self, channel: str, limit: int, lease: str, now: datetime, until: datetime) -> list[Delivery]:
        """Take up to `limit` sends that are due and first in their conversation, and mark them ours.

        A send whose lease ran out is not taken here: what may be done with it depends on the
        channel, see `expired`.
        """
        earlier = tables.deliveries.alias("earlier")
        first = ~exists().where(
            earlier.c.conversation_id == _column.conversation_id,
            earlier.c.id < _column.id,
            earlier.c.state.in_(OPEN),
        )
        query = (
            select(_column.id)
            .where(_column.channel == channel, _column.state == DeliveryState.QUEUED, _column.due_at <= now, first)
            .order_by(_column.due_at, _column.id)
            .limit(limit)
        )
        if self._lock_rows:
            query = query.with_for_update(skip_locked=True)
        ids = list((await self._connection.execute(query)).scalars())
        if not ids:
            return []
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(_column.id.in_(ids), _column.state == DeliveryState.QUEUED)
            .values(
                state=DeliveryState.SENDING,
                lease=lease,
                leased_until=until,
                attempts=_column.attempts + 1,
                updated_at=now,
            )
            .returning(tables.deliveries)
        )
        return sorted((_to_delivery(row) for row in result), key=lambda delivery: delivery.id)

    async def expired(self, channel: str, now: datetime, limit: int = 100) -> list[Delivery]:
        """Sends whose sender died: still `sending`, lease run out; locked for the caller."""
        query = (
            select(tables.deliveries)
            .where(_column.channel == channel, _column.state == DeliveryState.SENDING, _column.leased_until <= now)
            .order_by(_column.id)
            .limit(limit)
        )
        if self._lock_rows:
            query = query.with_for_update(skip_locked=True)
        return [_to_delivery(row) for row in await self._connection.execute(query)]

    async def end_leases(self, now: datetime) -> int:
        """Let every lease end now: whoever held one is known to be gone. Returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries).where(_column.state == DeliveryState.SENDING).values(leased_until=now)
        )
        return int(result.rowcount)

    async def give_up_others(self, channels: Iterable[str], now: datetime) -> int:
        """Fail what is queued for a channel that is none of `channels`; returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(_column.state == DeliveryState.QUEUED, _column.channel.not_in(list(channels)))
            .values(state=DeliveryState.FAILED, reason="channel is not configured any more", updated_at=now)
        )
        return int(result.rowcount)

    async def settle(self, delivery: Delivery, now: datetime, **changes: Any) -> bool:
        """Record the outcome; False where the lease is no longer ours, and then nothing is changed."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.id == delivery.id,
                _column.state == DeliveryState.SENDING,
                _column.lease == delivery.lease,
            )
            .values(**changes, lease=None, leased_until=None, updated_at=now)
        )
        return bool(result.rowcount)

    async def drop_bots(self, conversation_id: int, now: datetime) -> int:
        """Drop what the bot decided and nobody has begun to send; returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.conversation_id == conversation_id,
                _column.state == DeliveryState.QUEUED,
                _column.author == Author.BOT,
            )
            .values(state=DeliveryState.DROPPED, updated_at=now)
        )
        return int(result.rowcount)

    async def requeue(self, delivery_id: int, now: datetime) -> bool:
        """Send again what ended `unknown` or `failed`, because a person said so."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.id == delivery_id,
                _column.state.in_((DeliveryState.UNKNOWN, DeliveryState.FAILED)),
            )
            .values(state=DeliveryState.QUEUED, due_at=now, attempts=0, reason=None, updated_at=now)
        )
        return bool(result.rowcount)

    async def receipt(self, channel: str, platform_id: str, state: DeliveryState, now: datetime) -> list[int]:
        """The platform says it arrived or was read; returns the conversations concerned."""
        earlier = [DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.SENDING]
        if state is DeliveryState.READ:
            earlier.append(DeliveryState.DELIVERED)
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(_column.channel == channel, _column.platform_id == platform_id, _column.state.in_(earlier))
            .values(state=state, updated_at=now)
            .returning(_column.conversation_id)
        )
        return list(result.scalars())

    async def reached(self, channel: str, conversation_id: int, seq: int, state: DeliveryState, now: datetime) -> int:
        """A reader on the stored `channel` has everything up to `seq`; returns how many deliveries moved on."""
        known = select(tables.messages.c.id).where(
            tables.messages.c.conversation_id == conversation_id, tables.messages.c.seq <= seq
        )
        before = (
            [DeliveryState.SENT] if state is DeliveryState.DELIVERED else [DeliveryState.SENT, DeliveryState.DELIVERED]
        )
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.channel == channel,
                _column.conversation_id == conversation_id,
                _column.message_id.in_(known),
                _column.state.in_(before),
            )
            .values(state=state, updated_at=now)
        )
        return int(result.rowcount)

    async def of_messages(self, message_ids: Iterable[int]) -> dict[int, list[Delivery]]:
        """Deliveries by message, in order."""
        result = await self._connection.execute(
            select(tables.deliveries).where(_column.message_id.in_(list(message_ids))).order_by(_column.id)
        )
        found: dict[int, list[Delivery]] = {}
        for row in result:
            found.setdefault(row.message_id, []).append(_to_delivery(row))
        return found

    async def count(self, state: DeliveryState) -> int:
        """How many deliveries are in `state`."""
        result = await self._connection.execute(
            select(func.count()).select_from(tables.deliveries).where(_column.state == state)
        )
        return int(result.scalar_one())


def _to_delivery(row: Row[Any]) -> Delivery:
    values = {name: row._mapping[name] for name in Delivery.__struct_fields__}
    values["send"] = _send.decode(row.send)
    values["author"] = Author(row.author)
    values["state"] = DeliveryState(row.state)
    return Delivery(**values)
