"""An IMAP connection for the event loop: each call runs in the connection's own thread, one after the other."""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from imapclient.exceptions import LoginError

from bots.mail.logins import Logins
from bots.mail.session import Session
from bots.mail.settings import MailSettings
from gateway.errors import SendError, Unreachable

T = TypeVar("T")

LEAVE_SECONDS = 1.0


class Mailbox:
    """Opens at its first call, and again after a failure. One task may call at a time."""

    def __init__(self, settings: MailSettings, logins: Logins, *, purpose: str) -> None:
        self._settings = settings
        self._logins = logins
        self._purpose = purpose
        self._thread: ThreadPoolExecutor | None = None
        self._session: Session | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._session is not None

    async def open(self) -> None:
        """Connect and sign in, where that is not done. Raises Unreachable."""
        if self._session is not None:
            return
        login = await self._logins.reading()
        try:
            self._session = await self._run("connect", lambda: Session(self._settings, login), else_discard)
        except LoginError:
            self._logins.refused(login)
            raise Unreachable(f"the IMAP server refuses the user or the {login.proof}") from None

    async def call(self, stage: str, what: Callable[[Session], T]) -> T:
        """What `what` says of the connection. Raises Unreachable naming the `stage`; the line is cut then."""
        await self.open()
        session = self._session
        if session is None:
            raise Unreachable(stage)
        return await self._run(stage, lambda: what(session))

    async def close(self) -> None:
        """Take leave, or cut the line where it is in use or does not answer."""
        session, self._session = self._session, None
        if session is None or self._thread is None:
            self.abort()
            return
        leaving = self._thread.submit(session.close)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await asyncio.wrap_future(leaving)
        session.abort()
        self.abort()

    def abort(self) -> None:
        """Cut the line at once; a later call opens a new one."""
        session, self._session = self._session, None
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if session is not None:
            session.abort()
            thread.submit(session.discard)
        thread.shutdown(wait=False)

    async def _run(self, stage: str, what: Callable[[], T], unwanted: Callable[[Future[T]], None] | None = None) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"mail-{self._purpose}")
        under_way = self._thread.submit(what)
        try:
            return await asyncio.wrap_future(under_way)
        except asyncio.CancelledError:
            if unwanted is not None:
                under_way.add_done_callback(unwanted)
            self.abort()
            raise
        except (SendError, LoginError):
            self.abort()
            raise
        except (imaplib.IMAP4.error, OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
            # What a library makes of a broken line or of a server's odd answer: begin anew, whatever it was.
            self.abort()
            raise Unreachable(f"{stage}: {type(error).__name__}") from None


def else_discard(made: Future[Session]) -> None:
    """Nobody waits for this connection any more."""
    if not made.cancelled() and made.exception() is None:
        made.result().discard()
