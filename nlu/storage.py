"""Trained models in the database: one row a knowledge-base revision, the newest few kept."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, Integer, LargeBinary, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ports import TrainingReport
from gateway.storage.dialect import upsert
from gateway.storage.schema import Instant, Json, metadata

KEPT = 3
"""Models kept: a rollback of the knowledge base trains anew, so old ones are only a safety net."""

models = Table(
    "nlu_models",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Instant, nullable=False),
    Column("report", Json, nullable=False),
    Column("arrays", LargeBinary, nullable=False),
)

_column = models.c


class Models:
    """The `nlu_models` table. A later training of the same revision replaces the earlier one."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest(self) -> int | None:
        """The highest revision that has a model."""
        value: int | None = (await self._connection.execute(select(func.max(_column.revision)))).scalar_one()
        return value

    async def trained_at(self, revision: int) -> datetime | None:
        """When the model of `revision` was trained; None where there is none."""
        query = select(_column.created_at).where(_column.revision == revision)
        value: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return value

    async def arrays(self, revision: int) -> bytes | None:
        """The bytes of the model of `revision` (see `nlu.model.from_bytes`)."""
        query = select(_column.arrays).where(_column.revision == revision)
        value: bytes | None = (await self._connection.execute(query)).scalar_one_or_none()
        return value

    async def report(self, revision: int) -> TrainingReport | None:
        """What the training of `revision` gave."""
        query = select(_column.report).where(_column.revision == revision)
        value: str | None = (await self._connection.execute(query)).scalar_one_or_none()
        return None if value is None else msgspec.json.decode(value, type=TrainingReport)

    async def put(self, report: TrainingReport, arrays: bytes, now: datetime) -> None:
        """Store a model and drop all but the newest `KEPT`."""
        row = {
            "created_at": now,
            "report": msgspec.json.encode(report).decode(),
            "arrays": arrays,
        }
        await self._connection.execute(
            upsert(self._connection, models)
            .values(revision=report.revision, **row)
            .on_conflict_do_update(index_elements=["revision"], set_=row)
        )
        kept = select(_column.revision).order_by(_column.revision.desc()).limit(KEPT)
        revisions = (await self._connection.execute(kept)).scalars().all()
        await self._connection.execute(delete(models).where(_column.revision.not_in(revisions)))
