"""The commands about kinds of channels: what there is and what it can do, and beginning a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from gateway.commands.scaffolding import new_channel
from gateway.errors import NotFound
from gateway.operating.quality import QUESTIONS, Answer, Standing, read_quality

MARKS = {Standing.DONE: "[green]done[/]", Standing.TODO: "[yellow]todo[/]", Standing.EXEMPT: "exempt"}


def show_kinds(kinds: Mapping[str, str], kind: str | None, *, as_json: bool, out: Console) -> None:
    """Print how each kind answers the checklist, or one of them question by question. Raises NotFound."""
    if kind is not None and kind not in kinds:
        raise NotFound(f"there is no kind {kind!r}; known are {', '.join(kinds)}")
    chosen = {name: read_quality(_home(kinds[name]) / "quality.toml") for name in ([kind] if kind else kinds)}
    if as_json:
        out.print(msgspec.json.format(msgspec.json.encode(chosen), indent=2).decode(), markup=False, soft_wrap=True)
    elif kind:
        out.print(_one(chosen[kind]))
    else:
        out.print(_all(chosen))


def begin(root: Path, name: str, out: Console) -> None:
    """Scaffold a kind and say what comes next."""
    for path in new_channel(root, name):
        out.print(f"  {path}", highlight=False)
    out.print(
        f"\nIt works already, over a stand-in of a platform that does not exist:\n"
        f"  .venv/bin/pytest tests/bots/{name} tests/contracts -k {name}\n\n"
        f"Then, from the platform's reference:\n"
        f"  1. tests/bots/{name}/wire/*.json: its own payloads; wire.py until they are read and written\n"
        f"  2. tests/bots/{name}/contract.py: a stand-in that behaves as the platform does\n"
        f"  3. bots/{name}/quality.toml: what is still to do\n"
        f"  4. the README: how to set it up, and `make manual` for its settings",
        markup=False,
        highlight=False,
    )


def _home(module: str) -> Path:
    found = find_spec(module.partition(".")[0])
    roots = list(found.submodule_search_locations or ()) if found else []
    return Path(roots[0], *module.split(".")[1:])


def _all(kinds: Mapping[str, Mapping[str, Answer]]) -> Table:
    table = Table("kind", "done", "still to do", "not asked of it", box=None)
    for name, answers in kinds.items():
        counted = Counter(answer.standing for answer in answers.values())
        table.add_row(
            name,
            f"{counted[Standing.DONE]} of {len(answers)}",
            _of(answers, Standing.TODO),
            _of(answers, Standing.EXEMPT),
        )
    return table


def _one(answers: Mapping[str, Answer]) -> Table:
    table = Table("asked", "", "what it asks, and why not", box=None)
    for question, answer in answers.items():
        table.add_row(question, MARKS[answer.standing], answer.reason or QUESTIONS[question])
    return table


def _of(answers: Mapping[str, Answer], standing: Standing) -> str:
    named: Iterable[str] = (question for question, answer in answers.items() if answer.standing is standing)
    return ", ".join(named)
