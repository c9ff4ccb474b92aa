"""What staff could be told of, and what they were told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from gateway.storage import tables as spine
from gateway.storage.dialect import if_new
from gateway.storage.work import Work
from handoff.alerts import Alert, Matter
from handoff.callbacks import CallbackState
from handoff.handoffs import HandoffState
from handoff.hours import Span
from handoff.storage import tables

AT_ONCE = 200
"""The oldest of more that wait; the others come up when those were told."""

_alert = tables.alerts.c
_handoff = tables.handoffs.c
_call = tables.callbacks.c
_name = func.coalesce(spine.contacts.c.name, spine.identities.c.name).label("name")


class AlertTable:
    """Alerts by matter, subject and since when."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def waiting(self, before: datetime) -> list[Alert]:
        """Who has waited for a person since `before` or longer and was not told of, the oldest first."""
        query = (
            select(_handoff.conversation_id, _handoff.since, spine.conversations.c.contact_id, _name)
            .join(spine.conversations, spine.conversations.c.id == _handoff.conversation_id)
            .join(spine.contacts, spine.contacts.c.id == spine.conversations.c.contact_id)
            .join(spine.identities, spine.identities.c.id == spine.conversations.c.identity_id)
            .where(_handoff.state == HandoffState.WAITING, _handoff.since <= before)
            .where(~_told(Matter.WAITING, _handoff.conversation_id, _handoff.since))
            .order_by(_handoff.since, _handoff.id)
            .limit(AT_ONCE)
        )
        return [_waiting(row) for row in await self._connection.execute(query)]

    async def calls(self, before: datetime) -> list[Alert]:
        """Calls whose window began at `before` or earlier, that nobody has tried and that were not told of."""
        query = (
            select(tables.callbacks, _name)
            .join(spine.conversations, spine.conversations.c.id == _call.conversation_id)
            .join(spine.contacts, spine.contacts.c.id == _call.contact_id)
            .join(spine.identities, spine.identities.c.id == spine.conversations.c.identity_id)
            .where(_call.state == CallbackState.DUE, _call.tries == 0, _call.starts_at <= before)
            .where(~_told(Matter.CALL, _call.id, _call.starts_at))
            .order_by(_call.starts_at, _call.id)
            .limit(AT_ONCE)
        )
        return [_called(row) for row in await self._connection.execute(query)]

    async def last(self) -> datetime | None:
        """When something was told last."""
        value: datetime | None = (await self._connection.execute(select(func.max(_alert.told_at)))).scalar_one()
        return value

    async def tell(self, alerts: Iterable[Alert], now: datetime) -> None:
        """Remember that these were told."""
        rows = [
            {"matter": alert.matter, "subject": alert.subject, "since": alert.since, "told_at": now} for alert in alerts
        ]
        await self._connection.execute(if_new(self._connection.dialect.name, tables.alerts), rows)

    async def forget(self, before: datetime) -> None:
        """Forget what was told earlier than `before`."""
        await self._connection.execute(delete(tables.alerts).where(_alert.told_at < before))


def _told(matter: Matter, subject: ColumnElement[int], since: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether that was told already."""
    return (
        select(_alert.subject).where(_alert.matter == matter, _alert.subject == subject, _alert.since == since).exists()
    )


def _waiting(row: Any) -> Alert:
    return Alert(
        matter=Matter.WAITING,
        subject=row.conversation_id,
        since=row.since,
        contact_id=row.contact_id,
        name=row.name,
    )


def _called(row: Any) -> Alert:
    return Alert(
        matter=Matter.CALL,
        subject=row.id,
        since=row.starts_at,
        contact_id=row.contact_id,
        name=row.name,
        window=Span(start=row.starts_at, end=row.ends_at),
    )
