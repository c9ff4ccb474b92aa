"""From the rows of a table to articles, with the row and column of everything in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from gateway.ports import Action
from knowledge_base.articles import DEFAULT, Article, ArticleButton, ButtonAction, Status, tidy_line, tidy_text
from knowledge_base.exchange.tables import (
    ANSWER,
    ANSWER_OF,
    BUTTONS,
    ID,
    LANGUAGE,
    PHRASINGS,
    TITLE,
    Grid,
    Row,
    target_of,
)
from knowledge_base.file_reading import ReadFile
from knowledge_base.moments import Moment, day_of, read_moment, time_of
from knowledge_base.problems import N_, Problem, SaidFault

EnumT = TypeVar("EnumT", bound=StrEnum)

_BUTTON = re.compile(
    r"(?P<label>.*)\|\s*(?:article\s+(?P<article>\S+)|(?P<url>https?://\S+)|(?P<action>[a-z]+))", re.IGNORECASE
)
_DAY = re.compile(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})(?P<rest>.*)")
_MIDNIGHT = re.compile(r"[T ]0?0:00:00$")
"""A day as some programs write it out; people leave the seconds away."""


def read_table(grid: Grid, existing: Mapping[str, Article]) -> list[ReadFile]:
    """The articles of `grid`, each on the ground of what is stored of it (`existing`), in the order of the rows.

    Never raises: what is wrong is in the results; only the form is looked at here.
    """
    groups: dict[str, list[Row]] = {}
    nameless = []
    for row in grid.rows:
        name = tidy_line(row[ID])
        if name:
            groups.setdefault(name, []).append(row)
        else:
            fault = SaidFault.at(grid.name, row.number, Problem(message=N_("the id is missing")), ID)
            nameless.append(ReadFile(name=grid.name, article=None, lines={}, faults=(fault,)))
    return [*nameless, *(_Rows(grid, name, rows, existing.get(name)).read() for name, rows in groups.items())]


class _Rows:
    """The rows of one article, put together."""

    def __init__(self, grid: Grid, name: str, rows: Sequence[Row], old: Article | None) -> None:
        self._grid = grid
        self._rows = rows
        # Like a file that says nothing of its status, a new article is meant to be used.
        self._old = old or Article(id=name, status=Status.PUBLISHED)
        self._lines: dict[tuple[str, ...], int] = {(): rows[0].number, ("id",): rows[0].number}
        self._columns: dict[tuple[str, ...], str] = {("id",): ID}
        self._faults: list[SaidFault] = []

    def read(self) -> ReadFile:
        """The article, the places of all in it, and what is wrong with their form."""
        old = self._old
        begins, ends = self._moment("valid_from", old.begins), self._moment("valid_until", old.ends)
        article = msgspec.structs.replace(
            old,
            title=self._texts(TITLE, old.title),
            phrasings=self._phrasings(),
            answers=self._answers(),
            buttons=self._buttons(),
            category=self._general("category", old.category),
            status=self._choice("status", Status, old.status),
            action=self._choice("action", Action, Action.ANSWER) if self._has("action") else old.action,
            valid_from=day_of(begins),
            from_time=time_of(begins),
            valid_until=day_of(ends),
            until_time=time_of(ends),
            notes=tidy_text(self._raw("notes")) if self._has("notes") else old.notes,
        )
        return ReadFile(
            name=self._grid.name,
            article=article,
            lines=self._lines,
            columns=self._columns,
            faults=tuple(self._faults),
        )

    # --- of the whole article ------------------------------------------------------------------

    def _raw(self, column: str) -> str:
        """The one value of the article's rows in `column`; empty cells beside it say nothing."""
        return self._agreed([row for row in self._rows if row[column].strip()], column, (column,))

    def _general(self, column: str, old: str) -> str:
        return tidy_line(self._raw(column)) if self._has(column) else old

    def _choice(self, column: str, choices: type[EnumT], otherwise: EnumT) -> EnumT:
        word = tidy_line(self._raw(column)).casefold() if self._has(column) else ""
        if not word:
            return otherwise
        if word in list(choices):
            return choices(word)
        message = N_("“{word}” is not possible for “{name}”; there are {choices}")
        self._complain((column,), message, word=word[:60], name=column, choices=", ".join(choices))
        return otherwise

    def _moment(self, column: str, old: Moment | None) -> Moment | None:
        if not self._has(column):
            return old
        word = _MIDNIGHT.sub("", tidy_line(self._raw(column)))
        if not word:
            return None
        spelt = _DAY.fullmatch(word)
        try:
            if spelt:
                word = f"{spelt['year']}-{spelt['month']:0>2}-{spelt['day']:0>2}{spelt['rest']}"
            return read_moment(word)
        except ValueError:
            message = N_("“{word}” is no date for “{name}”; write it as 2026-12-31 or 2026-12-31 09:00")
            self._complain((column,), message, word=word[:60], name=column)
            return old

    # --- of one language -----------------------------------------------------------------------

    def _by_language(self, column: str) -> dict[str, list[Row]]:
        """The rows of each language that the rows name."""
        found: dict[str, list[Row]] = {}
        for row in self._rows:
            language = tidy_line(row[LANGUAGE]).casefold()
            if language:
                found.setdefault(language, []).append(row)
            elif row[column].strip():
                problem = Problem(message=N_("say in the column “language” which language this is in"))
                self._faults.append(SaidFault.at(self._grid.name, row.number, problem, column))
        return found

    def _texts(self, column: str, old: Mapping[str, str]) -> dict[str, str]:
        if not self._has(column):
            return dict(old)
        texts = dict(old)
        for language in self._by_language(column):
            text = tidy_line(self._of(language, column, (column, language)))
            texts.pop(language, None)
            if text:
                texts[language] = text
        return texts

    def _phrasings(self) -> dict[str, tuple[str, ...]]:
        found = dict(self._old.phrasings)
        for language, rows in self._by_language(PHRASINGS).items() if self._has(PHRASINGS) else ():
            lines = [(row.number, tidy_line(line)) for row in rows for line in row[PHRASINGS].splitlines()]
            told = [(number, line) for number, line in lines if line]
            self._mark((PHRASINGS, language), rows[0].number, PHRASINGS)
            for place, (number, _) in enumerate(told):
                self._mark((PHRASINGS, language, str(place)), number, PHRASINGS)
            found.pop(language, None)
            if told:
                found[language] = tuple(line for _, line in told)
        return found

    def _answers(self) -> dict[str, dict[str, str]]:
        answers = {language: dict(variants) for language, variants in self._old.answers.items()}
        kinds = {DEFAULT: ANSWER} if self._has(ANSWER) else {}
        kinds |= {
            column.removeprefix(ANSWER_OF): column for column in self._grid.columns if column.startswith(ANSWER_OF)
        }
        for kind, column in kinds.items():
            for language in self._by_language(column):
                text = tidy_text(self._of(language, column, ("answers", language, kind)))
                variants = answers.setdefault(language, {})
                variants.pop(kind, None)
                if text:
                    variants[kind] = text
        return {language: variants for language, variants in answers.items() if variants}

    def _buttons(self) -> tuple[ArticleButton, ...]:
        if not self._has(BUTTONS):
            return self._old.buttons
        made: list[ArticleButton] = []
        spoken = list(self._by_language(BUTTONS))
        for language in spoken:
            cell = self._of(language, BUTTONS, (BUTTONS,))
            mine = [button for line in cell.splitlines() if line.strip() if (button := self._button(line, language))]
            if mine and made and [target_of(one) for one in mine] != [target_of(one) for one in made]:
                self._complain((BUTTONS,), N_("the buttons lead elsewhere than in the article's other rows"))
            elif made:
                made = [_joined(*pair) for pair in zip(made, mine, strict=True)] if mine else made
            else:
                made = mine
        for place in range(len(made)):
            self._mark((BUTTONS, str(place)), self._lines[BUTTONS,], BUTTONS)
        kept = {target_of(button): button.label for button in self._old.buttons}
        return tuple(
            msgspec.structs.replace(
                button,
                label={
                    **{of: text for of, text in kept.get(target_of(button), {}).items() if of not in spoken},
                    **button.label,
                },
            )
            for button in made
        )

    def _button(self, line: str, language: str) -> ArticleButton | None:
        found = _BUTTON.fullmatch(line.strip())
        action = (found["action"] or "").casefold() if found else ""
        if found is None or (action and action not in list(ButtonAction)):
            message = N_(
                "write a button as “Prices | article delivery-cost”, “A person | handoff”, “A call | callback” "
                "or “Our site | https://…”"
            )
            self._complain((BUTTONS,), message)
            return None
        label = tidy_line(found["label"])
        return ArticleButton(
            label={language: label} if label else {},
            article=found["article"],
            action=ButtonAction(action) if action else None,
            url=found["url"],
        )

    # --- parts ---------------------------------------------------------------------------------

    def _has(self, column: str) -> bool:
        return column in self._grid.columns

    def _of(self, language: str, column: str, path: tuple[str, ...]) -> str:
        """The one value of a language's rows in `column`."""
        rows = [row for row in self._rows if tidy_line(row[LANGUAGE]).casefold() == language]
        self._mark(path, rows[0].number, column)
        return self._agreed([row for row in rows if row[column].strip()], column, path)

    def _agreed(self, rows: Sequence[Row], column: str, path: tuple[str, ...]) -> str:
        if not rows:
            return ""
        self._mark(path, rows[0].number, column)
        first = rows[0][column]
        for row in rows[1:]:
            if tidy_text(row[column]) != tidy_text(first):
                message = N_("this differs from row {row} of the same article; write it once or alike")
                problem = Problem(message=message, values={"row": rows[0].number})
                self._faults.append(SaidFault.at(self._grid.name, row.number, problem, column))
        return first

    def _mark(self, path: tuple[str, ...], row: int, column: str) -> None:
        self._lines[path] = row
        self._columns[path] = column

    def _complain(self, path: tuple[str, ...], message: str, **values: str) -> None:
        problem = Problem(message=message, values=values)
        row, column = self._lines[path], self._columns.get(path, "")
        self._faults.append(SaidFault.at(self._grid.name, row, problem, column))


def _joined(one: ArticleButton, other: ArticleButton) -> ArticleButton:
    return msgspec.structs.replace(one, label={**one.label, **other.label})
