"""Tables as CSV: the bytes of a spreadsheet program ⇄ rows of cells. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from knowledge_base.problems import N_, Problem

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_CYRILLIC = re.compile("[А-Яа-яЁёІіЇїЄєҐґ]")
_CAPITAL = re.compile("[А-ЯЁІЇЄҐ]")
_MIXED = re.compile("[a-zA-Z][А-Яа-яЁёІіЇїЄєҐґ]|[А-Яа-яЁёІіЇїЄєҐґ][a-zA-Z]")
_SEPARATORS = ";,\t"
_TOLD = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class UnreadableTable(Exception):
    """The file cannot be used at all; `problem.line` is the row, `column` the column where one is known."""

    def __init__(self, problem: Problem, column: str = "") -> None:
        super().__init__(problem.text())
        self.problem = problem
        self.column = column


def read_csv(content: bytes) -> list[tuple[int, Sequence[str]]]:
    """The rows of `content`, each with the number that a spreadsheet program gives it. Raises UnreadableTable.

    UTF-8 with or without its mark, UTF-16 with one, and Windows-1251 where it plainly is that; columns
    are parted by what the first row has most of: ``;``, ``,`` or a tab.
    """
    text = _text(content)
    first, _, rest = text.partition("\n")
    told = _TOLD.fullmatch(first.strip())
    if told:  # Excel's own line about the separator is no row of the table
        text = rest
        first = rest.partition("\n")[0]
    separator = told.group(1) if told else max(_SEPARATORS, key=first.count)
    lines: list[tuple[int, Sequence[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            lines.append((number, [plain(cell) for cell in row]))
    except csv.Error:
        message = N_("this row cannot be taken apart: a quotation mark is not closed, or the cell is too long")
        raise UnreadableTable(Problem(message=message, line=len(lines) + 1)) from None
    return lines


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table as Excel opens it by a double click: UTF-8 with its mark, and no cell that would be a formula."""
    target = io.StringIO(newline="")
    # As Excel parts columns in Ukraine; the comma stands in too many answers to read well.
    writer = csv.writer(target, delimiter=";")
    writer.writerow(columns)
    writer.writerows([harmless(row.get(column, "")) for column in columns] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """`cell` so that no spreadsheet program runs it (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """The inverse of `harmless`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _text(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decoded(content, encoding)
    try:
        return _decoded(content, "utf-8")
    except UnreadableTable:
        text = content.decode("cp1251", errors="replace")
        if not _is_cyrillic(text):
            raise
        return text


def _decoded(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(Problem(message=_NOT_UTF8, line=row)) from None
    if "\0" in text:
        raise UnreadableTable(Problem(message=_NOT_UTF8))
    return text


_NOT_UTF8 = N_("the file is not UTF-8; save it as “CSV UTF-8”, or as XLSX")


def _is_cyrillic(text: str) -> bool:
    """Whether Windows-1251 gives words: other old encodings give signs, capitals where small letters were, or
    (Western ones) a Cyrillic letter amid Latin ones."""
    if _MIXED.search(text):
        return False
    foreign = [sign for sign in text if not sign.isascii()]
    letters = [sign for sign in foreign if _CYRILLIC.match(sign)]
    capitals = sum(1 for sign in letters if _CAPITAL.match(sign))
    return len(letters) >= 0.9 * len(foreign) > 0 and capitals <= 0.5 * len(letters)
