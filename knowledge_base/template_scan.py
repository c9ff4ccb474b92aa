"""Cutting a template into words, outputs and tags in linear time, and refusing what is not allowed.

python-liquid's own lexer backtracks (quadratic and worse on unclosed brackets), so nothing reaches it
that has not passed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.messages import Value
from knowledge_base.problems import N_, Problem, TemplateRefused

SIZE_LIMIT = 4096
OUTPUTS_LIMIT = 50
TAGS_LIMIT = 100
EXPRESSION_LIMIT = 200
DEPTH_LIMIT = 8

_BLOCKS = ("if", "unless", "case")
_BRANCHES = {"elsif": ("if", "unless"), "else": _BLOCKS, "when": ("case",)}
_ENDS = {f"end{name}": name for name in _BLOCKS}
_OPENING = re.compile(r"\{[{%]")
_NAME = re.compile(r"[A-Za-z_]\w*")


class Piece(Value, frozen=True, kw_only=True):
    """A stretch of a template: words, or an output (``{{ }}``), or the tag named by `tag` (``{% %}``)."""

    text: str
    start: int
    tag: str = ""
    output: bool = False


def line_at(source: str, position: int) -> int:
    """The 1-based line of `position` in `source`."""
    return source.count("\n", 0, max(0, position)) + 1


def scan(source: str) -> list[Piece]:
    """The pieces of `source`, in order. Raises TemplateRefused naming the line."""
    if len(source.encode("utf-8", "surrogatepass")) > SIZE_LIMIT:
        raise TemplateRefused(
            Problem(message=N_("the text is longer than {limit} bytes; shorten it"), values={"limit": SIZE_LIMIT})
        )
    pieces = list(_cut(source))
    _check_counts(source, pieces)
    _check_blocks(source, pieces)
    return pieces


def _cut(source: str) -> Iterator[Piece]:
    position = 0
    while opening := _OPENING.search(source, position):
        start = opening.start()
        if start > position:
            yield Piece(text=source[position:start], start=position)
        output = opening.group() == "{{"
        end = source.find("}}" if output else "%}", start + 2)
        if end < 0:
            closing = "}}" if output else "%}"
            raise _refused(source, start, N_("“{opening}” is never closed by “{closing}”"), opening.group(), closing)
        inner = source[start + 2 : end]
        if _OPENING.search(inner):
            raise _refused(source, start, N_("“{opening}” is opened again before it is closed"), opening.group())
        if len(inner) > EXPRESSION_LIMIT:
            raise _refused(source, start, N_("what stands between the brackets is too long; simplify it"))
        tag = "" if output else _tag_name(source, start, inner)
        yield Piece(text=source[start : end + 2], start=start, tag=tag, output=output)
        position = end + 2
    if position < len(source):
        yield Piece(text=source[position:], start=position)


def _tag_name(source: str, start: int, inner: str) -> str:
    found = _NAME.match(inner.removeprefix("-").lstrip())
    name = found.group() if found else ""
    if name in _BLOCKS or name in _BRANCHES or name in _ENDS:
        return name
    raise _refused(source, start, N_("the tag “{tag}” is not allowed here; use if, unless or case"), tag=name or "%")


def _check_counts(source: str, pieces: list[Piece]) -> None:
    outputs = sum(piece.output for piece in pieces)
    if outputs > OUTPUTS_LIMIT:
        raise TemplateRefused(
            Problem(message=N_("more than {limit} variables; shorten the text"), values={"limit": OUTPUTS_LIMIT})
        )
    if sum(bool(piece.tag) for piece in pieces) > TAGS_LIMIT:
        raise TemplateRefused(
            Problem(message=N_("more than {limit} tags; shorten the text"), values={"limit": TAGS_LIMIT})
        )


def _check_blocks(source: str, pieces: list[Piece]) -> None:
    """Every block is closed by its own end, and a branch stands in a block that has such branches."""
    opened: list[Piece] = []
    closed_by_else: list[bool] = []
    for piece in pieces:
        if piece.tag in _BLOCKS:
            opened.append(piece)
            closed_by_else.append(False)
            if len(opened) > DEPTH_LIMIT:
                raise _refused(source, piece.start, N_("conditions stand too deep in one another; simplify"))
        elif piece.tag in _BRANCHES:
            if not opened or opened[-1].tag not in _BRANCHES[piece.tag] or closed_by_else[-1]:
                raise _refused(
                    source, piece.start, N_("“{tag}” stands in no condition it can belong to"), tag=piece.tag
                )
            closed_by_else[-1] = piece.tag == "else"
        elif piece.tag in _ENDS:
            if not opened or opened[-1].tag != _ENDS[piece.tag]:
                raise _refused(source, piece.start, N_("“{tag}” closes no condition"), tag=piece.tag)
            opened.pop()
            closed_by_else.pop()
    if opened:
        last = opened[-1]
        raise _refused(source, last.start, N_("“{tag}” is never closed by “end{tag}”"), tag=last.tag)


def _refused(
    source: str, start: int, message: str, opening: str = "", closing: str = "", *, tag: str = ""
) -> TemplateRefused:
    values: dict[str, str | int] = {"opening": opening, "closing": closing, "tag": tag}
    return TemplateRefused(Problem(message=message, line=line_at(source, start), values=values))
