"""Canned text with variables: Liquid, restricted to what an answer needs.

Three calls: `check` on save, `render` when answering, `plain` for the words that stand in when
rendering fails. https://shopify.github.io/liquid/ describes the language; the restrictions are in
`template_scan` (size, tags), `template_filters` and `template_engine` (lookups, limits).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from gateway.messages import Value
from gateway.ports import Variables
from knowledge_base.articles import tidy_text
from knowledge_base.problems import N_, Problem, TemplateRefused
from knowledge_base.template_engine import Context, Language, expressions, filter_names, is_range, variable
from knowledge_base.template_filters import FILTERS
from knowledge_base.template_scan import line_at, scan

VALUE_LIMIT = 500
"""Longer values (a contact may call itself anything) are cut, so that no answer drowns in one."""

SNIPPETS = "snippets"
"""The group of variables that are texts of editors (see `knowledge_base.snippets`)."""
SNIPPET_LIMIT = 8192
"""What a filled snippet may add to an answer, in characters."""

KNOWN: Mapping[str, frozenset[str]] = {
    "company": frozenset({"name", "phone", "email", "site", "hours"}),
    "contact": frozenset({"name", "phone", "email", "language"}),
    "entities": frozenset({"order_number", "phone", "email", "time"}),
}
"""The variables that are there at some time; others render empty, and the editor is told."""


class Rendered(Value, frozen=True, kw_only=True):
    """What a template gave; `missing` names the variables that had no value and were left out."""

    text: str
    missing: tuple[str, ...] = ()


def check(source: str) -> tuple[str, ...]:
    """Raise TemplateRefused where `source` may not be used; returns its variables that nobody knows, snippets
    among them: only who has them at hand can tell whether they are there.

    It is also filled in for trial, with numbers, dates and nothing: a comparison of words with numbers
    or a wrong date pattern shows only then.
    """
    template = _compiled(source)
    paths = [path for path in map(variable, expressions(template)) if path]
    snippets = [name for group, name in paths if group == SNIPPETS]
    for value in ("1", "2026-12-31", ""):
        render(source, {group: dict.fromkeys(names, value) for group, names in {**KNOWN, SNIPPETS: snippets}.items()})
    unknown = [".".join(path) for path in paths if path[1] not in KNOWN.get(path[0], ())]
    return tuple(dict.fromkeys(unknown))


def render(source: str, variables: Variables) -> Rendered:
    """`source` filled with `variables`. Raises TemplateRefused where that fails."""
    _compiled(source)
    values = tuple(
        (group, name, str(value)[: SNIPPET_LIMIT if group == SNIPPETS else VALUE_LIMIT])
        for group, name in _named(source)
        if (value := variables.get(group, {}).get(name))
    )
    return _filled(source, values)


@lru_cache(maxsize=4096)
def _named(source: str) -> tuple[tuple[str, str], ...]:
    """The variables that `source` looks at, as (group, name)."""
    paths = [path for path in map(variable, expressions(_compiled(source))) if path]
    return tuple(dict.fromkeys((path[0], path[1]) for path in paths))


@lru_cache(maxsize=4096)
def _filled(source: str, values: tuple[tuple[str, str, str], ...]) -> Rendered:
    """`source` filled with (group, name, value). Nothing else can change the outcome, so what most
    customers get alike is made once."""
    variables: dict[str, dict[str, str]] = {}
    for group, name, value in values:
        variables.setdefault(group, {})[name] = value
    template = _compiled(source)
    try:
        context = Context(template, globals=variables)
        buffer = context.get_buffer()
        template.render_with_context(context, buffer)
    except LiquidError as error:
        raise _refused(source, error, N_("this cannot be filled in: {detail}")) from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise TemplateRefused(
            Problem(message=N_("this cannot be filled in: {detail}"), values={"detail": type(error).__name__})
        ) from None
    return Rendered(text=_tidy(buffer.getvalue()), missing=tuple(dict.fromkeys(context.missing)))


def plain(source: str) -> str:
    """The words of `source` without any tag: what stands in when rendering fails. Never raises.

    Of a condition the `else` branch stays, for it is the one that needs no value; without one the
    condition's words go, unless nothing else would be left.
    """
    try:
        pieces = scan(source)
    except TemplateRefused:
        return _tidy(re.sub(r"\{\{[^{}]*\}\}|\{%[^%]*%\}", "", source))
    kept: list[str] = []
    branches: list[bool] = []
    for piece in pieces:
        if piece.tag in ("if", "unless", "case"):
            branches.append(False)
        elif piece.tag.startswith("end"):
            branches.pop()
        elif piece.tag:
            branches[-1] = piece.tag == "else"
        elif not piece.output and all(branches):
            kept.append(piece.text)
    words = _tidy("".join(kept))
    return words or _tidy("".join(piece.text for piece in pieces if not piece.tag and not piece.output))


@lru_cache(maxsize=4096)
def _compiled(source: str) -> BoundTemplate:
    """`source` parsed and looked through. Raises TemplateRefused."""
    scan(source)
    try:
        template = _language().from_string(source)
    except LiquidError as error:
        raise _refused(source, error, N_("this cannot be read: {detail}")) from None
    for expression in expressions(template):
        position = expression.token.start_index
        for name in filter_names(expression):
            if name not in FILTERS:
                raise TemplateRefused(
                    Problem(
                        message=N_("the filter “{filter}” is not allowed; there are {filters}"),
                        line=line_at(source, position),
                        values={"filter": name, "filters": ", ".join(FILTERS)},
                    )
                )
        path = variable(expression)
        if (path is not None and (len(path) != 2 or "[]" in path)) or is_range(expression):
            raise TemplateRefused(
                Problem(
                    message=N_("“{text}” is no variable; write it as company.name"),
                    line=line_at(source, position),
                    values={"text": str(expression)[:60]},
                )
            )
    return template


@lru_cache(maxsize=1)
def _language() -> Language:
    return Language()


def _refused(source: str, error: LiquidError, message: str) -> TemplateRefused:
    position = error.token.start_index if error.token else 0
    detail = str(error.args[0]) if error.args else type(error).__name__
    return TemplateRefused(Problem(message=message, line=line_at(source, position), values={"detail": detail[:200]}))


def _tidy(text: str) -> str:
    """Conditions on lines of their own leave holes; more than one blank line in a row closes up."""
    return re.sub(r"\n{3,}", "\n\n", tidy_text(text))
