"""The small pieces of Block Kit that cards, threads and dialogs are made of, cut to Slack's limits.

Limits: https://docs.slack.dev/reference/block-kit/blocks/ (50 in a message, 3,000 characters in a section,
2,000 in a context's text), …/block-elements/button-element/ (75 in a label, 2,000 in a value),
…/composition-objects/option-object/ (75 in a label, 150 in a value).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bots.slack.wire.blocks import SECTION_LIMIT
from bots.slack.wire.mrkdwn import escape
from gateway.messages import clean_text

Block = dict[str, Any]

LABEL_LIMIT = 75
CONTEXT_LIMIT = 2000
OPTIONS = 100
OPTION_VALUE_LIMIT = 150
MESSAGE_BLOCKS = 50


def cut(text: str, limit: int) -> str:
    """`text` with at most `limit` characters, and a sign where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def safe(text: str, limit: int) -> str:
    """Somebody's words within mrkdwn, exactly as they are; escaped they have at most `limit` characters."""
    words = clean_text(text)
    escaped = escape(words)
    while len(escaped) > limit:
        words = cut(words, max(1, len(words) - max(1, (len(escaped) - limit) // 5)))
        escaped = escape(words)
        if len(words) <= 1:
            return escaped[:limit] if len(escaped) <= limit else ""
    return escaped


def code(text: str, limit: int) -> str:
    """Something to copy, in fixed width."""
    return f"`{safe(text.replace('`', 'ʼ'), limit)}`"


def plain(text: str, limit: int) -> Block:
    """A plain text object."""
    return {"type": "plain_text", "text": cut(clean_text(text), limit) or " ", "emoji": True}


def section(mrkdwn: str) -> Block:
    """A paragraph; `mrkdwn` is ready and within the limit."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:SECTION_LIMIT]}}


def context(mrkdwn: str) -> Block:
    """Small print; `mrkdwn` is ready and within the limit."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn[:CONTEXT_LIMIT]}]}


def button(action: str, label: str, value: str, style: str = "") -> Block:
    """A button; `style` is ``primary`` or ``danger``."""
    made: Block = {"type": "button", "action_id": action, "text": plain(label, LABEL_LIMIT), "value": value[:2000]}
    return {**made, "style": style} if style else made


def actions(*buttons: Block) -> list[Block]:
    """A row of buttons; none where there are none."""
    return [{"type": "actions", "elements": list(buttons)}] if buttons else []


def moment(at: datetime) -> str:
    """A moment, in mrkdwn: Slack says it in each reader's own zone and words
    (https://docs.slack.dev/messaging/formatting-message-text/#date-formatting)."""
    fallback = f"{at:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def option(label: str, value: str) -> Block:
    """One choice of a menu."""
    return {"text": plain(label, LABEL_LIMIT), "value": value[:OPTION_VALUE_LIMIT]}
