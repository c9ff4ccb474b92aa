"""Tables: CSV and workbooks keep everything, and every fault is told with its row and column."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import FrontdeskError, ImportRefused
from gateway.learning import Phrase
from gateway.ports import Action
from knowledge_base.articles import Article, ArticleButton, ButtonAction, Status, tidy_line, tidy_text
from knowledge_base.exchange.csv_files import read_csv
from knowledge_base.exchange.exporting import exported
from knowledge_base.exchange.importing import FILE_LIMIT, Importer, Upload
from knowledge_base.exchange.tables import CELL_LIMIT, rows_of
from tests.knowledge_base.fakes import InlineChecker, an_article

FULL = an_article(
    "refund",
    title={"uk": "Повернення", "ru": "Возврат", "en": "Refund"},
    action=Action.HANDOFF,
    valid_from=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
    answers={"uk": {"default": "Так.\n\n**3 дні**; «дякуємо»", "telegram": "Коротко"}, "en": {"default": "=1+1"}},
    buttons=(
        ArticleButton(label={"uk": "Людина", "en": "A person"}, action=ButtonAction.HANDOFF),
        ArticleButton(label={"en": "The form | here"}, url="https://zhuravlyk.example/claim?a=1|2"),
        ArticleButton(label={"uk": "Ціни"}, article="delivery-cost"),
    ),
    notes="Сторінка 7.\n+380 44 000 00 00",
)
EXISTING = {"refund": FULL, "delivery-cost": an_article()}


async def read(
    name: str, content: bytes, existing: Mapping[str, Article] | None = None, importer: Importer | None = None
) -> list[Article]:
    importer = importer or Importer(InlineChecker())
    return await importer.read_uploads([Upload(name=name, content=content)], existing or {})


async def refused(name: str, content: bytes, existing: Mapping[str, Article] | None = None) -> list[str]:
    with pytest.raises(ImportRefused) as caught:
        await read(name, content, existing)
    return [str(fault) for fault in caught.value.faults]


# --- there and back --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx", "zip"])
async def test_what_is_exported_is_imported_as_it_was(kind: str) -> None:
    assert await read(f"all.{kind}", exported(EXISTING, kind)) == [EXISTING[name] for name in sorted(EXISTING)]


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_lines = _texts.map(tidy_line).filter(bool)
_blocks = st.lists(_texts, min_size=1, max_size=4).map("\n".join).map(tidy_text).filter(bool)
_languages = st.sampled_from(["uk", "ru", "en"])


def _phrasings(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


@st.composite
def articles(draw: st.DrawFn) -> Article:
    """Any article that a table can hold: tidy, and saying something in some language."""
    buttons = st.builds(
        lambda label, action: ArticleButton(label=label, action=action),
        st.dictionaries(_languages, _lines, min_size=1),
        st.sampled_from(ButtonAction),
    )
    return Article(
        id="any-article",
        title=draw(st.dictionaries(_languages, _lines, min_size=1)),
        category=draw(st.one_of(st.just(""), _lines)),
        status=draw(st.sampled_from(Status)),
        action=draw(st.sampled_from(Action)),
        valid_from=draw(st.dates()),
        from_time=draw(st.one_of(st.none(), st.times().map(lambda one: one.replace(second=0, microsecond=0)))),
        phrasings=draw(st.dictionaries(_languages, st.lists(_lines, min_size=1, max_size=4).map(_phrasings))),
        answers=draw(
            st.dictionaries(_languages, st.dictionaries(st.sampled_from(["default", "mail"]), _blocks, min_size=1))
        ),
        buttons=tuple(draw(st.lists(buttons, max_size=2, unique_by=lambda one: one.action))),
        notes=draw(st.one_of(st.just(""), _blocks)),
    )


class Unjudged(Importer):
    """Whatever an article says, its form is all that matters here."""

    def table(self, name: str, content: bytes) -> list[Article | None]:
        files = self._read(Upload(name=name, content=content), {})
        assert [fault for file in files for fault in file.faults] == []
        return [file.article for file in files]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(article=articles())
def test_nothing_is_lost_in_a_table(kind: str, article: Article) -> None:
    content = exported({article.id: article}, kind)
    assert Unjudged(InlineChecker()).table(f"all.{kind}", content) == [article]


async def test_phrasings_beyond_one_cell_go_on_in_the_next_row() -> None:
    many = an_article(phrasings={"uk": tuple(f"питання номер {number} про доставку" for number in range(3000))})
    assert len(list(rows_of(many))) > 3
    assert all(len(cell) <= CELL_LIMIT for row in rows_of(many) for cell in row.values())
    for kind in ("csv", "xlsx"):
        assert await read(f"all.{kind}", exported({many.id: many}, kind)) == [many]


# --- no formulas -------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "'="])
async def test_no_cell_of_an_export_is_a_formula(begin: str) -> None:
    article = an_article(answers={"uk": {"default": f"{begin}cmd|' /C calc'!A0"}}, title={"uk": "Тема"})
    table = exported({article.id: article}, "csv").decode("utf-8-sig")
    cells = [cell for line in table.splitlines() for cell in line.split(";")]
    assert [cell for cell in cells if cell.strip('"')[:1] in "=+-@" and cell.strip('"')] == []
    book = openpyxl.load_workbook(io.BytesIO(exported({article.id: article}, "xlsx")))
    assert {cell.data_type for row in book["Articles"].iter_rows() for cell in row} <= {"s", "n"}
    for kind in ("csv", "xlsx"):
        assert await read(f"all.{kind}", exported({article.id: article}, kind)) == [article]


async def test_a_formula_in_a_workbook_is_refused_with_its_place() -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "language", "title"])
    book.active.append(["refund", "uk", '=HYPERLINK("http://x.example")'])
    assert await refused("all.xlsx", _saved(book)) == [
        "all.xlsx:2: column title: this cell holds a formula; put its value there"
    ]


# --- how editors' programs write -------------------------------------------------------------


HEAD = "id;language;title;phrasings;answer\n"
ROW = 'refund;uk;Повернення;"поверніть гроші\nгроші назад";Так\n'


@pytest.mark.parametrize(
    "content",
    [
        (HEAD + ROW).encode(),
        (HEAD + ROW).encode("utf-8-sig"),
        (HEAD + ROW).encode("cp1251"),
        (HEAD + ROW).replace(";", "\t").encode("utf-16"),
        (HEAD + ROW).replace(";", ",").encode(),
        ("sep=;\n" + HEAD + ROW).encode(),
        (HEAD + ROW).replace("id;language", " ID ;Language").encode(),
        (HEAD + ROW + ";;;;\n").encode(),
    ],
    ids=["utf-8", "bom", "cp1251", "utf-16 tabs", "commas", "sep=", "spelling", "empty rows"],
)
async def test_spellings_of_a_table(content: bytes) -> None:
    (article,) = await read("all.csv", content)
    assert article.title == {"uk": "Повернення"}
    assert article.phrasings == {"uk": ("поверніть гроші", "гроші назад")}
    assert article.answers == {"uk": {"default": "Так"}}
    assert article.status is Status.PUBLISHED


@pytest.mark.parametrize("encoding", ["koi8-u", "cp866", "latin-1"])
async def test_other_encodings_are_refused_not_guessed(encoding: str) -> None:
    text = (HEAD + ROW).translate(str.maketrans("іїєґ", "иыэг"))
    content = text.encode(encoding) if encoding != "latin-1" else "id;title\nx;déjà-vu é\n".encode("latin-1")
    (fault,) = await refused("all.csv", content)
    assert "not UTF-8" in fault


async def test_days_as_spreadsheets_write_them() -> None:
    table = "id;language;title;status;valid_from;valid_until\nrefund;uk;Тема;draft;01.02.2026;2026-12-31\n"
    (article,) = await read("all.csv", table.encode())
    assert (article.valid_from, article.valid_until) == (date(2026, 2, 1), date(2026, 12, 31))
    book = openpyxl.Workbook()
    book.active.append(["id", "language", "title", "status", "valid_from", "phrasings"])
    book.active.append(["refund", "uk", "Тема", "draft", date(2026, 2, 1), 100])
    (article,) = await read("all.xlsx", _saved(book))
    assert (article.valid_from, article.phrasings) == (date(2026, 2, 1), {"uk": ("100",)})


@pytest.mark.parametrize(
    ("written", "day", "at"),
    [
        ("2026-02-01 09:30", date(2026, 2, 1), time(9, 30)),
        ("2026-02-01T09:30:00", date(2026, 2, 1), time(9, 30)),
        ("01.02.2026 9:30", date(2026, 2, 1), time(9, 30)),
        ("2026-02-01 00:00", date(2026, 2, 1), time(0, 0)),
        ("2026-02-01 00:00:00", date(2026, 2, 1), None),
        (datetime(2026, 2, 1, 9, 30), date(2026, 2, 1), time(9, 30)),
        (datetime(2026, 2, 1), date(2026, 2, 1), None),
    ],
)
async def test_times_as_spreadsheets_write_them(written: str | datetime, day: date, at: time | None) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "language", "title", "status", "valid_until"])
    book.active.append(["refund", "uk", "Тема", "draft", written])
    (article,) = await read("all.xlsx", _saved(book))
    assert (article.valid_until, article.until_time) == (day, at)
    if isinstance(written, str):
        table = f"id;language;title;status;valid_until\nrefund;uk;Тема;draft;{written}\n"
        assert await read("all.csv", table.encode()) == [article]


@pytest.mark.parametrize("word", ["2026-02-01 24:00", "2026-02-01 09:30:15", "2026-02-01 9", "01.02.2026 at nine"])
async def test_what_is_no_time_is_said(word: str) -> None:
    table = f"id;language;title;status;valid_until\nrefund;uk;Тема;draft;{word}\n"
    (fault,) = await refused("all.csv", table.encode())
    assert "is no date for “valid_until”; write it as 2026-12-31 or 2026-12-31 09:00" in fault


# --- what a table leaves out -----------------------------------------------------------------


async def test_what_a_table_does_not_name_stays() -> None:
    table = "id;language;phrasings\nrefund;uk;нове питання\n"
    (article,) = await read("all.csv", table.encode(), EXISTING)
    assert article.phrasings == {**FULL.phrasings, "uk": ("нове питання",)}
    assert (article.title, article.answers, article.buttons, article.status) == (
        FULL.title,
        FULL.answers,
        FULL.buttons,
        FULL.status,
    )


async def test_an_empty_cell_takes_away() -> None:
    table = "id;language;title;answer:telegram;valid_from\nrefund;ru;;;\nrefund;uk;Повернення;;\n"
    (article,) = await read("all.csv", table.encode(), EXISTING)
    assert article.title == {"uk": "Повернення", "en": "Refund"}
    assert article.answers["uk"] == {"default": FULL.answers["uk"]["default"]}
    assert article.valid_from is None


async def test_labels_of_other_languages_stay_on_their_buttons() -> None:
    table = 'id;language;buttons\nrefund;uk;"Оператор | handoff\nЦіни | article delivery-cost"\n'
    (article,) = await read("all.csv", table.encode(), EXISTING)
    assert article.buttons == (
        ArticleButton(label={"en": "A person", "uk": "Оператор"}, action=ButtonAction.HANDOFF),
        ArticleButton(label={"uk": "Ціни"}, article="delivery-cost"),
    )


# --- faults ------------------------------------------------------------------------------------


async def test_every_fault_is_told_at_once_with_row_and_column() -> None:
    table = (
        "id;language;title;phrasings;answer;status;buttons\n"
        "refund;uk;Тема;питання;{{ oops;published;\n"
        "price;de;Preis;wie teuer;viel;published;\n"
        ";uk;Нічия;а;б;published;\n"
        "hours;uk;Години;питання;з 9;open;Людина -> handoff\n"
        "hours;;Години;коли;;;\n"
    )
    faults = await refused("all.csv", table.encode())
    assert any(fault.startswith("all.csv:2: column answer: ") for fault in faults)
    assert any(fault.startswith("all.csv:3: column title: the language “de”") for fault in faults)
    assert "all.csv:4: column id: the id is missing" in faults
    assert any(fault.startswith("all.csv:5: column status: “open” is not possible") for fault in faults)
    assert any(fault.startswith("all.csv:5: column buttons: write a button as") for fault in faults)
    assert any(fault.startswith("all.csv:5: column phrasings: “питання” is already") for fault in faults)
    assert any(fault.startswith("all.csv:6: column title: say in the column “language”") for fault in faults)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("id;language;titel\nrefund;uk;Тема\n", "all.csv:1: column titel: the column “titel” is not known"),
        ("id;title\nrefund;Тема\n", "all.csv:1: the first row must name the columns, and “language”"),
        ("id;language;title;title\nrefund;uk;а;б\n", "all.csv:1: column title: this column stands here twice"),
        ("id;language;title\n", "all.csv:1: there are no articles in this file"),
        ("", "all.csv:1: there are no articles in this file"),
        ("id;language;title\nrefund;uk;а;б\n", "all.csv:2: this row has more cells"),
        ('id;language;title\nrefund;uk;"а\n', "all.csv:2: this row cannot be taken apart"),
        (
            "id;language;title;status\nrefund;uk;а;draft\nrefund;uk;б;draft\n",
            "all.csv:3: column title: this differs from row 2",
        ),
    ],
)
async def test_tables_of_a_wrong_form(table: str, fault: str) -> None:
    assert any(told.startswith(fault) for told in await refused("all.csv", table.encode()))


async def test_more_phrasings_than_anybody_writes() -> None:
    lines = "\n".join(f"питання {number}" for number in range(50_001))
    (fault,) = await refused("all.csv", f'id;language;title;phrasings\nrefund;uk;Тема;"{lines}"\n'.encode())
    assert "cannot be taken apart" in fault  # one cell of that size is no cell
    rows = "".join(f'refund;uk;;"{lines}"\n' for lines in _in_cells("питання", 50_001))
    (fault,) = await refused("all.csv", f"id;language;title;phrasings\n{rows}".encode())
    assert "more than 50000 phrasings up to here; divide the file" in fault


async def test_fifty_thousand_phrasings_are_taken() -> None:
    names = [f"matter-{number}" for number in range(10)]
    rows = "".join(f'{name};uk;;"{lines}"\n' for name in names for lines in _in_cells(name, 4_999))
    table = "id;language;title;phrasings\n" + "".join(f"{name};uk;Тема;початок {name}\n" for name in names) + rows
    known = {name: an_article(name, phrasings={}) for name in names}
    articles = await read("all.csv", table.encode(), known)
    assert sum(len(article.phrasings["uk"]) for article in articles) == 50_000


def _in_cells(about: str, count: int) -> list[str]:
    numbers = range(count)
    return ["\n".join(f"{about} {number}" for number in numbers[begin : begin + 500]) for begin in range(0, count, 500)]


# --- files that want to do harm ----------------------------------------------------------------


def _saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


async def test_a_workbook_that_unpacks_to_gigabytes_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(16):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * (10 << 20))
    (fault,) = await refused("all.xlsx", target.getvalue())
    assert "larger than 150 MB when unpacked" in fault


async def test_entities_in_a_workbook_are_refused() -> None:
    good = exported({"refund": FULL}, "xlsx")
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                data = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]>' + data
            archive.writestr(entry.filename, data)
    (fault,) = await refused("all.xlsx", target.getvalue())
    assert "no XLSX workbook" in fault


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"id;title", exported({"refund": FULL}, "xlsx")[:-400]])
async def test_a_broken_workbook_is_refused(content: bytes) -> None:
    (fault,) = await refused("all.xlsx", content)
    assert "no XLSX workbook" in fault


async def test_a_sheet_that_claims_a_million_rows_costs_nothing() -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "language", "title", "status"])
    book.active.append(["refund", "uk", "Тема", "draft"])
    book.active.cell(row=1_000_000, column=16_000).value = "far away"
    (fault,) = await refused("all.xlsx", _saved(book))
    assert "more than 100000 rows" in fault


async def test_files_of_other_kinds_and_sizes() -> None:
    assert "cannot be imported" in (await refused("all.docx", b""))[0]
    assert "larger than 20 MB" in (await refused("all.csv", b"x" * (FILE_LIMIT + 1)))[0]
    assert "no ZIP archive" in (await refused("all.zip", b"PK"))[0]


async def test_one_id_in_two_files_is_refused() -> None:
    with pytest.raises(ImportRefused) as caught:
        await Importer(InlineChecker()).read_uploads(
            [Upload(name=f"{name}.csv", content=exported({"refund": FULL}, "csv")) for name in "ab"], EXISTING
        )
    assert any("the id “refund” is already in a.csv" in str(fault) for fault in caught.value.faults)


def test_a_text_longer_than_a_cell_needs_another_format() -> None:
    article = an_article(notes="x" * (CELL_LIMIT + 1))
    with pytest.raises(FrontdeskError, match="export it as CSV"):
        exported({article.id: article}, "xlsx")
    assert read_csv(exported({article.id: article}, "csv"))


# --- Rasa's examples ---------------------------------------------------------------------------


async def test_intents_become_drafts_and_more_phrasings() -> None:
    said = [
        Phrase(intent="faq/ask_price", language="uk", text="почім"),
        Phrase(intent="refund", language="uk", text="Скільки коштує refund?"),
        Phrase(intent="refund", language="en", text="money back"),
    ]
    importer = Importer(InlineChecker(), lambda name, content: said)
    new, old = await read("nlu.yml", b"nlu: []", EXISTING, importer)
    assert (new.id, new.status, new.title, new.phrasings) == (
        "faq-ask-price",
        Status.DRAFT,
        {"uk": "Faq ask price"},
        {"uk": ("почім",)},
    )
    assert old.phrasings == {"uk": FULL.phrasings["uk"], "en": (*FULL.phrasings["en"], "money back")}
    assert "cannot be imported" in (await refused("nlu.yml", b"nlu: []"))[0]


async def test_paths_of_every_kind(tmp_path: Path) -> None:
    importer = Importer(InlineChecker())
    for kind in ("csv", "xlsx", "zip"):
        (tmp_path / f"all.{kind}").write_bytes(exported(EXISTING, kind))
        assert len(await importer.read_path(tmp_path / f"all.{kind}", {})) == 2
    with pytest.raises(ImportRefused, match="cannot be read"):
        await importer.read_path(tmp_path / "none.csv", {})
