"""What is forgotten in time: raw bodies, then the rows that held them, and uploads nobody ever sent.

Nothing here reads what was dealt with before. Numbers grow with time, so a sweep goes through a table by
number (uploads: by time of arrival) and leaves a mark how far it came; the cost of a round is that of what
became old since the last one, however many millions of rows lie before the mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage import tables
from gateway.storage.dialect import upsert
from gateway.storage.inbox import InboxStatus
from gateway.storage.schema import from_number, to_number

BODIES, ASIDE, UPLOADS = "inbox.bodies", "inbox.quarantined", "media.unsent"
"""The names of the marks."""

STAFF_WINDOW = timedelta(hours=1)
"""An agent's file is sent in the request that uploads it; the window allows for a slow one."""

_inbox = tables.inbox.c
_media = tables.media.c


class Retention:
    """Sweeps in small transactions; each method does one batch and says how many rows it dealt with."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    # --- raw bodies --------------------------------------------------------------------------

    async def empty_bodies(self, status: InboxStatus, before: datetime, limit: int) -> int:
        """Empty the bodies of events received before `before` that are `status`; the rows stay, so that a
        repeat is still known as one."""
        name = BODIES if status is InboxStatus.DONE else ASIDE
        mark = await self._mark(name)
        if mark is None:
            return 0
        rows = await self._next(status, mark, limit)
        old = [row_id for row_id, received_at in rows if received_at < before]
        if old:
            # All up to the last: a row that claims to be from the future cannot be.
            await self._connection.execute(
                update(tables.inbox).where(_inbox.id > mark, _inbox.id <= old[-1], _is(status)).values(body=b"")
            )
            await self._set_mark(name, old[-1])
        return len(old)

    async def drop_rows(self, status: InboxStatus, before: datetime, limit: int) -> int:
        """Delete events received before `before` that are `status`: nobody will send them again."""
        newest = (await self._connection.execute(select(func.max(_inbox.id)))).scalar_one() or 0
        rows = await self._next(status, 0, limit)
        # The newest row stays: without it SQLite would begin to number from 1 again, behind the marks.
        old = [row_id for row_id, received_at in rows if received_at < before and row_id < newest]
        if old:
            await self._connection.execute(
                delete(tables.inbox).where(_inbox.id >= old[0], _inbox.id <= old[-1], _is(status))
            )
        return len(old)

    async def _next(self, status: InboxStatus, mark: int, limit: int) -> list[tuple[int, datetime]]:
        """The next (id, time of receipt) behind `mark`, up to the first event that still waits: what comes after it
        may yet be joined by it."""
        waiting = await self._connection.execute(
            select(_inbox.id).where(_is(InboxStatus.WAITING)).order_by(_inbox.id).limit(1)
        )
        first_waiting = waiting.scalar_one_or_none()
        query = select(_inbox.id, _inbox.received_at).where(_is(status), _inbox.id > mark)
        if first_waiting is not None:
            query = query.where(_inbox.id < first_waiting)
        rows = await self._connection.execute(query.order_by(_inbox.id).limit(limit))
        return [(row.id, row.received_at) for row in rows]

    # --- uploads -----------------------------------------------------------------------------

    async def unsent_uploads(self, before: datetime, limit: int) -> tuple[list[str], datetime | None]:
        """The next uploads of before `before` that no message shows, and the mark to set when their files are
        gone; (nothing, None) where there is nothing to look at. Each upload is looked at once."""
        mark = await self._mark(UPLOADS)
        if mark is None:
            return [], None
        result = await self._connection.execute(
            select(_media.id, _media.owner, _media.created_at)
            .where(_media.created_at > from_number(mark), _media.created_at < before)
            .order_by(_media.created_at, _media.id)
            .limit(limit)
        )
        unsent, seen = [], None
        for row in result.all():
            kind, _, number = row.owner.partition(":")
            if kind == "identity" and await self._has_waiting(int(number)):
                break
            if not await self._is_sent(row.id, row.created_at, kind, int(number)):
                unsent.append(row.id)
            seen = row.created_at
        return unsent, seen

    async def forget_uploads(self, file_ids: Sequence[str], mark: datetime) -> None:
        """Delete what is known of these files and go on from `mark`."""
        await self._connection.execute(delete(tables.media).where(_media.id.in_(file_ids)))
        await self._set_mark(UPLOADS, to_number(mark))

    async def _has_waiting(self, identity_id: int) -> bool:
        """Whether something of theirs still waits for its turn, and may show the file yet."""
        query = exists().where(_is(InboxStatus.WAITING), _inbox.identity_id == identity_id)
        return bool((await self._connection.execute(select(query))).scalar_one())

    async def _is_sent(self, file_id: str, uploaded_at: datetime, kind: str, number: int) -> bool:
        shown = tables.messages.c.parts.contains(f"file:{file_id}", autoescape=True)
        if kind == "identity":
            contact = select(tables.identities.c.contact_id).where(tables.identities.c.id == number).scalar_subquery()
            theirs = select(tables.conversations.c.id).where(tables.conversations.c.contact_id == contact)
            shown &= tables.messages.c.conversation_id.in_(theirs)
        else:
            shown &= tables.messages.c.agent_id == number
            since, until = uploaded_at - STAFF_WINDOW, uploaded_at + STAFF_WINDOW
            shown &= tables.messages.c.created_at.between(since, until)
        return bool((await self._connection.execute(select(exists().where(shown)))).scalar_one())

    # --- marks -------------------------------------------------------------------------------

    async def _mark(self, name: str) -> int | None:
        """Where to go on; None while another process is at this sweep."""
        await self._connection.execute(
            upsert(self._connection, tables.marks).values(name=name, value=0).on_conflict_do_nothing()
        )
        query = select(tables.marks.c.value).where(tables.marks.c.name == name)
        if self._lock_rows:
            query = query.with_for_update(skip_locked=True)
        value: int | None = (await self._connection.execute(query)).scalar_one_or_none()
        return value

    async def _set_mark(self, name: str, value: int) -> None:
        await self._connection.execute(update(tables.marks).where(tables.marks.c.name == name).values(value=value))


def _is(status: InboxStatus) -> ColumnElement[bool]:
    """Spelled out, not bound: then every plan may take a partial index, PostgreSQL's generic one as well."""
    return _inbox.status == literal_column(f"'{status.value}'")
