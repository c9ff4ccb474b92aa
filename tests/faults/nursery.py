"""Where lives come from: the program of this folder as a parent that forks a fresh child for each order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.faults.events import Cut, How, Logbook

ROOT = Path(__file__).resolve().parents[2]


class _News(msgspec.Struct, kw_only=True):
    began: int | None = None
    ended: int | None = None
    stalled: int | None = None
    pid: int = 0
    code: int = 0


class Life:
    """One process of the gateway, from its order to its end."""

    def __init__(self, number: int, log: Logbook) -> None:
        self.number = number
        self.pid = 0
        self.code: int | None = None
        self.ended = asyncio.Event()
        self.stalled = asyncio.Event()
        self._log = log
        self._began = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether its end was not reported yet."""
        return not self.ended.is_set()

    def kill(self) -> None:
        """kill -9, now."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: a planned end."""
        if self._signal(signal.SIGTERM):
            self._log.write(Cut(life=self.number, how=How.STOPPED))

    def stall(self) -> None:
        """SIGSTOP: it hangs, as on a machine that swaps or a paused virtual one."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on, and knows nothing."""
        self._signal(signal.SIGCONT)

    async def begin(self) -> Life:
        """Return once there is a process."""
        await self._began.wait()
        return self

    def _signal(self, number: signal.Signals) -> bool:
        if self.alive and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
                return True
        return False

    def note_began(self, pid: int) -> None:
        self.pid = pid
        self._began.set()

    def note_stalled(self) -> None:
        self._log.write(Cut(life=self.number, how=How.STALLED))
        self.stalled.set()

    def note_ended(self, code: int) -> None:
        self.code = code
        if code == -signal.SIGKILL:
            self._log.write(Cut(life=self.number, how=How.KILLED))
        self.ended.set()


class Nursery:
    """Begins lives while entered; whatever still lives at the end is killed."""

    def __init__(self) -> None:
        self._lives: dict[int, Life] = {}
        self._numbers = 0

    async def __aenter__(self) -> Nursery:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.program",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            # Threads of a number library would be in the parent before the fork.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        for life in self._lives.values():
            life.resume()
        self._process.stdin.close()
        await self._process.wait()
        await self._listening

    def number(self) -> int:
        """A number for the next life; numbers are never used again."""
        self._numbers += 1
        return self._numbers

    async def begin(self, order: msgspec.Struct, number: int, log: Logbook) -> Life:
        """Begin the life that `order` describes under `number`."""
        assert self._process.stdin is not None
        life = self._lives[number] = Life(number, log)
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self._process.stdin.drain()
        began = asyncio.create_task(life.begin())
        await asyncio.wait([began, self._listening], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert began.done(), "the nursery begins no life any more; what it said is on standard error"
        return await began

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            news = msgspec.json.decode(line, type=_News)
            if news.began is not None:
                self._lives[news.began].note_began(news.pid)
            elif news.stalled is not None:
                self._lives[news.stalled].note_stalled()
            elif news.ended is not None:
                self._lives.pop(news.ended).note_ended(news.code)
