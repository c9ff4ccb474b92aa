"""The README's pages for operators name what there is: each figure, each check, each table."""

from __future__ import annotations

import re
from pathlib import Path

import gateway.brain
import gateway.site  # noqa: F401
from gateway.breaker import Breaker
from gateway.live import Live
from gateway.operating.backlog import Backlog
from gateway.operating.metrics import Metrics
from gateway.operating.probes import of_breakers, of_live, of_revisions
from gateway.operating.readiness import Readiness
from gateway.operating.vitals import Vitals
from gateway.processes.wakeups import Wakeups
from gateway.storage.engine import Database
from gateway.storage.inventory import every_table
from handoff.figures import HandoffFigures

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def page(heading: str) -> str:
    """The text under `## heading`."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def in_code(text: str) -> set[str]:
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"[a-z_]+", code)}


async def test_every_figure_is_named_and_no_other(sqlite_database: Database, clock) -> None:
    vitals = Vitals()
    vitals.broke("turns")
    metrics = Metrics(
        sqlite_database,
        probes=[vitals.figures, of_live(Live()), of_breakers({"shop": Breaker()}), of_revisions(lambda: (1, 1))],
        sources=[Backlog(["shop"], clock), HandoffFigures(clock)],
    )
    shown = (await metrics.exposition()).decode()
    there = {name for name in re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE) if name.startswith("frontdesk_")}
    named = {word for word in in_code(page("Operating")) if word.startswith("frontdesk_")}
    assert named == there


async def test_every_check_is_named(sqlite_database: Database, clock) -> None:
    readiness = Readiness(sqlite_database, clock, wakeups=Wakeups(), vitals=Vitals(), revisions=lambda: (None, None))
    await readiness.look()
    assert readiness.report().checks.keys() <= in_code(page("Operating"))


def test_every_table_has_its_place_after_one_server() -> None:
    rows = [row.split("|")[1] for row in page("Growing").splitlines() if row.startswith("| `")]
    named = {word for row in rows for word in in_code(row)}
    assert named == {table.name for table in every_table()}
