"""What reports are counted from. Each statement reads the rows of its time and nothing before.

Numbers grow with time, so where a time begins is found by halving the numbers, and no index is needed that
every message would have to be put into.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Table, case, func, select, text, type_coerce

from gateway.messages import Author, Value
from gateway.ports import Reason
from gateway.storage import tables as spine
from gateway.storage.schema import from_number
from gateway.storage.work import Work
from handoff.callbacks import CallbackState
from handoff.storage import tables

SLICE = timedelta(minutes=15)
"""Days begin at a quarter of an hour in every zone there is, so quarters are counted and put into days after."""
MOST = 50_000
"""Handoffs that are looked at one by one, the newest."""
AHEAD = timedelta(days=61)
"""How long before its window a call may have been booked."""
_DISORDER = 1_000
"""Rows that may stand before others although they are younger: transactions do not end as they begin."""

_conversation = spine.conversations.c
_message = spine.messages.c
_handoff = tables.handoffs.c
_callback = tables.callbacks.c


class Begun(Value, frozen=True, kw_only=True):
    """How many conversations began in the quarter of an hour from `at` on, in a channel."""

    at: datetime
    channel: str
    count: int


class Outcomes(Value, frozen=True, kw_only=True):
    """What became of conversations, each counted once: a call was booked, else a person had it, else the bot
    answered, else nothing was answered (a greeting, say)."""

    callback: int = 0
    person: int = 0
    bot: int = 0
    other: int = 0


class Asked(Value, frozen=True, kw_only=True):
    """How many answers the bot gave, and how many questions it did not know."""

    answered: int = 0
    unknown: int = 0


class Handled(Value, frozen=True, kw_only=True):
    """One move to people: when it began, when somebody took it, wrote first, and ended it."""

    begun: datetime
    reason: str | None
    agent: int | None
    claimed: datetime | None
    replied: datetime | None
    closed: datetime | None


class Calls(Value, frozen=True, kw_only=True):
    """Booked calls whose time came; missed are those that nobody made in time, or that reached nobody."""

    kept: int = 0
    missed: int = 0
    cancelled: int = 0
    open: int = 0


class ReportTable:
    """Counts inside one read."""

    def __init__(self, work: Work, start: datetime, end: datetime) -> None:
        self._connection = work.connection
        self._start = start
        self._end = end

    async def begun(self) -> list[Begun]:
        """Conversations by when they began and where the customer last wrote."""
        width = int(SLICE / timedelta(microseconds=1))
        slices = (type_coerce(_conversation.created_at, BigInteger) // width).label("slice")
        channel = spine.identities.c.channel
        query = (
            select(slices, channel, func.count())
            .join(spine.identities, spine.identities.c.id == _conversation.identity_id)
            .where(await self._within(spine.conversations, self._start))
            .group_by(slices, channel)
        )
        return [
            Begun(at=from_number(int(number) * width), channel=name, count=count)
            for number, name, count in await self._connection.execute(query)
        ]

    async def outcomes(self) -> Outcomes:
        """What became of the conversations that began in the time."""
        called = select(_callback.id).where(_callback.conversation_id == _conversation.id).exists()
        moved = (
            select(_handoff.id)
            .where(_handoff.conversation_id == _conversation.id, _handoff.claimed_by.is_not(None))
            .exists()
        )
        answered = (
            select(_message.id)
            .where(
                _message.conversation_id == _conversation.id,
                _message.article.is_not(None),
                _message.author == Author.BOT,
            )
            .exists()
        )
        kind = case((called, "callback"), (moved, "person"), (answered, "bot"), else_="other").label("kind")
        each = select(kind).where(await self._within(spine.conversations, self._start)).subquery()
        rows = await self._connection.execute(select(each.c.kind, func.count()).group_by(each.c.kind))
        return Outcomes(**{name: int(count) for name, count in rows})

    async def asked(self) -> Asked:
        """What the bot knew, and what not. All from indexes that hold such rows alone.

        An agent may send an article as well: those are few, and counted off.
        """
        said = select(func.count()).where(
            _message.article.is_not(None), _message.created_at >= self._start, _message.created_at < self._end
        )
        by_agents = said.where(_message.agent_id.is_not(None))
        turn = spine.turns.c
        missed = select(func.count()).where(
            text("turns.did in ('unknown', 'clarify', 'handover')"),
            turn.created_at >= self._start,
            turn.created_at < self._end,
            turn.did != "handover",
        )
        gave_up = select(func.count()).where(
            await self._within(tables.handoffs, self._start), _handoff.reason == Reason.NOT_UNDERSTOOD
        )
        answered, others, unknown, more = [
            int((await self._connection.execute(query)).scalar_one()) for query in (said, by_agents, missed, gave_up)
        ]
        return Asked(answered=answered - others, unknown=unknown + more)

    async def handled(self) -> list[Handled]:
        """Moves to people that began in the time, newest first."""
        replied = (
            select(func.min(_message.created_at))
            .where(
                _message.conversation_id == _handoff.conversation_id,
                _message.author == Author.AGENT,
                _message.direction == "outbound",
                _message.created_at >= _handoff.created_at,
                # Words after its end are the answer to another move of the same conversation.
                _handoff.closed_at.is_(None) | (_message.created_at <= _handoff.closed_at),
            )
            .scalar_subquery()
        )
        query = (
            select(
                _handoff.created_at, _handoff.reason, _handoff.claimed_by, _handoff.claimed_at, replied,
                _handoff.closed_at,
            )
            .where(await self._within(tables.handoffs, self._start))
            .order_by(_handoff.id.desc())
            .limit(MOST)
        )  # fmt: skip
        return [
            Handled(begun=begun, reason=reason, agent=agent, claimed=claimed, replied=first, closed=closed)
            for begun, reason, agent, claimed, first, closed in await self._connection.execute(query)
        ]

    async def calls(self, now: datetime) -> Calls:
        """Calls whose window began in the time."""
        missed = (
            (_callback.state == CallbackState.FAILED)
            | _callback.overdue
            | (_callback.state.in_((CallbackState.BOOKED, CallbackState.DUE)) & (_callback.ends_at < now))
        )
        kind = case(
            (_callback.state == CallbackState.DONE, "kept"),
            (_callback.state == CallbackState.CANCELLED, "cancelled"),
            (missed, "missed"),
            else_="open",
        ).label("kind")
        first = await self._first(tables.callbacks, self._start - AHEAD)
        each = (
            select(kind)
            .where(_callback.id >= first, _callback.starts_at >= self._start, _callback.starts_at < self._end)
            .subquery()
        )
        rows = await self._connection.execute(select(each.c.kind, func.count()).group_by(each.c.kind))
        return Calls(**{name: int(count) for name, count in rows})

    async def ratings(self) -> dict[int, tuple[int, float]]:
        """For each agent how many customers rated them in the time, and the mean."""
        rating = tables.ratings.c
        first = await self._first(spine.conversations, self._start - AHEAD)
        query = (
            select(rating.agent_id, func.count(), func.avg(rating.score))
            .where(
                rating.conversation_id >= first,
                rating.agent_id.is_not(None),
                rating.created_at >= self._start,
                rating.created_at < self._end,
            )
            .group_by(rating.agent_id)
        )
        return {agent: (int(count), float(mean)) for agent, count, mean in await self._connection.execute(query)}

    async def names(self, agents: Sequence[int]) -> dict[int, str]:
        """What these are called."""
        query = select(spine.staff.c.id, spine.staff.c.name).where(spine.staff.c.id.in_(list(agents)))
        return {row.id: row.name for row in await self._connection.execute(query)}

    # --- where a time begins -----------------------------------------------------------------

    async def _within(self, table: Table, start: datetime) -> ColumnElement[bool]:
        first = await self._first(table, start)
        return (table.c.id >= first) & (table.c.created_at >= start) & (table.c.created_at < self._end)

    async def _first(self, table: Table, moment: datetime) -> int:
        """A number before which every row of `table` is older than `moment`."""
        low, high = (await self._connection.execute(select(func.min(table.c.id), func.max(table.c.id)))).one()
        if low is None:
            return 0
        high += 1
        while low < high:
            middle = (low + high) // 2
            query = select(table.c.id, table.c.created_at).where(table.c.id >= middle).order_by(table.c.id).limit(1)
            row = (await self._connection.execute(query)).first()
            if row is None or row.created_at >= moment:
                high = middle
            else:
                low = row.id + 1
        return int(low) - _DISORDER
