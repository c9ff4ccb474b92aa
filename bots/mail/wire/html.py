"""HTML of mails: into readable text, and cleaned for whoever wants to see it as it was meant.

Quotes are found by how programs mark them (a blockquote, Gmail's and Yahoo's classes, Outlook's ids) and come
out as lines that begin with “> ”, so that `quotes` knows them.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import nh3

from bots.mail.wire.taming import IMPLIED, VOID, tame
from gateway.messages import Value, clean_text

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer"}
    | {"form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"}
    | {"table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_APART = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
"""Blocks with an empty line around them."""
_UNSEEN = {"script", "style", "template", "title", "noscript", "object", "svg", "math", "select", "textarea", "iframe"}
_QUOTES = re.compile(r"\b(gmail_quote|gmail_extra|yahoo_quoted|protonmail_quote|moz-cite-prefix|ms-outlook-quote)\b")
_QUOTE_IDS = frozenset(
    {"divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container", "OLK_SRC_BODY_SECTION"}
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt)?\s*(?:;|$)"
)
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")

QUOTES_SHOWN = 9
"""Quotes within quotes that are told apart."""
TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
"""Pictures are shown beside the text; one fetched from elsewhere would tell its sender who reads when."""


class Reading(Value, frozen=True, kw_only=True):
    """HTML as text, and the Content-IDs of the pictures in it: in what is new, and in what is quoted."""

    text: str
    pictures: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()


def read_html(html: str) -> Reading:
    """`html` as a person would read it aloud. Never raises."""
    # Cleaned first: the standard library's parser takes minutes over what strangers may write.
    tidy = nh3.clean(
        tame(clean_text(html)),
        tags=set(nh3.ALLOWED_TAGS | _BLOCKS),
        clean_content_tags=_UNSEEN,
        attributes={"*": {"class", "id", "style", "hidden"}, "a": {"href"}, "img": {"src", "alt", "width"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(tidy)
    reader.close()
    return Reading(text=reader.text(), pictures=frozenset(reader.pictures), quoted=frozenset(reader.quoted))


def sanitise(html: str) -> str:
    """`html` without anything that runs, loads or sends; fit to be shown in a sandbox."""
    return nh3.clean(
        tame(clean_text(html)),
        tags=set(TAGS),
        clean_content_tags=_UNSEEN,
        url_schemes={"http", "https", "mailto", "tel"},
    )


class _Reader(HTMLParser):
    """Gathers lines; `_open` is the way down to where we are, each with whether it quotes or hides."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pictures: set[str] = set()
        self.quoted: set[str] = set()
        self._lines: list[str] = []
        self._line = ""
        self._gap = False
        self._open: list[tuple[str, bool, bool]] = []
        self._tags: Counter[str] = Counter()
        self._depth = 0
        self._hidden = 0
        self._links: list[tuple[str, str]] = []
        self._numbers: list[int | None] = []

    # --- what the parser calls ---------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._end_line(apart=tag in _APART)
        self._enter(tag, given)
        if self._hidden:
            return
        match tag:
            case "br":
                self._break()
            case "hr":
                self._lines.append(self._prefix + "---")
            case "img":
                self._picture(given)
            case "a":
                self._links.append((given.get("href", ""), self._line))
            case "ol" | "ul":
                self._numbers.append(0 if tag == "ol" else None)
            case "li":
                self._line = self._bullet()
            case "td" | "th":
                self._line += "" if not self._line or self._line.endswith(" ") else " "
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if not self._tags[tag] and tag not in IMPLIED:
            return
        if tag == "a" and self._links and not self._hidden:
            self._end_link()
        if tag in ("ol", "ul") and self._numbers and not self._hidden:
            self._numbers.pop()
        if tag in _BLOCKS:
            self._end_line(apart=tag in _APART)
        self._leave(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._tags["pre"]:
            first, *others = data.replace("\r\n", "\n").split("\n")
            self._line += first
            for line in others:
                self._break()
                self._line = line
            return
        words = _SPACE.sub(" ", data)
        self._line += words.lstrip() if not self._line or self._line.endswith(" ") else words

    # --- lines -------------------------------------------------------------------------------

    def text(self) -> str:
        self._end_line(apart=False)
        joined = "\n".join(line.rstrip() for line in self._lines)
        return clean_text(re.sub(r"\n(?:> ?)*\n(?:(?:> ?)*\n)+", "\n\n", joined).strip("\n"))

    @property
    def _prefix(self) -> str:
        return "> " * min(self._depth, QUOTES_SHOWN)

    def _enter(self, tag: str, given: dict[str, str]) -> None:
        quotes, hides = _quotes(tag, given), _hides(given)
        if tag not in VOID and (quotes or hides or tag not in IMPLIED):
            self._open.append((tag, quotes, hides))
            self._tags[tag] += 1
            self._depth += quotes
            self._hidden += hides

    def _leave(self, tag: str) -> None:
        """Close `tag` and what is still open within it."""
        while self._tags[tag]:
            last, quotes, hides = self._open.pop()
            self._tags[last] -= 1
            self._depth -= quotes
            self._hidden -= hides
            if last == tag:
                return

    def _break(self) -> None:
        self._lines.append(self._prefix + self._line)
        self._line, self._gap = "", False

    def _end_line(self, *, apart: bool) -> None:
        if self._line.strip():
            self._break()
        if apart and self._lines and not self._gap:
            self._lines.append(self._prefix.rstrip())
            self._gap = True

    def _bullet(self) -> str:
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return "- "
        self._numbers[-1] = number + 1
        return f"{number + 1}. "

    def _picture(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        if source.lower().startswith("cid:"):
            (self.quoted if self._depth else self.pictures).add(source[4:].strip("<> "))
        elif given.get("alt", "").strip() and given.get("width") not in ("0", "1"):
            self.handle_data(f"[{given['alt'].strip()[:200]}]")

    def _end_link(self) -> None:
        """The address behind a link, where the words do not say it."""
        target, before = self._links.pop()
        label = self._line[len(before) :].strip() if self._line.startswith(before) else self._line.strip()
        known = target.removeprefix("mailto:").removeprefix("tel:")
        if re.match(r"(https?://|mailto:|tel:)", target) and known.rstrip("/") not in label and label:
            bare = re.sub(r"^https?://(www\.)?", "", known).rstrip("/")
            self._line += "" if bare and bare in label else f" ({known})"


def _quotes(tag: str, given: dict[str, str]) -> bool:
    if tag == "blockquote":
        return True
    return bool(_QUOTES.search(given.get("class", ""))) or given.get("id", "") in _QUOTE_IDS


def _hides(given: dict[str, str]) -> bool:
    return bool(_HIDDEN.search(given.get("style", "").lower())) or "hidden" in given
