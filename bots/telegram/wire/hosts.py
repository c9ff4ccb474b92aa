"""What passes a host bot's library, told apart by its raw bytes: updates it gets, and messages it sent itself.

Pure. A host's own message travels to the gateway as ``{"host_sent": <Message>}``, Telegram's answer to the
send (https://core.telegram.org/bots/api#message); no update of Telegram's has such a field.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bots.telegram.wire.envelopes import HOST_SENT, load, split_updates, update_id
from gateway.errors import Unreadable


def updates_in(payload: bytes) -> list[bytes]:
    """The raw updates in a getUpdates answer or in a webhook's body; none in any other JSON."""
    if b'"update_id"' not in payload:
        return []
    if _is_answer(payload):
        return [update for update in split_updates(payload) or () if update_id(update) is not None]
    return [payload] if update_id(payload) is not None else []


def sends_in(payload: bytes, bot_id: int) -> list[bytes]:
    """What the bot `bot_id` has just said, from the Bot API's answer to it: bodies for the gateway."""
    if b'"message_id"' not in payload or b'"update_id"' in payload:
        return []
    try:
        answer = load(payload)
    except Unreadable:
        return []
    result = answer.get("result") if isinstance(answer, dict) and answer.get("ok") is True else None
    messages = result if isinstance(result, list) else [result]
    return [json.dumps({HOST_SENT: message}).encode() for message in messages if _is_own(message, bot_id)]


def bare(update: bytes) -> bytes:
    """`update` without what its library cannot read: only its number, which must be confirmed all the same."""
    return json.dumps({"update_id": update_id(update)}).encode()


def with_updates(updates: Sequence[bytes]) -> bytes:
    """A getUpdates answer that brings `updates`."""
    return b'{"ok":true,"result":[' + b",".join(updates) + b"]}"


def _is_answer(payload: bytes) -> bool:
    return payload.lstrip()[:20].replace(b" ", b"").startswith((b'{"ok"', b'{"result"'))


def _is_own(message: object, bot_id: int) -> bool:
    match message:
        case {"message_id": int(), "chat": {"id": int()}, "from": {"id": int(author)}}:
            return author == bot_id
    return False
