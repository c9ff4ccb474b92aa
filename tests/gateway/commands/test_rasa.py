"""`frontdesk rasa export` and `import`: out of a folder or what is published, and back as drafts."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gateway.brain import Brain
from gateway.commands import rasa as rasa_commands
from gateway.errors import FrontdeskError, SettingsError
from gateway.settings import Company, Settings
from gateway.storage.engine import Database
from gateway.texts import Texts
from knowledge_base.articles import Status
from knowledge_base.storage import Editor

ARTICLE = """---
id: {id}
title: {{uk: {id}, en: {id}}}
status: published
phrasings:
  uk: [питання {id}]
  en: [question {id}]
answers:
  uk: {{default: "{{{{ company.name }}}}: {id}"}}
  en: {{default: "answer {id}"}}
---
"""


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in ("price", "hours"):
        (folder / f"{name}.md").write_text(ARTICLE.format(id=name), encoding="utf-8")
    return folder


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(database_url=database.url, data_dir=str(tmp_path), company=Company(name={"en": "Zhuravlyk"}))


async def export(settings: Settings, folder: Path, source: Path | None, language: str | None = None) -> None:
    quiet = Console(quiet=True)
    await rasa_commands.export(settings, folder, source=source, language=language, epochs=5, console=quiet)


async def taken_in(settings: Settings, path: Path) -> tuple[int, str]:
    console = Console(record=True, width=200, file=StringIO())
    return await rasa_commands.import_project(settings, path, console=console), console.export_text()


async def test_out_and_in_again(settings: Settings, database: Database, articles: Path, tmp_path: Path) -> None:
    await export(settings, tmp_path / "rasa", articles)
    assert "Zhuravlyk: price" in (tmp_path / "rasa" / "domain.yml").read_text(encoding="utf-8")
    code, words = await taken_in(settings, tmp_path / "rasa")
    assert code == 0
    assert "2 added" in words
    brain = Brain(settings, database, Texts())
    drafts = await brain.publisher.working_copies()
    assert {one.id: (one.status, one.answers["uk"]["default"]) for one in drafts.values()} == {
        "price": (Status.DRAFT, "{{ company.name }}: price"),
        "hours": (Status.DRAFT, "{{ company.name }}: hours"),
    }
    assert "2 unchanged" in (await taken_in(settings, tmp_path / "rasa"))[1]
    await brain.close()


async def test_what_is_published_goes_out_and_stays_published(
    settings: Settings, database: Database, articles: Path, tmp_path: Path
) -> None:
    brain = Brain(settings, database, Texts())
    given = await brain.publisher.importer.read_path(articles, {})
    await brain.publisher.take_over(given, Editor(name="test"))
    await export(settings, tmp_path / "rasa", None)
    domain = tmp_path / "rasa" / "domain.yml"
    domain.write_text(domain.read_text(encoding="utf-8").replace("answer price", "another answer"), encoding="utf-8")
    assert "1 changed, 1 unchanged" in (await taken_in(settings, tmp_path / "rasa"))[1]
    await brain.knowledge.refresh()
    assert brain.knowledge.articles["price"].answers["en"]["default"] == "answer price", (
        "customers see nothing of it yet"
    )
    await brain.close()


async def test_what_cannot_be_is_said(settings: Settings, articles: Path, tmp_path: Path) -> None:
    with pytest.raises(FrontdeskError, match="nothing is published"):
        await export(settings, tmp_path / "rasa", None)
    with pytest.raises(SettingsError, match="uk, ru, en"):
        await export(settings, tmp_path / "rasa", articles, "de")
    with pytest.raises(FrontdeskError, match="cannot write"):
        await export(settings, articles / "price.md", articles)
    with pytest.raises(FrontdeskError, match="is not there"):
        await taken_in(settings, tmp_path / "nowhere")
