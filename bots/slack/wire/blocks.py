"""Block Kit as we use it: sections with words, and a row of buttons.

https://docs.slack.dev/reference/block-kit/blocks/section-block/ and …/actions-block/,
https://docs.slack.dev/reference/block-kit/block-elements/button-element/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bots.slack.wire.mrkdwn import render
from gateway.errors import Rejected
from gateway.messages import Button, Text, clean_text

Block = dict[str, Any]

SECTION_LIMIT = 3000
VALUE_LIMIT = 2000
URL_LIMIT = 3000
ACTION = "frontdesk"
"""How the `action_id` of each of our buttons begins: a host application tells them from its own by it."""


def sections(text: Text, block_id: str | None = None) -> list[Block]:
    """`text` as sections: plain words exactly as they are, our light Markdown as mrkdwn. The first bears
    `block_id`."""
    if text.markdown:
        objects: list[Block] = [{"type": "mrkdwn", "text": piece} for piece in _pieces(render(text.text))]
    else:
        objects = [{"type": "plain_text", "text": piece, "emoji": False} for piece in _pieces(clean_text(text.text))]
    blocks: list[Block] = [{"type": "section", "text": one} for one in objects]
    if block_id and blocks:
        blocks[0]["block_id"] = block_id
    return blocks


def actions(buttons: Sequence[Button]) -> list[Block]:
    """`buttons` as one block; none where there are none. Raises Rejected for a button that Slack would
    refuse, and with it the whole message."""
    elements = [_button(number, button) for number, button in enumerate(buttons, 1)]
    return [{"type": "actions", "elements": elements}] if elements else []


def _button(number: int, button: Button) -> Block:
    label = {"type": "plain_text", "text": clean_text(button.label), "emoji": True}
    element: Block = {"type": "button", "action_id": f"{ACTION}:{number}", "text": label}
    if button.url is not None:
        if len(button.url) > URL_LIMIT:
            raise Rejected(f"a button's url may have {URL_LIMIT} characters")
        return {**element, "url": clean_text(button.url)}
    payload = clean_text(button.payload or "")
    if not 0 < len(payload) <= VALUE_LIMIT:
        raise Rejected(f"a button's payload must have 1–{VALUE_LIMIT} characters")
    return {**element, "value": payload}


def _pieces(text: str) -> list[str]:
    """`text` in pieces that a section holds (escaping makes a text longer), never through an entity or a link."""
    pieces: list[str] = []
    rest = text
    while len(rest) > SECTION_LIMIT:
        cut = max(rest.rfind("\n", 0, SECTION_LIMIT), rest.rfind(" ", 0, SECTION_LIMIT))
        cut = cut if cut > SECTION_LIMIT // 2 else _whole(rest, SECTION_LIMIT)
        pieces.append(rest[:cut])
        rest = rest[cut:].lstrip("\n ") if rest[cut : cut + 1] in ("\n", " ") else rest[cut:]
    return [piece for piece in (*pieces, rest) if piece.strip()]


def _whole(text: str, cut: int) -> int:
    """`cut`, moved before the entity or link that it would fall into."""
    for opening, closing in (("&", ";"), ("<", ">")):
        start = text.rfind(opening, 0, cut)
        if start > 0 and closing not in text[start:cut] and closing in text[start : start + SECTION_LIMIT]:
            cut = start
    return cut
