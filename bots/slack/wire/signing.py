"""Slack's request signatures: made, and told from forgeries.

v0: HMAC-SHA256 over ``v0:<timestamp>:<raw body>`` under the app's signing secret, and requests more than
five minutes off are refused (https://docs.slack.dev/authentication/verifying-requests-from-slack/).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from gateway.errors import RequestRefused

SIGNATURE_HEADER = "x-slack-signature"
TIMESTAMP_HEADER = "x-slack-request-timestamp"
WINDOW_SECONDS = 300
_LONGEST_TIMESTAMP = 12


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of `body` at `timestamp` (Unix seconds)."""
    base = b"v0:%d:" % timestamp + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed_headers(secret: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers with which `body` is Slack's own, at `now`."""
    timestamp = int(now.timestamp())
    return {TIMESTAMP_HEADER: str(timestamp), SIGNATURE_HEADER: sign(secret, timestamp, body)}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Raise RequestRefused unless `body` was signed with `secret` within five minutes of `now`.

    `headers` are in lower case. Without a `secret` nobody is Slack.
    """
    given, stamp = headers.get(SIGNATURE_HEADER), headers.get(TIMESTAMP_HEADER)
    if not given or not stamp:
        raise RequestRefused(401, "the Slack signature headers are missing")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_TIMESTAMP):
        raise RequestRefused(401, f"{TIMESTAMP_HEADER} is not a time")
    expected = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()) or not secret:
        raise RequestRefused(403, f"{SIGNATURE_HEADER} is wrong")
    if abs(now.timestamp() - int(stamp)) > WINDOW_SECONDS:
        raise RequestRefused(403, f"{TIMESTAMP_HEADER} is more than {WINDOW_SECONDS} seconds off")
