"""Every kind of channel is whole: registered, documented, with a case and an honest checklist."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gateway.app import KINDS as REGISTERED
from gateway.channels import ChannelKind
from gateway.operating.checkup import Checkable
from gateway.operating.quality import QUESTIONS, Answer, QualityFault, Standing, read_quality
from gateway.registry import kind_in
from gateway.settings import Section, describe
from tests.contracts.case import ChannelCase
from tests.contracts.kinds import KINDS, ROOT, case_file, case_of

every_kind = pytest.mark.parametrize("kind", KINDS)


def answers(kind: str) -> dict[str, Answer]:
    return read_quality(ROOT / "bots" / kind / "quality.toml")


def test_all_kinds_are_registered() -> None:
    assert sorted(REGISTERED) == KINDS


@every_kind
def test_a_kind_is_registered_under_its_folders_name(kind: str) -> None:
    registered = kind_in(REGISTERED[kind])
    assert isinstance(registered, ChannelKind)
    assert registered.name == kind
    assert issubclass(registered.settings, Section)


@every_kind
def test_every_setting_is_described(kind: str) -> None:
    for doc in describe(kind_in(REGISTERED[kind]).settings):
        assert doc.description.endswith("."), f"{doc.name} has a sentence that says what it does"


@every_kind
def test_a_kind_has_a_case(kind: str) -> None:
    assert case_file(kind).exists(), f"write {case_file(kind).relative_to(ROOT)}: see tests/contracts/case.py"
    case = case_of(kind)
    assert issubclass(case, ChannelCase)
    assert case.kind == kind
    assert case.variants


@every_kind
def test_a_kind_answers_the_checklist(kind: str) -> None:
    assert list(answers(kind)) == list(QUESTIONS)


@every_kind
def test_what_is_called_done_is_proven(kind: str) -> None:
    """The suite runs these proofs for every case that does not excuse itself; so nobody may claim what it
    excuses, and nobody need excuse what it proves."""
    told, case = answers(kind), case_of(kind)
    excuses = {
        "forgery": case.no_signature,
        "raw_bytes": case.no_body_signature or case.no_signature,
        "replay": case.no_replay_window,
        "unknown_types": case.no_unknown,
        "files_in": case.no_files_in,
    }
    for question, excuse in excuses.items():
        if excuse:
            assert told[question].standing is not Standing.DONE, f"{question}: the case says {excuse!r}"
        else:
            assert told[question].standing is Standing.DONE, f"{question} is proven by the suite"
    for question in ("dedupe", "quarantine", "parts_out", "long_text", "privacy"):
        assert told[question].standing is Standing.DONE, f"{question} is asked of every kind, and proven"


@every_kind
def test_what_files_show_is_not_only_claimed(kind: str) -> None:
    told, home = answers(kind), ROOT / "bots" / kind
    settings = {doc.name for doc in describe(kind_in(REGISTERED[kind]).settings)}
    if told["api_base"].standing is Standing.DONE:
        assert "api_base" in settings or "url" in settings
    if told["wire_tables"].standing is Standing.DONE:
        assert list((ROOT / "tests" / "bots" / kind / "wire").rglob("*.json"))
    if told["checkup"].standing is Standing.DONE:
        assert (home / "checkup.py").exists()
    if told["limits"].standing is Standing.DONE:
        assert any("http" in path.read_text() and "Capabilities(" in path.read_text() for path in home.rglob("*.py"))


async def test_a_checkup_that_is_claimed_is_there(case: ChannelCase) -> None:
    if answers(case.kind)["checkup"].standing is Standing.DONE:
        assert isinstance(case.channel, Checkable)
        findings = await case.channel.checkup()
        assert findings
        assert all(finding.subject.startswith("channels.") for finding in findings)
        assert not [secret for secret in case.secrets for finding in findings if secret in repr(finding)]


@every_kind
def test_a_kind_imports_no_other(kind: str) -> None:
    for path in (ROOT / "bots" / kind).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            foreign = [n for n in names if n.startswith("bots.") and n.split(".")[1] != kind]
            assert not foreign, f"{path}: {foreign}"


def test_kinds_are_listed_without_being_loaded() -> None:
    code = (
        "import sys; from gateway.app import KINDS; "
        "print([m for m in sys.modules if m.startswith('bots.') or m in ('aiogram', 'telegram', 'slack_bolt')])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# --- the checklist itself --------------------------------------------------------------------


def write(folder: Path, **changed: str | None) -> Path:
    lines = dict.fromkeys(QUESTIONS, '"done"') | changed
    path = folder / "quality.toml"
    path.write_text("".join(f"{question} = {value}\n" for question, value in lines.items() if value is not None))
    return path


def test_a_checklist_is_read(tmp_path: Path) -> None:
    told = read_quality(write(tmp_path, typing='{ exempt = "mail has none" }', manual='{ todo = "not written" }'))
    assert told["typing"] == Answer(standing=Standing.EXEMPT, reason="mail has none")
    assert told["manual"] == Answer(standing=Standing.TODO, reason="not written")
    assert told["dedupe"] == Answer(standing=Standing.DONE)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"typing": None}, "typing is not answered"),
        ({"colour": '"done"'}, "colour is not asked"),
        ({"typing": '"todo"'}, "typing is"),
        ({"typing": '{ todo = "" }'}, "typing is"),
        ({"typing": '{ exempt = "  " }'}, "typing is"),
        ({"typing": '{ exempt = "a", todo = "b" }'}, "typing is"),
        ({"typing": "true"}, "typing is"),
        ({"typing": "= ="}, "cannot be read"),
    ],
)
def test_a_checklist_with_a_fault_is_refused(tmp_path: Path, changed: dict[str, str | None], named: str) -> None:
    with pytest.raises(QualityFault, match=named):
        read_quality(write(tmp_path, **changed))


def test_a_missing_checklist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QualityFault, match="missing"):
        read_quality(tmp_path / "quality.toml")


def test_the_checklist_is_part_of_the_package() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "bots" in packages["packages"]
