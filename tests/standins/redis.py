"""A Redis server of our own for the time of a test: loopback only, nothing on disk, killed and started at will."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from types import TracebackType

READY_SECONDS = 10


def find_redis() -> str | None:
    """Where `redis-server` is; None where it is not installed."""
    return shutil.which("redis-server")


class RedisServer:
    """Started on entering, gone on leaving. With a `password` it lets nobody in without."""

    def __init__(self, binary: str, *, password: str = "") -> None:
        self._binary = binary
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """As the setting `redis_url` wants it."""
        secret = f":{self._password}@" if self._password else ""
        return f"redis://{secret}127.0.0.1:{self._port}/0"

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start and wait until it answers; on the same port as before."""
        words = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self._password:
            words += ["--requirepass", self._password]
        self._process = subprocess.Popen([self._binary, *words], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        """As a crash; whoever is connected finds the line cut."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
