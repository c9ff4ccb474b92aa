"""What is kept of agents: when they were seen, how far they read, what they were writing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import case, delete, func, select, update

from gateway.conversations import State
from gateway.messages import Value
from gateway.storage import tables as spine
from gateway.storage.dialect import upsert
from gateway.storage.work import Work
from handoff.storage import tables

_read = tables.reads.c
_draft = tables.drafts.c
_presence = tables.presence.c


class Draft(Value, frozen=True, kw_only=True):
    """Words an agent has begun and not sent; `note` where they were to be a private note."""

    text: str
    note: bool = False


class AgentTable:
    """Presence, read positions and drafts."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def seen(self, agent_id: int, now: datetime) -> None:
        """The agent is at the desk."""
        await self._connection.execute(
            upsert(self._connection, tables.presence)
            .values(agent_id=agent_id, seen_at=now)
            .on_conflict_do_update(index_elements=["agent_id"], set_={"seen_at": now})
        )

    async def left(self, agent_id: int) -> None:
        """The agent closed the desk."""
        await self._connection.execute(delete(tables.presence).where(_presence.agent_id == agent_id))

    async def online(self, since: datetime) -> list[int]:
        """Agents seen at `since` or later."""
        query = select(_presence.agent_id).where(_presence.seen_at >= since).order_by(_presence.agent_id)
        return list((await self._connection.execute(query)).scalars())

    async def loads(self, agent_ids: Iterable[int]) -> dict[int, int]:
        """How many conversations each of these agents holds now; agents without any are 0."""
        ids = list(agent_ids)
        conversations = spine.conversations.c
        query = (
            select(conversations.agent_id, func.count())
            .where(conversations.state == State.AGENT, conversations.agent_id.in_(ids))
            .group_by(conversations.agent_id)
        )
        found = {agent_id: int(count) for agent_id, count in await self._connection.execute(query)}
        return {agent_id: found.get(agent_id, 0) for agent_id in ids}

    async def held(self, agent_id: int) -> list[int]:
        """The conversations that this agent holds, in the order in which they are locked."""
        conversations = spine.conversations.c
        query = (
            select(conversations.id)
            .where(conversations.state == State.AGENT, conversations.agent_id == agent_id)
            .order_by(conversations.id)
        )
        return list((await self._connection.execute(query)).scalars())

    async def holders(self) -> list[int]:
        """Everybody who holds a conversation."""
        conversations = spine.conversations.c
        query = select(conversations.agent_id).where(
            conversations.state == State.AGENT, conversations.agent_id.is_not(None)
        )
        return sorted(set((await self._connection.execute(query.distinct())).scalars()))

    async def mark_read(self, conversation_id: int, agent_id: int, seq: int) -> None:
        """The agent has seen everything up to `seq`; a read position never goes back."""
        statement = upsert(self._connection, tables.reads).values(
            conversation_id=conversation_id, agent_id=agent_id, seq=seq
        )
        further = case((_read.seq > statement.excluded.seq, _read.seq), else_=statement.excluded.seq)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["conversation_id", "agent_id"], set_={"seq": further})
        )

    async def mark_said(self, conversation_id: int, agent_id: int, key: str, message_id: int) -> None:
        """The agent's screen knows the message it had said as `key`; the last one of a conversation is kept."""
        await self._connection.execute(
            update(tables.reads)
            .where(_read.conversation_id == conversation_id, _read.agent_id == agent_id)
            .values(said_key=key, said_id=message_id)
        )

    async def said(self, conversation_id: int, agent_id: int, key: str) -> int | None:
        """The message that was said here as `key`, where it was the agent's last."""
        query = select(_read.said_id).where(
            _read.conversation_id == conversation_id, _read.agent_id == agent_id, _read.said_key == key
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def save_draft(self, conversation_id: int, agent_id: int, draft: Draft, now: datetime) -> None:
        """Keep a draft; an empty one is forgotten."""
        if not draft.text.strip():
            await self._connection.execute(
                delete(tables.drafts).where(_draft.conversation_id == conversation_id, _draft.agent_id == agent_id)
            )
            return
        kept = {"text": draft.text, "note": draft.note, "updated_at": now}
        await self._connection.execute(
            upsert(self._connection, tables.drafts)
            .values(conversation_id=conversation_id, agent_id=agent_id, **kept)
            .on_conflict_do_update(index_elements=["conversation_id", "agent_id"], set_=kept)
        )

    async def move_drafts(self, source: int, target: int) -> None:
        """What agents had begun to write in one conversation stands in another from now on, where they have
        begun nothing there."""
        there = select(_draft.agent_id).where(_draft.conversation_id == target)
        await self._connection.execute(
            update(tables.drafts)
            .where(_draft.conversation_id == source, _draft.agent_id.not_in(there))
            .values(conversation_id=target)
        )

    async def draft(self, conversation_id: int, agent_id: int) -> Draft:
        """The draft, empty where there is none."""
        query = select(_draft.text, _draft.note).where(
            _draft.conversation_id == conversation_id, _draft.agent_id == agent_id
        )
        row = (await self._connection.execute(query)).one_or_none()
        return Draft(text="") if row is None else Draft(text=row.text, note=row.note)
