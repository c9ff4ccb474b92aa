"""Files in conversations: showing what customers sent, and taking in what agents attach.

A stranger's file is served from our own address, so only pictures, sound and film are shown as what
they are; everything else is a download that no browser may run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

from litestar import Response, get
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from gateway.channels import Channel
from gateway.errors import NotFound, RequestRefused, SendError
from gateway.media import PREFIX, MediaStore, kind_of
from gateway.messages import Media, Message
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.web.guard import Guards
from handoff.screens.pieces import PICTURES

Number = FromPath[int]
CHUNK = 64 * 1024
_TYPES = {
    "image": "image/jpeg",
    "sticker": "image/webp",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


class Files:
    """The way to and from the media store and the channels' own stores."""

    def __init__(self, database: Database, media: MediaStore, channels: Mapping[str, Channel], limit: int) -> None:
        self._database = database
        self._media = media
        self._channels = channels
        self._limit = limit

    def route(self, guards: Guards) -> HTTPRouteHandler:
        """`/desk/media/{message}/{part}`."""

        @get("/desk/media/{message_id:int}/{index:int}", guards=[guards.requires(Role.AGENT)], include_in_schema=False)
        async def show(
            message_id: Number, index: Number, download: FromQuery[bool] = False
        ) -> Stream | Response[bytes]:
            async with self._database.read() as work:
                message = await work.messages.get(message_id)
            media = message.parts[index] if 0 <= index < len(message.parts) else None
            if not isinstance(media, Media):
                raise NotFound("file")
            return await self._serve(message, media, download=download)

        return show

    async def store(self, upload: UploadFile, staff: Staff) -> Media:
        """Keep an agent's file. Raises RequestRefused (413) where it is too large."""
        stored = await self._media.save(
            _chunks(upload),
            name=upload.filename or None,
            mime=upload.content_type or None,
            owner=f"staff:{staff.id}",
            limit=self._limit,
        )
        return Media(
            kind=kind_of(stored.mime), ref=f"{PREFIX}{stored.id}", name=stored.name, mime=stored.mime, size=stored.size
        )

    async def _serve(self, message: Message, media: Media, *, download: bool) -> Stream | Response[bytes]:
        headers = {**_HEADERS, "Content-Disposition": _disposition(media, download=download)}
        kind = _content_type(media)
        if media.ref.startswith(PREFIX):
            return Response(await self._media.read(media.ref), media_type=kind, headers=headers)
        channel = self._channels.get(message.channel)
        if channel is None:
            raise NotFound("the channel of this file is not configured any more")
        stream = channel.fetch(media.ref)
        try:
            # The first piece before the answer begins: what cannot be fetched is an error, not an empty file.
            first = await anext(aiter(stream), b"")
        except SendError:
            raise RequestRefused(404, "the messenger does not give out this file") from None
        return Stream(_joined(first, stream), media_type=kind, headers=headers)


def _content_type(media: Media) -> str:
    """What the browser may take it for; unknown kinds are bytes."""
    mime = (media.mime or _TYPES.get(media.kind, "")).partition(";")[0].strip().lower()
    shown = mime in PICTURES or mime.startswith(("audio/", "video/"))
    return mime if shown else "application/octet-stream"


def _disposition(media: Media, *, download: bool) -> str:
    shown = not download and _content_type(media) != "application/octet-stream"
    name = quote(media.name or media.kind.value, safe="")
    return f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}"


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(CHUNK):
        yield chunk
