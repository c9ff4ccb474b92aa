"""What came back from the Bot API → the result, or the SendError that says what may be done now.

| what happened                                            | error       |
|----------------------------------------------------------|-------------|
| no connection came about                                 | Unreachable |
| connection lost or time-out after the request went out   | Ambiguous   |
| 429, or any refusal with `retry_after`                   | Throttled   |
| 408, 5xx, 3xx, or a 2xx without a readable ``ok: true``  | Ambiguous   |
| a 4xx with `migrate_to_chat_id`                          | MovedAway   |
| a 4xx that says that the person is gone or blocked us    | Gone        |
| any other 4xx                                            | Rejected    |

Source: https://core.telegram.org/bots/api#making-requests and #responseparameters.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bots.telegram.wire.envelopes import load
from gateway.errors import (
    Ambiguous,
    FrontdeskError,
    Gone,
    MovedAway,
    NotFound,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    Unreadable,
)

DEFAULT_RETRY_AFTER = 5.0
"""Seconds to wait after a 429 that names no delay (a proxy's)."""

UNCHANGED = "message is not modified"
"""An edit that says what stands there already."""

_KNOWN = (
    "chat not found",
    "bot was blocked by the user",
    "bot was kicked",
    "bot can't initiate conversation",
    "user is deactivated",
    "group chat was upgraded",
    "not enough rights",
    "message is too long",
    "message text is empty",
    "caption is too long",
    "can't parse entities",
    "wrong file identifier",
    "wrong remote file identifier",
    "file is too big",
    "message to edit not found",
    UNCHANGED,
    "message to react not found",
    "query is too old",
    "Unauthorized",
    "terminated by other getUpdates request",
    "can't use getUpdates method while webhook is active",
    "bad webhook",
)
"""Descriptions fit for a log; others may quote the message and are left out."""


_GONE = (
    "chat not found",
    "bot was blocked by the user",
    "bot was kicked",
    "bot can't initiate conversation",
    "user is deactivated",
)
"""Those of them that are about the chat, not about what was sent there."""


class Trouble(StrEnum):
    """How a request can end without an answer, whatever the library calls it."""

    NOT_CONNECTED = "not connected"
    LOST = "no answer"


class _Parameters(msgspec.Struct, frozen=True, kw_only=True):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    error_code: int | None = None
    description: str = ""
    parameters: _Parameters = _Parameters()


def failure(trouble: Trouble) -> SendError:
    """The error for a request that got no answer."""
    return Unreachable(trouble) if trouble is Trouble.NOT_CONNECTED else Ambiguous(trouble)


def read_reply(status: int, body: bytes) -> object:
    """The ``result`` of a reply with HTTP `status`. Raises Throttled, Rejected (Gone, MovedAway) or Ambiguous."""
    try:
        reply = load(body)
    except Unreadable:
        reply = None
    match reply:
        case {"ok": True, "result": result} if 200 <= status < 300:
            return result
        case {"ok": False}:
            raise _refused(status, _refusal(reply))
    raise _refused(status, _Refusal())


def download_failure(status: int) -> FrontdeskError:
    """The error for a file's HTTP `status`; asking again for a file never does harm."""
    if status == 404:
        return NotFound("the file is not kept any more")
    if status == 429:
        return Throttled("429", retry_after=DEFAULT_RETRY_AFTER)
    return Rejected(str(status)) if 400 <= status < 500 else Unreachable(str(status))


def _refusal(reply: object) -> _Refusal:
    try:
        return msgspec.convert(reply, _Refusal)
    except (msgspec.MsgspecError, ValueError):
        return _Refusal()


def _refused(status: int, refusal: _Refusal) -> SendError:
    code = status if status >= 300 else refusal.error_code or status
    reason = " ".join([str(code), *(known for known in _KNOWN if known in refusal.description)])
    delay = refusal.parameters.retry_after
    if code == 429 or delay is not None:
        return Throttled(reason, retry_after=max(0.0, DEFAULT_RETRY_AFTER if delay is None else delay))
    if 400 <= code < 500 and code != 408:
        if refusal.parameters.migrate_to_chat_id is not None:
            return MovedAway(reason, address=str(refusal.parameters.migrate_to_chat_id))
        return Gone(reason) if any(known in refusal.description for known in _GONE) else Rejected(reason)
    return Ambiguous(reason)
