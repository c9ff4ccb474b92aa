"""The turns table: what the bot understood of each customer message, and what it did."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ports import Tried, Understanding
from gateway.storage import tables
from gateway.storage.gathering import Gathering

_column = tables.turns.c


class Turns:
    """One row a turn in which the bot had words to understand."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering) -> None:
        self._connection = connection
        self._gathering = gathering

    def add(
        self, *, conversation_id: int, message_id: int, understanding: Understanding, did: str, now: datetime
    ) -> None:
        """Note what was understood and done."""
        best = understanding.best
        self._gathering.insert(
            tables.turns,
            {
                "conversation_id": conversation_id,
                "message_id": message_id,
                "text": understanding.text,
                "intent": best.intent if best else None,
                "confidence": best.confidence if best else 0.0,
                "did": did,
                "understanding": msgspec.json.encode(understanding).decode(),
                "created_at": now,
            },
        )

    async def texts(self, conversation_id: int, limit: int) -> list[str]:
        """The newest `limit` texts that were understood in a conversation, newest first."""
        newest = select(_column.text).where(_column.conversation_id == conversation_id)
        return list((await self._connection.scalars(newest.order_by(_column.id.desc()).limit(limit))).all())

    async def of(self, conversation_id: int, limit: int = 20) -> list[tuple[Tried, Understanding]]:
        """The newest `limit` turns of a conversation, oldest first."""
        result = await self._connection.execute(
            select(tables.turns)
            .where(_column.conversation_id == conversation_id)
            .order_by(_column.id.desc())
            .limit(limit)
        )
        return [
            (
                Tried(text=row.text, intent=row.intent, confidence=row.confidence, did=row.did),
                msgspec.json.decode(row.understanding, type=Understanding),
            )
            for row in reversed(result.all())
        ]
