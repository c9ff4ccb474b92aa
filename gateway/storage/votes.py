"""Votes in the database: which answers customers say helped them, one row an answer somebody voted on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import cast

from gateway.messages import Author
from gateway.storage import tables
from gateway.storage.dialect import upsert
from gateway.storage.schema import Id, Instant, metadata

votes = Table(
    "votes",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id"), primary_key=True, autoincrement=False),
    Column("article", String(64), nullable=False),
    Column("helped", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_votes_created", "created_at"),
)
"""`message_id` is the customer's message that was answered: the question, or the press that chose the article."""

_vote = votes.c
_message = tables.messages.c


class Votes:
    """The `votes` table, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def cast(self, *, contact_id: int, message_id: int, helped: bool, now: datetime) -> bool:
        """Whether this changed anything: not where the vote stands already, nor where the contact wrote no such
        message, nor where no article answered it."""
        article = await self._article(contact_id, message_id)
        if article is None:
            return False
        before = await self._connection.scalar(select(_vote.helped).where(_vote.message_id == message_id))
        if before is helped:
            return False
        row = {"article": article, "helped": helped, "created_at": now}
        await self._connection.execute(
            upsert(self._connection, votes)
            .values(message_id=message_id, **row)
            .on_conflict_do_update(index_elements=["message_id"], set_=row)
        )
        return True

    async def counts(self, since: datetime, until: datetime | None = None) -> Mapping[str, tuple[int, int]]:
        """(helped, did not help) of each article voted on from `since` on and before `until`, by its id."""
        helped = func.sum(cast(_vote.helped, Integer))
        query = select(_vote.article, helped, func.count()).where(_vote.created_at >= since)
        if until is not None:
            query = query.where(_vote.created_at < until)
        found = await self._connection.execute(query.group_by(_vote.article))
        return {article: (int(yes), int(total) - int(yes)) for article, yes, total in found}

    async def _article(self, contact_id: int, message_id: int) -> str | None:
        """The article that answered a message of the contact's; None where there is none."""
        said = tables.messages.alias()
        conversation = tables.conversations.c
        query = (
            select(said.c.article)
            .select_from(said)
            .join(tables.messages, _message.conversation_id == said.c.conversation_id)
            .join(tables.conversations, conversation.id == said.c.conversation_id)
            .where(
                _message.id == message_id,
                conversation.contact_id == contact_id,
                said.c.seq > _message.seq,
                said.c.author == Author.BOT,
                said.c.article.is_not(None),
            )
            .order_by(said.c.seq)
            .limit(1)
        )
        return await self._connection.scalar(query)
