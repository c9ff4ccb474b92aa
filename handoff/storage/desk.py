"""The desk's lists in a fixed number of queries, however many conversations there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, case, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.conversations import Conversation, State
from gateway.errors import NotFound
from gateway.messages import Author, Direction, Message, Value
from gateway.storage import tables as spine
from gateway.storage.conversations import conversation_columns, to_conversation
from gateway.storage.messages import to_message
from gateway.storage.work import Work
from handoff.callbacks import ACTIVE as CALLBACK_ACTIVE
from handoff.callbacks import CallbackState
from handoff.handoffs import HandoffState
from handoff.queue import ANGRY, HEAD_START
from handoff.storage import tables
from handoff.storage.finding import found, found_closed

_conversation = spine.conversations.c
_contact = spine.contacts.c
_identity = spine.identities.c
_message = spine.messages.c


class Listed(Value, frozen=True, kw_only=True):
    """A conversation with what a list shows of its people."""

    conversation: Conversation
    contact_name: str | None
    contact_phone: str | None
    contact_email: str | None
    identity_name: str | None
    agent_name: str | None


class Unread(Value, frozen=True, kw_only=True):
    """How many customer messages somebody has not seen, and since when the customer waits for an answer."""

    count: int = 0
    since: datetime | None = None


class Counts(Value, frozen=True, kw_only=True):
    """The figures on the desk's tabs."""

    mine: int
    queue: int
    due: int
    booked: int


