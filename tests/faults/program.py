"""One life of the gateway: the real `Frontdesk`, served as it is in production, that ends at a named step.

Run as `python -m tests.faults.program` it is a nursery: it imports everything once, then begins a life for
each order on its standard input, as a forked child (there is no loop, thread or connection before the fork).
With an order as its argument it lives that one life itself.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import select
import signal
import sys
from pathlib import Path
from typing import NoReturn

import msgspec
import uvicorn

if __package__ in (None, ""):  # run by path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

from gateway import logs
from gateway.app import KINDS, Frontdesk
from gateway.processes import serving
from gateway.processes.listening import bind
from gateway.settings import Outbox, Settings
from gateway.steps import Step
from gateway.storage.revision import require_newest
from tests.faults import straight
from tests.faults.bugs import BUGS
from tests.faults.echoing import make_it_echo

AT_ONCE = 8
"""Sends that one life may have under way."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A life to live: where, with what fate (`step` number `nth` ends it, or with `stall` only stops it), and
    which seeded bug."""

    life: int
    port: int
    database_url: str
    folder: str
    api_base: str
    step: Step | None = None
    nth: int = 1
    stall: bool = False
    bug: str | None = None
    unknown: str = "resend_once"
    webchat: bool = False
    secret: str = "the same in every life"


class Killer:
    """A `gateway.steps.Watch` that sends the process `number` (kill -9) when `step` comes for the nth time."""

    def __init__(self, step: Step | None, nth: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
        self._step = step
        self._number = number
        self._left = nth

    def __call__(self, step: Step, count: int) -> None:
        if step is not self._step:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)


async def live(order: Order) -> None:
    """Serve until killed or told to stop."""
    watch = Killer(order.step, order.nth, signal.SIGSTOP if order.stall else signal.SIGKILL)
    KINDS[straight.KIND.name] = straight.__name__
    listener = bind("127.0.0.1", order.port)
    frontdesk = Frontdesk(settings_of(order), watch=watch)
    make_it_echo(frontdesk)
    if order.bug:
        BUGS[order.bug].plant(frontdesk, watch)
    try:
        await require_newest(frontdesk.database)
        await serving.run(frontdesk, listener)
    finally:
        await frontdesk.close()
        listener.close()


def settings_of(order: Order) -> Settings:
    """The settings of a gateway with the one channel, and web chat where wanted."""
    channels = {"shop": {"kind": straight.KIND.name, "api_base": f"{order.api_base}/{order.life}"}}
    if order.webchat:
        channels["site"] = {"kind": "webchat"}
    return Settings(
        host="127.0.0.1",
        port=order.port,
        database_url=order.database_url,
        data_dir=order.folder,
        secret=order.secret,
        outbox=Outbox(unknown=order.unknown, concurrency=AT_ONCE),
        channels=channels,
    )


# --- the nursery -----------------------------------------------------------------------------


def rehearse(order: Order) -> None:
    """Build what `order` needs once and throw it away: imports, catalogues and signatures stay in memory, so
    that each child finds them. Building opens no connection and starts nothing."""
    KINDS[straight.KIND.name] = straight.__name__
    uvicorn.Config(Frontdesk(settings_of(order)).web(), log_config=None, lifespan="on").load()
    gc.collect()
    gc.freeze()


def nurse() -> None:
    """Begin a life for each order on standard input; tell on standard output when it began and how it ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(writer)
    lives: dict[int, int] = {}
    try:
        _attend(reader, lives)
    finally:
        for pid in lives:
            os.kill(pid, signal.SIGKILL)


def _attend(reader: int, lives: dict[int, int]) -> None:
    pending = b""
    rehearsed = False
    while True:
        ready, _, _ = select.select([0, reader], [], [])
        if reader in ready:
            os.read(reader, 4096)
            _report_ended(lives)
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                order = msgspec.json.decode(line, type=Order)
                if not rehearsed:
                    rehearse(order)
                    rehearsed = True
                pid = _fork(order)
                lives[pid] = order.life
                _say({"began": order.life, "pid": pid})


def _report_ended(lives: dict[int, int]) -> None:
    for pid in list(lives):
        changed, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if changed and os.WIFSTOPPED(status):
            _say({"stalled": lives[pid]})
        elif changed:
            _say({"ended": lives.pop(pid), "code": os.waitstatus_to_exitcode(status)})


def _say(news: dict[str, int]) -> None:
    os.write(1, msgspec.json.encode(news) + b"\n")


def _fork(order: Order) -> int:
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _live_and_exit(order)
    return pid


def _live_and_exit(order: Order) -> NoReturn:
    """Live with what is said kept in a file of the life's folder, and never return to the nursery's code."""
    code = 1
    try:
        log = os.open(f"{order.folder}/lives.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        logs.configure("text", level=logging.WARNING)
        asyncio.run(live(order))
        code = 0
    except BaseException:
        logging.getLogger().exception("life %s broke", order.life)
    finally:
        os._exit(code)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        logs.configure("text")
        asyncio.run(live(msgspec.json.decode(sys.argv[1], type=Order)))
    else:
        nurse()
