"""`frontdesk channels`: what each kind does, from its own checklist."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from gateway.app import KINDS
from gateway.commands.channels import begin, show_kinds
from gateway.errors import NotFound
from gateway.operating.quality import QUESTIONS
from gateway.registry import kinds_of

FINISHED = {name: KINDS[name] for name in ("http", "telegram", "webchat")}


def shown(kind: str | None = None, *, as_json: bool = False) -> str:
    out = io.StringIO()
    show_kinds(FINISHED, kind, as_json=as_json, out=Console(file=out, width=160))
    return out.getvalue()


def test_all_kinds_and_what_they_lack() -> None:
    lines = {line.split()[0]: line for line in shown().splitlines() if line.strip()}
    assert "replay" in lines["telegram"]
    assert "outages" in lines["http"]


def test_one_kind_question_by_question() -> None:
    told = shown("telegram")
    assert [question for question in QUESTIONS if question not in told] == []
    assert "signs no body" in told


def test_as_json() -> None:
    told = json.loads(shown(as_json=True))
    assert told["telegram"]["raw_bytes"]["standing"] == "exempt"
    assert set(told["http"]) == set(QUESTIONS)


def test_an_unknown_kind_is_named_with_those_that_are_known() -> None:
    with pytest.raises(NotFound, match="there is no kind 'icq'; known are http, telegram, webchat"):
        shown("icq")


def test_beginning_a_kind_says_what_comes_next(tmp_path: Path) -> None:
    for file in ("bots/__init__.py", "tests/contracts/case.py"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    out = io.StringIO()
    begin(tmp_path, "kik", Console(file=out, width=160))
    assert "bots/kik/channel.py" in out.getvalue()
    assert "pytest tests/bots/kik tests/contracts -k kik" in out.getvalue()


def test_a_folder_is_all_a_kind_needs_to_be_known() -> None:
    known = kinds_of("bots")
    assert known == KINDS
    assert known["telegram"] == "bots.telegram"
    assert kinds_of("no_such_package") == {}
