"""In and out on the screens and by command: a preview that changes nothing, one click that changes all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient
from rich.console import Console

from gateway.ports import Clock
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base import cli
from knowledge_base.articles import Article, Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.exchange.exporting import exported
from knowledge_base.exchange.importing import Upload
from knowledge_base.exchange.screens import FILES_LIMIT
from knowledge_base.file_writing import write_file
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Editor
from tests.knowledge_base.app import Browser, build, hire, token
from tests.knowledge_base.fakes import an_article

STORED = an_article()
CHANGED = an_article(title={"uk": "Нова назва", "en": "New title"})
NEW = an_article("refund")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def client(
    database: Database, publisher: Publisher, knowledge: PublishedKnowledge, company: Company, clock: Clock
) -> AsyncIterator[AsyncTestClient]:
    await hire(database, clock)
    async with AsyncTestClient(build(database, publisher, knowledge, company, clock, {})) as opened:
        yield opened


@pytest.fixture
async def browser(client: AsyncTestClient) -> Browser:
    opened = Browser(client)
    await opened.sign_in("petro@x.example")
    return opened


@pytest.fixture
async def stored(publisher: Publisher, editor: Editor) -> Article:
    await publisher.take_over([STORED], editor)
    return STORED


def table(*articles: Article) -> bytes:
    return exported({article.id: article for article in articles}, "xlsx")


async def send(browser: Browser, *files: tuple[str, bytes], status: int = 200) -> str:
    page = await browser.get("/kb/exchange")
    response = await browser.client.post(
        "/kb/exchange",
        data={"_csrf_token": token(page)},
        files=[("files", (name, content, "application/octet-stream")) for name, content in files],
        headers={"accept": "text/html"},
    )
    assert response.status_code == status, response.text
    return response.text


def address(page: str) -> str:
    return "/kb/exchange/" + page.split('action="/kb/exchange/')[1].split('"', maxsplit=1)[0]


async def test_a_preview_changes_nothing_and_one_click_takes_all(
    browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge, stored: Article
) -> None:
    page = await send(browser, ("articles.xlsx", table(CHANGED, NEW)))
    assert "Take over 2 articles" in page
    assert "New title" in page
    assert await publisher.working_copies() == {"delivery-cost": STORED}

    location = await browser.post(address(page), {})
    assert location == "/kb/exchange?taken=2"
    assert "2 articles were taken over." in await browser.get(location)
    assert await publisher.working_copies() == {"delivery-cost": CHANGED, "refund": NEW}
    await knowledge.refresh()
    assert knowledge.articles == {"delivery-cost": STORED}, "nothing is published by it"
    await browser.post(address(page), {}, status=404)


async def test_faults_are_told_in_the_readers_language(client: AsyncTestClient, stored: Article) -> None:
    browser = Browser(client)
    await browser.sign_in("olena@x.example")
    bad = "id;language;title;status\nrefund;de;Тема;open\n".encode()
    page = await send(browser, ("таблиця.csv", bad), status=422)
    assert "<td>таблиця.csv</td>" in page
    assert "<code>status</code>" in page
    assert "«open» не підходить для «status»; можна: draft, review, published, archived" in page
    assert "Take over" not in page


async def test_the_same_again_is_nothing_to_take(browser: Browser, stored: Article) -> None:
    assert "nothing to take over" in await send(browser, ("all.zip", exported({"delivery-cost": STORED}, "zip")))
    response = await browser.client.post(
        "/kb/exchange", data={"_csrf_token": token(await browser.get("/kb"))}, headers={"accept": "text/html"}
    )
    assert (response.status_code, "Choose a file first." in response.text) == (422, True)


async def test_what_no_longer_fits_is_refused_at_the_click(
    browser: Browser, publisher: Publisher, editor: Editor, stored: Article
) -> None:
    page = await send(browser, ("articles.xlsx", table(NEW)))
    rival = an_article("other", phrasings=NEW.phrasings)
    await publisher.save(rival, editor, based_on=None)
    page = await browser.post(address(page), {}, status=422)
    assert "is already a phrasing of" in page
    assert "refund" not in await publisher.working_copies()


async def test_another_editors_upload_is_not_ours(client: AsyncTestClient, stored: Article) -> None:
    petro = Browser(client)
    await petro.sign_in("petro@x.example")
    page = await send(petro, ("articles.xlsx", table(NEW)))
    olena = Browser(client)
    await olena.sign_in("olena@x.example")
    await olena.post(address(page), {}, status=404)


@pytest.mark.parametrize("kind", ["xlsx", "csv", "zip"])
async def test_downloads(browser: Browser, publisher: Publisher, stored: Article, kind: str) -> None:
    response = await browser.client.get(f"/kb/exchange/export/{kind}")
    assert response.status_code == 200
    assert response.headers["content-disposition"] == f'attachment; filename="knowledge-base-2026-11-21.{kind}"'
    assert response.headers["content-type"].count("charset") == (kind == "csv")
    found = await publisher.importer.preview([_upload(f"all.{kind}", response.content)], {})
    assert found.new == (STORED,)
    assert (await browser.client.get("/kb/exchange/export/exe")).status_code in (400, 404)


async def test_agents_stay_out(client: AsyncTestClient) -> None:
    agent = Browser(client)
    await agent.sign_in("agent@x.example")
    assert (await client.get("/kb/exchange/export/csv")).status_code == 403


# --- by command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["xlsx", "csv", "zip"])
async def test_files_by_command_there_and_back(
    tmp_path: Path, publisher: Publisher, knowledge: PublishedKnowledge, stored: Article, kind: str
) -> None:
    out = Console(file=io.StringIO(), width=200)
    path = tmp_path / f"all.{kind}"
    assert await cli.export_folder(publisher, path, console=out, errors=out) == 0
    await publisher.take_over([CHANGED], Editor(name="x"))
    assert await cli.import_folder(publisher, path, console=out, errors=out) == 0
    assert knowledge.articles == {"delivery-cost": STORED}
    told = out.file.getvalue()
    assert "1 article written to" in told
    assert "0 added, 1 changed" in told


async def test_faults_by_command_name_row_and_column(tmp_path: Path, publisher: Publisher) -> None:
    out = Console(file=io.StringIO(), width=200)
    path = tmp_path / "all.csv"
    path.write_text("id;language;title\nrefund;de;Тема\n", encoding="utf-8")
    assert await cli.import_folder(publisher, path, console=out, errors=out) == cli.REFUSED
    assert "all.csv:2: column title: the language “de” is not known" in out.file.getvalue()
    assert await publisher.working_copies() == {}


async def test_more_files_than_can_be_looked_at_are_refused_as_a_whole(browser: Browser) -> None:
    files = [(f"a-{number}.md", write_file(an_article(f"a-{number}"))) for number in range(FILES_LIMIT + 1)]
    page = await send(browser, *files, status=422)
    assert "at most 500 files at a time" in page
    assert "501" in page
    assert 'action="/kb/exchange/' not in page, "nothing to take over"


async def test_what_no_cell_holds_is_told_and_another_kind_is_offered(
    browser: Browser, publisher: Publisher, editor: Editor
) -> None:
    await publisher.save(an_article(notes="слово " * 6000), editor, based_on=None)
    page = await browser.get("/kb/exchange/export/xlsx", status=422)
    assert "“delivery-cost” has a text of 36000 characters, and a cell holds 32767; export it as CSV" in page
    assert (await browser.client.get("/kb/exchange/export/csv")).status_code == 200


async def test_an_archive_may_have_folders_and_others_files(publisher: Publisher) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("kb/refund.md", "__MACOSX/kb/._refund.md", "kb/README.md", "kb/picture.png"):
            archive.writestr(name, zipfile.ZipFile(io.BytesIO(exported({"refund": NEW}, "zip"))).read("refund.md"))
    found = await publisher.importer.preview([_upload("all.zip", target.getvalue())], {})
    assert found.new == (NEW,)


async def test_a_draft_in_a_table_stays_one(publisher: Publisher, knowledge: PublishedKnowledge) -> None:
    draft = an_article("refund", status=Status.DRAFT)
    report = await publisher.take_over([draft], Editor(name="x"))
    assert (report.added, report.publication) == (("refund",), None)


def _upload(name: str, content: bytes) -> Upload:
    return Upload(name=name, content=content)
