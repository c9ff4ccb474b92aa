"""Handing a mail to our server (RFC 5321, RFC 6409), and what each failure there means.

Until the final dot of the data nothing is sent; after it the server has the mail, and only its answer tells
whether it keeps it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
)

from bots.mail.logins import Login, Logins
from bots.mail.settings import MailSettings, server
from gateway.errors import Ambiguous, Rejected, SendError, Throttled, Unreachable

WAIT_SECONDS = 10.0
"""How long a mail waits for a connection that is free."""
BUSY_SECONDS = 5.0
IDLE_SECONDS = 45.0
"""A connection that was quiet for longer is not trusted any more; servers hang up after minutes."""
MAILS = 50
"""Mails over one connection: many servers limit them."""
FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 900.0
"""After a 4xx: greylisting wants minutes (RFC 6647, 4.4), a full mailbox hours."""
GIVE_UP_SECONDS = 24 * 3600.0
"""How long a 4xx is taken for a “not now” (RFC 5321, 4.5.4.1 has servers try for days; a chat cannot)."""
REMEMBERED = 10_000

NOT_SIGNED_IN = (530, 534, 535, 538)

_DOTS = re.compile(rb"^\.", re.MULTILINE)


class Submitter:
    """A few connections to the server, opened when they are needed and used again."""

    def __init__(
        self,
        settings: MailSettings,
        logins: Logins,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._settings = settings
        self._logins = logins
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(settings.connections)
        self._idle: list[_Connection] = []
        self._refused: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def submit(self, key: str, recipient: str, mail: bytes) -> None:
        """Return once the server has taken `mail` for `recipient`. `key` names the send over its tries.

        Raises Rejected (5xx), Throttled (4xx, or too many at once), Unreachable (no connection, 421, refused
        sign-in), Ambiguous (nothing heard after the final dot).
        """
        try:
            async with self._place():
                await self._deliver(recipient, mail)
        except _Later as error:
            raise self._later(key, error.reason) from None
        self._refused.pop(key, None)

    async def greet(self) -> None:
        """Connect and sign in, for the checkup. Raises Unreachable."""
        connection = await self._open()
        await connection.leave()

    async def close(self) -> None:
        """Hang up."""
        while self._idle:
            await self._idle.pop().leave()

    # --- connections -------------------------------------------------------------------------

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Throttled("all connections are busy", retry_after=BUSY_SECONDS) from None
        try:
            yield
        finally:
            self._places.release()

    async def _deliver(self, recipient: str, mail: bytes) -> None:
        connection = self._waiting()
        if connection is not None:
            try:
                await connection.begin(self._settings.address, recipient)
            except _Gone:
                # The server hung up while the connection was idle, and has heard of no mail yet.
                connection.cut()
                connection = None
            except BaseException:
                connection.cut()
                raise
        if connection is None:
            connection = await self._open()
            try:
                await connection.begin(self._settings.address, recipient)
            except _Gone:
                connection.cut()
                raise Unreachable("the SMTP server hung up") from None
            except BaseException:
                connection.cut()
                raise
        try:
            await connection.say(mail)
        except BaseException:
            connection.cut()
            raise
        self._keep(connection)

    def _waiting(self) -> _Connection | None:
        now = self._monotonic()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and now - connection.used_at < IDLE_SECONDS:
                return connection
            connection.cut()
        return None

    def _keep(self, connection: _Connection) -> None:
        connection.used_at = self._monotonic()
        connection.mails += 1
        if connection.mails < MAILS and connection.is_open:
            self._idle.append(connection)
        else:
            connection.cut()

    async def _open(self) -> _Connection:
        login = await self._logins.sending()
        connection = _Connection(self._settings)
        try:
            await connection.open(login)
        except _NotSignedIn as error:
            self._logins.refused(login)
            raise Unreachable(f"{error.code} the SMTP server refuses the user or the {login.proof}") from None
        return connection

    def _later(self, key: str, reason: str) -> SendError:
        """A 4xx: later, each time a little more, until a day has gone by."""
        now = self._monotonic()
        tries, since = self._refused.pop(key, (0, now))
        if now - since > GIVE_UP_SECONDS:
            return Rejected(reason)
        self._refused[key] = (tries + 1, since)
        if len(self._refused) > REMEMBERED:
            self._refused.popitem(last=False)
        return Throttled(reason, retry_after=min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(tries, 8)))


class _Gone(Exception):
    """The line broke before the server had the mail."""


class _NotSignedIn(Exception):
    """The server refused the login."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class _Later(Exception):
    """The server answered 4xx."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Connection:
    """One signed-in line."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        where = server(settings.smtp)
        self._where = where
        self._client = SMTP(
            hostname=where.host,
            port=where.port,
            use_tls=where.tls,
            # None: used where it is offered. On this machine it may be missing, elsewhere it must not.
            start_tls=False if where.tls else None if where.may_be_plain else True,
            timeout=settings.connect_timeout,
        )
        self.used_at = 0.0
        self.mails = 0

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def open(self, login: Login) -> None:
        """Raises Unreachable or _NotSignedIn: nothing was sent, and it is no mail's fault."""
        try:
            await self._client.connect()
            await self._client.ehlo()
            if self._client.supports_extension("auth"):
                await self._sign_in(login)
        except SMTPAuthenticationError as error:
            self.cut()
            raise _NotSignedIn(error.code) from None
        except SMTPResponseException as error:
            self.cut()
            raise Unreachable(f"{error.code} the SMTP server refuses to talk") from None
        except (SMTPException, OSError, ValueError, TimeoutError) as error:
            self.cut()
            raise Unreachable(f"SMTP: {type(error).__name__}") from None
        except BaseException:
            self.cut()
            raise

    async def _sign_in(self, login: Login) -> None:
        if login.bearer:
            await self._client.auth_xoauth2(login.user, login.secret)
        else:
            await self._client.login(login.user, login.secret)

    async def begin(self, sender: str, recipient: str) -> None:
        """Name both ends and announce the data. Raises _Gone, _Later, Rejected, Unreachable."""
        try:
            await self._client.mail(sender, timeout=self._settings.call_timeout)
            await self._client.rcpt(recipient, timeout=self._settings.call_timeout)
            answer = await self._client.execute_command(b"DATA", timeout=self._settings.call_timeout)
        except SMTPResponseException as error:
            raise refusal(error.code) from None
        except (SMTPException, OSError, TimeoutError):
            raise _Gone from None
        except ValueError:
            raise Rejected("an address that no mail can have") from None
        if answer.code != 354:
            raise refusal(answer.code)

    async def say(self, mail: bytes) -> None:
        """Send the data up to its final dot, and hear what becomes of it. Raises Ambiguous as well."""
        protocol = self._client.protocol
        if protocol is None:
            raise Unreachable("the SMTP server hung up")
        ending = b"" if mail.endswith(b"\r\n") else b"\r\n"
        try:
            protocol.write(_DOTS.sub(b"..", mail) + ending + b".\r\n")
            answer = await protocol.read_response(timeout=self._settings.call_timeout)
        except SMTPResponseException as error:
            raise Ambiguous(f"{error.code} no answer that can be read") from None
        except (SMTPException, OSError, TimeoutError) as error:
            raise Ambiguous(f"after the data: {type(error).__name__}") from None
        if not 200 <= answer.code < 300:
            raise refusal(answer.code)

    async def leave(self) -> None:
        """Say goodbye, briefly."""
        with suppress(SMTPException, OSError, TimeoutError):
            await self._client.quit(timeout=1)
        self.cut()

    def cut(self) -> None:
        self._client.close()


def refusal(code: int) -> Exception:
    """What an answer other than yes means: 421 is the server's goodbye, 4xx “not now”, 5xx “never”; that we are
    not signed in (RFC 4954, 6) is no mail's fault."""
    if code == 421 or code in NOT_SIGNED_IN:
        return Unreachable(str(code))
    if 400 <= code < 500:
        return _Later(str(code))
    return Rejected(str(code))
