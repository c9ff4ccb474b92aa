"""The real program as its users start it: a `frontdesk` process on a free port, killed or stopped at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

READY_SECONDS = 60
LOG_SHOWN = 8000
"""Characters of the log that a failed test shows."""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*words: str) -> list[str]:
    """The `frontdesk` command of this interpreter's environment."""
    return [str(Path(sys.executable).parent / "frontdesk"), *words]


class Program:
    """`frontdesk` with some words, in a folder of its own. `base` is where it listens."""

    def __init__(
        self, *words: str, folder: Path, port: int | None = None, environ: dict[str, str] | None = None
    ) -> None:
        self.port = port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._command = command(*words, "--port", str(self.port))
        self._folder = folder
        self._environ = {**os.environ, **(environ or {}), "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # A test's report shows what was printed; the folder is gone by the time somebody looks.
            print(self.log[-LOG_SHOWN:])
        self.stop()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self._folder / "program.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start and wait until it is ready."""
        with (self._folder / "program.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environ, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"frontdesk ended with {self._process.returncode}:\n{self.log}")
            try:
                if httpx.get(f"{self.base}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"frontdesk was not ready in time:\n{self.log}")

    def wait_for_metric(self, name: str, value: float, seconds: float = 30) -> None:
        """Return once the figure `name` of `/metrics` is `value`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = httpx.get(f"{self.base}/metrics", timeout=5).text.splitlines()
            if f"{name} {float(value)}" in lines:
                return
            time.sleep(0.05)
        raise AssertionError(f"{name} did not become {value}:\n{self.log}")

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL, as a crash."""
        return self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"frontdesk did not stop:\n{self.log}") from None
