"""What agents did in Slack, as it came: kept before it is acknowledged, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from bots.slack.desk.storage.tables import IS_WAITING, events
from gateway.channels import UNREADABLE, Envelope
from gateway.messages import Value
from gateway.storage.dialect import upsert
from gateway.storage.work import Work

_event = events.c


class EventState(StrEnum):
    """Where an event is."""

    WAITING = "waiting"
    DONE = "done"
    QUARANTINED = "quarantined"


class StoredEvent(Value, frozen=True, kw_only=True):
    """What an agent did, as it came. Events of one `lane` are worked off in order."""

    id: int
    platform_id: str
    lane: str
    body: bytes
    attempts: int
    received_at: datetime


class EventTable:
    """The events of one desk, in one transaction."""

    def __init__(self, work: Work, desk: str) -> None:
        self._connection = work.connection
        self._desk = desk

    async def add(self, envelopes: Sequence[Envelope], now: datetime) -> None:
        """Keep those that are new. What could not be read is kept aside."""
        for envelope in envelopes:
            unread = envelope.platform_id.startswith(UNREADABLE)
            await self._connection.execute(
                upsert(self._connection, events)
                .values(
                    desk=self._desk,
                    platform_id=envelope.platform_id,
                    lane=envelope.address,
                    body=envelope.body,
                    state=EventState.QUARANTINED if unread else EventState.WAITING,
                    due_at=now,
                    received_at=now,
                )
                .on_conflict_do_nothing(index_elements=["desk", "platform_id"])
            )

    async def waiting(self, limit: int) -> list[tuple[StoredEvent, datetime]]:
        """The oldest that wait, and when each may be tried."""
        query = select(events).where(IS_WAITING, _event.desk == self._desk).order_by(_event.id).limit(limit)
        return [(_to_event(row), row.due_at) for row in await self._connection.execute(query)]

    async def take(self, event_id: int) -> bool:
        """Mark an event as done in this transaction; false where it is done already."""
        statement = (
            update(events)
            .where(_event.id == event_id, _event.state == EventState.WAITING)
            .values(state=EventState.DONE)
        )
        return bool((await self._connection.execute(statement)).rowcount)

    async def put_off(self, event_id: int, reason: str, due_at: datetime, *, final: bool) -> None:
        """Count a failed try; `final` puts the event aside."""
        await self._connection.execute(
            update(events)
            .where(_event.id == event_id, _event.state == EventState.WAITING)
            .values(
                attempts=_event.attempts + 1,
                reason=reason,
                due_at=due_at,
                state=EventState.QUARANTINED if final else EventState.WAITING,
            )
        )

    async def get(self, event_id: int) -> StoredEvent | None:
        """An event of this desk, as long as it is kept."""
        query = select(events).where(_event.id == event_id, _event.desk == self._desk)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_event(row)

    async def forget(self, before: datetime) -> int:
        """Delete what was dealt with before `before`; how much that was."""
        gone = delete(events).where(
            _event.desk == self._desk, _event.state != EventState.WAITING, _event.received_at < before
        )
        return (await self._connection.execute(gone)).rowcount

    async def backlog(self) -> tuple[int, datetime | None, int]:
        """How many events wait, since when the oldest, and how many were put aside."""
        query = select(func.count(), func.min(_event.received_at)).where(IS_WAITING, _event.desk == self._desk)
        count, oldest = (await self._connection.execute(query)).one()
        aside = select(func.count()).where(_event.desk == self._desk, _event.state == EventState.QUARANTINED)
        return int(count), oldest, int((await self._connection.execute(aside)).scalar_one())


def _to_event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(
        **{name: getattr(row, name) for name in StoredEvent.__struct_fields__} | {"lane": row.lane or ""}
    )
