"""Trains in a process of its own and stores what comes out: `gateway.ports.Trainer`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from gateway.errors import FrontdeskError
from gateway.ports import Clock, Phrase, TrainingReport
from gateway.storage.engine import Database
from nlu.storage import Models
from nlu.worker import REFUSED, Task, decode_result

COMMAND = (sys.executable, "-m", "nlu.worker")
SECONDS = 300.0

_HOME = str(Path(__file__).resolve().parents[1])
_log = structlog.get_logger(__name__)


class ProcessTrainer:
    """One training at a time; a later one waits for the earlier.

    Args:
        database: where the model is stored (`nlu.storage.Models`).
        clock: gives the time to store with it.
        limit: seconds after which a training is killed.
        command: the training program and its arguments.
    """

    def __init__(
        self, database: Database, clock: Clock, *, limit: float = SECONDS, command: Sequence[str] = COMMAND
    ) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit
        self._command = tuple(command)
        self._turn = asyncio.Lock()

    async def train(self, revision: int, phrases: Sequence[Phrase]) -> TrainingReport:
        """Train on `phrases` and store the model under `revision`.

        Raises FrontdeskError where the phrases do not suffice, the process fails or takes too long;
        the model in service is not touched then.
        """
        task = msgspec.json.encode(Task(revision=revision, phrases=tuple(phrases)))
        async with self._turn:
            report, arrays = decode_result(await self._run(task))
            async with self._database.write() as work:
                await Models(work.connection).put(report, arrays, self._clock())
        _log.info(
            "model_trained", revision=revision, phrases=report.phrases, intents=report.intents, seconds=report.seconds
        )
        return report

    async def _run(self, task: bytes) -> bytes:
        """The process's standard output. Raises FrontdeskError; never leaves the process running."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(self._limit):
                output, complaints = await process.communicate(task)
        except TimeoutError:
            raise FrontdeskError(f"training took longer than {self._limit:g} seconds and was stopped") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise FrontdeskError(_reason(process.returncode, complaints))
        return output


def _environment() -> dict[str, str]:
    """Ours, with this very code importable and one thread for arithmetic: customers come first."""
    paths = [_HOME, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | threads | {"PYTHONPATH": os.pathsep.join(paths)}


def _reason(status: int, complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "no reason given"
    if status == REFUSED:
        return last
    return f"the training process failed (exit status {status}): {last}"
