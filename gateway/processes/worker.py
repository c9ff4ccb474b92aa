"""One serving process: `frontdesk serve` itself, or one of several that its supervisor keeps.

As one of several it is ``python -m gateway.processes.worker FD``: it takes its settings as a line of JSON from
standard input, listens on the socket FD, writes a line to standard output when it serves, and stops when
standard input ends, for then the supervisor is gone.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

import msgspec
import uvloop

from gateway import logs
from gateway.errors import SettingsError, StorageUnavailable
from gateway.operating.memory import keep_one_heap
from gateway.processes.listening import bind
from gateway.settings import Settings

READY = b"ready\n"


def serve(settings: Settings) -> None:
    """Serve in this process until told to stop. Raises SettingsError or StorageUnavailable before the
    first request."""
    logs.configure(settings.log_format, level=logs.level_of(settings.log_level), lasting=True)
    listener = bind(settings.host, settings.port)
    try:
        _serve(settings, listener, lambda: None)
    finally:
        listener.close()


def _serve(settings: Settings, listener: socket.socket, started: Callable[[], None]) -> None:
    # What is imported and built at the start stays; looking through it for garbage again and again takes
    # a third of the time. `serving` turns the collector on again.
    gc.disable()
    keep_one_heap()
    from gateway.processes import serving  # noqa: PLC0415

    uvloop.run(serving.serve(settings, listener, started))


def main(descriptor: int) -> int:
    """A supervisor's process, to its end; returns the exit code."""
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    logs.configure(settings.log_format, level=logging.getLevelNamesMapping()[settings.log_level.upper()], lasting=True)
    threading.Thread(target=_follow_supervisor, daemon=True).start()
    try:
        with socket.socket(fileno=descriptor) as listener:
            _serve(settings, listener, _say_ready)
    except (SettingsError, StorageUnavailable) as error:
        sys.stderr.write(f"frontdesk: {error}\n")
        return 2
    return 0


def _follow_supervisor() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say_ready() -> None:
    os.write(1, READY)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
