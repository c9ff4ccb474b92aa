"""Codes that prove an address: wanted, on their way, typed back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Value
from gateway.storage import tables

_column = tables.proof_codes.c


class CodeState(StrEnum):
    """Where a code is."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    USED = "used"


class ProofCode(Value, frozen=True, kw_only=True):
    """A code for whoever is at `identity_id`, to prove `value` (a `Thing`'s). Made from `nonce`, kept nowhere."""

    id: int
    identity_id: int
    kind: str
    value: str
    nonce: str
    state: CodeState
    tries: int
    language: str | None
    created_at: datetime
    expires_at: datetime


class ProofCodes:
    """Rows of one transaction."""

    def __init__(self, connection: AsyncConnection, *, lock_rows: bool) -> None:
        self._connection = connection
        self._lock_rows = lock_rows

    async def add(self, **values: Any) -> int:
        """A code that waits to be sent; older ones of the same identity are void."""
        await self._connection.execute(
            update(tables.proof_codes)
            .where(
                _column.identity_id == values["identity_id"],
                _column.state.in_((CodeState.WAITING, CodeState.SENDING, CodeState.SENT)),
            )
            .values(state=CodeState.FAILED)
        )
        result = await self._connection.execute(
            insert(tables.proof_codes).values(state=CodeState.WAITING, **values).returning(_column.id)
        )
        return int(result.scalar_one())

    async def made_since(self, since: datetime, *, identity_id: int, kind: str, value: str) -> tuple[int, int]:
        """How many were made since then: for this identity, and for this address by whomever."""
        query = select(func.count()).select_from(tables.proof_codes).where(_column.created_at >= since)
        mine = await self._connection.execute(query.where(_column.identity_id == identity_id))
        theirs = await self._connection.execute(query.where(_column.kind == kind, _column.value == value))
        return int(mine.scalar_one()), int(theirs.scalar_one())

    async def current(self, identity_id: int, now: datetime) -> ProofCode | None:
        """The newest code of this identity that can still be typed back."""
        query = (
            select(tables.proof_codes)
            .where(
                _column.identity_id == identity_id,
                _column.state.in_((CodeState.WAITING, CodeState.SENDING, CodeState.SENT)),
                _column.expires_at > now,
            )
            .order_by(_column.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _to_code(row)

    async def change(self, code_id: int, **changes: Any) -> None:
        """Set columns."""
        await self._connection.execute(update(tables.proof_codes).where(_column.id == code_id).values(**changes))

    async def take_waiting(self) -> ProofCode | None:
        """One code that waits to be sent, now the caller's."""
        query = select(_column.id).where(_column.state == CodeState.WAITING).order_by(_column.id).limit(1)
        if self._lock_rows:
            query = query.with_for_update(skip_locked=True)
        found = (await self._connection.execute(query)).scalar_one_or_none()
        if found is None:
            return None
        result = await self._connection.execute(
            update(tables.proof_codes)
            .where(_column.id == found)
            .values(state=CodeState.SENDING)
            .returning(tables.proof_codes)
        )
        return _to_code(result.one())

    async def any_waiting(self) -> bool:
        """Whether there is something to send at all."""
        query = select(_column.id).where(_column.state == CodeState.WAITING).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget what expired before then; returns how many."""
        old = select(_column.id).where(_column.expires_at < before).limit(limit)
        result = await self._connection.execute(delete(tables.proof_codes).where(_column.id.in_(old)))
        return int(result.rowcount)


def _to_code(row: Row[Any]) -> ProofCode:
    values = dict(row._mapping)
    values["state"] = CodeState(row.state)
    return ProofCode(**values)
