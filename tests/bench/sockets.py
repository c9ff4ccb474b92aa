"""What an idle visitor costs, and how fast the others are answered beside ten thousand of them.

    make bench-sockets [VISITORS=10000]

The same visitors first sit at a bare Litestar socket, then at the whole program (`frontdesk serve` with
the demo's articles on a new SQLite database). Memory is the server's resident set; the visitors live in
a process of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.visitors import SECRET
from tests.standins.program import command, free_port

WARM = 200
"""Visitors before the first look at memory: what is loaded or allocated once is no visitor's cost."""
SPARE_FILES = 500
ROOT = Path(__file__).parents[2]
KNOWLEDGE = ROOT / "knowledge_base" / "demo"
REST_SECONDS = 3.0
SETTINGS = """
database_url = "sqlite:///bench.db"
data_dir = "data"
[company.name]
uk = "Журавлик"
[channels.site]
kind = "webchat"
"""


class Server:
    """A server process, its port and its memory."""

    def __init__(self, words: list[str], port: int, folder: Path) -> None:
        self.port = port
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(words, cwd=folder, env=_environ(), stdout=log, stderr=subprocess.STDOUT)
        self._wait()

    def resident(self) -> int:
        """Bytes."""
        status = Path(f"/proc/{self._process.pid}/statm").read_text()
        return int(status.split()[1]) * resource.getpagesize()

    def cpu(self) -> float:
        """Seconds of CPU used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise SystemExit("the server was not ready in time")


class Visitors:
    """The process with the visitors, by its lines of JSON."""

    def __init__(self, kind: str, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.visitors", kind, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, do: str, **rest: float) -> dict[str, Any]:
        """Say it, and wait for the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **rest}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the visitors' process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def raise_limit() -> int:
    """Let our processes open as many files as this machine allows; returns how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _environ() -> dict[str, str]:
    return {**os.environ, "FRONTDESK_SECRET": SECRET, "PYTHONPATH": str(ROOT)}


@contextmanager
def serving(kind: str) -> Iterator[tuple[Server, Visitors]]:
    """The server of `kind` and its visitors' process."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = [sys.executable, "-m", "tests.bench.bare_socket", str(port)]
        if kind == "webchat":
            (folder / "frontdesk.toml").write_text(SETTINGS)
            for words in (command("migrate"), command("import", str(KNOWLEDGE))):
                subprocess.run(words, cwd=folder, env=_environ(), check=True, capture_output=True)
            words = command("serve", "--port", str(port))
        server = Server(words, port, folder)
        visitors = Visitors(kind, port)
        try:
            yield server, visitors
        finally:
            visitors.stop()
            server.stop()


def measure(kind: str, count: int, rate: float, seconds: float) -> dict[str, Any]:
    """One server: its memory a visitor in KiB, and latencies in ms without and with `count` visitors."""
    with serving(kind) as (server, visitors):
        visitors.order("open", count=WARM)
        quiet = visitors.order("echo", rate=rate, seconds=seconds)
        time.sleep(REST_SECONDS)
        before = server.resident()
        came = visitors.order("open", count=count)
        time.sleep(REST_SECONDS)
        after = server.resident()
        cpu = server.cpu()
        time.sleep(seconds)
        idle = (server.cpu() - cpu) / seconds
        busy = visitors.order("echo", rate=rate, seconds=seconds)
        visitors.order("drop")
        time.sleep(REST_SECONDS)
        return {
            "server": kind,
            "visitors": count,
            "base_mib": round(before / 2**20, 1),
            "kib_each": round((after - before) / 1024 / count, 1),
            "seconds_to_come": round(came["seconds"], 1),
            "idle_cpu_percent": round(idle * 100, 1),
            "quiet_ms": {name: quantiles(times) for name, times in quiet["ms"].items()},
            "busy_ms": {name: quantiles(times) for name, times in busy["ms"].items()},
            "refused": came["refused"],
            "unanswered": quiet["unanswered"] + busy["unanswered"],
            "lost": busy["lost"],
        }


def quantiles(times: list[float]) -> dict[str, float]:
    """The middle, the slow end and the worst, in ms."""
    ranked = sorted(times)
    return {
        "p50": round(ranked[len(ranked) // 2], 1),
        "p99": round(ranked[int(len(ranked) * 0.99)], 1),
        "max": round(ranked[-1], 1),
    }


def table(results: list[dict[str, Any]]) -> str:
    """The results for people."""
    lines = [f"{'server':10}{'visitors':>10}{'KiB each':>10}{'idle CPU':>10}  latency p50 / p99 / max in ms"]
    for result in results:
        shown = f"{result['idle_cpu_percent']} %"
        lines.append(f"{result['server']:10}{result['visitors']:>10}{result['kib_each']:>10}{shown:>10}")
        for when, beside in (("quiet_ms", "alone"), ("busy_ms", "beside them")):
            for name, times in result[when].items():
                figures = " / ".join(f"{times[key]:.1f}" for key in ("p50", "p99", "max"))
                lines.append(f"{'':42}{name} {beside}: {figures}")
    return "\n".join(lines)


def main() -> None:
    """Measure both and print; JSON with `--json FILE` as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second while measuring latency")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=["bare", "webchat"])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    most = raise_limit() - SPARE_FILES - WARM
    count = min(given.visitors, most)
    if count < given.visitors:
        print(f"this machine lets a process open {most} sockets; measuring with as many", file=sys.stderr)
    kinds = [given.only] if given.only else ["bare", "webchat"]
    results = [measure(kind, count, given.rate, given.seconds) for kind in kinds]
    print(table(results))
    if given.json:
        given.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
