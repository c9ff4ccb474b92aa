"""Uploaded files: bytes in the data folder, what is known of them in the database."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

from gateway.errors import NotFound, RequestRefused
from gateway.messages import MediaKind
from gateway.ports import Clock
from gateway.storage.engine import Database
from gateway.storage.media import StoredFile

PREFIX = "file:"


def kind_of(mime: str | None) -> MediaKind:
    """What a person would call a file of this MIME type."""
    family = (mime or "").partition("/")[0]
    return {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}.get(family, MediaKind.FILE)


class MediaStore:
    """Files under `root`, spread over 256 folders; a file is on disk before its row is committed."""

    def __init__(self, root: Path, database: Database, clock: Clock) -> None:
        self._root = root
        self._database = database
        self._clock = clock

    async def save(
        self, stream: AsyncIterator[bytes], *, name: str | None, mime: str | None, owner: str, limit: int
    ) -> StoredFile:
        """Store `stream`; `limit` is in bytes. Raises RequestRefused(413) where it is larger."""
        file_id = str(uuid4())
        path = self.path(file_id)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            size = await _write(path, stream, limit)
            file = StoredFile(id=file_id, name=name, mime=mime, size=size, owner=owner, created_at=self._clock())
            async with self._database.write() as work:
                await work.media.add(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return file

    async def read(self, ref: str) -> bytes:
        """The bytes behind ``file:<id>``. Raises NotFound."""
        path = self.path(ref.removeprefix(PREFIX))
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise NotFound(f"file {ref}") from None

    def path(self, file_id: str) -> Path:
        """Where the file lies, see `path_of`."""
        return path_of(self._root, file_id)


def path_of(root: Path, file_id: str) -> Path:
    """Where a file lies under `root`. Raises NotFound for what is no file id (and so could leave the folder)."""
    try:
        clean = str(UUID(file_id))
    except ValueError:
        raise NotFound("file") from None
    return root / clean[:2] / clean


async def _write(path: Path, stream: AsyncIterator[bytes], limit: int) -> int:
    size = 0
    with path.open("wb") as target:
        async for chunk in stream:
            size += len(chunk)
            if size > limit:
                raise RequestRefused(413, f"the file is larger than {limit // (1024 * 1024)} MiB")
            await asyncio.to_thread(target.write, chunk)
        target.flush()
        await asyncio.to_thread(os.fsync, target.fileno())
    return size
