"""Our light Markdown → the HTML that Telegram takes: always balanced, everything else escaped.

Tags are those of https://core.telegram.org/bots/api#html-style: only ``<b>`` and ``<a href>`` are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from gateway.messages import clean_text

_BOLD = re.compile(r"\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://(?:[^\s()<>\"]|\([^\s()<>\"]*\))+)\)")
_BULLET = re.compile(r"^([ \t]*)[-*][ \t]+", re.MULTILINE)


def plain_html(text: str) -> str:
    """`text` as HTML that shows exactly `text`."""
    return escape(clean_text(text), quote=False)


def markdown_html(text: str) -> str:
    """`text` with ``**bold**``, ``[label](https://…)`` and ``- list`` lines rendered; bare links stay,
    Telegram makes them clickable itself. Any input gives balanced HTML."""
    return _replace(_BOLD, _BULLET.sub(r"\1• ", clean_text(text)), _links, lambda found: f"<b>{_links(found[1])}</b>")


def _links(text: str) -> str:
    anchor = '<a href="{}">{}</a>'
    return _replace(_LINK, text, plain_html, lambda found: anchor.format(escape(found[2]), plain_html(found[1])))


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
