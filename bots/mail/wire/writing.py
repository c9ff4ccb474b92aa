"""Our light Markdown as a mail shows it: plain text, and simple HTML in which everything else is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from gateway.messages import clean_text
from gateway.rendering import strip_markdown
from gateway.splitting import BOLD

_LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://(?:[^\s()<>\"]|\([^\s()<>\"]*\))+)\)")
_BARE = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)»”]")
_ITEM = re.compile(r"^[ \t]*[-*•][ \t]+(.*)$")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")


def as_text(text: str, *, markdown: bool) -> str:
    """`text` for readers without HTML."""
    return clean_text(strip_markdown(text) if markdown else text)


def as_html(text: str, *, markdown: bool) -> str:
    """`text` as paragraphs, lists and links; any input gives balanced HTML."""
    blocks = _PARAGRAPHS.split(clean_text(text).strip("\n"))
    return "\n".join(_block(block.split("\n"), markdown=markdown) for block in blocks if block.strip())


def quote_text(text: str) -> str:
    """`text` as a quote: each line behind a mark."""
    return "\n".join(f"> {line}" if line and not line.startswith(">") else f">{line}" for line in text.split("\n"))


def _block(lines: Sequence[str], *, markdown: bool) -> str:
    pieces: list[str] = []
    paragraph: list[str] = []
    items: list[str] = []
    for line in [*lines, ""]:
        item = _ITEM.match(line) if markdown else None
        if item is None and items:
            pieces.append("<ul>" + "".join(f"<li>{one}</li>" for one in items) + "</ul>")
            items = []
        if item is not None and paragraph:
            pieces.append(_paragraph(paragraph))
            paragraph = []
        if item is not None:
            items.append(_inline(item[1], markdown=markdown))
        elif line.strip():
            paragraph.append(_inline(line, markdown=markdown))
    if paragraph:
        pieces.append(_paragraph(paragraph))
    return "".join(pieces)


def _paragraph(lines: Sequence[str]) -> str:
    return f"<p>{'<br>'.join(lines)}</p>"


def _inline(line: str, *, markdown: bool) -> str:
    if not markdown:
        return _links(line)
    return _replace(BOLD, line, _marked_links, lambda found: f"<b>{_marked_links(found[1])}</b>")


def _marked_links(text: str) -> str:
    return _replace(_LINK, text, _links, lambda found: _anchor(found[2], found[1]))


def _links(text: str) -> str:
    return _replace(_BARE, text, _plain, lambda found: _anchor(found[0], found[0]))


def _anchor(target: str, label: str) -> str:
    return f'<a href="{escape(target)}">{_plain(label)}</a>'


def _plain(text: str) -> str:
    return escape(text, quote=False)


def _replace(
    pattern: re.Pattern[str],
    text: str,
    outside: Callable[[str], str],
    inside: Callable[[re.Match[str]], str],
) -> str:
    """`text` with each match rendered by `inside` and all that lies between by `outside`."""
    rendered, end = [], 0
    for found in pattern.finditer(text):
        rendered += [outside(text[end : found.start()]), inside(found)]
        end = found.end()
    return "".join([*rendered, outside(text[end:])])
