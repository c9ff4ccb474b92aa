"""A snippet, and where templates name one. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from gateway.messages import Value
from knowledge_base.articles import Article, nearest
from knowledge_base.templates import SNIPPETS

NAME_LIMIT = 40
SNIPPETS_LIMIT = 500

Texts = Mapping[str, str]
"""A snippet's texts by language; none where it was taken out."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
_BRACKETS = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}")
_USE = re.compile(SNIPPETS + r"\s*(?:\.\s*|\[\s*[\"'])([A-Za-z_][\w-]*)")
_OUTPUT = re.compile(r"\{\{-?\s*" + SNIPPETS + r"\.([A-Za-z_]\w*)\s*(?:\|[^{}]*)?\}\}")


class Snippet(Value, frozen=True, kw_only=True):
    """A text that articles share: its name and its templates by language."""

    name: str
    texts: dict[str, str]


def names_in(source: str) -> list[str]:
    """The snippets that the template `source` names, each once."""
    found = (name for bracket in _BRACKETS.findall(source) for name in _USE.findall(bracket))
    return list(dict.fromkeys(found))


def used_by(article: Article) -> set[str]:
    """The snippets that any answer of `article` names."""
    return {name for variants in article.answers.values() for source in variants.values() for name in names_in(source)}


def users(articles: Iterable[Article]) -> dict[str, list[str]]:
    """The ids of the articles that use each snippet, by its name."""
    found: dict[str, list[str]] = {}
    for article in articles:
        for name in used_by(article):
            found.setdefault(name, []).append(article.id)
    return {name: sorted(ids) for name, ids in found.items()}


def spoken(snippets: Mapping[str, Texts], names: Collection[str], *wanted: str) -> dict[str, str]:
    """The templates of the snippets `names` in the first `wanted` language they have, else in any; those that
    are not there are left out."""
    found = {}
    for name in names:
        texts = snippets.get(name, {})
        language = nearest(texts, *wanted)
        if language is not None:
            found[name] = texts[language]
    return found


def inlined(article: Article, snippets: Mapping[str, Texts]) -> Article:
    """`article` with the words of its snippets in place of their names: what is searched, compared and tried.

    Answers are filled by `filling`, not by this: conditions on a snippet stay as they are.
    """
    if not snippets or not used_by(article):
        return article
    answers = {
        language: {kind: _inlined(source, snippets, language) for kind, source in variants.items()}
        for language, variants in article.answers.items()
    }
    return msgspec.structs.replace(article, answers=answers)


def _inlined(source: str, snippets: Mapping[str, Texts], language: str) -> str:
    texts = spoken(snippets, names_in(source), language)
    return _OUTPUT.sub(lambda match: texts.get(match[1], match[0]), source)
