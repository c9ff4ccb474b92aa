"""The deliveries table: each row is one send, leased by one sender at a time, in order per conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.channels import Send
from gateway.messages import Author, Value
from gateway.storage import tables
from gateway.storage.gathering import Gathering
from gateway.storage.leases import COLUMNS, statements
from gateway.storage.schema import to_number

_column = tables.deliveries.c
_delivery = [_column[name] for name in COLUMNS]
_send = msgspec.json.Decoder(Send)
_encoder = msgspec.json.Encoder()


class DeliveryState(StrEnum):
    """The fate of one send. `dropped`: decided by the bot before an agent took over, never sent; `moved`: it
    could not arrive there, and goes another way."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    MOVED = "moved"


IS_OPEN = text("state in ('queued', 'sending')")
"""The condition of the partial indexes, in their own words: only then does SQLite use them."""


ENDED_BADLY = text("state in ('unknown', 'failed')")


class Delivery(Value, frozen=True, kw_only=True):
    """One send and its fate; `lease` is the fencing token of whoever is sending it. `resent` says that
    an earlier try may have arrived."""

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
    created_at: datetime
    lease: str | None = None
    platform_id: str | None = None
    reason: str | None = None


class Outcome(Value, frozen=True, kw_only=True):
    """What became of a leased send: `delivery` as it was leased, and what of it is to be recorded."""

    delivery: Delivery
    state: DeliveryState
    attempts: int
    resent: bool
    due_at: datetime
    platform_id: str | None = None
    reason: str | None = None
    lost: bool = False
    """Whether it failed because nobody can be reached there: another way may be tried."""
    gone: bool = False
    """Whether nobody is there any more at all."""
    moved_to: str | None = None
    """Where the chat goes on, if the platform said so on the way."""


