"""Fitting what we say to what a channel can carry: pure, from one Outbound to one or more Sends.

Long text is cut (see `splitting`); buttons that a channel lacks become a numbered list (and a typed
number counts as the press, see `Offer.number`); media and places a channel cannot carry are said in
words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from gateway.channels import Capabilities, Markup
from gateway.conversations import Offer
from gateway.messages import Button, Location, Media, Outbound, Part, Text, Value
from gateway.splitting import BOLD, LINK, length, shorten, split_text


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


def strip_markdown(text: str) -> str:
    """Our light Markdown as plain words: bold marks go, list dashes become bullets."""
    text = LINK.sub(r"\1: \2", BOLD.sub(r"\1", text))
    return re.sub(r"^- ", "• ", text, flags=re.MULTILINE)


# --- parts -----------------------------------------------------------------------------------


def _fit_part(part: Part, capabilities: Capabilities) -> list[Part]:
    match part:
        case Text(text=text, markdown=markdown):
            if markdown and capabilities.markup is Markup.PLAIN:
                text, markdown = strip_markdown(text), False
            pieces = split_text(text, capabilities, markdown=markdown)
            return [Text(text=piece, markdown=markdown) for piece in pieces]
        case Media():
            return _fit_media(part, capabilities)
        case Location() if not capabilities.location:
            link = f"https://www.openstreetmap.org/?mlat={part.latitude:.6f}&mlon={part.longitude:.6f}"
            return _say(f"{part.title}: {link}" if part.title else link, capabilities)
        case _:
            return [part]


def _fit_media(media: Media, capabilities: Capabilities) -> list[Part]:
    """A caption that is too long follows as text; what the channel cannot carry is named in words."""
    if media.kind not in capabilities.media or _too_large(media, capabilities):
        return _say(" ".join(word for word in (f"[{media.name or media.kind}]", media.caption) if word), capabilities)
    caption = media.caption or ""
    if length(caption, capabilities) <= capabilities.caption_limit:
        return [media]
    return [msgspec.structs.replace(media, caption=None), *_say(caption, capabilities)]


def _too_large(media: Media, capabilities: Capabilities) -> bool:
    return bool(capabilities.media_limit and media.size and media.size > capabilities.media_limit)


def _say(words: str, capabilities: Capabilities) -> list[Part]:
    return [Text(text=piece) for piece in split_text(words, capabilities)]


# --- buttons ---------------------------------------------------------------------------------


def _share_buttons(
    buttons: Sequence[Button], capabilities: Capabilities
) -> tuple[tuple[Button, ...], tuple[Button, ...]]:
    """(those shown as buttons, those to list as text): a choice is never split between the two.

    What only the messenger itself could ask for is left out where it cannot.
    """
    wanted = [button for button in buttons if button.ask is None or capabilities.ask_buttons]
    if len(wanted) <= capabilities.buttons and all(_can_show(button, capabilities) for button in wanted):
        return tuple(_shorten(button, capabilities) for button in wanted), ()
    return (), tuple(button for button in buttons if button.ask is None)


def _can_show(button: Button, capabilities: Capabilities) -> bool:
    return button.url is None or capabilities.url_buttons


def _shorten(button: Button, capabilities: Capabilities) -> Button:
    label = shorten(button.label, capabilities.button_label_limit, capabilities)
    return msgspec.structs.replace(button, label=label)


def _append_list(parts: list[Part], listed: Sequence[Button], capabilities: Capabilities) -> list[Part]:
    """The numbered list goes under the last text where it fits there, else on its own."""
    lines = "\n".join(_line(number, button) for number, button in _numbered(listed))
    if parts and isinstance(parts[-1], Text):
        joined = f"{parts[-1].text}\n\n{lines}"
        if length(joined, capabilities) <= capabilities.text_limit:
            return [*parts[:-1], Text(text=joined, markdown=parts[-1].markdown)]
    return [*parts, *_say(lines, capabilities)]


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
