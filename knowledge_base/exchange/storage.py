"""Uploaded files between their preview and the word to take them: one upload an editor, for a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Column, ForeignKey, LargeBinary, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.storage.schema import Id, Instant, metadata
from knowledge_base.exchange.importing import Upload

KEPT = timedelta(days=1)

uploads = Table(
    "knowledge_uploads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("files", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""In the database, since the next request may come to another process."""

_upload = uploads.c


class Uploads:
    """The `knowledge_uploads` table."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, staff_id: int, files: Sequence[Upload], now: datetime) -> int:
        """Keep what an editor sent in place of what they sent before; its number. Old ones of all go."""
        old = (_upload.staff_id == staff_id) | (_upload.created_at < now - KEPT)
        await self._connection.execute(delete(uploads).where(old))
        row = insert(uploads).values(staff_id=staff_id, files=msgspec.msgpack.encode(list(files)), created_at=now)
        return int((await self._connection.execute(row.returning(_upload.id))).scalar_one())

    async def get(self, staff_id: int, number: int) -> list[Upload]:
        """What this editor sent. Raises NotFound where it is gone, or somebody else's."""
        query = select(_upload.files).where(_upload.id == number, _upload.staff_id == staff_id)
        files: bytes | None = (await self._connection.execute(query)).scalar_one_or_none()
        if files is None:
            raise NotFound("this upload")
        return msgspec.msgpack.decode(files, type=list[Upload])

    async def remove(self, number: int) -> None:
        """Forget an upload."""
        await self._connection.execute(delete(uploads).where(_upload.id == number))
