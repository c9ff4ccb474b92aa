"""Trying templates in a process of their own, which is killed when one takes too long.

The editor and the import use it; the message path never does, there the limits of `templates` hold.
The parent writes one JSON request a line and reads one JSON verdict a line.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
import structlog

from gateway.errors import FrontdeskError
from gateway.messages import Value
from knowledge_base.problems import N_, Problem, TemplateRefused
from knowledge_base.snippets.filling import fill
from knowledge_base.templates import check

log = structlog.get_logger()

START_SECONDS = 30.0
TEMPLATE_SECONDS = 2.0
_ROOT = Path(__file__).parent.parent
_LINE_LIMIT = 1 << 20
_READY = b"ready\n"


class Trial(Value, frozen=True, kw_only=True):
    """A template to try; with `variables` it is filled in too, `snippets` (templates by name) before it."""

    source: str
    variables: dict[str, dict[str, str]] | None = None
    snippets: dict[str, str] = msgspec.field(default_factory=dict)


class Verdict(Value, frozen=True, kw_only=True):
    """What became of a trial: a `problem`, or the text, and in both cases what had no value or no name."""

    problem: Problem | None = None
    text: str = ""
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def judge(trial: Trial) -> Verdict:
    """Try here and now; for the worker process, and for tests."""
    try:
        unknown = check(trial.source)
        if trial.variables is None:
            return Verdict(unknown=unknown)
        rendered = fill(trial.source, trial.variables, trial.snippets).rendered
    except TemplateRefused as refused:
        return Verdict(problem=refused.problem)
    return Verdict(text=rendered.text, unknown=unknown, missing=rendered.missing)


class TemplateChecker:
    """Tries templates in one worker process, started when first needed and again after a kill."""

    def __init__(self, *, seconds: float = TEMPLATE_SECONDS, module: str = "knowledge_base.checking") -> None:
        self._seconds = seconds
        self._module = module
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> TemplateChecker:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the worker; it would be started anew by the next trial."""
        async with self._turn:
            await self._kill()

    async def check(self, sources: Sequence[str]) -> list[Verdict]:
        """A verdict for each source, in order. Equal sources are tried once."""
        unique = list(dict.fromkeys(sources))
        verdicts = dict(zip(unique, await self.run([Trial(source=source) for source in unique]), strict=True))
        return [verdicts[source] for source in sources]

    async def run(self, trials: Sequence[Trial]) -> list[Verdict]:
        """A verdict for each trial, in order. One that takes too long costs its worker its life."""
        async with self._turn:
            try:
                return [await self._one(trial) for trial in trials]
            except BaseException:
                # Left half-way (cancelled), the pipe would hold somebody else's answer.
                await self._kill()
                raise

    async def _one(self, trial: Trial) -> Verdict:
        process = await self._started()
        assert process.stdin
        assert process.stdout
        try:
            async with asyncio.timeout(self._seconds):
                process.stdin.write(msgspec.json.encode(trial) + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
            return msgspec.json.decode(line, type=Verdict)
        except (TimeoutError, OSError, msgspec.DecodeError) as error:
            log.warning("template_killed", reason=type(error).__name__)
            await self._kill()
            return Verdict(problem=Problem(message=N_("this takes too long to fill in; simplify it")))

    async def _started(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=PIPE,
            stdout=PIPE,
            limit=_LINE_LIMIT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self._process.stdout
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await self._process.stdout.readline()
        except TimeoutError:
            ready = b""
        if ready != _READY:
            await self._kill()
            raise FrontdeskError("the process that tries templates did not start")
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        # Reads both pipes to their ends, so that nothing of them is left to the loop's closing.
        await process.communicate()


def serve(requests: BinaryIO, verdicts: BinaryIO) -> None:
    """The worker: say that it is there, then one verdict for each request until the input ends."""
    verdicts.write(_READY)
    verdicts.flush()
    for line in requests:
        verdicts.write(msgspec.json.encode(judge(msgspec.json.decode(line, type=Trial))) + b"\n")
        verdicts.flush()


if __name__ == "__main__":
    # Ctrl-C at the terminal reaches the whole group; the parent ends us by closing our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
