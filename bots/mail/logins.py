"""Who we are to the mail servers: a user with a password, or with an access token."""

from __future__ import annotations

from bots.mail.settings import MailSettings
from bots.mail.tokens import Tokens
from gateway.messages import Value


class Login(Value, frozen=True, kw_only=True):
    """A user and what proves it; `bearer`: an access token, in place of a password."""

    user: str
    secret: str
    bearer: bool = False

    @property
    def proof(self) -> str:
        """What the secret is, for a message."""
        return "access token" if self.bearer else "password"


class Logins:
    """The logins of one mailbox, for reading and for sending."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._tokens = Tokens(settings) if settings.oauth_url else None

    async def reading(self) -> Login:
        """For the IMAP server. Raises Unreachable where no access token can be had."""
        settings = self._settings
        return await self._login(settings.user or settings.address, settings.password)

    async def sending(self) -> Login:
        """For the SMTP server; with a password where one is set for sending. Raises Unreachable as above."""
        settings = self._settings
        user = settings.smtp_user or settings.user or settings.address
        if settings.smtp_password:
            return Login(user=user, secret=settings.smtp_password)
        return await self._login(user, settings.password)

    def refused(self, login: Login) -> None:
        """A server took this login for wrong: the next one brings a new token."""
        if login.bearer and self._tokens:
            self._tokens.refused(login.secret)

    async def _login(self, user: str, password: str) -> Login:
        if self._tokens is None:
            return Login(user=user, secret=password)
        return Login(user=user, secret=await self._tokens.get(), bearer=True)
