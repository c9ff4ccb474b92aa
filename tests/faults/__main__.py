"""The long set, `make faults`: kill -9 at every step many times and at random, on both databases, with a table.

FRONTDESK_FAULTS_KILLS      ends at each failpoint and database (100)
FRONTDESK_FAULTS_RANDOM     ends at random moments on each database (1000)
FRONTDESK_FAULTS_ROUNDS     ends of one of two processes on one PostgreSQL database (200)
FRONTDESK_FAULTS_DATABASES  which databases (sqlite,postgresql)
FRONTDESK_FAULTS_JOBS       scenes at once (the number of cores)
FRONTDESK_TEST_POSTGRES_URL a PostgreSQL server to use instead of one of our own

The exit code is 1 where anything was violated or a seeded bug was not caught.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.faults.checker import Verdict
from tests.faults.databases import (
    KEEP,
    Databases,
    PostgresDatabases,
    SqliteDatabases,
    postgres_template,
    quick_folder,
    sqlite_template,
)
from tests.faults.nursery import Nursery
from tests.faults.scenes import EVERYWHERE, MANY, TRAPS, Scene, Stage, dying, rolling
from tests.faults.street import Fate
from tests.standins.postgres import PostgresServer, find_postgres

LIVES = 25
"""Lives on one street: enough to meet what an earlier death left, few enough to find one's way in the log."""
RUNS = 3
EARLY = 0.2
"""The share of random ends that may come before the gateway serves at all."""
DEEPEST = 5
"""A step ends a life when it comes for the first to this many-th time."""


class Row(msgspec.Struct, kw_only=True):
    """A line of the table, in the making."""

    database: str
    name: str
    left: int
    lives: int = 0
    acked: int = 0
    sends: int = 0
    repeats: int = 0
    unknown: int = 0
    faults: list[str] = msgspec.field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count what a scene came to."""
        self.lives += verdict.kills
        self.acked += verdict.acked
        self.sends += verdict.sends
        self.repeats += verdict.repeats
        self.unknown += verdict.unknown
        self.faults.extend(f"{one.rule}: {one.what}" for one in verdict.violations)


Job = tuple[Row, Scene, Stage, str | None]


class Campaign:
    """All scenes, some at once; `rows` are what came of them."""

    def __init__(self, console: Console) -> None:
        self.rows: list[Row] = []
        self._console = console
        self._jobs: list[Job] = []

    def add(self, stage: Stage, name: str, scenes: Sequence[Scene], bug: str | None = None) -> Row:
        """A row of the table that `scenes` fill."""
        row = Row(database=stage.databases.kind, name=name, left=len(scenes))
        self.rows.append(row)
        self._jobs.extend((row, scene, stage, bug) for scene in scenes)
        return row

    async def run(self, at_once: int) -> None:
        """Play everything."""
        jobs = iter(self._jobs)
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(self._work(jobs))

    async def _work(self, jobs: Iterator[Job]) -> None:
        for row, scene, stage, bug in jobs:
            try:
                verdict = await stage.play(scene, bug=bug)
            except (AssertionError, TimeoutError) as error:
                row.faults.append(f"broke off: {str(error) or type(error).__name__}")
            else:
                row.add(verdict)
                if verdict.violations and bug is None:
                    (stage.folder / KEEP).touch()
            row.left -= 1
            if not row.left:
                self._console.print(f"{row.database:11} {row.name:28} {row.lives:5} ends, {len(row.faults)} violations")


def failpoints(fate: Fate, count: int, chats: int, seed: int) -> list[Scene]:
    """Scenes with `count` ends at `fate`, at varying times of a life."""
    dice = random.Random(seed)
    fates = [msgspec.structs.replace(fate, nth=dice.randint(1, DEEPEST)) for _ in range(count)]
    return [_dying(part, chats) for part in _parts(fates)]


def at_random(count: int, chats: int, seed: int) -> list[Scene]:
    """Scenes with `count` ends at random moments."""
    dice = random.Random(seed)
    fates = [
        Fate(after=dice.uniform(0.0, 0.2), served=dice.randint(1, 3 * chats), early=dice.random() < EARLY)
        for _ in range(count)
    ]
    return [_dying(part, chats) for part in _parts(fates)]


def _dying(fates: Sequence[Fate], chats: int) -> Scene:
    return Scene(play=dying(fates), chats=chats)


def _rolling(rounds: int, seed: int) -> Scene:
    return Scene(play=rolling(rounds, random.Random(seed)), doors=2, chats=MANY)


def _parts(fates: Sequence[Fate]) -> list[Sequence[Fate]]:
    return [fates[start : start + LIVES] for start in range(0, len(fates), LIVES)]


async def campaign(stages: Sequence[tuple[Databases, Path]], console: Console) -> int:
    """Play all of it; returns the exit code."""
    kills, randoms, rounds = (_number("KILLS", 100), _number("RANDOM", 1000), _number("ROUNDS", 200))
    began = time.monotonic()
    async with Nursery() as nursery:
        scenes, traps = Campaign(console), Campaign(console)
        for databases, folder in stages:
            stage = Stage(nursery=nursery, databases=databases, folder=folder)
            chats = 8 if databases.kind == "sqlite" else MANY
            for number, fate in enumerate(EVERYWHERE):
                scenes.add(stage, str(fate), failpoints(fate, kills, chats, number))
            scenes.add(stage, "random", at_random(randoms, chats, 100))
            if databases.kind == "postgresql":
                parts = [min(LIVES, rounds - done) for done in range(0, rounds, LIVES)]
                scenes.add(stage, "two processes", [_rolling(part, seed) for seed, part in enumerate(parts)])
            _set_traps(scenes, traps, stage)
        await scenes.run(_number("JOBS", os.cpu_count() or 2))
        await traps.run(_number("JOBS", os.cpu_count() or 2))
    return report(scenes.rows, traps.rows, time.monotonic() - began, console)


def _set_traps(scenes: Campaign, traps: Campaign, stage: Stage) -> None:
    """Each bug's scene, with it and without, on the database it needs."""
    for name, trap in TRAPS.items():
        if trap.postgresql is not (stage.databases.kind == "postgresql"):
            continue
        scenes.add(stage, f"scene of {name}", [trap.scene])
        traps.add(stage, name, [trap.scene] * RUNS, bug=name)


