"""Whether both servers let us in, the folders are there, and receivers are likely to believe our address."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bots.mail.logins import Logins
from bots.mail.mailbox import Mailbox
from bots.mail.session import Session
from bots.mail.settings import MailSettings, server
from bots.mail.submitting import Submitter
from bots.mail.wire.people import domain_of
from gateway.errors import SendError
from gateway.operating.checkup import Finding, fine, problem, warning

SECONDS = 15


async def look(name: str, settings: MailSettings, logins: Logins) -> Sequence[Finding]:
    """Sign in to both servers of channel `name`, changing nothing."""
    subject = f"channels.{name}"
    reading, sending = await asyncio.gather(_reading(subject, settings, logins), _sending(subject, settings, logins))
    return [*reading, *sending, _believed(subject, settings)]


async def _reading(subject: str, settings: MailSettings, logins: Logins) -> list[Finding]:
    mailbox = Mailbox(settings, logins, purpose="checkup")
    try:
        async with asyncio.timeout(SECONDS):
            idle, folders = await mailbox.call("folders", lambda line: _folders(line, settings))
    except (SendError, TimeoutError) as error:
        reason = error.reason if isinstance(error, SendError) else "no answer"
        proof = _by_token(subject, settings) or f"set {subject}.user and .password (an app password?)"
        fix = f"see that this machine reaches {settings.imap}, and {proof}"
        return [problem(f"{subject}.imap", f"the mailbox cannot be read: {reason}", fix)]
    finally:
        await mailbox.close()
    found = [
        problem(f"{subject}.imap", f"there is no folder {folder}", f"create it, or mend {subject}.{field}")
        for field, folder, there, needed in folders
        if not there and needed
    ]
    news = "tells of new mail at once" if idle else f"is asked for new mail each {settings.poll_seconds:g} seconds"
    return found or [fine(f"{subject}.imap", f"signed in; the server {news}")]


def _folders(line: Session, settings: MailSettings) -> tuple[bool, list[tuple[str, str, bool, bool]]]:
    """Whether there is IDLE; and (setting, folder, is it there, must it be) of each folder."""
    wanted = [("mailbox", settings.mailbox, True), ("sent_mailbox", settings.sent_mailbox, settings.sent == "provider")]
    return line.can("IDLE"), [(field, folder, line.folder_exists(folder), needed) for field, folder, needed in wanted]


async def _sending(subject: str, settings: MailSettings, logins: Logins) -> list[Finding]:
    submitter = Submitter(settings, logins)
    try:
        async with asyncio.timeout(SECONDS):
            await submitter.greet()
    except (SendError, TimeoutError) as error:
        reason = error.reason if isinstance(error, SendError) else "no answer"
        by_token = "" if settings.smtp_password else _by_token(subject, settings)
        proof = by_token or f"set {subject}.smtp_user and .smtp_password"
        fix = f"see that this machine reaches {settings.smtp}, and {proof}"
        return [problem(f"{subject}.smtp", f"mail cannot be sent: {reason}", fix)]
    finally:
        await submitter.close()
    return [fine(f"{subject}.smtp", "signed in")]


def _by_token(subject: str, settings: MailSettings) -> str:
    """What to look after where access tokens are used."""
    if not settings.oauth_url:
        return ""
    secret = "oauth_refresh" if settings.oauth_refresh else "oauth_secret"
    return (
        f"that {subject}.oauth_client, .{secret} and .oauth_scope are those of a program that may read and send mail "
        f"as {subject}.user (secrets run out)"
    )


def _believed(subject: str, settings: MailSettings) -> Finding:
    """A hint without asking DNS: who sends for another's domain must be named there."""
    domain = domain_of(settings.address.lower())
    host = server(settings.smtp).host.lower()
    user = domain_of((settings.smtp_user or settings.user or settings.address).lower())
    if host == domain or host.endswith(f".{domain}") or user == domain:
        return fine(f"{subject}.address", f"mail from {domain} leaves through {host}")
    says = f"mail from {domain} leaves through {host} as a user of {user or host}"
    fix = f"see that the SPF record of {domain} includes {host}'s provider and that it signs with DKIM for {domain}"
    return warning(f"{subject}.address", says, fix)
