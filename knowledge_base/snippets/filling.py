"""Filling templates that name snippets: the snippets first, each by the rules of every template. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import TemplateError
from gateway.messages import Value
from gateway.ports import Variables
from knowledge_base.templates import SNIPPETS, Rendered, plain, render


class Filled(Value, frozen=True, kw_only=True):
    """A filled template; `reason` says why a snippet of it had to be said plainly (empty: none had to)."""

    rendered: Rendered
    reason: str = ""


def fill(source: str, variables: Variables, snippets: Mapping[str, str]) -> Filled:
    """`source` with `variables`, and `snippets` (templates by name) as ``snippets.name``.

    A snippet that cannot be filled stands there with its plain words. Raises TemplateRefused where `source`
    itself cannot be.
    """
    if not snippets:
        return Filled(rendered=render(source, variables))
    texts: dict[str, str] = {}
    missing: list[str] = []
    reason = ""
    for name, template in snippets.items():
        try:
            made = render(template, variables)
        except TemplateError as error:
            texts[name], reason = plain(template), f"snippet {name}: {error.reason}"
            continue
        texts[name] = made.text
        missing += made.missing
    whole = render(source, {**variables, SNIPPETS: texts})
    named = tuple(dict.fromkeys([*whole.missing, *missing]))
    return Filled(rendered=Rendered(text=whole.text, missing=named), reason=reason)
