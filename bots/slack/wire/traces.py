"""Whether a message in a history is one of our sends: by the key that it bears.

A message bears it in its metadata, which only apps see (https://docs.slack.dev/messaging/message-metadata),
one with blocks in its first `block_id` too. A file alone can bear neither: it is known by its name.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bots.slack.wire.files import file_name
from gateway.channels import Send
from gateway.messages import Media

EVENT_TYPE = "frontdesk_send"
LEEWAY = timedelta(minutes=2)
"""How far Slack's clock and ours may be apart."""


def metadata(gateway: str, key: str) -> dict[str, Any]:
    """What a message of ours bears unseen."""
    return {"event_type": EVENT_TYPE, "event_payload": {"gateway": gateway, "key": key}}


def block_mark(gateway: str, key: str) -> str:
    """The `block_id` of a message's first block."""
    return f"{EVENT_TYPE}:{gateway}:{key}"


def oldest(since: datetime) -> str:
    """From when on to look, as Slack writes it."""
    return f"{(since - LEEWAY).timestamp():.6f}"


def is_trace(message: object, send: Send, gateway: str) -> bool:
    """Whether `message` (of conversations.history) is `send`, arrived."""
    if not isinstance(message, dict):
        return False
    if message.get("metadata") == metadata(gateway, send.key):
        return True
    blocks = message.get("blocks")
    marks = [block.get("block_id") for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    if block_mark(gateway, send.key) in marks:
        return True
    return isinstance(send.part, Media) and not send.part.caption and not send.buttons and _has_file(message, send.part)


def _has_file(message: dict[str, Any], media: Media) -> bool:
    """Whether a bot shared a file of this name and size here; a file alone bears no key."""
    files = message.get("files")
    if "bot_id" not in message or not isinstance(files, list):
        return False
    return any(
        isinstance(file, dict) and file.get("name") == file_name(media) and media.size in (None, file.get("size"))
        for file in files
    )
