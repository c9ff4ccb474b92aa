"""Messages in the database: append, and read a stretch of a transcript."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.messages import Author, Button, Direction, Message, Part, decode_parts, encode_parts
from gateway.storage import tables
from gateway.storage.gathering import Gathering

_column = tables.messages.c
_encoder = msgspec.json.Encoder()
_buttons = msgspec.json.Decoder(tuple[Button, ...])


class Messages:
    """What was said, ordered by `seq` within a conversation."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering) -> None:
        self._connection = connection
        self._gathering = gathering
        self._added: dict[int, Message] = {}

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
        message = Message(
            id=await self._gathering.reserve(tables.messages),
            conversation_id=conversation_id,
            seq=seq,
            direction=direction,
            author=author,
            channel=channel,
            parts=parts,
            buttons=buttons,
            agent_id=agent_id,
            platform_id=platform_id,
            reply_to=reply_to,
            article=article,
            created_at=now,
        )
        self._gathering.insert(tables.messages, _to_row(message))
        self._added[message.id] = message
        return message

    async def get(self, message_id: int) -> Message:
        """The message. Raises NotFound."""
        added = self._added.get(message_id)
        if added is not None:
            return added
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

    def set_platform_id(self, message_id: int, platform_id: str) -> None:
        """Remember under which id the platform knows an outbound message."""
        if message_id in self._added:
            self._added[message_id] = msgspec.structs.replace(self._added[message_id], platform_id=platform_id)
        self._gathering.update(tables.messages, message_id, {"platform_id": platform_id})


def _to_row(message: Message) -> dict[str, Any]:
    row = {name: getattr(message, name) for name in message.__struct_fields__}
    row["parts"] = encode_parts(message.parts)
    row["buttons"] = _encoder.encode(message.buttons).decode()
    return row


def to_message(row: Row[Any]) -> Message:
    """A row of the messages table as a value."""
    return from_columns(dict(row._mapping))


def from_columns(values: dict[str, Any]) -> Message:
    """The columns of the messages table, by name, as a value; `values` is used up."""
    values["direction"] = Direction(values["direction"])
    values["author"] = Author(values["author"])
    values["parts"] = decode_parts(values["parts"])
    values["buttons"] = _buttons.decode(values["buttons"])
    return Message(**values)
