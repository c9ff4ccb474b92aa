"""Mail servers of our own for the time of a test: a real IMAP server (Dovecot) in a folder that is thrown away,
and an SMTP server (aiosmtpd) that takes mail, or fails as it is told. Loopback only.
"""

from __future__ import annotations

import asyncio
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER = "help@shop.example"
PASSWORD = "pass-Word1"


def find_dovecot() -> str | None:
    """The program, wherever the system keeps it."""
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


class DovecotServer:
    """An IMAP server with one mailbox. As root it runs as `nobody`: it refuses to read mail as root."""

    def __init__(
        self, program: str, *, idle: bool = True, certificate: Certificate | None = None, tokens: str = ""
    ) -> None:
        """`tokens`: where to ask whose an access token is (`TokenServer.whose`); then no password is taken."""
        self._program = program
        self._tokens = tokens
        self._idle = idle
        self._certificate = certificate
        self._folder = Path(tempfile.mkdtemp(prefix="frontdesk-dovecot-"))
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._names = 0

    @property
    def url(self) -> str:
        return f"{'imaps' if self._certificate else 'imap'}://localhost:{self.port}"

    def __enter__(self) -> DovecotServer:
        self._configure()
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, on the same port and with the same mail after a `stop`."""
        self._process = subprocess.Popen(
            [self._program, "-F", "-c", str(self._folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **({"user": self._user, "group": _group(self._user), "extra_groups": []} if os.geteuid() == 0 else {}),
        )
        for _ in range(200):
            try:
                with socket.create_connection(("localhost", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """End it, cutting all connections, as a crash does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    # --- the mailbox -------------------------------------------------------------------------

    @contextmanager
    def client(self, mailbox: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A person's mail program, with `mailbox` open."""
        line: imaplib.IMAP4
        if self._certificate:
            line = imaplib.IMAP4_SSL("localhost", self.port, ssl_context=self._certificate.client_context())
        else:
            line = imaplib.IMAP4("localhost", self.port)
        try:
            line.login(USER, PASSWORD)
            line.select(mailbox)
            yield line
        finally:
            line.logout()

    def deliver(self, mail: bytes, *, days_ago: float = 0, mailbox: str = "") -> None:
        """A mail comes; also while the server is down."""
        self._names += 1
        inbox = self._folder / "mail" / USER / (f".{mailbox}" if mailbox else "")
        for name in ("tmp", "new", "cur"):
            (inbox / name).mkdir(parents=True, exist_ok=True)
        name = f"{time.time():.6f}.{self._names}.test"
        (inbox / "tmp" / name).write_bytes(mail.replace(b"\r\n", b"\n"))
        moment = time.time() - days_ago * 86400
        os.utime(inbox / "tmp" / name, (moment, moment))
        self._own(self._folder / "mail" / USER)
        (inbox / "tmp" / name).rename(inbox / "new" / name)

    def spoil(self) -> None:
        """The mail that came last cannot be read any more: the server fails over it, and hangs up."""
        (newest,) = (self._folder / "mail" / USER / "new").glob(f"*.{self._names}.test")
        newest.chmod(0)

    def delete_all(self, mailbox: str = "INBOX") -> None:
        """Somebody deletes what is there."""
        with self.client(mailbox) as line:
            line.store("1:*", "+FLAGS", "\\Deleted")
            line.expunge()

    def flags(self, mailbox: str = "INBOX") -> list[bytes]:
        """The flags of each mail."""
        with self.client(mailbox) as line:
            _, found = line.fetch("1:*", "(FLAGS)")
            return [one for one in found if isinstance(one, bytes)]

    def mails(self, mailbox: str = "INBOX") -> list[bytes]:
        """The mails that lie in `mailbox`."""
        with self.client(mailbox) as line:
            _, found = line.fetch("1:*", "(BODY.PEEK[])")
            return [one[1] for one in found if isinstance(one, tuple)]

    def renumber(self) -> None:
        """Forget all numbers while the server is down, as after a backup is restored: UIDVALIDITY changes."""
        inbox = self._folder / "mail" / USER
        for path in inbox.glob("dovecot*"):
            path.unlink()
        time.sleep(1.1)  # the new UIDVALIDITY is the second in which it is made

    # --- life --------------------------------------------------------------------------------

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            for one in (path, *path.rglob("*")):
                with suppress(FileNotFoundError):  # the server's own files come and go
                    shutil.chown(one, self._user)

    def _configure(self) -> None:
        told = subprocess.run([self._program, "--version"], capture_output=True, check=True, text=True).stdout
        version = tuple(int(part) for part in told.split()[0].split(".")[:2])
        mail = self._folder / "mail"
        mail.mkdir()
        if self._certificate:
            self._certificate.write(self._folder)
        lines = [
            f"base_dir = {self._folder}/run",
            f"log_path = {self._folder}/log",
            "protocols = imap",
            "listen = localhost",
            f"default_internal_user = {self._user}",
            f"default_login_user = {self._user}",
            f"default_internal_group = {_group(self._user)}",
            f"mail_uid = {self._user}",
            f"mail_gid = {_group(self._user)}",
            "first_valid_uid = 0" if os.geteuid() else "first_valid_uid = 1",
            "first_valid_gid = 0",
            "mail_fsync = never",
            "auth_failure_delay = 0",
            *_services(self.port, tls=self._certificate is not None),
            "namespace inbox {",
            "  inbox = yes",
            "  mailbox Sent {",
            "    auto = create",
            "  }",
            "}",
            *(_modern(self._folder) if version >= (2, 4) else _classic(self._folder, password=not self._tokens)),
            *_tokens(self._folder, self._tokens, modern=version >= (2, 4)),
            *_tls(self._folder, modern=version >= (2, 4), used=self._certificate is not None),
            *([] if self._idle else ["imap_capability = IMAP4rev1 SASL-IR LITERAL+ UIDPLUS"]),
        ]
        (self._folder / "dovecot.conf").write_text("\n".join(lines) + "\n")
        self._own(self._folder)


def _services(port: int, *, tls: bool) -> list[str]:
    plain, secure = (0, port) if tls else (port, 0)
    return [
        "service imap-login {",
        "  chroot =",
        "  inet_listener imap {",
        f"    port = {plain}",
        "  }",
        "  inet_listener imaps {",
        f"    port = {secure}",
        "    ssl = yes",
        "  }",
        "}",
        "service anvil {",
        "  chroot =",
        # A wrong password is not punished by ever longer waits.
        "  unix_listener anvil-auth-penalty {",
        "    mode = 0",
        "  }",
        "}",
        "service imap {",
        "  chroot =",
        "}",
    ]


def _classic(folder: Path, *, password: bool) -> list[str]:
    """Dovecot 2.3, https://doc.dovecot.org/2.3/configuration_manual/howto/rootless/."""
    return [
        "disable_plaintext_auth = no",
        "mailbox_idle_check_interval = 1 secs",
        f"mail_location = maildir:{folder}/mail/%u",
        *(["passdb {", "  driver = static", f"  args = password={PASSWORD}", "}"] if password else []),
        "userdb {",
        "  driver = static",
        f"  args = home={folder}/mail/%u",
        "}",
    ]


def _modern(folder: Path) -> list[str]:
    """Dovecot 2.4, https://doc.dovecot.org/2.4.0/howto/rootless.html."""
    return [
        "dovecot_config_version = 2.4.0",
        "dovecot_storage_version = 2.4.0",
        "auth_allow_cleartext = yes",
        "mailbox_idle_check_interval = 1 secs",
        "mail_driver = maildir",
        f"mail_path = {folder}/mail/%{{user}}",
        f"mail_home = {folder}/mail/%{{user}}",
        "passdb static {",
        f"  password = {PASSWORD}",
        "}",
        "userdb static {",
        "}",
    ]


def _tokens(folder: Path, whose: str, *, modern: bool) -> list[str]:
    """https://doc.dovecot.org/2.3/configuration_manual/authentication/oauth2/, and 2.4's page of that name."""
    if not whose:
        return []
    told = ["introspection_mode = auth", f"introspection_url = {whose}", "username_attribute = email"]
    if modern:
        return ["auth_mechanisms = xoauth2", "oauth2 {", *told, "}"]
    (folder / "oauth2.conf").write_text("\n".join(told) + "\n")
    return [
        "auth_mechanisms = xoauth2",
        "passdb {",
        "  driver = oauth2",
        "  mechanisms = xoauth2",
        f"  args = {folder}/oauth2.conf",
        "}",
    ]


def _tls(folder: Path, *, modern: bool, used: bool) -> list[str]:
    if not used:
        return ["ssl = no"]
    names = ("ssl_server_cert_file = ", "ssl_server_key_file = ") if modern else ("ssl_cert = <", "ssl_key = <")
    return ["ssl = yes", f"{names[0]}{folder}/cert.pem", f"{names[1]}{folder}/key.pem"]


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- TLS -------------------------------------------------------------------------------------


class Certificate:
    """A certificate for localhost that nobody but the test trusts."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(serialization.Encoding.PEM)
        self.key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def write(self, folder: Path) -> Path:
        """Write both into `folder`; returns the certificate's path."""
        (folder / "cert.pem").write_bytes(self.certificate)
        (folder / "key.pem").write_bytes(self.key)
        return folder / "cert.pem"

    def server_context(self, folder: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.write(folder), folder / "key.pem")
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.decode())


