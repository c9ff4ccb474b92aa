"""The settings of an e-mail channel: one table `[channels.NAME]` with `kind = "mail"`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from gateway.messages import Value
from gateway.settings import Section

MIB = 1024 * 1024
PORTS = {"imaps": 993, "imap": 143, "smtps": 465, "smtp": 587}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class MailSettings(Section, frozen=True, kw_only=True):
    """How one mailbox is read and written. Times are seconds, sizes are MiB."""

    address: Annotated[
        str,
        Meta(
            pattern=r"^[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+$",
            description="The address that customers write to and get answers from.",
        ),
    ]
    imap: Annotated[
        str,
        Meta(
            pattern=r"^imaps?://[^\s/@?#]+/?$",
            description="Where mail is read: `imaps://imap.example.com` (TLS), or `imap://…` (STARTTLS).",
        ),
    ]
    smtp: Annotated[
        str,
        Meta(
            pattern=r"^smtps?://[^\s/@?#]+/?$",
            description="Where mail is sent: `smtps://smtp.example.com` (TLS), or `smtp://…` (STARTTLS, port 587).",
        ),
    ]
    password: Annotated[
        str, Meta(description="The mailbox's password, or an app password; empty: sign in by `oauth_url`.")
    ] = ""
    user: Annotated[str, Meta(description="The name to sign in with; empty: `address`.")] = ""
    smtp_user: Annotated[str, Meta(description="The same for sending, where it differs.")] = ""
    smtp_password: Annotated[str, Meta(description="The password for sending, where it differs.")] = ""
    oauth_url: Annotated[
        str,
        Meta(
            pattern=r"^(https://\S+|http://(localhost|127\.0\.0\.1)[:/]\S*)?$",
            description="Where access tokens are given, for servers that take no password: "
            "`https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`.",
        ),
    ] = ""
    oauth_client: Annotated[str, Meta(description="The id under which this program is registered there.")] = ""
    oauth_secret: Annotated[str, Meta(description="The secret that belongs to it.")] = ""
    oauth_scope: Annotated[
        str, Meta(description="What the tokens are to allow: `https://outlook.office365.com/.default`.")
    ] = ""
    oauth_refresh: Annotated[
        str,
        Meta(description="A refresh token, where a person consented; empty: tokens are given for the program itself."),
    ] = ""
    name: Annotated[str, Meta(description="The name beside the address; empty: the company's.")] = ""
    mailbox: Annotated[str, Meta(min_length=1, description="The folder that is read.")] = "INBOX"
    after: Annotated[
        str,
        Meta(
            pattern="^(keep|seen|move)$",
            description="What becomes of a mail that was taken: `keep` leaves it as it is, `seen` marks it as read, "
            "`move` puts it into `move_to`.",
        ),
    ] = "keep"
    move_to: Annotated[str, Meta(description='The folder for mail that was taken, with `after = "move"`.')] = ""
    first_days: Annotated[
        int,
        Meta(
            ge=0,
            le=365,
            description="Unread mail of so many days is taken at the very first look; 0: only what comes from then on.",
        ),
    ] = 1
    poll_seconds: Annotated[
        float, Meta(gt=0, description="How often to look where the server cannot tell of new mail (no IDLE).")
    ] = 30.0
    authserv_id: Annotated[
        str,
        Meta(
            description="The name your mail server writes first into Authentication-Results, as `mx.google.com`; "
            "with it a sender that DMARC or DKIM proves counts as verified. Empty: none does."
        ),
    ] = ""
    sent: Annotated[
        str,
        Meta(
            pattern="^(none|append|provider)$",
            description="Copies of what we send: `append` puts one into `sent_mailbox`, `provider` says that the "
            "provider does so by itself (Gmail, Outlook), `none` keeps none.",
        ),
    ] = "none"
    sent_mailbox: Annotated[str, Meta(min_length=1, description="The folder with copies of what we send.")] = "Sent"
    mail_limit: Annotated[
        int, Meta(ge=1, le=200, description="Of a larger mail only so much of the beginning is fetched.")
    ] = 40
    file_limit: Annotated[
        int, Meta(ge=1, le=200, description="A customer's file that is larger stays in the mailbox and is only named.")
    ] = 20
    send_limit: Annotated[int, Meta(ge=1, le=200, description="Largest file that is sent.")] = 18
    per_second: Annotated[float, Meta(gt=0, description="Mails sent in a second, at most.")] = 5.0
    connections: Annotated[int, Meta(ge=1, le=50, description="Connections for sending at once.")] = 3
    answers_per_hour: Annotated[
        int,
        Meta(ge=1, description="Answers of the bot to one address in an hour; more would be two robots talking."),
    ] = 20
    connect_timeout: Annotated[float, Meta(gt=0, description="How long connecting may take.")] = 10.0
    call_timeout: Annotated[float, Meta(gt=0, le=120, description="How long one answer of a server may take.")] = 30.0

    @property
    def secret(self) -> str:
        """What only this mailbox's owner knows; `build` sees to it that there is something."""
        return self.smtp_password or self.password or self.oauth_secret or self.oauth_refresh


class Server(Value, frozen=True, kw_only=True):
    """Where a server is and how its line is made private: `tls` from the first byte, else STARTTLS, which may
    only be missing (`may_be_plain`) on this machine itself."""

    host: str
    port: int
    tls: bool
    may_be_plain: bool


def server(url: str) -> Server:
    """`imaps://host:port` and its like; the scheme's own port where none is named. Raises ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return Server(
        host=host,
        port=parts.port or PORTS[parts.scheme],
        tls=parts.scheme.endswith("s"),
        may_be_plain=host in LOOPBACK,
    )