def report(rows: Sequence[Row], traps: Sequence[Row], seconds: float, console: Console) -> int:
    """Print what came of everything; returns the exit code."""
    table = Table("database", "end", "ends", "acked", "sends", "repeats", "unknown", "violations")
    for row in rows:
        figures = (row.lives, row.acked, row.sends, row.repeats, row.unknown, len(row.faults))
        table.add_row(row.database, row.name, *map(str, figures))
    found = Table("database", "seeded bug", "caught as", "runs")
    missed = []
    for trap in traps:
        breaks = TRAPS[trap.name].breaks
        hits = [fault for fault in trap.faults if fault.startswith(f"{breaks}:")]
        found.add_row(trap.database, trap.name, str(breaks) if hits else "NOT CAUGHT", str(RUNS))
        missed.extend([trap.name] if not hits else [])
    console.print(table, found)
    for row in rows:
        for fault in row.faults[:10]:
            console.print(f"{row.database} {row.name}: {fault}", markup=False)
    faults = sum(len(row.faults) for row in rows)
    ends = sum(row.lives for row in rows)
    console.print(f"{ends} ends in {seconds:.0f} s: {faults} violations; {len(missed)} of {len(traps)} bugs not caught")
    return 1 if faults or missed else 0


def main() -> int:
    """Prepare databases and play."""
    console = Console(width=120, highlight=False)
    wanted = os.environ.get("FRONTDESK_FAULTS_DATABASES", "sqlite,postgresql").split(",")
    with ExitStack() as stack:
        folder = stack.enter_context(quick_folder())
        stages: list[tuple[Databases, Path]] = []
        if "sqlite" in wanted:
            stages.append((SqliteDatabases(sqlite_template(folder)), folder / "sqlite"))
        if "postgresql" in wanted:
            url = os.environ.get("FRONTDESK_TEST_POSTGRES_URL")
            binaries = find_postgres()
            if url is None and binaries is not None:
                url = stack.enter_context(PostgresServer(binaries)).url
            if url is None:
                console.print("PostgreSQL is neither installed nor named by FRONTDESK_TEST_POSTGRES_URL: left out")
            else:
                stages.append((PostgresDatabases(url, postgres_template(url)), folder / "postgresql"))
        for _, place in stages:
            place.mkdir()
        code = asyncio.run(campaign(stages, console))
        if any(folder.rglob(KEEP)):
            console.print(f"The logs of what was violated stay in {folder}")
        return code


def _number(name: str, default: int) -> int:
    return int(os.environ.get(f"FRONTDESK_FAULTS_{name}", default))


if __name__ == "__main__":
    sys.exit(main())
