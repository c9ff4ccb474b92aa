"""Keeping several serving processes on one port: starts them, starts anew what died, and stops them all.

The supervisor itself loads nothing of the program and takes no connection.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import structlog

from gateway.errors import SettingsError
from gateway.processes.listening import SharedPort
from gateway.processes.worker import READY
from gateway.settings import Settings

log = structlog.get_logger()

STOP_SECONDS = 45.0
"""Longer than a worker gives its requests and its sends together."""
STEADY_SECONDS = 60.0
"""Who lived so long did not die of its start."""
LONGEST_PAUSE = 30.0


class Worker:
    """One process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid
        self.serves = False
        self._told = False

    async def ready(self) -> bool:
        """Whether it came to serve; False where it ended before."""
        assert self._process.stdout
        self.serves = await self._process.stdout.readline() == READY
        return self.serves

    async def ended(self) -> int:
        """Its exit code, negative for a signal."""
        code = await self._process.wait()
        self.serves = False
        return code

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._told = True
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def left(self, code: int, *, stopping: bool) -> bool:
        """Whether it ended with `code` as it was to. One that still starts has not learnt to obey a SIGTERM yet and
        dies of it; while we are `stopping` it may have been a service manager's, which goes to all of us."""
        return code == 0 or (code == -signal.SIGTERM and (self._told or stopping))


COMMAND = (sys.executable, "-m", "gateway.processes.worker")


class Supervisor:
    """Keeps `settings.workers` processes.

    Args:
        settings: what the processes are given.
        port: what they listen on.
        reload: gives the settings anew for a rolling restart.
        command: the worker program; it gets the number of its socket as one more argument.
    """

    def __init__(
        self,
        settings: Settings,
        port: SharedPort,
        reload: Callable[[], Settings],
        *,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._settings = settings
        self._port = port
        self._reload = reload
        self._command = command
        self._workers: set[Worker] = set()
        self._stopping = asyncio.Event()
        self._roll = asyncio.Event()
        self._killed = False

    async def run(self) -> int:
        """Until SIGINT or SIGTERM; SIGHUP restarts the processes one by one. Returns the exit code: 2
        where the first process cannot start for its settings, which it has said itself."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._roll.set)
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._stop_all()), group.create_task(self._roll_when_told())]
            code = await self._keep_all()
            for helper in helpers:
                helper.cancel()
        return code

    async def _keep_all(self) -> int:
        # One first: what is wrong with the settings is then said once, and not by each.
        first = await self._start()
        if not await first.ready():
            code = await self._ended(first)
            return 0 if self._stopping.is_set() else 2 if code == 2 else 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(first))
            for _ in range(1, self._settings.workers):
                group.create_task(self._keep(None))
        log.info("stopped", workers=self._settings.workers)
        return 1 if self._killed else 0

    async def _keep(self, worker: Worker | None) -> None:
        """One place: `worker` or a new one, and after its end another."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                worker = worker or await self._start()
                code = await self._see_through(worker)
            except SettingsError as error:  # somebody took the port while nobody of us listened
                log.error("worker_not_started", reason=str(error))
                code = 2
            worker = None
            steady = time.monotonic() - began > STEADY_SECONDS
            failures = 0 if code == 0 or steady else failures + 1
            if await self._stops_within(_pause(failures)):
                return

    async def _see_through(self, worker: Worker) -> int:
        """From its start to its end; its exit code, 0 where it was told to end."""
        if worker.serves or await worker.ready():
            log.info("worker_serves", worker=worker.pid)
        code = await self._ended(worker)
        if worker.left(code, stopping=self._stopping.is_set()):
            log.info("worker_stopped", worker=worker.pid)
            return 0
        log.error("worker_died", worker=worker.pid, code=code)
        return code

    async def _stops_within(self, seconds: float) -> bool:
        """Wait so long, or until we are told to stop; whether that was it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()

    async def _start(self) -> Worker:
        with self._port.open() as listener:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(listener.fileno()),
                stdin=PIPE,
                stdout=PIPE,
                pass_fds=[listener.fileno()],
                # Of its own: Ctrl+C at the terminal is for us to pass on.
                process_group=0,
            )
        worker = Worker(process)
        self._workers.add(worker)
        if self._stopping.is_set():
            worker.tell(signal.SIGTERM)
        assert process.stdin
        process.stdin.write(msgspec.json.encode(self._settings) + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        return worker

    async def _ended(self, worker: Worker) -> int:
        try:
            return await worker.ended()
        finally:
            self._workers.discard(worker)

    async def _stop_all(self) -> None:
        await self._stopping.wait()
        log.info("stopping", workers=len(self._workers))
        for worker in self._workers:
            worker.tell(signal.SIGTERM)
        await asyncio.sleep(STOP_SECONDS)
        for worker in self._workers:
            log.error("worker_killed", worker=worker.pid)
            self._killed = True
            worker.tell(signal.SIGKILL)

    async def _roll_when_told(self) -> None:
        while True:
            await self._roll.wait()
            self._roll.clear()
            try:
                # How many there are is settled for as long as we run.
                self._settings = msgspec.structs.replace(self._reload(), workers=self._settings.workers)
            except SettingsError as error:
                log.error("not_restarted", reason=str(error))
                continue
            if await self._replace(list(self._workers)):
                log.info("restarted", workers=len(self._workers))

    async def _replace(self, leaving: list[Worker]) -> bool:
        """One by one; stays with the old ones where a new one does not come up, until told to restart again."""
        for worker in leaving:
            worker.tell(signal.SIGTERM)
            while worker in self._workers or sum(one.serves for one in self._workers) < self._settings.workers:
                if self._roll.is_set():
                    return False
                await asyncio.sleep(0.1)
        return True


def _pause(failures: int) -> float:
    """Seconds before the next try: none after the first failure, then ever more."""
    return min(LONGEST_PAUSE, 0.25 * 2**failures) if failures > 1 else 0.0


async def supervise(settings: Settings, reload: Callable[[], Settings]) -> int:
    """Keep `settings.workers` processes on the port. Raises SettingsError where it cannot be had."""
    port = SharedPort(settings.host, settings.port)
    try:
        return await Supervisor(settings, port, reload).run()
    finally:
        port.close()
