"""`frontdesk evaluate`: what it takes, and what it refuses in words."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gateway.commands.evaluation import evaluate
from gateway.errors import FrontdeskError, SettingsError
from gateway.settings import Settings
from tests.nlu.samples import PHRASES


def run(source: Path | None, out: Path, *, folds: int = 3, precision: float = 0.95) -> str:
    said = io.StringIO()
    console = Console(file=said, width=100, color_system=None)
    settings = Settings(database_url=f"sqlite:///{out}/frontdesk.db")
    evaluate(settings, source, test=None, folds=folds, precision=precision, out=out, console=console)
    return said.getvalue()


def test_a_file_of_examples(tmp_path: Path) -> None:
    file = tmp_path / "nlu.csv"
    lines = ["text,intent", *(f'"{phrase.text}",{phrase.intent}' for phrase in PHRASES)]
    file.write_text("\n".join(lines), encoding="utf-8")
    said = run(file, tmp_path)
    assert f"of {len({phrase.text for phrase in PHRASES})}" in said
    assert (tmp_path / "evaluation.html").exists()


@pytest.mark.parametrize(
    ("folds", "precision", "named"), [(1, 0.9, "--folds"), (21, 0.9, "--folds"), (3, 1.5, "--precision")]
)
def test_an_option_out_of_range(tmp_path: Path, folds: int, precision: float, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        run(tmp_path, tmp_path, folds=folds, precision=precision)


def test_a_folder_that_cannot_be_written_is_told_before_the_minutes_of_work(tmp_path: Path) -> None:
    file, taken = tmp_path / "nlu.csv", tmp_path / "taken"
    file.write_text("text,intent\nhello,greeting\n", encoding="utf-8")
    taken.write_text("")
    with pytest.raises(SettingsError, match="--out: cannot make the folder"):
        run(file, taken)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FrontdeskError, match="none is not there"):
        run(tmp_path / "none", tmp_path)
