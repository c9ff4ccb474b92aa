"""Files that an assistant names by their web addresses, brought into our own store: messengers take them from there."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote, urlsplit

import structlog

from gateway.errors import FrontdeskError
from gateway.media import PREFIX, MediaStore, kind_of
from gateway.messages import Media, MediaKind, Text

log = structlog.get_logger()

OWNER = "assistant"
NAME_LIMIT = 100


class Fetcher:
    """Fetches files of at most `limit` bytes within `seconds`."""

    def __init__(self, media: MediaStore, *, limit: int, seconds: float) -> None:
        self._media = media
        self._limit = limit
        self._seconds = seconds

    async def fetched(self, media: Media) -> Media | Text:
        """`media` with its file in our store; where it cannot be had, the address as words. Never raises for it."""
        import httpx  # noqa: PLC0415 — whoever has no assistant need not load it

        if media.ref.startswith(PREFIX):
            return media
        try:
            async with asyncio.timeout(self._seconds):
                return await self._fetch(media)
        except (TimeoutError, FrontdeskError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            log.warning("file_not_fetched", kind=media.kind, reason=type(error).__name__)
            return Text(text=media.ref)

    async def _fetch(self, media: Media) -> Media:
        import httpx  # noqa: PLC0415 — as above

        async with (
            httpx.AsyncClient(trust_env=False, timeout=self._seconds, follow_redirects=True) as http,
            http.stream("GET", media.ref) as answer,
        ):
            answer.raise_for_status()
            mime = answer.headers.get("content-type", "").partition(";")[0].strip() or None
            name = unquote(urlsplit(media.ref).path.rpartition("/")[2])[:NAME_LIMIT] or None
            stored = await self._media.save(answer.aiter_bytes(), name=name, mime=mime, owner=OWNER, limit=self._limit)
        kind = kind_of(mime) if media.kind is MediaKind.FILE else media.kind
        return Media(kind=kind, ref=PREFIX + stored.id, name=name, mime=mime, size=stored.size, caption=media.caption)
