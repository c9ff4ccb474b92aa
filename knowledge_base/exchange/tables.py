"""The knowledge base as a table: a row for each article and language, as an editor keeps it in a spreadsheet. Pure.

What a table does not name stays as it is: a column that is not there, a language without a row. An empty
cell of a column that is there takes away what stood in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.errors import Fault
from gateway.messages import Value
from gateway.ports import Action
from knowledge_base.articles import DEFAULT, Article, ArticleButton, in_order
from knowledge_base.problems import N_, Problem, SaidFault

ID, LANGUAGE, TITLE, PHRASINGS, ANSWER, BUTTONS = "id", "language", "title", "phrasings", "answer", "buttons"
OF_LANGUAGE = (TITLE, PHRASINGS, ANSWER, BUTTONS)
OF_ARTICLE = ("category", "status", "action", "valid_from", "valid_until", "notes")
COLUMNS = (ID, LANGUAGE, *OF_LANGUAGE, *OF_ARTICLE)
"""Besides them there may be an answer for one kind of channel alone, as ``answer:telegram``."""

CELL_LIMIT = 32_767
"""Characters of a cell, as Excel has it:
https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3"""
ROWS_LIMIT = 100_000
COLUMNS_LIMIT = 40
PHRASINGS_LIMIT = 50_000
ANSWER_OF = f"{ANSWER}:"

_KIND = re.compile(r"answer[ :/]+([a-z][a-z0-9_-]{0,30})")


class Row(Value, frozen=True, kw_only=True):
    """A row of a table: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


class Grid(Value, frozen=True, kw_only=True):
    """A table as read from a file: its columns, its rows that are not empty, and what is wrong with its form."""

    name: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()


def grid_of(name: str, lines: Iterable[tuple[int, Sequence[str]]]) -> Grid:
    """The table of the file `name` from its `lines`: row numbers with cells, the first of them the columns' names."""
    faults: list[Fault] = []
    columns: tuple[str, ...] | None = None
    rows: list[Row] = []
    for number, cells in lines:
        if columns is None:
            columns = tuple(_column(cell) for cell in cells)
            faults += _of_columns(name, columns, number)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        beyond = next((place for place in range(len(columns), len(cells)) if cells[place].strip()), None)
        if beyond is not None:
            message = N_("this row has more cells than the first row has columns")
            faults.append(SaidFault.at(name, number, Problem(message=message)))
        rows.append(Row(number=number, cells=dict(zip(columns, cells, strict=False))))
    if not rows and not faults:
        faults.append(SaidFault.at(name, 1, Problem(message=N_("there are no articles in this file"))))
    faults += _too_many(name, rows)
    return Grid(name=name, columns=columns or (), rows=tuple(rows), faults=tuple(faults))


def _column(cell: str) -> str:
    """A column's name in our spelling."""
    name = " ".join(cell.casefold().replace("\ufeff", "").split())
    kind = _KIND.fullmatch(name)
    return f"{ANSWER_OF}{kind.group(1)}" if kind else name.replace(" ", "_")


def _of_columns(name: str, columns: Sequence[str], row: int) -> Iterator[Fault]:
    known = ", ".join((*COLUMNS, f"{ANSWER_OF}telegram …"))
    for column in dict.fromkeys(columns):
        if column and column not in COLUMNS and not column.startswith(ANSWER_OF):
            message = N_("the column “{name}” is not known; there are {known}")
            problem = Problem(message=message, values={"name": column[:40], "known": known})
            yield SaidFault.at(name, row, problem, column)
        elif column and columns.count(column) > 1:
            yield SaidFault.at(name, row, Problem(message=N_("this column stands here twice")), column)
    speaks = any(column in OF_LANGUAGE or column.startswith(ANSWER_OF) for column in columns)
    for needed in (ID, *((LANGUAGE,) if speaks else ())):
        if needed not in columns:
            message = N_("the first row must name the columns, and “{name}” is not among them; there are {known}")
            yield SaidFault.at(name, row, Problem(message=message, values={"name": needed, "known": known}))


def _too_many(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    phrasings = 0
    for row in rows:
        phrasings += sum(1 for line in row[PHRASINGS].splitlines() if line.strip())
        if phrasings > PHRASINGS_LIMIT:
            message = N_("there are more than {limit} phrasings up to here; divide the file")
            problem = Problem(message=message, values={"limit": PHRASINGS_LIMIT})
            yield SaidFault.at(name, row.number, problem, PHRASINGS)
            return


# --- from articles to rows -----------------------------------------------------------------------


def columns_of(articles: Iterable[Article]) -> tuple[str, ...]:
    """The columns that a table of `articles` needs."""
    kinds = {kind for article in articles for variants in article.answers.values() for kind in variants}
    own = tuple(f"{ANSWER_OF}{kind}" for kind in sorted(kinds - {DEFAULT}))
    before = COLUMNS.index(ANSWER) + 1
    return (*COLUMNS[:before], *own, *COLUMNS[before:])


def rows_of(article: Article) -> Iterator[dict[str, str]]:
    """The rows of `article`: one a language, and more where its phrasings do not fit one cell."""
    general = {
        ID: article.id,
        "category": article.category,
        "status": str(article.status),
        "action": "" if article.action is Action.ANSWER else str(article.action),
        "valid_from": str(article.begins or ""),
        "valid_until": str(article.ends or ""),
        "notes": article.notes,
    }
    for language in languages_of(article):
        variants = article.answers.get(language, {})
        phrasings = _cells(article.phrasings.get(language, ()))
        yield {
            **general,
            LANGUAGE: language,
            TITLE: article.title.get(language, ""),
            PHRASINGS: phrasings[0],
            **{ANSWER if kind == DEFAULT else f"{ANSWER_OF}{kind}": text for kind, text in variants.items()},
            BUTTONS: "\n".join(f"{button.label.get(language, '')} | {target_of(button)}" for button in article.buttons),
        }
        for more in phrasings[1:]:
            yield {ID: article.id, LANGUAGE: language, PHRASINGS: more}


def languages_of(article: Article) -> tuple[str, ...]:
    """Every language that something of `article` is in."""
    texts: list[Mapping[str, object]] = [article.title, article.phrasings, article.answers]
    texts += [button.label for button in article.buttons]
    return in_order({language for part in texts for language in part})


def target_of(button: ArticleButton) -> str:
    """Where a button leads, as its line in a cell says it."""
    if button.article:
        return f"article {button.article}"
    return str(button.action or button.url or "")


def _cells(phrasings: Sequence[str]) -> list[str]:
    """`phrasings` one a line, in as few cells as hold them."""
    cells, size = [""], 0
    for phrase in phrasings:
        if size + len(phrase) + 1 >= CELL_LIMIT:
            cells.append("")
            size = 0
        cells[-1] += f"\n{phrase}" if cells[-1] else phrase
        size += len(phrase) + 1
    return cells
