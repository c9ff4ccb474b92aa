"""The processes under measurement: started, waited for, weighed (Linux' /proc) and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.standins.program import free_port

ROOT = Path(__file__).parent.parent.parent
PROC = Path("/proc")
MIB = 1024 * 1024
READY_SECONDS = 300.0
LOOK_SECONDS = 0.01


class Failed(Exception):
    """A process did not do what the bench needs of it; the text says what it wrote."""


def module(name: str, *words: str) -> list[str]:
    """The command that runs `tests.bench.<name>` in this environment."""
    return [sys.executable, "-m", f"tests.bench.{name}", *words]


def run(command: list[str], *, folder: Path = ROOT, given: str = "", environ: Mapping[str, str] | None = None) -> str:
    """What `command` writes, run to its end in `folder`. Raises Failed."""
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        input=given,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class Served:
    """A server process on a port of its own; `{port}` in its command stands for it.

    `ready` is the path that answers 200 when it can work; empty: it is ready when it takes connections.
    """

    def __init__(
        self,
        command: list[str],
        *,
        folder: Path = ROOT,
        log: Path,
        ready: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.log = log
        self._command = [word.replace("{port}", str(self.port)) for word in command]
        self._folder = folder
        self._ready = ready
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Start it; returns the seconds until it was ready. Raises Failed."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environ, stdout=log, stderr=subprocess.STDOUT
            )
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() - begun > READY_SECONDS:
                self.stop()
                raise Failed(f"{' '.join(self._command)} did not become ready:\n{self.tail()}")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - begun

    def stop(self) -> None:
        """SIGTERM, and its end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def memory(self) -> float | None:
        """Resident MiB of the process and all below it; None where there is no /proc."""
        if not PROC.is_dir():
            return None
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(int(_read(pid, "statm").split()[1]) for pid in self._tree()) * page / MIB

    def processor(self) -> float | None:
        """Seconds of processor that the process and all below it have used; None where there is no /proc."""
        if not PROC.is_dir():
            return None
        ticks = sum(sum(map(int, _stat(pid)[11:13])) for pid in self._tree())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _tree(self) -> list[int]:
        assert self._process is not None
        parents = {int(entry.name): entry for entry in PROC.iterdir() if entry.name.isdigit()}
        children: dict[int, list[int]] = {}
        for pid in parents:
            fields = _stat(pid)
            if fields:
                children.setdefault(int(fields[1]), []).append(pid)
        tree = [self._process.pid]
        for pid in tree:
            tree.extend(children.get(pid, ()))
        return [pid for pid in tree if _stat(pid)]

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                if not self._ready:
                    return True
                connection.sendall(f"GET {self._ready} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
                return connection.recv(12).endswith(b" 200")
        except OSError:
            return False

    def tail(self) -> str:
        """The end of what it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return (PROC / str(pid) / name).read_text()
    except OSError:
        return ""