# --- SMTP ------------------------------------------------------------------------------------


class Fault(StrEnum):
    """How the server may take the next mail other than well."""

    SENDER_LATER = "451 at MAIL"
    RECIPIENT_LATER = "450 at RCPT"
    RECIPIENT_NEVER = "550 at RCPT"
    GOODBYE = "421 at RCPT"
    CUT_BEFORE = "cut at RCPT"
    DATA_NEVER = "554 at the end"
    TOO_LARGE = "552 at the end"
    DATA_LATER = "452 at the end"
    CUT_AFTER = "cut at the end, not taken"
    LOST = "taken, cut at the end"
    SILENT = "not taken, no answer"
    GARBLED = "an answer that is none"


@dataclass
class Delivered:
    """A mail the server has taken."""

    sender: str
    recipient: str
    content: bytes
    user: str | None
    peer: int


@dataclass
class SmtpServer:
    """Takes mail for anybody who signs in with the right password."""

    tls: ssl.SSLContext | None = None
    starttls: bool = False
    password: str = PASSWORD
    tokens: Container[str] | None = None
    """The access tokens that are good, in place of the password."""
    mails: list[Delivered] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    connections: int = 0
    port: int = 0
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    taken: Callable[[bytes], None] | None = None
    """Told of each mail that was taken: a provider that keeps copies."""
    _server: asyncio.Server | None = None
    _open: list[SMTP] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'smtps' if self.tls and not self.starttls else 'smtp'}://localhost:{self.port}"

    async def __aenter__(self) -> SmtpServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        context = None if self.starttls else self.tls
        self._server = await loop.create_server(self._make, "localhost", self.port, ssl=context, family=socket.AF_INET)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and hang up on everybody."""
        self.quiet.set()
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None
        self.quiet.clear()
        await asyncio.sleep(0.01)

    def hang_up(self) -> None:
        for one in self._open:
            if one.transport is not None:
                one.transport.abort()
        self._open.clear()

    # --- what aiosmtpd calls -----------------------------------------------------------------

    def _make(self) -> SMTP:
        self.connections += 1
        made = SMTP(
            self,
            authenticator=self._authenticate,
            auth_require_tls=False,
            tls_context=self.tls if self.starttls else None,
            data_size_limit=None,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
        )
        self._open.append(made)
        return made

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = self.tokens is None and data.password.decode() == self.password
        return AuthResult(success=right, handled=False, auth_data=data.login.decode())

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """https://developers.google.com/workspace/gmail/imap/xoauth2-protocol."""
        user, bearer = b64decode(args[1]).decode().split("\1")[:2]
        if bearer.removeprefix("auth=Bearer ") in (self.tokens or ()):
            return AuthResult(success=True, auth_data=user.removeprefix("user="))
        await server.challenge_auth(b'{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 sign in first"
        if self._next(Fault.SENDER_LATER):
            return "451 4.3.0 try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._next(Fault.RECIPIENT_LATER):
            return "450 4.2.0 greylisted"
        if self._next(Fault.RECIPIENT_NEVER):
            return "550 5.1.1 no such user"
        if self._next(Fault.GOODBYE):
            return "421 4.3.2 closing"
        if self._next(Fault.CUT_BEFORE):
            server.transport.abort()
            return "250 OK"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._next(Fault.DATA_NEVER):
            return "554 5.6.0 refused"
        if self._next(Fault.TOO_LARGE):
            return "552 5.3.4 too large"
        if self._next(Fault.DATA_LATER):
            return "452 4.3.1 no room"
        if self._next(Fault.CUT_AFTER):
            server.transport.abort()
            return "250 OK"
        if self._next(Fault.SILENT):
            await self.quiet.wait()
            return "451 too late"
        if self._next(Fault.GARBLED):
            return "??? what"
        self._take(session, envelope)
        if self._next(Fault.LOST):
            server.transport.abort()
        return "250 OK"

    async def handle_exception(self, error: Exception) -> str:
        return "500 error"

    def _take(self, session: Session, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        if self.taken is not None:
            self.taken(content)
        self.mails.append(
            Delivered(
                sender=str(envelope.mail_from),
                recipient=str(envelope.rcpt_tos[0]),
                content=content,
                user=str(session.auth_data) if session.auth_data else None,
                peer=session.peer[1],
            )
        )

    def _next(self, fault: Fault) -> bool:
        if self.faults and self.faults[0] is fault:
            self.faults.popleft()
            return True
        return False
