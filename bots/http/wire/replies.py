"""What the firm's app answered → the message's id, or the SendError that says what may be done now.

| what happened                                   | error       |
|-------------------------------------------------|-------------|
| no connection came about                        | Unreachable |
| 429, or 503 with Retry-After                    | Throttled   |
| 410                                             | Gone        |
| any other 4xx but 408                           | Rejected    |
| 408, 3xx, 5xx, connection lost, time-out        | Ambiguous   |

Ambiguous costs nothing here: the message goes out again under the same ``webhook-id``, and the app drops it
where it has it already. A 2xx is taken whatever its body holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from bots.http import shapes
from gateway.errors import Ambiguous, Gone, Rejected, SendError, Throttled

DEFAULT_RETRY_AFTER = 5.0
LONGEST_RETRY_AFTER = 24 * 3600.0

_answer = msgspec.json.Decoder(shapes.AnswerIn)


def message_id(body: bytes, key: str) -> str:
    """The app's own id of the message, else the one we gave it."""
    try:
        return _answer.decode(body).id or key
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return key


def failure(status: int, headers: Mapping[str, str], now: datetime) -> SendError | None:
    """The error for an answer with HTTP `status`; None for a success."""
    if 200 <= status < 300:
        return None
    delay = retry_after(headers.get("retry-after", ""), now)
    if status == 429 or (status == 503 and delay is not None):
        return Throttled(str(status), retry_after=DEFAULT_RETRY_AFTER if delay is None else delay)
    if status == 410:
        return Gone("410 the address is gone")
    if 400 <= status < 500 and status != 408:
        return Rejected(str(status))
    return Ambiguous(str(status))


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, a number or a date (RFC 9110, 10.2.3); None for none."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), LONGEST_RETRY_AFTER)
