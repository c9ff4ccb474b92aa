"""A visitor's thread in the database: the messages of all their conversations on one channel.

Only messages that went over this channel belong to it: a contact's Telegram messages, and notes, are
none of a browser's business, even where a person is known to be the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bots.webchat import cursor as cursors
from bots.webchat.cursor import Cursor
from gateway.messages import Direction, Message, Value
from gateway.storage import tables
from gateway.storage.messages import to_message

_message = tables.messages.c
_conversation = tables.conversations.c


class Seen(Value, frozen=True, kw_only=True):
    """A visible message and the `seq` of the visible one before it in its conversation (0: none)."""

    message: Message
    prev: int


class Stretch(Value, frozen=True, kw_only=True):
    """Messages in order, the cursor of whoever holds them, and whether more lie beyond its far end."""

    seen: tuple[Seen, ...]
    cursor: dict[int, int]
    more: bool = False


class Threads:
    """Reads threads. A thread is ordered by message id, which agrees with `seq` in each conversation."""

    def __init__(self, connection: AsyncConnection, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    async def newest(self, contact_id: int, limit: int) -> Stretch:
        """The last `limit` messages; `more` says that there are older ones."""
        # The conversations first: what is committed between the two looks then comes as news, and
        # cannot be skipped by a cursor that is ahead of the messages.
        tops = await self._tops(contact_id)
        found, more = await self._last(self._among(tops), limit)
        return Stretch(seen=await self._seen(found), cursor=cursors.merge(tops, _ends(found)), more=more)

    async def before(self, contact_id: int, message_id: int, limit: int) -> Stretch:
        """The `limit` messages before `message_id`; the cursor is empty, for nothing new was read."""
        tops = await self._tops(contact_id)
        found, more = await self._last(self._among(tops).where(_message.id < message_id), limit)
        return Stretch(seen=await self._seen(found), cursor={}, more=more)

    async def after(self, contact_id: int, cursor: Cursor, limit: int) -> Stretch:
        """Up to `limit` messages that `cursor` does not hold; `more` says that others follow them."""
        tops = await self._tops(contact_id)
        # A cursor ahead of us comes from before a restored backup: what is new then must still arrive.
        held = {key: min(cursor.get(key, 0), top) for key, top in tops.items()}
        grown = [(key, seq) for key, seq in held.items() if tops[key] > seq]
        if not grown:
            return Stretch(seen=(), cursor=held)
        missing = or_(*(and_(_message.conversation_id == key, _message.seq > seq) for key, seq in grown))
        found = await self._messages(self._visible().where(missing).order_by(_message.id + 0).limit(limit + 1))
        more = len(found) > limit
        found = found[:limit]
        reached = _ends(found) if more else cursors.merge(tops, _ends(found))
        return Stretch(seen=await self._seen(found), cursor=cursors.merge(held, reached), more=more)

    async def shows_file(self, contact_id: int, ref: str) -> bool:
        """Whether some message to or from the visitor carries the file; `ref` is ``file:<uuid>``."""
        tops = await self._tops(contact_id)
        named = _message.parts.contains(f'"ref":"{ref}"', autoescape=True)
        return bool(await self._messages(self._among(tops).where(named).limit(1)))

    async def _last(self, query: Select[Any], limit: int) -> tuple[list[Message], bool]:
        """The last `limit` of `query`, oldest first, and whether there were more."""
        found = await self._messages(query.order_by((_message.id + 0).desc()).limit(limit + 1))
        return found[:limit][::-1], len(found) > limit

    async def _tops(self, contact_id: int) -> dict[int, int]:
        """The contact's newest conversations with their last sequence numbers."""
        result = await self._connection.execute(
            select(_conversation.id, _conversation.last_seq)
            .where(_conversation.contact_id == contact_id)
            .order_by(_conversation.id.desc())
            .limit(cursors.MAX_CONVERSATIONS)
        )
        return {row.id: row.last_seq for row in result}

    def _visible(self) -> Select[Any]:
        return select(tables.messages).where(_message.channel == self._channel, _message.direction != Direction.NOTE)

    def _among(self, conversations: Iterable[int]) -> Select[Any]:
        # Callers sort by `id + 0`: sorting by the bare key tempts SQLite to walk the whole table
        # backwards instead of asking the index for these few conversations.
        return self._visible().where(_message.conversation_id.in_(list(conversations)))

    async def _messages(self, query: Select[Any]) -> list[Message]:
        return [to_message(row) for row in await self._connection.execute(query)]

    async def _seen(self, messages: Sequence[Message]) -> tuple[Seen, ...]:
        """`messages` with their predecessors. They are a whole stretch of each conversation, so only
        the first of each has its predecessor elsewhere."""
        last: dict[int, int] = {}
        seen = []
        for message in messages:
            if message.conversation_id not in last:
                last[message.conversation_id] = await self._previous(message)
            seen.append(Seen(message=message, prev=last[message.conversation_id]))
            last[message.conversation_id] = message.seq
        return tuple(seen)

    async def _previous(self, message: Message) -> int:
        query = self._visible().where(_message.conversation_id == message.conversation_id, _message.seq < message.seq)
        result = await self._connection.execute(
            query.with_only_columns(_message.seq).order_by(_message.seq.desc()).limit(1)
        )
        return result.scalar_one_or_none() or 0


def _ends(messages: Iterable[Message]) -> dict[int, int]:
    """The last `seq` of each conversation in `messages`, which are in order."""
    return {message.conversation_id: message.seq for message in messages}
