"""Running the program: bind, serve, and stop without losing anything."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn

from gateway.app import Frontdesk
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.storage.migrate import require_newest

log = structlog.get_logger()

GRACE_SECONDS = 10


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until told to stop. Raises SettingsError or StorageUnavailable before the first request."""
    listener = bind(host, port)
    frontdesk = Frontdesk(settings)
    try:
        await require_newest(frontdesk.database)
        await run(frontdesk, listener)
    finally:
        await frontdesk.close()
        listener.close()


async def run(frontdesk: Frontdesk, listener: socket.socket) -> None:
    """Serve `frontdesk` on a bound socket until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        frontdesk.web(),
        log_config=None,
        access_log=False,
        lifespan="on",
        proxy_headers=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_max_size=64 * 1024,
    )
    host, port = listener.getsockname()[:2]
    log.info("serving", url=f"http://{host}:{port}")
    with _already_obeyed():
        await _Server(config, frontdesk.wakeups.stop).serve(sockets=[listener])
    log.info("stopped")


class _Server(uvicorn.Server):
    """Tells the loops and the open streams at the signal already: uvicorn waits for streams to end
    before it ends the application, which would otherwise be the first to tell them."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGINT or SIGTERM came."""
        self._loop.call_soon_threadsafe(self._stop)
        super().handle_exit(sig, frame)


@contextmanager
def _already_obeyed() -> Iterator[None]:
    """uvicorn raises the signal it stopped for once more when it is done; by then there is nothing left
    to end but ourselves, tidily and with exit code 0."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def check(settings: Settings) -> None:
    """Build everything and look at the database. Raises what `serve` would."""
    frontdesk = Frontdesk(settings)
    try:
        await require_newest(frontdesk.database)
    finally:
        await frontdesk.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError("port", f"cannot listen on {host}:{port}: {error.strerror}; choose another") from None
    listener.listen(2048)
    return listener
