"""Waiting for news over a line whose reader has read further than we asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bots.mail.logins import Login
from bots.mail.session import Session
from tests.bots.mail.support import settings
from tests.standins.mail import PASSWORD, USER, Certificate

ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
    b"LOGIN": b"",
    b"DONE": b"",
}
TOGETHER = b"+ idling\r\n* 7 EXISTS\r\n"
"""The news in one piece with the leave to wait: it came between our search and our IDLE."""


class Hasty:
    """A server of one line that says everything it has to say at once."""

    def __init__(self, certificate: Certificate | None, folder: Path) -> None:
        self._context = certificate.server_context(folder) if certificate else None
        self._listening = socket.create_server(("localhost", 0))
        scheme = "imaps" if certificate else "imap"
        self.url = f"{scheme}://localhost:{self._listening.getsockname()[1]}"

    def serve(self) -> None:
        """Answer one client until it goes."""
        with suppress(OSError), self._listening, self._line() as line, line.makefile("rwb", buffering=0) as talk:
            talk.write(b"* OK ready\r\n")
            waiting = b""
            while words := talk.readline().split():
                tag, command = (waiting, words[0]) if waiting else (words[0], words[1])
                if command == b"IDLE":
                    waiting = tag
                    talk.write(TOGETHER)
                    continue
                waiting = b""
                talk.write(ANSWERS[command] + tag + b" OK done\r\n")

    @contextmanager
    def _line(self) -> Iterator[socket.socket]:
        line, _ = self._listening.accept()
        with line, self._context.wrap_socket(line, server_side=True) if self._context else line as shown:
            yield shown


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_news_told_with_the_leave_to_wait_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    certificate = Certificate() if tls else None
    if certificate:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.write(tmp_path)))
    server = Hasty(certificate, tmp_path)
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    session = Session(settings(imap=server.url, call_timeout=5.0), Login(user=USER, secret=PASSWORD))
    waited: list[bool] = []
    waiter = threading.Thread(target=lambda: waited.append(session.idle(60)), daemon=True)
    waiter.start()
    waiter.join(20)
    session.abort()
    serving.join()
    waiter.join()
    session.discard()
    assert waited == [True]
