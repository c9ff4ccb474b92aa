"""Messages in the database: append, and read a stretch of a transcript."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.messages import Author, Button, Direction, Message, Part, decode_parts, encode_parts
from gateway.storage import tables

_column = tables.messages.c
_buttons = msgspec.json.Decoder(tuple[Button, ...])


class Messages:
    """What was said, ordered by `seq` within a conversation."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        conversation_id: int,
        seq: int,
        direction: Direction,
        author: Author,
        channel: str,
        parts: tuple[Part, ...],
        now: datetime,
        buttons: tuple[Button, ...] = (),
        agent_id: int | None = None,
        platform_id: str | None = None,
        reply_to: int | None = None,
        article: str | None = None,
    ) -> Message:
        """Append one message under a `seq` from `Conversations.next_seq`."""
        result = await self._connection.execute(
            insert(tables.messages)
            .values(
                conversation_id=conversation_id,
                seq=seq,
                direction=direction,
                author=author,
                channel=channel,
                parts=encode_parts(parts),
                buttons=msgspec.json.encode(buttons).decode(),
                agent_id=agent_id,
                platform_id=platform_id,
                reply_to=reply_to,
                article=article,
                created_at=now,
            )
            .returning(tables.messages)
        )
        return to_message(result.one())

    async def get(self, message_id: int) -> Message:
        """The message. Raises NotFound."""
        row = (await self._connection.execute(select(tables.messages).where(_column.id == message_id))).one_or_none()
        if row is None:
            raise NotFound(f"message {message_id}")
        return to_message(row)

    async def by_platform_id(self, channel: str, conversation_id: int, platform_id: str) -> Message | None:
        """The newest message known to the platform under `platform_id` in this conversation."""
        result = await self._connection.execute(
            select(tables.messages)
            .where(
                _column.channel == channel,
                _column.platform_id == platform_id,
                _column.conversation_id == conversation_id,
            )
            .order_by(_column.id.desc())
            .limit(1)
        )
        row = result.one_or_none()
        return None if row is None else to_message(row)

    async def after(self, conversation_id: int, seq: int, limit: int = 200, *, notes: bool = True) -> list[Message]:
        """Messages with a larger `seq`, oldest first."""
        query = (
            select(tables.messages)
            .where(_column.conversation_id == conversation_id, _column.seq > seq)
            .order_by(_column.seq)
            .limit(limit)
        )
        if not notes:
            query = query.where(_column.direction != Direction.NOTE)
        return [to_message(row) for row in await self._connection.execute(query)]

    async def before(
        self, conversation_id: int, seq: int | None = None, limit: int = 50, *, notes: bool = True
    ) -> list[Message]:
        """The last `limit` messages with a smaller `seq` (None: the newest), oldest first."""
        query = select(tables.messages).where(_column.conversation_id == conversation_id)
        if seq is not None:
            query = query.where(_column.seq < seq)
        if not notes:
            query = query.where(_column.direction != Direction.NOTE)
        result = await self._connection.execute(query.order_by(_column.seq.desc()).limit(limit))
        return [to_message(row) for row in reversed(result.all())]

    async def last_of(self, conversation_ids: Iterable[int]) -> dict[int, Message]:
        """The newest message that is not a note, for each conversation."""
        # Ids grow with seq inside one conversation: its row lock orders the inserts.
        query = (
            select(func.max(_column.id))
            .where(_column.conversation_id.in_(list(conversation_ids)), _column.direction != Direction.NOTE)
            .group_by(_column.conversation_id)
        )
        result = await self._connection.execute(select(tables.messages).where(_column.id.in_(query)))
        return {row.conversation_id: to_message(row) for row in result}

    async def set_platform_id(self, message_id: int, platform_id: str) -> None:
        """Remember under which id the platform knows an outbound message."""
        await self._connection.execute(
            update(tables.messages).where(_column.id == message_id).values(platform_id=platform_id)
        )


def to_message(row: Row[Any]) -> Message:
    """A row of the messages table as a value."""
    values = dict(row._mapping)
    values["direction"] = Direction(row.direction)
    values["author"] = Author(row.author)
    values["parts"] = decode_parts(row.parts)
    values["buttons"] = _buttons.decode(row.buttons)
    return Message(**values)
