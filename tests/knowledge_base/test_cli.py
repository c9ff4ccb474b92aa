"""What `frontdesk import` and `frontdesk export` say at a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gateway.storage.engine import Database
from knowledge_base.cli import export_folder, import_folder
from knowledge_base.file_writing import write_file
from knowledge_base.publishing import Publisher
from tests.knowledge_base.fakes import an_article


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def a_console() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=60, color_system=None), written


async def test_a_good_folder(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "delivery-cost.md").write_bytes(write_file(an_article()))
    console, said = a_console()
    errors, complained = a_console()

    assert await import_folder(publisher, tmp_path, console=console, errors=errors) == 0
    assert "1 added, 0 changed, 0 removed, 0 unchanged" in said.getvalue()
    assert "Published as revision 1." in said.getvalue()
    assert "Trained on 5 phrases, 1 intents" in said.getvalue()
    assert complained.getvalue() == ""

    assert await export_folder(publisher, tmp_path / "out", console=console, errors=errors) == 0
    assert "1 article written to" in said.getvalue()


async def test_a_bad_folder_names_file_line_and_reason_on_one_line(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "delivery-cost.md").write_bytes(write_file(an_article("delivery-cost", status="live")))
    console, said = a_console()
    errors, complained = a_console()

    assert await import_folder(publisher, tmp_path, console=console, errors=errors) == 1
    first, last = complained.getvalue().splitlines()
    assert first == (
        "delivery-cost.md:7: “live” is not possible for “status”; there are draft, review, published, archived"
    )
    assert last == "Nothing was imported: 1 fault."
    assert said.getvalue() == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing", "there is no such folder"), ("a.pdf", "neither a folder nor a .md, .csv, .xlsx, .zip or .yml file")],
)
async def test_what_is_no_folder(publisher: Publisher, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    console, _ = a_console()
    errors, complained = a_console()

    assert await import_folder(publisher, tmp_path / name, console=console, errors=errors) == 1
    assert words in complained.getvalue()


async def test_a_folder_that_cannot_be_written(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "delivery-cost.md").write_bytes(write_file(an_article()))
    console, _ = a_console()
    errors, complained = a_console()
    await import_folder(publisher, tmp_path, console=console, errors=errors)

    assert await export_folder(publisher, tmp_path / "delivery-cost.md", console=console, errors=errors) == 1
    assert "cannot write" in complained.getvalue()
