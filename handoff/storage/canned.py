"""Agents' canned texts in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from gateway.errors import Conflict, NotFound
from gateway.storage.dialect import upsert
from gateway.storage.work import Work
from handoff.canned import Canned, Overtaken
from handoff.storage import tables

_column = tables.canned.c


class CannedTable:
    """Canned texts by shortcut."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def all(self) -> list[Canned]:
        """All of them, the most used first."""
        query = select(tables.canned).order_by(_column.used.desc(), _column.shortcut)
        return [_to_canned(row) for row in await self._connection.execute(query)]

    async def get(self, canned_id: int) -> Canned:
        """The text. Raises NotFound."""
        row = (await self._connection.execute(select(tables.canned).where(_column.id == canned_id))).one_or_none()
        if row is None:
            raise NotFound(f"canned text {canned_id}")
        return _to_canned(row)

    async def save(self, canned: Canned, now: datetime, seen: str | None = None) -> Canned:
        """Keep a new text (`id` 0) or a changed one. Raises Conflict where the shortcut is taken, and Overtaken
        where the text is no more as it was `seen` (its `mark`)."""
        if canned.id and seen:
            theirs = await self.get(canned.id)
            if theirs.mark not in (seen, canned.mark):
                raise Overtaken(theirs)
        query = select(_column.id).where(_column.shortcut == canned.shortcut, _column.id != canned.id)
        if (await self._connection.execute(query)).scalar_one_or_none() is not None:
            raise Conflict(f"/{canned.shortcut} is already taken")
        values = {"shortcut": canned.shortcut, "texts": _encode(canned.texts), "updated_at": now}
        statement = (
            update(tables.canned).where(_column.id == canned.id).values(**values)
            if canned.id
            else insert(tables.canned).values(**values)
        )
        row = (await self._connection.execute(statement.returning(tables.canned))).one_or_none()
        if row is None:
            raise NotFound(f"canned text {canned.id}")
        return _to_canned(row)

    async def add_missing(self, texts: dict[str, dict[str, str]], now: datetime) -> None:
        """Add those shortcuts of `texts` that are not there yet."""
        for shortcut, languages in texts.items():
            await self._connection.execute(
                upsert(self._connection, tables.canned)
                .values(shortcut=shortcut, texts=_encode(languages), updated_at=now)
                .on_conflict_do_nothing(index_elements=["shortcut"])
            )

    async def delete(self, canned_id: int) -> None:
        """Forget a text."""
        await self._connection.execute(delete(tables.canned).where(_column.id == canned_id))

    async def count_use(self, shortcut: str) -> None:
        """Somebody sent it."""
        await self._connection.execute(
            update(tables.canned).where(_column.shortcut == shortcut).values(used=_column.used + 1)
        )


def _encode(texts: dict[str, str]) -> str:
    return msgspec.json.encode(texts).decode()


def _to_canned(row: Row[Any]) -> Canned:
    return Canned(
        id=row.id,
        shortcut=row.shortcut,
        texts=msgspec.json.decode(row.texts, type=dict[str, str]),
        used=row.used,
    )
