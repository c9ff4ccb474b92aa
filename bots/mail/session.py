"""One IMAP connection, as plain blocking calls for a thread of its own (`mailbox` makes them awaitable).

RFC 9051 and RFC 3501; IDLE by RFC 2177, MOVE by RFC 6851, UIDPLUS by RFC 4315.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from bots.mail.logins import Login
from bots.mail.settings import MailSettings, server
from gateway.errors import Unreachable
from gateway.messages import Value

KEEPALIVE_SECONDS = 60
"""A line that says nothing for so long is asked whether it is still there: IDLE may be silent for minutes."""

_HEAD = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID RECEIVED)]"


class Folder(Value, frozen=True, kw_only=True):
    """A selected mailbox: its UIDVALIDITY, and the UID its next mail will have."""

    uidvalidity: int
    uidnext: int


class Head(Value, frozen=True, kw_only=True):
    """What is known of a mail before it is fetched: its size in bytes, when it came by the server's clock, and
    the raw header fields that say which one it is."""

    size: int
    came_at: datetime | None
    fields: bytes


class Line(IMAPClient):  # type: ignore[misc]
    """The library's client, which waits for news by the socket alone: what came in one piece with an earlier
    answer lies in the reader's buffer then, and would be seen when the wait is over, minutes later."""

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> object:
        return self._has_read() or super()._poll_socket(sock, timeout)

    def _has_read(self) -> bool:
        # The socket does not block here: an empty buffer is no wait.
        with suppress(OSError):
            return bool(self._imap.file.peek(1))
        return False


class Session:
    """Signed in from its making on. Raises Unreachable there; later whatever the library raises."""

    def __init__(self, settings: MailSettings, login: Login) -> None:
        where = server(settings.imap)
        timeout = SocketTimeout(settings.connect_timeout, settings.call_timeout)
        self._client = Line(where.host, port=where.port, ssl=where.tls, timeout=timeout)
        self._client.normalise_times = False
        try:
            self._keep_alive()
            if not where.tls:
                self._encrypt(may_be_plain=where.may_be_plain)
            self._sign_in(login)
        except BaseException:
            self.discard()
            raise

    def can(self, capability: str) -> bool:
        """Whether the server has `capability`."""
        return bool(self._client.has_capability(capability))

    def abort(self) -> None:
        """Cut the line, from any thread: whoever waits for the server waits no longer."""
        with suppress(OSError):
            # Not the library's shutdown, which waits for a reader to let go of its buffer.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)

    def close(self) -> None:
        """Take leave."""
        with suppress(Exception):
            self._client.logout()
        self.discard()

    def discard(self) -> None:
        """Let go of the line without a word."""
        with suppress(Exception):
            self._client.shutdown()

    # --- the mailbox -------------------------------------------------------------------------

    def select(self, mailbox: str, *, readonly: bool = False) -> Folder:
        """Open `mailbox`."""
        told = self._client.select_folder(mailbox, readonly=readonly)
        uidnext = told.get(b"UIDNEXT")
        if uidnext is None:
            uidnext = max(self._client.search(["ALL"]), default=0) + 1
        return Folder(uidvalidity=int(told.get(b"UIDVALIDITY", 0)), uidnext=int(uidnext))

    def uids_from(self, first: int) -> list[int]:
        """The UIDs from `first` on, in order."""
        # “n:*” names the last mail even where that is before n.
        found = self._client.search(["UID", f"{first}:*"])
        return sorted(uid for uid in found if uid >= first)

    def uids_since(self, day: date, *, unread: bool) -> list[int]:
        """The UIDs of mail that came since `day`, only of `unread` mail where that is wanted."""
        return sorted(self._client.search([*(["UNSEEN"] if unread else []), "SINCE", day]))

    def heads(self, uids: Sequence[int]) -> dict[int, Head]:
        """What is known of these mails; those that are gone are missing."""
        told = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", _HEAD]) if uids else {}
        return {uid: _head(fields) for uid, fields in told.items() if b"RFC822.SIZE" in fields}

    def raw(self, uid: int, limit: int | None) -> bytes | None:
        """The mail as it came, or its first `limit` bytes; None where it is gone. It stays unread."""
        wanted = "BODY.PEEK[]" if limit is None else f"BODY.PEEK[]<0.{limit}>"
        told = self._client.fetch([uid], [wanted]).get(uid, {})
        content = told.get(b"BODY[]", told.get(b"BODY[]<0>"))
        return content if isinstance(content, bytes) else None

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark mails as read."""
        self._client.add_flags(uids, [b"\\Seen"], silent=True)

    def move(self, uids: Sequence[int], mailbox: str) -> None:
        """Put mails into another folder, which is made where it is missing."""
        if not self._client.folder_exists(mailbox):
            self._client.create_folder(mailbox)
        if self.can("MOVE"):
            self._client.move(uids, mailbox)
            return
        self._client.copy(uids, mailbox)
        self._client.add_flags(uids, [b"\\Deleted"], silent=True)
        if self.can("UIDPLUS"):
            # Without it others' deleted mail would go as well; then ours stays, marked.
            self._client.uid_expunge(uids)

    # --- news --------------------------------------------------------------------------------

    def idle(self, seconds: float) -> bool:
        """Wait up to `seconds` for news of the selected mailbox; whether there is any."""
        self._client.idle()
        told = self._client.idle_check(timeout=seconds)
        _, also = self._client.idle_done()
        return any(b"EXISTS" in line for line in [*told, *also])

    def noop(self) -> None:
        """Let the server tell what is new."""
        self._client.noop()

    # --- copies of what we send --------------------------------------------------------------

    def append(self, mailbox: str, mail: bytes, at: datetime) -> None:
        """Put a mail of ours, read already, into `mailbox`, which is made where it is missing."""
        if not self._client.folder_exists(mailbox):
            self._client.create_folder(mailbox)
        self._client.append(mailbox, mail, flags=[b"\\Seen"], msg_time=at)

    def has(self, mailbox: str, message_id: str) -> bool | None:
        """Whether the mail with this Message-ID lies in `mailbox`; None where there is no such folder."""
        if not self._client.folder_exists(mailbox):
            return None
        self._client.select_folder(mailbox, readonly=True)
        return bool(self._client.search(["HEADER", "Message-ID", message_id]))

    def folder_exists(self, mailbox: str) -> bool:
        """Whether there is such a folder."""
        return bool(self._client.folder_exists(mailbox))

    def _sign_in(self, login: Login) -> None:
        if login.bearer:
            self._client.oauth2_login(login.user, login.secret)
        else:
            self._client.login(login.user, login.secret)

    def _encrypt(self, *, may_be_plain: bool) -> None:
        if self._client.has_capability("STARTTLS"):
            self._client.starttls()
        elif not may_be_plain:
            raise Unreachable("the IMAP server offers no STARTTLS")

    def _keep_alive(self) -> None:
        line = self._client.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", KEEPALIVE_SECONDS), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, name):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _head(fields: dict[bytes, Any]) -> Head:
    came_at = fields.get(b"INTERNALDATE")
    raw = next((value for key, value in fields.items() if key.startswith(b"BODY[HEADER")), b"")
    return Head(
        size=int(fields[b"RFC822.SIZE"]),
        came_at=came_at.astimezone(UTC) if isinstance(came_at, datetime) else None,
        fields=raw if isinstance(raw, bytes) else b"",
    )
