"""Cutting long text at the kindest place there is: paragraph, line, sentence, then word ends. Pure.

Our light Markdown survives a cut: a link stays whole, and bold that must be cut is closed and opened
again, so that no piece shows stray marks.
"""

from __future__ import annotations

import re

from gateway.channels import Capabilities

BOLD = re.compile(r"\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*")
LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://[^)\s]+)\)")
MARK = "**"

_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…])[»”\")\]]*\s+"),
    re.compile(r"\s+"),
)


def length(text: str, capabilities: Capabilities) -> int:
    """How long `text` is as the channel counts: characters, or UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if capabilities.utf16 else len(text)


def shorten(text: str, limit: int, capabilities: Capabilities) -> str:
    """`text`, cut and ended with “…” where it is longer than `limit` as the channel counts."""
    if length(text, capabilities) <= limit:
        return text
    return text[: _fitting(text, limit - 1, capabilities)].rstrip() + "…"


def split_text(text: str, capabilities: Capabilities, *, markdown: bool = False) -> list[str]:
    """`text` in pieces within the channel's limit.

    Joined again, the pieces hold every character but the white space at the cuts (and, with
    `markdown`, the marks that a cut through bold adds).
    """
    pieces = []
    rest = text.strip()
    while length(rest, capabilities) > capabilities.text_limit:
        piece, rest = _divide(rest, capabilities, markdown=markdown)
        pieces.append(piece)
    return [piece for piece in (*pieces, rest) if piece]


def _divide(text: str, capabilities: Capabilities, *, markdown: bool) -> tuple[str, str]:
    """The first piece of `text`, and the rest."""
    cut = _cut(text, _fitting(text, capabilities.text_limit, capabilities))
    if markdown:
        bold = _across(BOLD, text, cut)
        if bold is not None and bold.start() == 0:
            return _divide_bold(text, bold, capabilities)
        cut = _before_link(text, bold.start() if bold else cut)
    return text[:cut].rstrip(), text[cut:].lstrip()


def _divide_bold(text: str, bold: re.Match[str], capabilities: Capabilities) -> tuple[str, str]:
    """Bold at the beginning that is longer than a piece: closed at the cut and opened again after it."""
    window = _fitting(text, capabilities.text_limit - len(MARK), capabilities)
    end = bold.end() - len(MARK)
    cut = min(_before_link(text, max(_cut(text, window), len(MARK) + 1)), end)
    if cut == end:
        return text[: bold.end()], text[bold.end() :].lstrip()
    return text[:cut].rstrip() + MARK, MARK + text[cut:].lstrip()


def _cut(text: str, window: int) -> int:
    """Where to cut within `window` characters: the last break of the kindest sort in its second half.

    The white space of a break may stand just behind the window: it is not sent.
    """
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, 0, window + 1) if match.start() > 0]
        if ends and ends[-1] >= window // 2:
            return ends[-1]
    return window


def _before_link(text: str, cut: int) -> int:
    """`cut`, moved before the link it would fall into; a link that begins the text must bear it."""
    link = _across(LINK, text, cut)
    return link.start() if link and link.start() > len(MARK) else cut


def _across(pattern: re.Pattern[str], text: str, cut: int) -> re.Match[str] | None:
    """The match that a cut at `cut` would fall into."""
    return next((match for match in pattern.finditer(text) if match.start() < cut < match.end()), None)


def _fitting(text: str, limit: int, capabilities: Capabilities) -> int:
    """The number of leading characters within `limit` as the channel counts (at least one)."""
    if not capabilities.utf16:
        return max(limit, 1)
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > limit:
            return max(index, 1)
    return len(text)
