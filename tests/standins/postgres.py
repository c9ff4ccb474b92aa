"""A PostgreSQL server of our own for the time of a test run: loopback only, thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType


def find_postgres() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, wherever the system keeps it."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return versions[-1].parent if versions else None


class PostgresServer:
    """Started on entering, stopped on leaving. As root it runs as `postgres`, which refuses root.
    A `durable` one waits for the disk at each commit, as in production; tests need not."""

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._fsync = "on" if durable else "off"
        # Not below pytest's folders: those are private to whoever runs the tests, and the server's own
        # user must be able to pass.
        self._folder = Path(tempfile.mkdtemp(prefix="frontdesk-postgres-"))
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """Of the maintenance database."""
        return f"postgresql://frontdesk@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> PostgresServer:
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "frontdesk", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.resume()
        return self

    def resume(self) -> None:
        """Start it, on the same port and with the same data after a `pause`."""
        options = (
            f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} "
            f"-c fsync={self._fsync}"
        )
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def pause(self) -> None:
        """Stop it, cutting all connections as a restart does."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "fast", "stop")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(self._binaries / program), *words],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._user if os.geteuid() == 0 else None,
            cwd=self._folder,
        )
