"""Copies of what we send, in a folder of the mailbox: written there where nobody else does, and looked through
to learn whether a mail left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog

from bots.mail.logins import Logins
from bots.mail.mailbox import Mailbox
from bots.mail.session import Session
from bots.mail.settings import MailSettings
from gateway.errors import SendError, Unreachable

log = structlog.get_logger()

KEEP_SECONDS = 12.0
"""How long writing a copy may take: the mail itself has left."""

T = TypeVar("T")


class Copies:
    """The folder with what we sent, over a connection of its own."""

    def __init__(self, channel: str, settings: MailSettings, logins: Logins) -> None:
        self._channel = channel
        self._folder = settings.sent_mailbox
        self._mailbox = Mailbox(settings, logins, purpose=f"{channel}-sent")
        self._turn = asyncio.Lock()

    async def keep(self, mail: bytes, at: datetime) -> None:
        """Put a copy into the folder; best effort."""
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await self._call(lambda line: line.append(self._folder, mail, at))
        except (SendError, TimeoutError) as error:
            reason = error.reason if isinstance(error, SendError) else "time-out"
            log.warning("copy_not_kept", channel=self._channel, reason=reason)

    async def has(self, message_id: str) -> bool | None:
        """Whether the folder has the mail; None where there is no such folder. Raises Unreachable."""
        return await self._call(lambda line: line.has(self._folder, message_id))

    async def close(self) -> None:
        """Hang up."""
        await self._mailbox.close()

    async def _call(self, what: Callable[[Session], T]) -> T:
        async with self._turn:
            if not self._mailbox.is_open:
                return await self._mailbox.call("copies", what)
            try:
                return await self._mailbox.call("copies", what)
            except Unreachable:
                # The server hung up while the connection was idle.
                return await self._mailbox.call("copies", what)
