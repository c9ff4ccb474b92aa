"""`make bench`: what Frontdesk carries on this machine, beside a bare handler and, if there is one, Rasa.

Everything is measured in one run and compared within it: machines are noisy, ratios less so. One table
a question is printed, the goals last, and all figures are written as JSON.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console

from tests.bench.figures import Figures, Machine, goals
from tests.bench.measuring import Times
from tests.bench.processes import ROOT
from tests.bench.report import show
from tests.bench.running import AIOGRAM, PARTS, PTB, Bench, Options

OUT = ROOT / "build" / "bench.json"
STANDARD = Times(warm=2, maximum=4, latency=6, drain=20)
QUICK = Times(warm=1, maximum=2, latency=3, drain=10)
FULL_STORED = 5_000_000
QUICK_PARTS = ("rate", "stages", "starts")


def read_options(words: list[str]) -> tuple[Options, Path]:
    """What was asked for, and where the JSON goes."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="FRONTDESK_BENCH_RASA names a Python environment with Rasa; FRONTDESK_TEST_POSTGRES_URL a PostgreSQL "
        "server to use (with the right to create databases) in place of one started for the run.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="SQLite only, short runs: under a minute on a free machine"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--driver", choices=(AIOGRAM, PTB, "both"), default=AIOGRAM, help="which Telegram library")
    parser.add_argument("--full", action="store_true", help="fill SQLite and PostgreSQL with 5,000,000 messages")
    parser.add_argument("--stored", type=int, help="messages in the filled database (200,000)")
    parser.add_argument("--rounds", type=int, help="how often each maximum is taken (3, quick 1)")
    parser.add_argument("--seconds", type=float, help="length of each measurement")
    parser.add_argument("--profile", action="store_true", help="write the stages' profiles beside the JSON file")
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes (build/bench.json)")
    given = parser.parse_args(words)
    times = QUICK if given.quick else STANDARD
    if given.seconds:
        times = Times(warm=times.warm, maximum=given.seconds, latency=given.seconds, drain=times.drain)
    options = Options(
        times=times,
        parts=given.only or (QUICK_PARTS if given.quick else PARTS),
        rounds=given.rounds or (1 if given.quick else 3),
        stored=given.stored or (FULL_STORED if given.full else 200_000),
        stored_everywhere=given.full,
        starts=1 if given.quick else 2,
        stage_messages=200 if given.quick else 500,
        load_messages=200 if given.quick else 500,
        drivers=(AIOGRAM, PTB) if given.driver == "both" else (given.driver,),
        shares=(0.5,) if given.quick else (0.25, 0.5, 0.8),
        postgres=os.environ.get("FRONTDESK_TEST_POSTGRES_URL"),
        profiles=given.out.parent / "profiles" if given.profile else None,
    )
    return options, given.out


def machine() -> Machine:
    """Where this runs."""
    return Machine(
        cores=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
    )


def main() -> None:
    """Measure, print, write."""
    options, out = read_options(sys.argv[1:])
    # Whoever stops the bench stops its servers, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    console = Console()
    figures = Figures(machine=machine(), systems=[], starts=[], stages=[], flats=[], skipped=[])
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        Bench(options, Path(folder), console, figures).run()
    reached = goals(figures, f"SQLite, {options.drivers[0]}")
    show(console, figures, reached)
    out.parent.mkdir(parents=True, exist_ok=True)
    written = msgspec.json.encode({"figures": figures, "goals": reached})
    out.write_bytes(msgspec.json.format(written, indent=2))
    console.print(f"[dim]All figures: {out}[/dim]", highlight=False)
    if any(skipped.broke for skipped in figures.skipped):
        sys.exit(1)


if __name__ == "__main__":
    main()
