"""The turns table: what the bot understood of each customer message, and what it did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ports import Tried, Understanding
from gateway.storage import tables
from gateway.storage.gathering import Gathering
from gateway.storage.lists import as_json
from gateway.storage.queries import Query

_column = tables.turns.c
TEXTS_HELD = 5
"""So many of a conversation's newest texts are looked back at."""
_TEXTS = Query(
    select(_column.text)
    .where(_column.conversation_id == bindparam("conversation"))
    .order_by(_column.id.desc())
    .limit(TEXTS_HELD)
)
_TEXTS_OF_MANY = text(f"""
    SELECT asked.id, said.text
    FROM (SELECT CAST(json_array_elements_text(CAST(:conversations AS json)) AS bigint) AS id) AS asked
    CROSS JOIN LATERAL (
        SELECT turns.id, turns.text FROM turns WHERE turns.conversation_id = asked.id
        ORDER BY turns.id DESC LIMIT {TEXTS_HELD}
    ) AS said
    ORDER BY asked.id, said.id DESC
""")  # noqa: S608 — a number of ours
"""The same of many conversations, for PostgreSQL: there each statement is a way over the network and back."""


class Turns:
    """One row a turn in which the bot had words to understand."""

    def __init__(self, connection: AsyncConnection, gathering: Gathering) -> None:
        self._connection = connection
        self._gathering = gathering
        self._texts: dict[int, list[str]] = {}

    async def hold(self, conversation_ids: Iterable[int]) -> None:
        """Read the newest texts of these conversations together and keep them."""
        wanted = sorted(set(conversation_ids))
        if not wanted:
            return
        self._texts |= {one: [] for one in wanted}
        if self._connection.dialect.name == "postgresql":
            rows = await self._connection.execute(_TEXTS_OF_MANY, {"conversations": as_json(wanted)})
            for conversation_id, said in rows:
                self._texts[conversation_id].append(said)
        else:
            found = await self._gathering.ask(*((_TEXTS, {"conversation": one}) for one in wanted))
            self._texts |= {one: [said for (said,) in rows] for one, rows in zip(wanted, found, strict=True)}

    def add(
        self, *, conversation_id: int, message_id: int, understanding: Understanding, did: str, now: datetime
    ) -> None:
        """Note what was understood and done."""
        best = understanding.best
        if conversation_id in self._texts:
            self._texts[conversation_id].insert(0, understanding.text)
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

    async def texts(self, conversation_id: int) -> list[str]:
        """The newest `TEXTS_HELD` texts that were understood in a conversation, newest first."""
        if conversation_id not in self._texts:
            await self.hold([conversation_id])
        return self._texts[conversation_id][:TEXTS_HELD]

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
