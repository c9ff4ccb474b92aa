"""What came back from the Web API → the answer, or the SendError that says what may be done now.

| what happened                                                          | error       |
|------------------------------------------------------------------------|-------------|
| no connection came about                                               | Unreachable |
| connection lost or time-out after the request went out                 | Ambiguous   |
| 429, or ``ratelimited`` and its kin                                    | Throttled   |
| ``request_timeout`` and others that say nothing was done               | Unreachable |
| ``fatal_error``, ``internal_error`` and others that leave it open      | Ambiguous   |
| 408, 5xx, 3xx, or a 2xx that is no ``ok: true`` or ``ok: false``       | Ambiguous   |
| any other ``ok: false``, any other 4xx                                 | Rejected    |

Sources: https://docs.slack.dev/reference/methods/chat.postMessage/ (errors),
https://docs.slack.dev/apis/web-api/rate-limits/ (Retry-After).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bots.slack.wire.envelopes import load
from gateway.errors import Ambiguous, FrontdeskError, NotFound, Rejected, SendError, Throttled, Unreachable, Unreadable

DEFAULT_RETRY_AFTER = 10.0
"""Seconds to wait after a refusal for now that names no delay."""

THROTTLED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
NOT_DONE = frozenset({"request_timeout", "team_added_to_org", "org_login_required"})
"""The request came in halves, or the workspace is being moved: nothing was done, later it may be."""
OPEN = frozenset({"fatal_error", "internal_error", "service_unavailable"})
"""“It's possible some aspect of the operation succeeded before the error was raised.”"""

_CODE = re.compile(r"[a-z0-9_]{1,64}")


class Trouble(StrEnum):
    """How a request can end without an answer, whatever the library calls it."""

    NOT_CONNECTED = "not connected"
    LOST = "no answer"


def failure(trouble: Trouble) -> SendError:
    """The error for a request that got no answer."""
    return Unreachable(trouble) if trouble is Trouble.NOT_CONNECTED else Ambiguous(trouble)


def read_reply(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The answer with HTTP `status`. Raises a SendError; its reason is Slack's own code, never words."""
    reply: Any
    try:
        reply = load(body)
    except Unreadable:
        reply = None
    match reply:
        case {"ok": True} if 200 <= status < 300:
            return dict(reply.items())
        case {"ok": False, "error": str(code)}:
            raise _refused(status, code if _CODE.fullmatch(code) else "refused", headers)
    raise _by_status(status, headers)


def download_failure(status: int, headers: Mapping[str, str]) -> FrontdeskError:
    """The error for a file's HTTP `status`; asking again for a file never does harm."""
    if status in (404, 410):
        return NotFound("the file is not kept any more")
    if status == 429:
        return Throttled("429", retry_after=retry_after(headers))
    # A redirect leads to the sign-in page: that is how Slack says that files:read is missing.
    return Rejected(str(status)) if 300 <= status < 500 else Unreachable(str(status))


def retry_after(headers: Mapping[str, str]) -> float:
    """The delay that a refusal names, in seconds."""
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 6 else DEFAULT_RETRY_AFTER


def _refused(status: int, code: str, headers: Mapping[str, str]) -> SendError:
    if status == 429 or code in THROTTLED:
        return Throttled(code, retry_after=retry_after(headers))
    if code in NOT_DONE:
        return Unreachable(code)
    if code in OPEN or status >= 500:
        return Ambiguous(code)
    return Rejected(code)


def _by_status(status: int, headers: Mapping[str, str]) -> SendError:
    if status == 429:
        return Throttled("429", retry_after=retry_after(headers))
    if 400 <= status < 500 and status != 408:
        return Rejected(str(status))
    return Ambiguous(str(status))
