"""Parts of a message as the desk draws them: words, pictures, files, places, cards, presses. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from gateway.messages import ButtonPress, ContactCard, Edit, Location, Media, MediaKind, Part, Text, Value
from gateway.texts import Translator

SHOWN = 3000
"""Characters of a text that are shown at once; the rest unfolds."""

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
"""What is shown as a picture; other kinds of images (SVG may hold scripts) are files to download."""

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
# Raw HTML stays text, and the library refuses javascript: links by itself.
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "html_block", "html_inline"])


class Piece(Value, frozen=True, kw_only=True):
    """One part ready to draw: `kind` chooses how, `index` is the part's place in its message, `rest`
    what unfolds from a long text, `size` in bytes."""

    kind: str
    index: int = 0
    text: str = ""
    rest: str = ""
    rich: bool = False
    name: str = ""
    size: int = 0
    href: str = ""


def pieces(parts: Sequence[Part]) -> tuple[Piece, ...]:
    """`parts` without what is drawn elsewhere (reactions and openings)."""
    return tuple(piece for index, part in enumerate(parts) if (piece := _piece(index, part)) is not None)


def _piece(index: int, part: Part) -> Piece | None:
    match part:
        case Text(text=text, markdown=markdown):
            return words(index, text, rich=markdown)
        case Edit(text=text):
            return words(index, text)
        case Media():
            return Piece(
                kind=_kind(part), index=index, text=part.caption or "", name=part.name or "", size=part.size or 0
            )
        case Location():
            point = f"{part.latitude:.6f}&mlon={part.longitude:.6f}"
            return Piece(
                kind="location",
                index=index,
                text=part.title or f"{part.latitude:.5f}, {part.longitude:.5f}",
                href=f"https://www.openstreetmap.org/?mlat={point}#map=17/{part.latitude:.6f}/{part.longitude:.6f}",
            )
        case ContactCard():
            return Piece(kind="contact", index=index, text=part.phone, name=part.name or "")
        case ButtonPress():
            return Piece(kind="press", index=index, text=part.label or part.payload)
        case _:
            return None


def _kind(media: Media) -> str:
    picture = media.kind in (MediaKind.IMAGE, MediaKind.STICKER)
    if picture and media.mime and media.mime not in PICTURES:
        return MediaKind.FILE.value
    return media.kind.value


def words(index: int, text: str, *, rich: bool = False) -> Piece:
    """A text piece; a very long one is cut where it unfolds, and then drawn plain."""
    if len(text) > SHOWN:
        return Piece(kind="text", index=index, text=text[:SHOWN], rest=text[SHOWN:])
    return Piece(kind="text", index=index, text=text, rich=rich)


def rich_html(text: str) -> Markup:
    """Our light Markdown as safe HTML; links open beside the desk."""
    html = _markdown.render(text).strip()
    return Markup(html.replace("<a href=", '<a target="_blank" rel="noopener noreferrer" href='))  # noqa: S704


def plain_html(text: str) -> Markup:
    """People's own words as safe HTML: nothing is interpreted but web addresses."""
    found: list[Markup] = []
    end = 0
    for match in _LINK.finditer(text):
        found.append(escape(text[end : match.start()]))
        found.append(Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(match[0]))
        end = match.end()
    found.append(escape(text[end:]))
    return Markup("").join(found)


def size_word(translator: Translator, size: int) -> str:
    """A file's size as people say it."""
    _ = translator.gettext
    if size < 1024 * 1024:
        return _("{size} KB").format(size=translator.number(max(1, round(size / 1024))))
    return _("{size} MB").format(size=translator.number(size / 1024 / 1024))