class DeskQueries:
    """Reads for lists; nothing here changes a row."""

    def __init__(self, work: Work) -> None:
        self._connection: AsyncConnection = work.connection

    async def conversations(
        self, where: Sequence[ColumnElement[bool]], order: Sequence[Any], limit: int
    ) -> list[Listed]:
        """Conversations under conditions on them, in order."""
        query = (
            select(
                *conversation_columns(),
                _contact.name.label("contact_name"),
                _contact.phone.label("contact_phone"),
                _contact.email.label("contact_email"),
                _identity.name.label("identity_name"),
                spine.staff.c.name.label("agent_name"),
            )
            .join(spine.identities, _identity.id == _conversation.identity_id)
            .join(spine.contacts, _contact.id == _conversation.contact_id)
            .outerjoin(spine.staff, spine.staff.c.id == _conversation.agent_id)
            .where(*where)
            .order_by(*order)
            .limit(limit)
        )
        return [_to_listed(row) for row in await self._connection.execute(query)]

    async def one(self, conversation_id: int) -> list[Listed]:
        """The conversation, as a list of one or none."""
        return await self.conversations([_conversation.id == conversation_id], [_conversation.id], 1)

    async def mine(self, agent_id: int, words: str, limit: int) -> list[Listed]:
        """What the agent holds."""
        where = [_conversation.state == State.AGENT, _conversation.agent_id == agent_id]
        return await self.conversations([*where, *found(words)], [_conversation.updated_at.desc()], limit)

    async def queued(self, words: str, limit: int) -> list[Listed]:
        """What waits for anybody, in the order of `queue.in_order`."""
        where = [_conversation.state == State.QUEUED, *found(words)]
        handoff = tables.handoffs.c
        ahead = case((handoff.anger >= ANGRY, handoff.anger * (HEAD_START // timedelta(microseconds=1))), else_=0)
        since = (
            select(type_coerce(handoff.since, BigInteger) - ahead)
            .where(handoff.conversation_id == _conversation.id, handoff.state == HandoffState.WAITING)
            .scalar_subquery()
        )
        return await self.conversations(where, [since, _conversation.id], limit)

    async def open(self, words: str, limit: int) -> list[Listed]:
        """Everything that is not closed."""
        where = [_conversation.state != State.CLOSED, *found(words)]
        return await self.conversations(where, [_conversation.updated_at.desc(), _conversation.id.desc()], limit)

    async def closed(self, words: str, limit: int, *, earliest: datetime | None = None) -> list[Listed]:
        """What was closed, what changed last first: in the order of the index, of which little is read so.

        What was said is looked for in what changed at `earliest` or later, see `reach`.
        """
        where = [_conversation.state == State.CLOSED, *found_closed(words, earliest, limit)]
        return await self.conversations(where, [_conversation.updated_at.desc(), _conversation.id.desc()], limit)

    async def reach(self, closed: int) -> datetime | None:
        """When the earliest of the newest `closed` closed conversations changed; None where there are no more."""
        query = (
            select(_conversation.updated_at)
            .where(_conversation.state == State.CLOSED)
            .order_by(_conversation.updated_at.desc())
            .offset(closed - 1)
            .limit(2)
        )
        times = list((await self._connection.execute(query)).scalars())
        return times[0] if len(times) > 1 else None

    async def with_calls(self, words: str, limit: int) -> list[Listed]:
        """Conversations in which a call is still to be made, the soonest first."""
        callback = tables.callbacks.c
        active = callback.state.in_(CALLBACK_ACTIVE)
        soonest = (
            select(func.min(callback.starts_at))
            .where(callback.conversation_id == _conversation.id, active)
            .scalar_subquery()
        )
        where = [_conversation.id.in_(select(callback.conversation_id).where(active)), *found(words)]
        return await self.conversations(where, [soonest, _conversation.id], limit)

    async def unread(self, conversation_ids: Iterable[int], agent_id: int) -> dict[int, Unread]:
        """Unread and unanswered customer messages by conversation, as `agent_id` sees them."""
        ids = list(conversation_ids)
        answered = (
            select(_message.conversation_id, func.max(_message.seq).label("seq"))
            .where(
                _message.conversation_id.in_(ids),
                _message.direction == Direction.OUTBOUND,
                _message.author == Author.AGENT,
            )
            .group_by(_message.conversation_id)
            .subquery()
        )
        reads = tables.reads.c
        unseen = _message.seq > func.coalesce(reads.seq, 0)
        unanswered = _message.seq > func.coalesce(answered.c.seq, 0)
        query = (
            select(
                _message.conversation_id,
                func.count(case((unseen, 1))).label("count"),
                func.min(case((unanswered, _message.created_at))).label("since"),
            )
            .outerjoin(
                tables.reads, and_(reads.conversation_id == _message.conversation_id, reads.agent_id == agent_id)
            )
            .outerjoin(answered, answered.c.conversation_id == _message.conversation_id)
            .where(_message.conversation_id.in_(ids), _message.direction == Direction.INBOUND)
            .group_by(_message.conversation_id)
        )
        rows = await self._connection.execute(query)
        return {row.conversation_id: Unread(count=row._mapping["count"], since=row.since) for row in rows}

    async def counts(self, agent_id: int) -> Counts:
        """The figures on the tabs, in two small queries."""
        mine = and_(_conversation.state == State.AGENT, _conversation.agent_id == agent_id)
        held = (
            await self._connection.execute(
                select(
                    func.count(case((mine, 1))).label("mine"),
                    func.count(case((_conversation.state == State.QUEUED, 1))).label("queue"),
                ).where(_conversation.state.in_((State.AGENT, State.QUEUED)))
            )
        ).one()
        callbacks = tables.callbacks.c
        calls = (
            await self._connection.execute(
                select(
                    func.count(case((callbacks.state == CallbackState.DUE, 1))).label("due"),
                    func.count(case((callbacks.state == CallbackState.BOOKED, 1))).label("booked"),
                ).where(callbacks.state.in_(CALLBACK_ACTIVE))
            )
        ).one()
        return Counts(mine=held.mine, queue=held.queue, due=calls.due, booked=calls.booked)

    async def staff_names(self, staff_ids: Iterable[int]) -> dict[int, str]:
        """Names by number, of people who left as well."""
        query = select(spine.staff.c.id, spine.staff.c.name).where(spine.staff.c.id.in_(set(staff_ids)))
        return {row.id: row.name for row in await self._connection.execute(query)}

    async def contact_names(self, contact_ids: Iterable[int]) -> dict[int, str | None]:
        """Names by contact."""
        query = select(_contact.id, _contact.name).where(_contact.id.in_(set(contact_ids)))
        return {row.id: row.name for row in await self._connection.execute(query)}

    async def first_words(self, conversation_ids: Iterable[int]) -> dict[int, Message]:
        """What each conversation began with."""
        first = (
            select(func.min(_message.id))
            .where(_message.conversation_id.in_(list(conversation_ids)), _message.direction == Direction.INBOUND)
            .group_by(_message.conversation_id)
        )
        rows = await self._connection.execute(select(spine.messages).where(_message.id.in_(first)))
        return {row.conversation_id: to_message(row) for row in rows}

    async def conversation_of_delivery(self, delivery_id: int) -> tuple[int, int]:
        """(conversation, message) of a delivery. Raises NotFound."""
        column = spine.deliveries.c
        query = select(column.conversation_id, column.message_id).where(column.id == delivery_id)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"delivery {delivery_id}")
        return row.conversation_id, row.message_id


def _to_listed(row: Row[*tuple[Any, ...]]) -> Listed:
    return Listed(
        conversation=to_conversation(row),
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        contact_email=row.contact_email,
        identity_name=row.identity_name,
        agent_name=row.agent_name,
    )
