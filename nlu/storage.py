"""What the engine keeps in the database: trained models, one row a knowledge-base revision, the newest few; and
the messages that people labelled."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.learning import Labelled, Phrase, TrainingReport
from gateway.storage.dialect import upsert
from gateway.storage.schema import Id, Instant, Json, metadata

if TYPE_CHECKING:
    from gateway.storage.work import Work

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

labels = Table(
    "nlu_labels",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", Id, ForeignKey("messages.id"), unique=True),
    Column("text", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("intent", String(64), nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("created_at", Instant, nullable=False),
)

NOBODYS = ""
"""The stored intent of what no article should ever answer; it is `nlu.model.ASIDE`."""
LEARNT = 20_000
"""Labelled messages that a training takes, the newest: older ones speak of older articles."""

_column = models.c
_label = labels.c


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


class StoredLabels:
    """`gateway.learning.Labels` over the `nlu_labels` table."""

    async def put(self, work: Work, labelled: Labelled, now: datetime) -> None:
        """Remember it; a later label of the same message replaces the earlier."""
        row = {
            "text": labelled.text,
            "language": labelled.language,
            "intent": labelled.intent or NOBODYS,
            "staff_id": labelled.by,
            "created_at": now,
        }
        statement = upsert(work.connection, labels).values(message_id=labelled.message, **row)
        if labelled.message is not None:
            statement = statement.on_conflict_do_update(index_elements=["message_id"], set_=row)
        await work.connection.execute(statement)

    async def remove(self, work: Work, message: int) -> bool:
        """Forget the label of a message; whether there was one."""
        done = await work.connection.execute(delete(labels).where(_label.message_id == message))
        return bool(done.rowcount)

    async def phrases(self, work: Work, limit: int = LEARNT) -> list[Phrase]:
        """The newest labelled messages as training takes them."""
        query = select(_label.intent, _label.language, _label.text).order_by(_label.id.desc()).limit(limit)
        rows = await work.connection.execute(query)
        return [Phrase(intent=row.intent, language=row.language, text=row.text) for row in rows]
