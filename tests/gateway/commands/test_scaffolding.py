"""`frontdesk new-channel`: a real new kind in a copy of the tree, linted, typed and held to the contract."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.commands.scaffolding import NotHere, new_channel
from gateway.errors import Conflict

ROOT = Path(__file__).parents[3]
COPIED = ("bots", "tests/contracts", "tests/standins", "tests/bots")
LINKED = ("gateway", "nlu", "handoff", "knowledge_base")
ALONE = ("pyproject.toml", "tests/conftest.py", "tests/fakes.py")
STEPS = (
    ".venv/bin/frontdesk new-channel kik",
    ".venv/bin/pytest tests/bots/kik tests/contracts -k kik",
    ".venv/bin/ruff check bots/kik tests/bots/kik",
    ".venv/bin/mypy -p bots.kik",
)
"""The commands of the README's section "Add a channel"."""
UNWANTED = shutil.ignore_patterns("__pycache__", "static", "widget")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a new kind touches, with the rest linked; caches are shared, so that this takes seconds."""
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=UNWANTED)
    for folder in LINKED:
        (tmp_path / folder).symlink_to(ROOT / folder)
    for file in ALONE:
        shutil.copy(ROOT / file, tmp_path / file)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", tmp_path / ".mypy_cache")
    return tmp_path


def run(tree: Path, command: str) -> str:
    """Run a command line of the README's in `tree`, with the programs of our own environment."""
    program, *words = command.split()
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [str(Path(sys.executable).parent / Path(program).name), *words],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("name", ["kik", "very_long_messenger_name"])
def test_a_new_kind_is_tidy(tree: Path, name: str) -> None:
    """Formatting depends on the name's length, so the shortest and the longest are looked at."""
    new_channel(tree, name)
    homes = f"bots/{name} tests/bots/{name}"
    run(tree, f"ruff check --no-cache {homes}")
    run(tree, f"ruff format --no-cache --check {homes}")


def test_a_new_kind_works_at_once(tree: Path) -> None:
    """The README's "Add a channel", step by step (`tests/test_readme_channels.py` holds it to these steps)."""
    begin, test, lint, types = STEPS
    assert "bots/kik/wire.py" in run(tree, begin)
    told = run(tree, test)
    passed = int(told.strip().splitlines()[-1].split(" passed")[0].split()[-1])
    assert passed > 60, told
    run(tree, lint)
    run(tree, types)
    assert "kik" in run(tree, ".venv/bin/frontdesk channels kik --json")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Just enough of a tree."""
    for file in ("bots/__init__.py", "bots/taken/__init__.py", "tests/contracts/case.py", "tests/bots/tested/x.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize(
    "name", ["", "Kik", "kik-app", "1kik", "_kik", "kik_", "a__b", "../kik", "кік", "class", "k" * 25, "a.b", "k\n"]
)
def test_bad_names_are_refused(bare: Path, name: str) -> None:
    with pytest.raises(NotHere, match="cannot be a kind"):
        new_channel(bare, name)


@pytest.mark.parametrize("name", ["taken", "tested"])
def test_taken_names_are_refused_and_nothing_is_touched(bare: Path, name: str) -> None:
    before = sorted(bare.rglob("*"))
    with pytest.raises(Conflict, match="is there already"):
        new_channel(bare, name)
    assert sorted(bare.rglob("*")) == before


def test_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="no source tree"):
        new_channel(tmp_path, "kik")
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_the_template_is_left_in_the_files(bare: Path) -> None:
    written = new_channel(bare, "our_app")
    assert {str(path) for path in written} >= {"bots/our_app/channel.py", "tests/bots/our_app/wire/in-text.json"}
    for path in written:
        assert "__kind__" not in (text := (bare / path).read_text())
        assert "__Kind__" not in text
    assert "class OurAppChannel" in (bare / "bots/our_app/channel.py").read_text()
