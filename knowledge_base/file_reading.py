"""From one Markdown file with YAML front matter to an Article, with the line of everything in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

import msgspec

from gateway.errors import Fault
from gateway.messages import Value
from gateway.ports import Action
from knowledge_base.articles import Article, ArticleButton, ButtonAction, Status, tidy_line, tidy_text
from knowledge_base.moments import Moment, day_of, read_moment, time_of
from knowledge_base.problems import N_, Problem, SaidFault
from knowledge_base.yaml_tree import Field, Fields, Items, Tree, Unreadable, Words, read

SIZE_LIMIT = 1 << 20
FENCE = "---"

EnumT = TypeVar("EnumT", bound=StrEnum)


class ReadFile(Value, frozen=True, kw_only=True):
    """A file as read: its article as far as it could be made out, the lines of its places, and its
    faults. `lines` has a line for every path a Problem may name, down to the nearest outer one; where the
    article came from a table, that is the row, and `columns` tells the column."""

    name: str
    article: Article | None
    lines: Mapping[tuple[str, ...], int]
    columns: Mapping[tuple[str, ...], str] = msgspec.field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def fault(self, problem: Problem) -> Fault:
        """`problem` of this file's article as a fault at its line; of a table's, at its row and column."""
        path = problem.path
        while path and path not in self.lines:
            path = path[:-1]
        column = self.columns.get(path, "")
        inner = problem.line - 1 if path == problem.path and not column else 0
        return SaidFault.at(self.name, self.lines.get(path, 1) + inner, problem, column)


def read_file(name: str, content: bytes) -> ReadFile:
    """Read the file called `name` (``delivery-cost.md``). Never raises: faults are in the result.

    Only the form is looked at here; `rules` says whether the article itself is right.
    """
    try:
        head, notes = _split(content)
        tree = read(head, first_line=2)
    except Unreadable as error:
        return ReadFile(name=name, article=None, lines={}, faults=(_fault(name, error.problem),))
    if not isinstance(tree, Fields):
        problem = Problem(message=N_("the front matter must be fields, as “id: delivery-cost”"), line=2)
        return ReadFile(name=name, article=None, lines={}, faults=(_fault(name, problem),))
    reader = _Reader()
    article = msgspec.structs.replace(reader.article(tree), notes=tidy_text(notes))
    faults = [_fault(name, problem) for problem in reader.problems]
    if article.id and article.id != name.removesuffix(".md"):
        line = reader.lines.get(("id",), 2)
        message = N_("the id “{id}” and the file name differ; call the file {id}.md or mend the id")
        faults.append(_fault(name, Problem(message=message, line=line, values={"id": article.id[:80]})))
    return ReadFile(name=name, article=article, lines=reader.lines, faults=tuple(faults))


def _fault(name: str, problem: Problem) -> Fault:
    return SaidFault.at(name, problem.line, problem)


def _split(content: bytes) -> tuple[str, str]:
    """(front matter, notes). Raises Unreadable."""
    if len(content) > SIZE_LIMIT:
        raise Unreadable(Problem(message=N_("the file is larger than 1 MiB")))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(Problem(message=N_("the file is not UTF-8; save it as UTF-8"), line=bad)) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != FENCE:
        raise Unreadable(Problem(message=N_("the file must begin with a line of three hyphens (---)")))
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number]) + "\n", "\n".join(lines[number + 1 :])
    raise Unreadable(Problem(message=N_("the front matter is not closed by a line of three hyphens (---)")))


class _Reader:
    """Takes the tree apart; notes each place's line, and what is of the wrong form."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {(): 1}
        self.problems: list[Problem] = []

    def article(self, tree: Fields) -> Article:
        known = _fields_of(Article) - {"notes", "from_time", "until_time"}
        fields = self._known(tree, (), known)
        begins = self._moment(fields.get("valid_from"), ("valid_from",))
        ends = self._moment(fields.get("valid_until"), ("valid_until",))
        return Article(
            id=self._line(fields.get("id"), ("id",)),
            title=self._texts(fields.get("title"), ("title",), tidy_line),
            category=self._line(fields.get("category"), ("category",)),
            # A file that says nothing of its status is meant to be used.
            status=self._choice(fields.get("status"), ("status",), Status) or Status.PUBLISHED,
            action=self._choice(fields.get("action"), ("action",), Action) or Action.ANSWER,
            valid_from=day_of(begins),
            from_time=time_of(begins),
            valid_until=day_of(ends),
            until_time=time_of(ends),
            phrasings=self._phrasings(fields.get("phrasings")),
            answers=self._answers(fields.get("answers")),
            buttons=self._buttons(fields.get("buttons")),
        )

    # --- the parts ---------------------------------------------------------------------------

    def _phrasings(self, field: Field | None) -> dict[str, tuple[str, ...]]:
        phrasings: dict[str, tuple[str, ...]] = {}
        for language, inner in self._mapping(field, ("phrasings",)).items():
            path = ("phrasings", language)
            self.lines[path] = inner.line
            nodes = self._items(inner.node, path)
            phrasings[language] = tuple(
                self._words(node, (*path, str(place)), tidy_line) for place, node in enumerate(nodes)
            )
        return phrasings

    def _answers(self, field: Field | None) -> dict[str, dict[str, str]]:
        answers: dict[str, dict[str, str]] = {}
        for language, inner in self._mapping(field, ("answers",)).items():
            path = ("answers", language)
            answers[language] = self._texts(inner, path, tidy_text)
        return answers

    def _buttons(self, field: Field | None) -> tuple[ArticleButton, ...]:
        if field is None:
            return ()
        self.lines["buttons",] = field.line
        return tuple(
            self._button(node, ("buttons", str(place)))
            for place, node in enumerate(self._items(field.node, ("buttons",)))
        )

    def _button(self, node: Tree, path: tuple[str, ...]) -> ArticleButton:
        self.lines[path] = node.line
        if not isinstance(node, Fields):
            self._complain(node.line, N_("a button needs a label and a target"))
            return ArticleButton(label={})
        fields = self._known(node, path, _fields_of(ArticleButton))
        return ArticleButton(
            label=self._texts(fields.get("label"), (*path, "label"), tidy_line),
            article=self._line(fields.get("article"), (*path, "article")) or None,
            action=self._choice(fields.get("action"), (*path, "action"), ButtonAction),
            url=self._line(fields.get("url"), (*path, "url")) or None,
        )

    # --- the forms ---------------------------------------------------------------------------

    def _known(self, tree: Fields, path: tuple[str, ...], known: frozenset[str] | set[str]) -> Mapping[str, Field]:
        for name, field in tree.fields.items():
            if name not in known:
                message = N_("the field “{name}” is not known; there are {known}")
                self._complain(field.line, message, name=name[:60], known=", ".join(sorted(known)))
        return tree.fields

    def _texts(self, field: Field | None, path: tuple[str, ...], tidy: Callable[[str], str]) -> dict[str, str]:
        """A mapping of names to words."""
        texts = {}
        for name, inner in self._mapping(field, path).items():
            self.lines[*path, name] = inner.line
            texts[name] = self._words(inner.node, (*path, name), tidy)
        return texts

    def _mapping(self, field: Field | None, path: tuple[str, ...]) -> Mapping[str, Field]:
        if field is None:
            return {}
        self.lines[path] = field.line
        if isinstance(field.node, Fields):
            return field.node.fields
        if not (isinstance(field.node, Words) and field.node.empty):
            self._complain(field.node.line, N_("“{name}” must have fields under it"), name=path[-1])
        return {}

    def _items(self, node: Tree, path: tuple[str, ...]) -> tuple[Tree, ...]:
        if isinstance(node, Items):
            return node.nodes
        if not (isinstance(node, Words) and node.empty):
            self._complain(node.line, N_("“{name}” must be a list, each line beginning with “- ”"), name=path[-1])
        return ()

    def _line(self, field: Field | None, path: tuple[str, ...]) -> str:
        if field is None:
            return ""
        return self._words(field.node, path, tidy_line)

    def _words(self, node: Tree, path: tuple[str, ...], tidy: Callable[[str], str]) -> str:
        if not isinstance(node, Words):
            self.lines[path] = node.line
            self._complain(node.line, N_("a text was expected here; quote it if it has a colon"))
            return "?"
        # A block's words begin on the line after its sign, and tidying may drop blank lines above.
        dropped = len(node.text) - len(node.text.lstrip())
        self.lines[path] = node.line + (1 if node.block else 0) + node.text.count("\n", 0, dropped)
        return tidy(node.text)

    def _choice(self, field: Field | None, path: tuple[str, ...], choices: type[EnumT]) -> EnumT | None:
        word = self._line(field, path)
        if not word:
            return None
        if word in list(choices):
            return choices(word)
        message = N_("“{word}” is not possible for “{name}”; there are {choices}")
        self._complain(self.lines[path], message, word=word[:60], name=path[-1], choices=", ".join(choices))
        return None

    def _moment(self, field: Field | None, path: tuple[str, ...]) -> Moment | None:
        word = self._line(field, path)
        if not word:
            return None
        try:
            return read_moment(word)
        except ValueError:
            message = N_("“{word}” is no date for “{name}”; write it as 2026-12-31 or 2026-12-31 09:00")
            self._complain(self.lines[path], message, word=word[:60], name=path[-1])
            return None

    def _complain(self, line: int, message: str, **values: str) -> None:
        self.problems.append(Problem(message=message, line=line, values=values))


def _fields_of(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(struct.__struct_fields__)
