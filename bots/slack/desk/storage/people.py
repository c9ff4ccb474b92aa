"""Who is who, and what is still to be told to whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from bots.slack.desk.storage.tables import codes, people, whispers
from gateway.messages import Value
from gateway.storage.dialect import upsert
from gateway.storage.work import Work

_person, _whisper = people.c, whispers.c


class Known(Value, frozen=True, kw_only=True):
    """Which staff account a Slack user is, and since when that is known."""

    staff_id: int
    by_code: bool
    checked_at: datetime


class Whisper(Value, frozen=True, kw_only=True):
    """Words for one person (`user`), or for all who read the thread."""

    room: str
    words: str
    ts: str | None = None
    user: str | None = None
    blocks: tuple[dict[str, Any], ...] = ()
    id: int = 0
    attempts: int = 0


class PeopleTable:
    """The Slack users that one desk knows."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def who(self, user: str) -> Known | None:
        """Which account the Slack user is."""
        query = select(_person.staff_id, _person.by_code, _person.checked_at).where(
            _person.desk == self._desk, _person.user == user
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Known(**row._mapping)

    async def meet(self, user: str, staff_id: int, now: datetime, *, by_code: bool) -> None:
        """The Slack user is that account."""
        values = {"staff_id": staff_id, "by_code": by_code, "checked_at": now}
        await self._connection.execute(
            upsert(self._connection, people)
            .values(desk=self._desk, user=user, **values)
            .on_conflict_do_update(index_elements=["desk", "user"], set_=values)
        )

    async def forget(self, user: str) -> None:
        """The Slack user is nobody we know."""
        await self._connection.execute(delete(people).where(_person.desk == self._desk, _person.user == user))


class WhisperTable:
    """What one desk still has to tell."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def add(self, whisper: Whisper, now: datetime) -> None:
        """Tell it when Slack can be reached."""
        await self._connection.execute(
            insert(whispers).values(
                desk=self._desk,
                room=whisper.room,
                ts=whisper.ts,
                user=whisper.user,
                words=whisper.words,
                blocks=msgspec.json.encode(whisper.blocks).decode(),
                created_at=now,
            )
        )

    async def all(self, limit: int) -> list[Whisper]:
        """What is still to be told, the oldest first."""
        query = select(whispers).where(_whisper.desk == self._desk).order_by(_whisper.id).limit(limit)
        return [
            Whisper(
                id=row.id,
                room=row.room,
                ts=row.ts,
                user=row.user,
                words=row.words,
                blocks=tuple(msgspec.json.decode(row.blocks)),
                attempts=row.attempts,
            )
            for row in await self._connection.execute(query)
        ]

    async def tried(self, whisper_id: int) -> None:
        """It was tried, and nobody knows whether it was told."""
        await self._connection.execute(
            update(whispers).where(_whisper.id == whisper_id).values(attempts=_whisper.attempts + 1)
        )

    async def told(self, whisper_ids: Iterable[int]) -> None:
        """It was told, or cannot be."""
        await self._connection.execute(delete(whispers).where(_whisper.id.in_(list(whisper_ids))))


class Codes:
    """Codes by which agents link their Slack account, of all desks."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def add(self, digest: str, staff_id: int, now: datetime, life: timedelta) -> None:
        """A new code in place of the account's earlier ones."""
        await self._connection.execute(delete(codes).where((codes.c.staff_id == staff_id) | (codes.c.expires_at < now)))
        await self._connection.execute(insert(codes).values(digest=digest, staff_id=staff_id, expires_at=now + life))

    async def use(self, digest: str, now: datetime) -> int | None:
        """The account of a code that is still good, which it then is no longer."""
        gone = delete(codes).where(codes.c.digest == digest, codes.c.expires_at >= now).returning(codes.c.staff_id)
        return (await self._connection.execute(gone)).scalar_one_or_none()
