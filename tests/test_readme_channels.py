"""The README's pages about channels: each command, line and example in them is one that a test runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.gateway.commands.test_scaffolding import STEPS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "tests" / "bots" / "http" / "examples"


def section(title: str) -> str:
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1? ?#{{1,3}} |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title!r}"
    return found.group(2)


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)


def test_add_a_channel_is_what_the_scaffold_test_does() -> None:
    (commands,) = blocks("Add a channel", "sh")
    assert tuple(line.partition("#")[0].strip() for line in commands.splitlines()) == STEPS


@pytest.mark.parametrize(("file", "language"), [("app.py", "python"), ("app.mjs", "js")])
def test_the_examples_are_those_that_are_run(file: str, language: str) -> None:
    (shown,) = blocks("Your own app as a channel", language)
    assert shown == (EXAMPLES / file).read_text(encoding="utf-8")


def test_the_two_lines_of_a_host_bot() -> None:
    lines = blocks("You already have a Telegram bot", "python")
    assert len(lines) == 2
    for block in lines:
        begin, attach = ast.parse(block).body
        namespace: dict[str, object] = {}
        exec(compile(ast.Module([begin], []), "README.md", "exec"), namespace)
        assert callable(getattr(namespace["Frontdesk"], "attach", None))
        assert ".attach(" in ast.unparse(attach)
