"""What is wrong with an article, in words that can be said in the editor's own language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from gateway.errors import Fault, TemplateError
from gateway.messages import Value


def N_(message: str) -> str:  # noqa: N802 — the name gettext tools look for
    """Mark `message` for the catalogues without translating it yet."""
    return message


class Problem(Value, frozen=True, kw_only=True):
    """One thing to mend.

    `path` leads to the place in the article (``("answers", "uk", "default")``), `line` is the 1-based
    line within the text at that place, `message` an English text with ``{name}`` places for `values`.
    """

    message: str
    path: tuple[str, ...] = ()
    line: int = 1
    values: Mapping[str, str | int] = msgspec.field(default_factory=dict)

    def text(self, gettext: Callable[[str], str] = str) -> str:
        """The reason in words; `gettext` translates, without it the words are English."""
        return gettext(self.message).format(**self.values)

    def at(self, *path: str) -> Problem:
        """The same problem seen from further out: `path` comes before its own."""
        return msgspec.structs.replace(self, path=(*path, *self.path))


class SaidFault(Fault, frozen=True, kw_only=True):
    """A Fault that can also be said in the editor's language, by its `problem`."""

    problem: Problem

    @classmethod
    def at(cls, file: str, line: int, problem: Problem, column: str = "") -> SaidFault:
        """`problem` at a line of a file, or at a row and column of a table."""
        return cls(file=file, line=line, column=column, reason=problem.text(), problem=problem)


def said(fault: Fault, gettext: Callable[[str], str]) -> str:
    """The reason of `fault`, in the reader's language where it can be."""
    return fault.problem.text(gettext) if isinstance(fault, SaidFault) else fault.reason


class TemplateRefused(TemplateError):
    """A TemplateError that can also be said in the editor's language, by its `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text(), line=problem.line)
        self.problem = problem
