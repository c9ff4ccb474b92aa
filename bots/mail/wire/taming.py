"""HTML that strangers wrote, made harmless to those who parse it: nesting and attributes without measure cost
parsers minutes, or their stack. One pass, whatever comes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

LIMIT = 256 * 1024
"""Characters that are read: what is longer is a newsletter or a report, not a letter."""
DEPTH = 250
"""Elements within each other; no honest program writes more."""
ATTRIBUTES = 200
"""Words within one tag."""

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
IMPLIED = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option"})
"""Elements that end by themselves where the next begins; many programs never close them."""

_DATA = re.compile(r"""\bsrc\s*=\s*(?:"data:[^"<>]*"|'data:[^'<>]*')""", re.IGNORECASE)
"""A picture within an attribute: larger than all words together."""
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,30})")


def tame(html: str) -> str:
    """The beginning of `html` without comments; as mere words where it is nested absurdly deep."""
    html = _DATA.sub("", html)[:LIMIT]
    pieces: list[str] = []
    opened: Counter[str] = Counter()
    for piece in _pieces(html):
        named = _NAME.match(piece)
        if named is None:
            pieces.append(piece)
            continue
        tag = named[1].lower()
        if len(piece) > ATTRIBUTES and len(piece.split(None, ATTRIBUTES)) > ATTRIBUTES:
            continue
        if tag not in VOID and tag not in IMPLIED:
            closes = piece.startswith("</")
            opened[tag] += -bool(opened[tag]) if closes else 1
            if not closes and opened.total() > DEPTH:
                return " ".join(one for one in _pieces(html) if not one.startswith("<"))
        pieces.append(piece)
    return "".join(pieces)


def _pieces(html: str) -> Iterator[str]:
    """Tags and what lies between them, in order; comments are left out."""
    place = 0
    while (start := html.find("<", place)) >= 0:
        if start > place:
            yield html[place:start]
        if html.startswith("<!--", start):
            end = html.find("-->", start)
            if end < 0:
                return
            place = end + 3
            continue
        end = html.find(">", start)
        if end < 0 or _NAME.match(html, start) is None:
            yield "&lt;" if html[start + 1 : start + 2] not in ("!", "?") else ""
            place = start + 1
            if end < 0:
                yield html[place:].replace("<", "&lt;")
                return
            continue
        yield html[start : end + 1]
        place = end + 1
    yield html[place:]
