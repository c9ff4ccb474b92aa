"""Work that would hold up customers, in a process of its own: bytes go in, bytes come out, and it can be killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from gateway.errors import FrontdeskError

REFUSED = 3
"""Exit status of work that is not possible; the reason is the last line of standard error."""

_HOME = str(Path(__file__).resolve().parents[1])


async def run_apart(command: Sequence[str], task: bytes, *, limit: float, name: str) -> bytes:
    """What the process says on its standard output when given `task` on its standard input.

    Args:
        command: the program and its arguments.
        task: what it reads.
        limit: seconds after which it is killed.
        name: what it is called in an error, as ``training``.

    Raises FrontdeskError where it fails, refuses or takes too long; never leaves the process running.
    """
    import asyncio  # noqa: PLC0415 — the processes themselves, which need our `REFUSED`, start without it

    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(limit):
            output, complaints = await process.communicate(task)
    except TimeoutError:
        raise FrontdeskError(f"{name} took longer than {limit:g} seconds and was stopped") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise FrontdeskError(_reason(name, process.returncode, complaints))
    return output


def _environment() -> dict[str, str]:
    """Ours, with this very code importable and one thread for arithmetic: customers come first."""
    paths = [_HOME, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | threads | {"PYTHONPATH": os.pathsep.join(paths)}


def _reason(name: str, status: int, complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "no reason given"
    if status == REFUSED:
        return last
    return f"the {name} process failed (exit status {status}): {last}"