class Deliveries:
    """Sends on their way out."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering, *, lock_rows: bool) -> None:
        self._connection = connection
        self._gathering = gathering
        self._statements = statements(postgresql=lock_rows)
        self.queued: set[str] = set()
        """The channels on which something was queued here."""

    def add(
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
        if state is DeliveryState.QUEUED:
            self.queued.add(channel)
        for send in sends:
            self._gathering.insert(
                tables.deliveries,
                {
                    "conversation_id": conversation_id,
                    "message_id": message_id,
                    "channel": channel,
                    "send": _encoder.encode(send).decode(),
                    "author": author,
                    "state": state,
                    "due_at": now,
                    "created_at": now,
                    "updated_at": now,
                },
            )

    async def lease(self, channel: str, limit: int, lease: str, now: datetime, until: datetime) -> list[Delivery]:
        """Take up to `limit` sends that are due and first in their conversation, and mark them ours.

        A send whose lease ran out is not taken here: what may be done with it depends on the
        channel, see `expired`.
        """
        wanted = {"channel": channel, "limit": limit, "lease": lease, "now": now, "until": until}
        [rows] = await self._gathering.ask((self._statements.lease, wanted))
        return sorted(map(_to_delivery, rows), key=lambda delivery: delivery.id)

    async def settle(self, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
        """Record what became of sends; returns those that were still ours. Where a lease is gone,
        somebody else has judged the send, and it is left as it is."""
        if not outcomes:
            return set()
        rows = _encoder.encode([_settled(outcome) for outcome in outcomes]).decode()
        [settled] = await self._gathering.ask((self._statements.settle, {"rows": rows, "now": now}))
        return {number for (number,) in settled}

    async def renew(self, leased: Iterable[Delivery], until: datetime) -> set[int]:
        """Keep what is under way ours until then; returns what still is."""
        rows = _encoder.encode([{"delivery": delivery.id, "lease": delivery.lease} for delivery in leased]).decode()
        [renewed] = await self._gathering.ask((self._statements.renew, {"rows": rows, "until": until}))
        return {number for (number,) in renewed}

    async def release(self, channel: str, leases: Iterable[str], now: datetime) -> int:
        """Put back what was leased under `leases` and never begun; returns how many."""
        wanted = {"channel": channel, "leases": _encoder.encode(list(leases)).decode(), "now": now}
        [released] = await self._gathering.ask((self._statements.release, wanted))
        return len(released)

    async def expired(
        self, channel: str, now: datetime, *, ours: Iterable[int] = (), limit: int = 100
    ) -> list[Delivery]:
        """Sends whose sender died: still `sending`, lease run out, and not among `ours`, whose sender is
        the caller; locked for the caller."""
        wanted = {"channel": channel, "now": now, "limit": limit, "ours": _encoder.encode(list(ours)).decode()}
        [rows] = await self._gathering.ask((self._statements.expired, wanted))
        return [_to_delivery(row) for row in rows]

    async def end_leases(self, now: datetime) -> int:
        """Let every lease end now: whoever held one is known to be gone. Returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries).where(_column.state == DeliveryState.SENDING, IS_OPEN).values(leased_until=now)
        )
        return int(result.rowcount)

    async def give_up_others(self, channels: Iterable[str], now: datetime) -> int:
        """Fail what is queued for a channel that is none of `channels`; returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(_column.state == DeliveryState.QUEUED, IS_OPEN, _column.channel.not_in(list(channels)))
            .values(state=DeliveryState.FAILED, reason="channel is not configured any more", updated_at=now)
        )
        return int(result.rowcount)

    async def drop_bots(self, conversation_id: int, now: datetime) -> int:
        """Drop what the bot decided and nobody has begun to send; returns how many."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.conversation_id == conversation_id,
                _column.state == DeliveryState.QUEUED,
                IS_OPEN,
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

    async def receipt(
        self, channel: str, platform_id: str, state: DeliveryState, now: datetime, reason: str | None = None
    ) -> list[int]:
        """The platform says it arrived, was read, or for some `reason` came back; returns the conversations
        concerned."""
        earlier = [DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.SENDING]
        if state is DeliveryState.READ:
            earlier.append(DeliveryState.DELIVERED)
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(_column.channel == channel, _column.platform_id == platform_id, _column.state.in_(earlier))
            .values(state=state, reason=reason, updated_at=now)
            .returning(_column.conversation_id)
        )
        return list(result.scalars())

    async def may_get(self, channel: str, platform_id: str) -> bool:
        """Whether a send under way on `channel` may yet be recorded as `platform_id`: no other is."""
        on_channel = _column.channel == channel
        sending = exists().where(on_channel, _column.state == DeliveryState.SENDING, IS_OPEN)
        recorded = exists().where(on_channel, _column.platform_id == platform_id)
        return bool((await self._connection.execute(select(sending & ~recorded))).scalar_one())

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
            select(*_delivery).where(_column.message_id.in_(list(message_ids))).order_by(_column.id)
        )
        found: dict[int, list[Delivery]] = {}
        for row in result:
            found.setdefault(row.message_id, []).append(_to_delivery(row))
        return found

    async def get(self, delivery_id: int) -> Delivery | None:
        """The delivery as it is."""
        result = await self._connection.execute(select(*_delivery).where(_column.id == delivery_id))
        row = result.one_or_none()
        return None if row is None else _to_delivery(row)

    async def failed_as(self, channel: str, platform_id: str) -> list[int]:
        """Those that failed under this name of the platform's."""
        result = await self._connection.execute(
            select(_column.id).where(
                _column.channel == channel,
                _column.platform_id == platform_id,
                _column.state == DeliveryState.FAILED,
            )
        )
        return list(result.scalars())

    async def behind(self, lost: Delivery) -> list[Delivery]:
        """What was to go to the same address after `lost` and has not arrived: it waits or failed as well."""
        found: list[Delivery] = []
        for condition in (IS_OPEN, ENDED_BADLY):
            result = await self._connection.execute(
                select(*_delivery).where(
                    _column.conversation_id == lost.conversation_id,
                    _column.channel == lost.channel,
                    _column.id > lost.id,
                    _column.state.in_((DeliveryState.QUEUED, DeliveryState.FAILED)),
                    condition,
                )
            )
            found += map(_to_delivery, result)
        return sorted((one for one in found if one.send.address == lost.send.address), key=lambda one: one.id)

    async def move_on(self, delivery_ids: Iterable[int], reason: str | None, now: datetime) -> set[int]:
        """Mark sends that failed, or that nobody has begun, as going another way; returns those that were so."""
        result = await self._connection.execute(
            update(tables.deliveries)
            .where(
                _column.id.in_(list(delivery_ids)),
                _column.state.in_((DeliveryState.FAILED, DeliveryState.QUEUED)),
            )
            .values(state=DeliveryState.MOVED, reason=func.coalesce(_column.reason, reason), updated_at=now)
            .returning(_column.id)
        )
        return set(result.scalars())

    async def count(self, state: DeliveryState) -> int:
        """How many deliveries are in `state`."""
        result = await self._connection.execute(
            select(func.count()).select_from(tables.deliveries).where(_column.state == state)
        )
        return int(result.scalar_one())


def _settled(outcome: Outcome) -> dict[str, object]:
    return {
        "delivery": outcome.delivery.id,
        "lease": outcome.delivery.lease,
        "state": outcome.state,
        "attempts": outcome.attempts,
        "resent": outcome.resent,
        "due_at": to_number(outcome.due_at),
        "platform_id": outcome.platform_id,
        "reason": outcome.reason,
    }


def _to_delivery(row: Sequence[Any]) -> Delivery:
    """A row of `COLUMNS`. Taken apart by position: a sender makes thousands of these a second."""
    number, conversation_id, message_id, channel, send, author, state, *rest = row
    attempts, resent, due_at, created_at, lease, platform_id, reason = rest
    return Delivery(
        id=number,
        conversation_id=conversation_id,
        message_id=message_id,
        channel=channel,
        send=_send.decode(send),
        author=Author(author),
        state=DeliveryState(state),
        attempts=attempts,
        resent=resent,
        due_at=due_at,
        created_at=created_at,
        lease=lease,
        platform_id=platform_id,
        reason=reason,
    )
