"""The media table: what is known of each uploaded file; its bytes lie in the data folder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.messages import Value
from gateway.storage import tables


class StoredFile(Value, frozen=True, kw_only=True):
    """An uploaded file; `owner` is who may fetch it besides agents (``identity:7``, ``staff:1``)."""

    id: str
    name: str | None
    mime: str | None
    size: int
    owner: str
    created_at: datetime


class MediaTable:
    """Uploaded files by id."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, file: StoredFile) -> None:
        """Note a file whose bytes are already on disk."""
        await self._connection.execute(
            insert(tables.media).values(**{name: getattr(file, name) for name in StoredFile.__struct_fields__})
        )

    async def get(self, file_id: str) -> StoredFile:
        """The file. Raises NotFound."""
        result = await self._connection.execute(select(tables.media).where(tables.media.c.id == file_id))
        row = result.one_or_none()
        if row is None:
            raise NotFound(f"file {file_id}")
        return StoredFile(**row._mapping)
