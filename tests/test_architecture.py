"""Rules of the house that a linter cannot tell: where SQL may stand, and how long a module may grow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("gateway", "bots", "nlu", "handoff", "knowledge_base")
MODULES = [
    path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "node_modules" not in path.parts
]
MAX_LINES = 350


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_sql_stands_in_storage_only(path: Path) -> None:
    if any(part.startswith("storage") for part in path.relative_to(ROOT).parts):
        return
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not [name for name in imported if name.split(".")[0] in ("sqlalchemy", "alembic", "aiosqlite", "asyncpg")]


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_modules_stay_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    if "migrations" not in path.parts:
        assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "a module begins by saying what it is"
