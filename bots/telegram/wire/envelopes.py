"""Cheap looks at raw updates: whose is it, which one is it, and where one ends in a batch.

What msgspec refuses the standard library's JSON, three times slower, may still read: one customer's lone
surrogate or NaN must not cost anybody else's message.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

import msgspec

from gateway.channels import UNREADABLE, Envelope
from gateway.errors import Unreadable
from gateway.messages import clean_text

INT64 = 2**63
HOST_SENT = "host_sent"
"""The field under which a host bot's own message comes (see `wire.hosts`)."""

_decode = msgspec.json.Decoder().decode

_LEADING_ID = re.compile(rb'\s*\{\s*"update_id"\s*:\s*(\d{1,18})\b')
_RESULT = re.compile(rb'"result"\s*:\s*\[')
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)


def load(body: bytes) -> object:
    """Parse JSON, however odd. Raises Unreadable."""
    try:
        return _decode(body)
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def peek(body: bytes) -> Envelope:
    """The envelope of one raw update; never raises.

    A repeated update gets the same `platform_id`. What has no integer ``update_id`` is marked
    ``unreadable:`` with the body's SHA-256 and has no address, so that intake puts it aside.
    """
    update = _update(body)
    update_id = _integer(update.get("update_id"))
    if update_id is None and (sent := _sent_id(update.get(HOST_SENT))):
        return Envelope(platform_id=sent, address=_whose(update), body=body)
    if update_id is None:
        digest = hashlib.sha256(body).hexdigest()
        return Envelope(platform_id=f"{UNREADABLE}{digest}", address=None, body=body)
    return Envelope(platform_id=f"update:{update_id}", address=_whose(update), body=body)


def press_id(body: bytes, payloads: Sequence[str] = ("",)) -> str | None:
    """The id of the callback query in a raw update, which Telegram wants acknowledged; only of buttons whose
    payload begins with one of `payloads`."""
    query = _update(body).get("callback_query")
    query = query if isinstance(query, dict) else {}
    query_id, payload = query.get("id"), query.get("data")
    ours = "" in payloads or (isinstance(payload, str) and payload.startswith(tuple(payloads)))
    return clean_text(query_id) if isinstance(query_id, str) and ours else None


def split_updates(reply: bytes) -> list[bytes] | None:
    """The raw updates in a getUpdates reply, byte for byte; None where there is no such list.

    Brackets are counted instead of parsing, so that a malformed or absurdly nested update stays
    one bad update and does not take its neighbours along.
    """
    found = _RESULT.search(reply)
    if found is None:
        return None
    updates: list[bytes] = []
    depth, start = 0, found.end()
    for token in _TOKEN.finditer(reply, start):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
        elif depth and mark in (b"]", b"}"):
            depth -= 1
        elif not depth and mark in (b",", b"]"):
            updates.append(reply[start : token.start()].strip())
            start = token.end()
            if mark == b"]":
                return [update for update in updates if update]
    return None


def update_id(update: bytes) -> int | None:
    """The number of a raw update, read even from a broken one (the Bot API puts it first)."""
    number = _integer(_update(update).get("update_id"))
    if number is None and (found := _LEADING_ID.match(update)):
        number = int(found.group(1))
    return number


def _update(body: bytes) -> dict[str, object]:
    try:
        update = load(body)
    except Unreadable:
        return {}
    return update if isinstance(update, dict) else {}


def _integer(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64
    return value if whole and isinstance(value, int) else None


def _sent_id(message: object) -> str | None:
    """The name of a host's own message, or of its newest version."""
    match message:
        case {"message_id": int(number), "chat": {"id": int(chat)}, **more}:
            edited = more.get("edit_date")
            return f"sent:{chat}:{number}" + (f":{edited}" if isinstance(edited, int) else "")
    return None


def _whose(update: dict[str, object]) -> str | None:
    """The chat an update belongs to, else its user (an inline press has no chat)."""
    for event in update.values():
        if not isinstance(event, dict):
            continue
        message = event.get("message")
        around = message if isinstance(message, dict) else {}
        for owner in (event.get("chat"), around.get("chat"), event.get("from"), event.get("user")):
            number = _integer(owner.get("id")) if isinstance(owner, dict) else None
            if number is not None:
                return str(number)
    return None
