"""Files on their way between the two: an agent's from Slack to our store, a customer's from their channel to Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

from bots.slack.api import SlackApi
from bots.slack.desk.wire.deeds import SharedFile
from bots.slack.wire.inbound import BY_ID
from gateway.desks import DeskLine, DeskTools
from gateway.errors import NotFound, Rejected, RequestRefused, SendError
from gateway.media import PREFIX, kind_of
from gateway.messages import Media
from gateway.staff import Staff

log = structlog.get_logger()

PATIENCE_SECONDS = 15.0
"""How long a customer's file may take: all that is said waits for it."""


class FileCarrier:
    """Carries files through memory, up to the gateway's limit for uploads."""

    def __init__(self, api: SlackApi, tools: DeskTools) -> None:
        self._api = api
        self._tools = tools

    async def fetch(self, file: SharedFile, agent: Staff) -> Media:
        """An agent's file, in our store. Raises RequestRefused where Slack does not give it out or it is too
        large, and other SendErrors where it may be had later."""
        texts = self._tools.texts.translator(agent.language)
        try:
            stored = await self._tools.media.save(
                self._api.download(file.url or BY_ID + file.id),
                name=file.name,
                mime=file.mime,
                owner=f"staff:{agent.id}",
                limit=self._tools.file_limit,
            )
        except (NotFound, Rejected) as error:
            log.warning("desk_file_refused", reason=str(error))
            words = texts.gettext("Slack does not give out the file {name}, so nothing was sent.")
            raise RequestRefused(400, words.format(name=file.name or file.id)) from None
        except RequestRefused:
            words = texts.gettext("The file {name} is too large, so nothing was sent.")
            raise RequestRefused(413, words.format(name=file.name or file.id)) from None
        return Media(
            kind=kind_of(stored.mime), ref=f"{PREFIX}{stored.id}", name=stored.name, mime=stored.mime, size=stored.size
        )

    async def bytes_of(self, line: DeskLine, media: Media) -> bytes | None:
        """A file of a conversation; None where it cannot be had now or is too large to show: words say where it
        is then."""
        if media.size is not None and media.size > self._tools.file_limit:
            return None
        try:
            if media.ref.startswith(PREFIX):
                return await self._tools.media.read(media.ref)
            channel = self._tools.channels.get(line.source)
            if channel is None:
                return None
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _gathered(channel.fetch(media.ref), self._tools.file_limit)
        except (NotFound, SendError, TimeoutError) as error:
            log.info("desk_file_not_shown", message=line.message_id, reason=type(error).__name__)
            return None


async def _gathered(chunks: AsyncIterator[bytes], limit: int) -> bytes | None:
    """All of them; None beyond `limit` bytes."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > limit:
            return None
    return bytes(data)
