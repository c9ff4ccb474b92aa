"""Tables as XLSX workbooks: bytes ⇄ rows of cells, with bounds for files that want to do harm.

openpyxl reads sheet by sheet as a stream; nothing in a workbook is run, and formulas are refused.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from gateway.errors import FrontdeskError
from knowledge_base.articles import Status
from knowledge_base.exchange.csv_files import UnreadableTable, harmless, plain
from knowledge_base.exchange.tables import CELL_LIMIT, COLUMNS_LIMIT, ROWS_LIMIT
from knowledge_base.problems import N_, Problem

UNPACKED_LIMIT = 150 << 20
PARTS_LIMIT = 2000
SHEET = "Articles"
_LEGEND = "Columns"
_HEAD = 4096  # bytes of a part in which a document type would stand
_WIDTHS = {"id": 24, "title": 36, "phrasings": 60, "answer": 70, "buttons": 36, "notes": 40}
_TOO_LONG = N_("“{id}” has a text of {length} characters, and a cell holds {limit}; export it as CSV")
_BROKEN = N_("this is no XLSX workbook, or it is damaged; save it anew as “Excel workbook (.xlsx)”")


def read_xlsx(content: bytes) -> list[tuple[int, Sequence[str]]]:
    """The rows of the sheet “Articles”, else of the first sheet, with their numbers. Raises UnreadableTable."""
    _judge(content)
    import openpyxl  # noqa: PLC0415 — takes a tenth of a second, and few ever need it

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    except Exception:
        # Whatever a broken file makes the library raise, it is the file's fault.
        raise UnreadableTable(Problem(message=_BROKEN)) from None
    try:
        if not book.worksheets:
            raise UnreadableTable(Problem(message=_BROKEN))
        sheet: Any = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
        sheet.reset_dimensions()
        return list(_lines(sheet.iter_rows(max_row=ROWS_LIMIT + 1, max_col=COLUMNS_LIMIT)))
    except UnreadableTable:
        raise
    except Exception:
        raise UnreadableTable(Problem(message=_BROKEN)) from None
    finally:
        book.close()


def _judge(content: bytes) -> None:
    """Raise UnreadableTable where unpacking would take too much, or a part defines entities of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            entries = parts.infolist()
            if len(entries) > PARTS_LIMIT or sum(entry.file_size for entry in entries) > UNPACKED_LIMIT:
                message = N_("the workbook is larger than {limit} MB when unpacked; divide it")
                raise UnreadableTable(Problem(message=message, values={"limit": UNPACKED_LIMIT >> 20}))
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    with parts.open(entry) as part:
                        if b"<!DOCTYPE" in part.read(_HEAD).replace(b"\0", b""):
                            raise UnreadableTable(Problem(message=_BROKEN))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        raise UnreadableTable(Problem(message=_BROKEN)) from None


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Sequence[str]]]:
    columns: list[str] = []
    for number, row in enumerate(rows, start=1):
        if number > ROWS_LIMIT:
            message = N_("there are more than {limit} rows; divide the file")
            raise UnreadableTable(Problem(message=message, line=number, values={"limit": ROWS_LIMIT}))
        cells = []
        for place, cell in enumerate(row):
            column = columns[place] if place < len(columns) else ""
            cells.append(_words(cell, number, column))
        while cells and not cells[-1]:
            cells.pop()
        columns = columns or [cell.strip().casefold() for cell in cells]
        if cells:
            yield number, cells


def _words(cell: Any, row: int, column: str) -> str:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return ""
    if kind == "f":
        raise UnreadableTable(Problem(message=N_("this cell holds a formula; put its value there"), line=row), column)
    if kind == "e":
        raise UnreadableTable(Problem(message=N_("this cell holds an error of the spreadsheet"), line=row), column)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return plain(str(value)) if isinstance(value, str) else str(value)


def write_xlsx(columns: Sequence[str], rows: Iterable[Mapping[str, str]], gettext: Callable[[str], str] = str) -> bytes:
    """A workbook: the table with its first row kept in sight, and a sheet that explains the columns.

    Every cell is text, so that none becomes a formula. Raises FrontdeskError where a text is longer than a cell.
    """
    from openpyxl import Workbook  # noqa: PLC0415 — as above
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    lines = [[row.get(column, "") for column in columns] for row in rows]
    for line in lines:
        longest = max(map(len, line), default=0)
        if longest >= CELL_LIMIT:
            raise FrontdeskError(gettext(_TOO_LONG).format(id=line[0], length=longest, limit=CELL_LIMIT))
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(SHEET)
    _set_widths(sheet, columns)
    sheet.freeze_panes = "C2"
    _put(sheet, [columns], bold=True)
    _put(sheet, lines)
    for column, choices in (("status", [str(status) for status in Status]), ("language", ["uk", "ru", "en"])):
        if column in columns:
            letter = _letter(columns.index(column))
            listed = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            listed.add(f"{letter}2:{letter}{ROWS_LIMIT}")
            sheet.data_validations.append(listed)
    legend: Any = book.create_sheet(_LEGEND)
    legend.column_dimensions["A"].width, legend.column_dimensions["B"].width = 18, 100
    _put(legend, ([column, gettext(meaning)] for column, meaning in MEANINGS.items()))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


MEANINGS = {
    "id": N_("The article's name in addresses: small Latin letters, digits and hyphens. It never changes."),
    "language": N_("uk, ru or en: each language of an article has a row of its own."),
    "title": N_("What the article is about, in a few words; customers see it on buttons."),
    "phrasings": N_("How people ask it, one a line in the cell."),
    "answer": N_("What the bot answers. A column “answer:telegram” holds the answer for Telegram alone."),
    "buttons": N_(
        "One a line: “Prices | article delivery-cost”, “A person | handoff”, “A call | callback”, "
        "“Our site | https://…”."
    ),
    "category": N_("A word to group articles by."),
    "status": N_("draft, review, published or archived; for a new article empty means published."),
    "action": N_("What the article does besides answering; empty means that it only answers."),
    "valid_from": N_("The first day, as 2026-12-31, or minute, as 2026-12-31 09:00; empty means from now on."),
    "valid_until": N_("The last day, as 2026-12-31, or its end, as 2026-12-31 18:00; empty means without end."),
    "notes": N_("For colleagues; customers never see it."),
}
"""What the workbook's second sheet says of each column."""


def _put(sheet: Any, rows: Iterable[Sequence[str]], *, bold: bool = False) -> None:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 — as above
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    wrapped, font = Alignment(wrap_text=True, vertical="top"), Font(bold=bold)
    for row in rows:
        cells = []
        for text in row:
            # Reading takes one apostrophe away, for CSV that went through Excel: only such a text needs one here.
            told = harmless(text) if text.startswith("'") else text
            cell = WriteOnlyCell(sheet, value=told or None)
            if told:
                cell.data_type = "s"  # never a formula, whatever it begins with
            cell.alignment, cell.font = wrapped, font
            cells.append(cell)
        sheet.append(cells)


def _set_widths(sheet: Any, columns: Sequence[str]) -> None:
    for place, column in enumerate(columns):
        sheet.column_dimensions[_letter(place)].width = _WIDTHS.get(column.split(":")[0], 13)


def _letter(place: int) -> str:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 — as above

    return get_column_letter(place + 1)
