"""A worker that keeps the supervisor's rules and answers each connection with its number and its company's phone.

A phone of "refuse" or "crash" ends it before it serves, as bad settings or a bug would; one of "starts:FILE" makes
FILE and never comes to serve.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

import msgspec

from gateway.processes.worker import READY
from gateway.settings import Settings


def main() -> None:
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    if settings.company.phone == "refuse":
        sys.exit(2)
    if settings.company.phone == "crash":
        raise SystemError
    if settings.company.phone.startswith("starts:"):
        Path(settings.company.phone.removeprefix("starts:")).touch()
        signal.pause()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=_leave_with_supervisor, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.listen()
    os.write(1, READY)
    while True:
        connection, _ = listener.accept()
        connection.sendall(f"{os.getpid()} {settings.company.phone}".encode())
        connection.close()


def _leave_with_supervisor() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
