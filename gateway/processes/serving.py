"""Running the program: bind, serve, and stop without losing anything."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn

from gateway.app import DESK_KINDS, KINDS, Frontdesk
from gateway.errors import StorageUnavailable
from gateway.operating import variables
from gateway.operating.collecting import spare_what_lasts
from gateway.operating.memory import give_back
from gateway.processes.listening import url_of
from gateway.settings import Settings
from gateway.storage.revision import require_newest
from gateway.web.patience import PatientHttp, PatientSocket

log = structlog.get_logger()

GRACE_SECONDS = 10


def _nobody() -> None:
    """Who need not be told that we serve."""


async def serve(settings: Settings, listener: socket.socket, started: Callable[[], None] = _nobody) -> None:
    """Serve on a bound socket until told to stop, and say by `started` when it begins. Raises SettingsError
    or StorageUnavailable before the first request."""
    frontdesk = _build(settings)
    try:
        await require_newest(frontdesk.database)
        await run(frontdesk, listener, started)
    finally:
        await frontdesk.close()


async def run(frontdesk: Frontdesk, listener: socket.socket, started: Callable[[], None] = _nobody) -> None:
    """Serve `frontdesk` on a bound socket until SIGINT or SIGTERM. Raises StorageUnavailable where it could
    not start."""
    config = uvicorn.Config(
        frontdesk.web(),
        log_config=None,
        access_log=False,
        lifespan="on",
        proxy_headers=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_max_size=64 * 1024,
        http=PatientHttp,
        ws=PatientSocket,
        # Frames are small, and compressing costs each open widget 50 KiB of memory.
        ws_per_message_deflate=False,
        # Widgets ping by themselves, and `PatientSocket` lets the system look after dead lines.
        ws_ping_interval=None,
    )
    _open_many()
    log.info("serving", url=url_of(listener), role=frontdesk.role)
    server = _Server(config, frontdesk.wakeups.stop, started)
    with _already_obeyed():
        await server.serve(sockets=[listener])
    if not server.started:
        raise StorageUnavailable("the program could not start; the log says why")
    log.info("stopped")


def _settle_down() -> None:
    """What is loaded by now stays until the end: the collector need not look through it ever again."""
    give_back()
    gc.freeze()
    spare_what_lasts()
    gc.enable()


def _open_many() -> None:
    """Take as many open files as we are allowed: each widget is one, and the usual limit is a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """Tells the loops and the open streams at the signal already: uvicorn waits for streams to end
    before it ends the application, which would otherwise be the first to tell them."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None], told: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop
        self._told = told
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        if self.started:
            _settle_down()
            self._told()

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
    frontdesk = _build(settings)
    try:
        frontdesk.web()
        await require_newest(frontdesk.database)
    finally:
        await frontdesk.close()


def _build(settings: Settings) -> Frontdesk:
    # First, for where a field is said to be missing its variable may only be misspelt.
    variables.tell(variables.of_tables(settings, KINDS, DESK_KINDS))
    return Frontdesk(settings)
