"""A visitor's thread in the database: the messages of all their conversations on one channel.

Only messages that went over this channel belong to it: a contact's Telegram messages, and notes, are
none of a browser's business, even where a person is known to be the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bots.webchat import cursor as cursors
from bots.webchat.cursor import Cursor
from gateway.messages import Direction, Message, Value, plain_text
from gateway.storage import tables
from gateway.storage.messages import from_columns

CHARACTERS = 64 * 1024
"""What messages read together may hold, beside a single longer one: a reader who takes nothing costs a batch."""

_message = tables.messages.c
_conversation = tables.conversations.c
_identity = tables.identities.c


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
    """Reads threads by the visitor's address. A thread is ordered by message id, which agrees with `seq`
    in each conversation."""

    def __init__(self, connection: AsyncConnection, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    async def newest(self, address: str, limit: int) -> Stretch:
        """The last `limit` messages; `more` says that there are older ones."""
        # The conversations first: what is committed between the two looks then comes as news, and
        # cannot be skipped by a cursor that is ahead of the messages.
        tops = await self._tops(address)
        if not tops:
            return Stretch(seen=(), cursor={})
        seen, more = await self._last(self._among(tops), limit)
        return Stretch(seen=seen, cursor=cursors.merge(tops, _ends(seen)), more=more)

    async def before(self, address: str, message_id: int, limit: int) -> Stretch:
        """The `limit` messages before `message_id`; the cursor is empty, for nothing new was read."""
        tops = await self._tops(address)
        seen, more = await self._last(self._among(tops).where(_message.id < message_id), limit)
        return Stretch(seen=seen, cursor={}, more=more)

    async def after(self, address: str, cursor: Cursor, limit: int) -> Stretch:
        """Up to `limit` messages that `cursor` does not hold; `more` says that others follow them."""
        tops = await self._tops(address)
        # A cursor ahead of us comes from before a restored backup: what is new then must still arrive.
        held = {key: min(cursor.get(key, 0), top) for key, top in tops.items()}
        grown = [(key, seq) for key, seq in held.items() if tops[key] > seq]
        if not grown:
            return Stretch(seen=(), cursor=held)
        ahead = await self._missing(grown, limit + 1)
        seen = _fitting(ahead[:limit])
        more = len(ahead) > len(seen)
        reached = _ends(seen) if more else cursors.merge(tops, _ends(seen))
        return Stretch(seen=seen, cursor=cursors.merge(held, reached), more=more)

    async def shows_file(self, address: str, ref: str) -> bool:
        """Whether some message to or from the visitor carries the file; `ref` is ``file:<uuid>``."""
        tops = await self._tops(address)
        named = _message.parts.contains(f'"ref":"{ref}"', autoescape=True)
        return bool(await self._seen(self._among(tops).where(named).limit(1)))

    async def totals(self, addresses: Iterable[str]) -> dict[str, int]:
        """How many messages the conversations of each address hold, notes too; nobody's are left out."""
        result = await self._connection.execute(
            select(_identity.address, func.sum(_conversation.last_seq))
            .join(tables.conversations, _conversation.contact_id == _identity.contact_id)
            .where(_identity.channel == self._channel, _identity.address.in_(list(addresses)))
            .group_by(_identity.address)
        )
        return {address: int(total) for address, total in result}

    async def _tops(self, address: str) -> dict[int, int]:
        """The visitor's newest conversations with their last sequence numbers."""
        result = await self._connection.execute(_tops(), {"channel": self._channel, "address": address})
        return {row.id: row.last_seq for row in result}

    async def _missing(self, grown: Sequence[tuple[int, int]], limit: int) -> tuple[Seen, ...]:
        """The first messages after these (conversation, seq)."""
        # Statements of a few sizes are made once; the last pair fills the rest.
        size = next(size for size in _SIZES if size >= len(grown))
        filled = [*grown, *[grown[-1]] * (size - len(grown))]
        values = {
            f"{name}{number}": value
            for number, pair in enumerate(filled)
            for name, value in zip("cs", pair, strict=True)
        }
        return await self._seen(_missing(size), {"limit": limit, **values})

    async def _last(self, query: Select[Any], limit: int) -> tuple[tuple[Seen, ...], bool]:
        """The last `limit` of `query`, oldest first, and whether there were more."""
        behind = await self._seen(query.order_by((_message.id + 0).desc()).limit(limit + 1))
        seen = _fitting(behind[:limit])
        return seen[::-1], len(behind) > len(seen)

    def _among(self, conversations: Iterable[int]) -> Select[Any]:
        # Callers sort by `id + 0`: sorting by the bare key tempts SQLite to walk the whole table
        # backwards instead of asking the index for these few conversations.
        return _visible().where(_message.conversation_id.in_(list(conversations)))

    async def _seen(self, query: Select[Any], values: dict[str, Any] | None = None) -> tuple[Seen, ...]:
        rows = await self._connection.execute(query, {"channel": self._channel, **(values or {})})
        return tuple(_to_seen(dict(row._mapping)) for row in rows)


def _to_seen(columns: dict[str, Any]) -> Seen:
    prev = columns.pop("prev") or 0
    return Seen(message=from_columns(columns), prev=prev)


_SIZES = (1, 4, 16, cursors.MAX_CONVERSATIONS)


@cache
def _tops() -> Select[Any]:
    return (
        select(_conversation.id, _conversation.last_seq)
        .join(tables.identities, _conversation.contact_id == _identity.contact_id)
        .where(_identity.channel == bindparam("channel"), _identity.address == bindparam("address"))
        .order_by(_conversation.id.desc())
        .limit(cursors.MAX_CONVERSATIONS)
    )


@cache
def _missing(size: int) -> Select[Any]:
    """What follows `size` pairs of conversation and `seq` (``c0``, ``s0``, …), the first ``limit`` of it."""
    pairs = [
        and_(_message.conversation_id == bindparam(f"c{number}"), _message.seq > bindparam(f"s{number}"))
        for number in range(size)
    ]
    return _visible().where(or_(*pairs)).order_by(_message.id + 0).limit(bindparam("limit"))


@cache
def _visible() -> Select[Any]:
    """Messages that the visitors of ``channel`` may see, each with the `seq` of the one before it."""
    earlier = tables.messages.alias("earlier").c
    prev = (
        select(earlier.seq)
        .where(earlier.conversation_id == _message.conversation_id, earlier.seq < _message.seq, *_shown(earlier))
        .order_by(earlier.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(tables.messages, prev.label("prev")).where(*_shown(_message))


def _shown(columns: Any) -> tuple[ColumnElement[bool], ...]:
    return (columns.channel == bindparam("channel"), columns.direction != Direction.NOTE)


def _fitting(seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """The first of `seen` that go into one frame, at least one."""
    size = 0
    for number, item in enumerate(seen):
        size += len(plain_text(item.message.parts))
        if size > CHARACTERS and number > 0:
            return seen[:number]
    return seen


def _ends(seen: Iterable[Seen]) -> dict[int, int]:
    """The last `seq` of each conversation in `seen`, which are in order."""
    return {item.message.conversation_id: item.message.seq for item in seen}
