"""From an Article to its Markdown file: always the same bytes for the same article.

The spelling is the one people use in `demo/`: plain words where YAML allows, blocks for answers, and
labels on one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import yaml

from gateway.ports import Action
from knowledge_base.articles import DEFAULT, Article, ArticleButton, in_order

_PLAIN = re.compile(r"[\w(«“„][^\n\t]*")
_UNSAFE = re.compile(r": |:$| #|\s$|\s\s")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def write_file(article: Article) -> bytes:
    """The file's content. Reading it again gives an equal article."""
    lines = ["---", *_front_matter(article), "---"]
    if article.notes:
        lines.append(article.notes)
    return ("\n".join(lines) + "\n").encode("utf-8")


def _front_matter(article: Article) -> Iterator[str]:
    yield f"id: {_words(article.id)}"
    yield from _mapping("title", article.title)
    if article.category:
        yield f"category: {_words(article.category)}"
    yield f"status: {article.status}"
    if article.action is not Action.ANSWER:
        yield f"action: {article.action}"
    if article.begins:
        yield f"valid_from: {article.begins}"
    if article.ends:
        yield f"valid_until: {article.ends}"
    if article.phrasings:
        yield "phrasings:"
    for language in in_order(article.phrasings):
        yield f"  {language}:"
        for phrase in article.phrasings[language]:
            yield f"    - {_words(phrase)}"
    if article.answers:
        yield "answers:"
    for language in in_order(article.answers):
        yield f"  {language}:"
        yield from _variants(article.answers[language])
    if article.buttons:
        yield "buttons:"
    for button in article.buttons:
        yield from _button(button)


def _mapping(name: str, texts: Mapping[str, str]) -> Iterator[str]:
    if texts:
        yield f"{name}:"
    for language in in_order(texts):
        yield f"  {language}: {_words(texts[language])}"


def _variants(variants: Mapping[str, str]) -> Iterator[str]:
    for kind in sorted(variants, key=lambda kind: (kind != DEFAULT, kind)):
        text = variants[kind]
        if not text or _UNPRINTABLE.search(text):
            yield f"    {kind}: {_quoted(text)}"
            continue
        yield f"    {kind}: |"
        yield from (f"      {line}" if line else "" for line in text.split("\n"))


def _button(button: ArticleButton) -> Iterator[str]:
    labels = ", ".join(f"{language}: {_quoted(button.label[language])}" for language in in_order(button.label))
    yield f"  - label: {{{labels}}}"
    if button.article:
        yield f"    article: {_words(button.article)}"
    if button.action:
        yield f"    action: {button.action}"
    if button.url:
        yield f"    url: {_words(button.url)}"


def _words(text: str) -> str:
    """`text` as a plain scalar where every YAML reader takes it for these very words, else quoted."""
    if not _PLAIN.fullmatch(text) or _UNSAFE.search(text) or _UNPRINTABLE.search(text):
        return _quoted(text)
    return text if _says_text(text) else _quoted(text)


def _says_text(text: str) -> bool:
    """Whether YAML 1.1 takes the plain scalar `text` for text, not for a number, a date or a yes."""
    rules = yaml.SafeLoader.yaml_implicit_resolvers
    candidates = [*rules.get(text[:1], []), *rules.get(None, [])]
    return not any(pattern.match(text) for _tag, pattern in candidates)


def _quoted(text: str) -> str:
    """YAML's double quotes are JSON's, which escape everything but a few characters above ASCII."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
