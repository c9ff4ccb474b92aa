"""YAML read strictly, with the line of every key and value, and nothing built from tags.

Only mappings, lists and plain words: no anchors, no aliases, no tags, nothing deeper than an article
needs. Words are taken as written (``no`` is the word “no”), because every field says what it expects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from gateway.messages import Value
from knowledge_base.problems import N_, Problem

DEPTH_LIMIT = 6
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Words(Value, frozen=True, kw_only=True):
    """A scalar; `block` where it was written with ``|`` or ``>``, so that its text begins a line later."""

    line: int
    text: str
    empty: bool = False
    block: bool = False


class Items(Value, frozen=True, kw_only=True):
    """A list."""

    line: int
    nodes: tuple[Tree, ...] = ()


class Field(Value, frozen=True, kw_only=True):
    """One entry of a mapping: where its key stands, and its value."""

    line: int
    node: Tree


class Fields(Value, frozen=True, kw_only=True):
    """A mapping, in the order written."""

    line: int
    fields: Mapping[str, Field]


Tree = Words | Items | Fields


class Unreadable(Exception):
    """The YAML cannot be used at all; `problem.line` is the line."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text())
        self.problem = problem


def read(text: str, *, first_line: int = 1) -> Tree:
    """The tree of `text`, whose first line is line `first_line` of its file. Raises Unreadable."""
    try:
        events = yaml.parse(text, Loader=_Loader)
        reader = _Reader(events, first_line)
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise Unreadable(_problem(line, N_("bad YAML: {detail}"), detail=error.problem or "unreadable")) from None
    except yaml.YAMLError as error:
        line = first_line + text.count("\n", 0, getattr(error, "position", 0) or 0)
        detail = getattr(error, "reason", None) or "unreadable"
        raise Unreadable(_problem(line, N_("bad YAML: {detail}"), detail=str(detail))) from None


class _Reader:
    """Builds the tree from parser events: its own short recursion, so depth and aliases are ours to refuse."""

    def __init__(self, events: Iterator[yaml.Event], first_line: int) -> None:
        self._events = events
        self._first_line = first_line

    def document(self) -> Tree:
        for event in self._events:
            if isinstance(event, yaml.StreamEndEvent):
                return Fields(line=self._first_line, fields={})
            if isinstance(event, yaml.DocumentStartEvent):
                tree = self._node(next(self._events), 0)
                self._expect_end()
                return tree
        return Fields(line=self._first_line, fields={})

    def _expect_end(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise Unreadable(_problem(self._line(event), N_("only one YAML document may stand here")))

    def _node(self, event: yaml.Event, depth: int) -> Tree:
        line = self._line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(_problem(line, N_("anchors and aliases (& and *) are not allowed; quote the text")))
        tag = getattr(event, "tag", None)
        if tag and tag != "!":
            raise Unreadable(_problem(line, N_("tags (!) are not allowed; quote the text")))
        if depth > DEPTH_LIMIT:
            raise Unreadable(_problem(line, N_("this is nested too deep")))
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None or event.style == ""
            empty = plain and event.value in _NULLS
            return Words(line=line, text="" if empty else event.value, empty=empty, block=event.style in ("|", ">"))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(line=line, nodes=tuple(self._children(depth)))
        return self._mapping(line, depth)

    def _children(self, depth: int) -> Iterator[Tree]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._node(event, depth + 1)

    def _mapping(self, line: int, depth: int) -> Fields:
        fields: dict[str, Field] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            if not isinstance(key, Words):
                raise Unreadable(_problem(key.line, N_("a key must be a single word")))
            if key.text in fields:
                raise Unreadable(_problem(key.line, N_("“{key}” stands here a second time"), key=key.text))
            fields[key.text] = Field(line=key.line, node=self._node(next(self._events), depth + 1))
        return Fields(line=line, fields=fields)

    def _line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return self._first_line + (mark.line if mark else 0)


def _problem(line: int, message: str, **values: str) -> Problem:
    return Problem(message=message, line=line, values=values)
