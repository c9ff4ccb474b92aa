"""Standard Webhooks signatures: who a request is from, that nobody changed it, and that it is of now. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the signed content
is ``id.timestamp.body``, the signature ``v1,`` and the base64 of its HMAC-SHA256.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.errors import RequestRefused

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
VERSION = "v1"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret (the specification's section "Signature scheme")."""
LONGEST_ID = 150
SIGNATURES = 16
"""More in one request are not looked at."""


class BadSecret(ValueError):
    """A secret that is none; the text says what is wrong, and never the secret."""


def read_secrets(text: str) -> tuple[bytes, ...]:
    """The keys in `text`, separated by blanks. Raises BadSecret."""
    keys = tuple(_key(word) for word in text.split())
    if not keys:
        raise BadSecret(f"is empty; make one: {PREFIX} and the base64 of 32 random bytes")
    return keys


def _key(word: str) -> bytes:
    if not word.startswith(PREFIX):
        raise BadSecret(f"must begin with {PREFIX}")
    try:
        key = base64.b64decode(word.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise BadSecret(f"must be base64 after {PREFIX}") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise BadSecret(f"must hold {SHORTEST}–{LONGEST} bytes, this one holds {len(key)}")
    return key


def sign(keys: Sequence[bytes], webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove `body`, one signature a key."""
    timestamp = str(int(at.timestamp()))
    signatures = (f"{VERSION},{_signature(key, webhook_id, timestamp, body)}" for key in keys)
    return {ID: webhook_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime, tolerance: int) -> str:
    """The request's ``webhook-id``. Raises RequestRefused: 401 for what is missing or too old, 403 forged.

    The signature is judged before the time, so a stranger learns nothing of our clock.
    """
    for name in (ID, TIMESTAMP, SIGNATURE):
        if not headers.get(name):
            raise RequestRefused(401, f"the header {name} is missing")
    webhook_id, timestamp = headers[ID], headers[TIMESTAMP]
    expected = [_signature(key, webhook_id, timestamp, body).encode() for key in keys]
    # Every pair is compared, so the time taken does not tell which key or signature fits.
    fitting = [hmac.compare_digest(one, key) for one in _given(headers[SIGNATURE]) for key in expected]
    if not any(fitting):
        raise RequestRefused(403, f"the header {SIGNATURE} does not fit this body and our secret")
    _require_fresh(timestamp, now, tolerance)
    if len(webhook_id) > LONGEST_ID:
        raise RequestRefused(400, f"the header {ID} is longer than {LONGEST_ID} characters")
    return webhook_id


def _given(header: str) -> list[bytes]:
    """The signatures of the version we know; others are for other receivers."""
    pairs = (word.partition(",") for word in header.split()[:SIGNATURES])
    return [signature.encode("utf-8", "replace") for version, _, signature in pairs if version == VERSION]


def _require_fresh(timestamp: str, now: datetime, tolerance: int) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise RequestRefused(401, f"the header {TIMESTAMP} must be seconds since 1970")
    apart = int(timestamp) - now.timestamp()
    if abs(apart) > tolerance:
        way = "ahead of" if apart > 0 else "behind"
        raise RequestRefused(401, f"the header {TIMESTAMP} is more than {tolerance} s {way} our clock; sign anew")


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    content = f"{webhook_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
