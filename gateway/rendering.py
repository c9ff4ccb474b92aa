"""Fitting what we say to what a channel can carry: pure, from one Outbound to one or more Sends.

Long text is cut at paragraph, sentence, then word ends; buttons that a channel lacks become a
numbered list (and a typed number counts as the press, see `Offer.number`); media and places a
channel cannot carry are said in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.channels import Capabilities, Markup
from gateway.conversations import Offer
from gateway.messages import Button, Location, Media, Outbound, Part, Text, Value


class Fitted(Value, frozen=True, kw_only=True):
    """What to send, part by part (buttons belong to the last), and the choices as they were shown."""

    parts: tuple[Part, ...]
    buttons: tuple[Button, ...] = ()
    offers: tuple[Offer, ...] = ()


def fit(outbound: Outbound, capabilities: Capabilities) -> Fitted:
    """`outbound` as `capabilities` allow it."""
    shown, listed = _share_buttons(outbound.buttons, capabilities)
    parts = [fitting for part in outbound.parts for fitting in _fit_part(part, capabilities)]
    if listed:
        parts = _append_list(parts, listed, capabilities)
    return Fitted(parts=tuple(parts), buttons=shown, offers=_offers(outbound.buttons, numbered=bool(listed)))


def length(text: str, capabilities: Capabilities) -> int:
    """How long `text` is as the channel counts: characters, or UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2 if capabilities.utf16 else len(text)


# --- text ------------------------------------------------------------------------------------

_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…])[»”\")\]]*\s+"),
    re.compile(r"\s+"),
)


def split_text(text: str, capabilities: Capabilities) -> list[str]:
    """`text` in pieces within the channel's limit, cut at the kindest place there is.

    Joined again, the pieces hold every character but the white space at the cuts.
    """
    pieces = []
    rest = text.strip()
    while length(rest, capabilities) > capabilities.text_limit:
        cut = _cut(rest, capabilities)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pieces.append(rest)
    return [piece for piece in pieces if piece]


def _cut(text: str, capabilities: Capabilities) -> int:
    """Where to cut: the last break of the kindest sort in the second half of what fits."""
    window = _fitting_prefix(text, capabilities)
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, 0, window) if match.start() > 0]
        if ends and ends[-1] >= window // 2:
            return ends[-1]
    return window


def _fitting_prefix(text: str, capabilities: Capabilities) -> int:
    """The number of leading characters whose length is within the limit (at least one)."""
    if not capabilities.utf16:
        return capabilities.text_limit
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > capabilities.text_limit:
            return max(index, 1)
    return len(text)


def strip_markdown(text: str) -> str:
    """Our light Markdown as plain words: bold marks go, list dashes become bullets."""
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\((https?://[^)\s]+)\)", r"\1: \2", text)
    return re.sub(r"^- ", "• ", text, flags=re.MULTILINE)


# --- parts -----------------------------------------------------------------------------------


def _fit_part(part: Part, capabilities: Capabilities) -> list[Part]:
    match part:
        case Text(text=text, markdown=markdown):
            if markdown and capabilities.markup is Markup.PLAIN:
                text, markdown = strip_markdown(text), False
            return [Text(text=piece, markdown=markdown) for piece in split_text(text, capabilities)]
        case Media():
            return _fit_media(part, capabilities)
        case Location() if not capabilities.location:
            place = f"{part.latitude:.6f},{part.longitude:.6f}"
            words = f"{part.title}: " if part.title else ""
            return [Text(text=f"{words}https://www.openstreetmap.org/?mlat={place.replace(',', '&mlon=')}")]
        case _:
            return [part]


def _fit_media(media: Media, capabilities: Capabilities) -> list[Part]:
    """A caption that is too long follows as text; a kind the channel lacks is named in words."""
    if media.kind not in capabilities.media:
        words = " ".join(word for word in (f"[{media.name or media.kind}]", media.caption) if word)
        return [Text(text=piece) for piece in split_text(words, capabilities)]
    caption = media.caption or ""
    if length(caption, capabilities) <= capabilities.caption_limit:
        return [media]
    bare = Media(kind=media.kind, ref=media.ref, name=media.name, mime=media.mime, size=media.size)
    return [bare, *(Text(text=piece) for piece in split_text(caption, capabilities))]


# --- buttons ---------------------------------------------------------------------------------


def _share_buttons(
    buttons: Sequence[Button], capabilities: Capabilities
) -> tuple[tuple[Button, ...], tuple[Button, ...]]:
    """(those shown as buttons, those to list as text): a choice is never split between the two."""
    usable = [button for button in buttons if _can_show(button, capabilities)]
    if len(usable) == len(buttons) <= capabilities.buttons:
        return tuple(_shorten(button, capabilities) for button in buttons), ()
    return (), tuple(button for button in buttons if button.ask is None)


def _can_show(button: Button, capabilities: Capabilities) -> bool:
    if button.url is not None:
        return capabilities.url_buttons
    if button.ask is not None:
        return capabilities.ask_buttons
    return True


def _shorten(button: Button, capabilities: Capabilities) -> Button:
    limit = capabilities.button_label_limit
    if len(button.label) <= limit:
        return button
    return Button(label=button.label[: limit - 1] + "…", payload=button.payload, url=button.url, ask=button.ask)


def _append_list(parts: list[Part], listed: Sequence[Button], capabilities: Capabilities) -> list[Part]:
    """The numbered list goes under the last text where it fits there, else on its own."""
    lines = "\n".join(_line(number, button) for number, button in _numbered(listed))
    if parts and isinstance(parts[-1], Text):
        joined = f"{parts[-1].text}\n\n{lines}"
        if length(joined, capabilities) <= capabilities.text_limit:
            return [*parts[:-1], Text(text=joined, markdown=parts[-1].markdown)]
    return [*parts, *(Text(text=piece) for piece in split_text(lines, capabilities))]


def _line(number: int | None, button: Button) -> str:
    return f"{button.label}: {button.url}" if number is None else f"{number}. {button.label}"


def _numbered(buttons: Sequence[Button]) -> list[tuple[int | None, Button]]:
    """Only what can be pressed gets a number; a link stands by itself."""
    numbered: list[tuple[int | None, Button]] = []
    number = 0
    for button in buttons:
        if button.payload is None:
            numbered.append((None, button))
        else:
            number += 1
            numbered.append((number, button))
    return numbered


def _offers(buttons: Sequence[Button], *, numbered: bool) -> tuple[Offer, ...]:
    return tuple(
        Offer(label=button.label, payload=button.payload, number=number if numbered else None)
        for number, button in _numbered([button for button in buttons if button.payload is not None])
        if button.payload is not None
    )
