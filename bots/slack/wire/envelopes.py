"""Cheap looks at raw requests: what is in them, and which event it is.

The id that makes an event unique is Slack's ``event_id``, the same at each retry
(https://docs.slack.dev/apis/events-api/#retries); the retry headers say nothing. A message that mentions the
app comes twice under two ids, as ``message`` and as ``app_mention``: those two share an id of ours. Presses
and commands, which are never sent again, go by their ``trigger_id``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import parse_qs

import msgspec

from gateway.channels import UNREADABLE
from gateway.errors import Unreadable

FORM = "application/x-www-form-urlencoded"
_LONGEST_ID = 200
_decode = msgspec.json.Decoder().decode


def load(body: bytes) -> object:
    """Parse JSON, however odd. Raises Unreadable."""
    try:
        return _decode(body)
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError:
        pass
    try:
        # What msgspec refuses (a lone surrogate) must not cost anybody's message.
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def unwrap(body: bytes, content_type: str) -> bytes:
    """The JSON payload of a request: events are JSON, presses a form with JSON in it, commands a form.

    Raises Unreadable for a form that is neither.
    """
    if not content_type.lower().startswith(FORM):
        return body
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Unreadable("not a form") from None
    fields = {name: values[0] for name, values in form.items()}
    if "payload" in fields:
        return fields["payload"].encode("utf-8", "surrogatepass")
    if "command" in fields:
        return json.dumps({**fields, "type": "slash_command"}).encode()
    if "ssl_check" in fields:
        return b'{"type":"ssl_check"}'
    raise Unreadable("a form without a payload")


def event_key(body: bytes) -> str:
    """What makes the payload `body` unique; for what is no Slack payload an UNREADABLE id."""
    try:
        raw = load(body)
    except Unreadable:
        raw = None
    key = _key(raw) if isinstance(raw, dict) and isinstance(raw.get("type"), str) else None
    return key or UNREADABLE + _digest(body)


def unreadable_key(body: bytes) -> str:
    """The id of an authentic body that cannot be read."""
    return UNREADABLE + _digest(body)


def challenge(body: bytes) -> str | None:
    """What Slack wants to hear back when a Request URL is set (`url_verification`)."""
    try:
        match load(body):
            case {"type": "url_verification", "challenge": str(words)}:
                return words
    except Unreadable:
        pass
    return None


def _key(raw: Mapping[str, object]) -> str | None:
    match raw:
        case {"type": "event_callback", "event": {} as event, "event_id": str(event_id)}:
            return _short(_mention(event) or f"event:{event_id}")
        case {"type": "event_callback"}:
            return None
        case {"type": "slash_command", "trigger_id": str(trigger)} if trigger:
            return _short(f"command:{trigger}")
        case {"type": "frontdesk_said", "channel": str(channel), "ts": str(ts)}:
            return _short(f"echo:{channel}:{ts}")
        case {"type": str(), "trigger_id": str(trigger)} if trigger:
            return _short(f"action:{trigger}")
        case {"type": "block_actions", "actions": [{"action_ts": str(ts)}, *_], "user": {"id": str(user)}}:
            return _short(f"action:{user}:{ts}")
    return "payload:" + _digest(json.dumps(raw, sort_keys=True).encode())


def _mention(event: Mapping[str, object]) -> str | None:
    """The id of a message that may come as ``message`` and as ``app_mention``: one in a room that mentions
    somebody."""
    match event:
        case {"type": "app_mention", "channel": str(channel), "ts": str(ts)} if "edited" not in event:
            return f"said:{channel}:{ts}"
        case {"type": "message", "channel": str(channel), "ts": str(ts), "text": str(text), "user": str()}:
            fresh = event.get("subtype") in (None, "file_share", "thread_broadcast")
            if fresh and "<@" in text and not channel.startswith("D"):
                return f"said:{channel}:{ts}"
    return None


def _short(key: str) -> str:
    key = key.encode("utf-8", "replace").decode()
    return key if len(key) <= _LONGEST_ID else f"{key[:100]}:{_digest(key.encode())}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
