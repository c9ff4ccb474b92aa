"""`make bench-nlu`: how well and how fast texts are understood, on public sets, with the goals beside.

The sets are read from the folder that FRONTDESK_NLU_DATA names, else from `../shared/data`; one that is missing
is named and left out. The official test parts are only asked; nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import logging
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gateway import logs
from tests.bench.nlu_embeddings import embeddings
from tests.bench.nlu_sets import VARIABLE, folder
from tests.bench.nlu_trials import Figure, banking, costs, rejecting, russian
from tests.bench.processes import ROOT

OUT = ROOT / "build" / "bench-nlu.json"
Trial = Callable[[Path], Iterator[Figure]]
TRIALS: dict[str, Trial] = {
    "costs": costs,
    "banking": banking,
    "clinc": rejecting,
    "russian": russian,
    "embeddings": embeddings,
}


class Results(msgspec.Struct, kw_only=True):
    """What goes into the JSON file: figures, sets that were missing, and on what it ran."""

    figures: list[Figure] = []
    missing: list[str] = []
    python: str = platform.python_version()
    seconds: float = 0.0


def run(names: list[str], where: Path, console: Console) -> Results:
    """Make the trials called `names`, telling each figure as it comes."""
    results, began = Results(), time.monotonic()
    for name in names:
        try:
            for figure in TRIALS[name](where):
                console.print(f"[dim]{figure.name}: {figure.value:.2f} {figure.unit}[/dim]", highlight=False)
                results.figures.append(figure)
        except FileNotFoundError as error:
            results.missing.append(f"{name}: {error.filename} is not there; name the folder of the sets by {VARIABLE}")
        except LookupError as error:
            results.missing.append(f"{name}: {error.args[0]}")
    results.seconds = round(time.monotonic() - began, 1)
    return results


def table_of(results: Results) -> Table:
    """The figures beside their goals."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for name in ("measured", "goal", ""):
        table.add_column(name, justify="right")
    for one in results.figures:
        goal = "" if one.goal is None else f"{'≤' if one.less else '≥'} {one.goal:g}"
        reached = "" if one.goal is None else "yes" if one.reached else "[bold red]no[/bold red]"
        table.add_row(one.name, f"{one.value:.2f} {one.unit}", goal, reached)
    return table


def main(words: list[str]) -> int:
    """Print and write the figures; 1 where nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nlu", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=TRIALS, default=list(TRIALS), metavar="TRIAL")
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes (build/bench-nlu.json)")
    given = parser.parse_args(words)
    logs.configure("text", level=logging.WARNING)
    console = Console()
    results = run(given.only, folder(), console)
    console.print(table_of(results))
    for missing in results.missing:
        console.print(f"[bold red]Not measured:[/bold red] {missing}", highlight=False)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2))
    console.print(f"[dim]{given.out}; took {results.seconds:.0f} s.[/dim]", highlight=False)
    return 0 if results.figures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
