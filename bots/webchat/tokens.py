"""Signed names: who a visitor is, and which file a link may show. No table, so restarts change nothing.

A token is ``v1.<payload>.<mac>`` in unpadded base64url; the MAC is HMAC-SHA256 under a key derived
from the gateway's secret and the token's purpose, so that no token passes for another sort.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import timedelta

import msgspec

from gateway.errors import RequestRefused
from gateway.messages import Value
from gateway.ports import Clock

VERSION = "v1"
LIFETIME = timedelta(days=400)
RENEWAL = timedelta(days=30)
"""A visitor who comes with an older token is given a fresh one for the same name."""
CLOCK_SKEW = timedelta(minutes=5)
MAX_LENGTH = 512


class Visitor(Value, frozen=True, kw_only=True, rename={"channel": "c", "id": "i", "issued_at": "t"}):
    """Who holds a token: `id` is the address of their identity on `channel`; `issued_at` in Unix seconds."""

    channel: str
    id: str
    issued_at: int


class VisitorTokens:
    """Makes and checks visitor tokens and file keys under one secret."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._visitor_key = _derive(secret, "visitor")
        self._file_key = _derive(secret, "file")
        self._clock = clock

    def welcome(self, channel: str) -> tuple[Visitor, str]:
        """A new visitor of `channel` and their token."""
        visitor = Visitor(channel=channel, id=secrets.token_urlsafe(16), issued_at=self._now())
        return visitor, self.sign(visitor)

    def sign(self, visitor: Visitor) -> str:
        """The token that names `visitor`."""
        payload = msgspec.json.encode(visitor)
        return f"{VERSION}.{_encode(payload)}.{_encode(_mac(self._visitor_key, payload))}"

    def renewed(self, visitor: Visitor) -> str | None:
        """A fresh token for the same visitor where theirs grows old, else None."""
        if self._now() - visitor.issued_at < RENEWAL.total_seconds():
            return None
        return self.sign(Visitor(channel=visitor.channel, id=visitor.id, issued_at=self._now()))

    def check(self, channel: str, token: str) -> Visitor:
        """Whose token this is. Raises RequestRefused(401) for a forged, foreign or outlived one."""
        visitor = self._read(token)
        age = self._now() - visitor.issued_at
        fresh = -CLOCK_SKEW.total_seconds() <= age <= LIFETIME.total_seconds()
        if visitor.channel != channel or not fresh:
            raise _refused()
        return visitor

    def file_key(self, channel: str, visitor_id: str, file_id: str) -> str:
        """What lets `visitor_id` load one file: it is part of the link, so it opens nothing else."""
        named = msgspec.json.encode([channel, visitor_id, file_id])
        return f"{visitor_id}.{_encode(_mac(self._file_key, named))}"

    def check_file_key(self, channel: str, file_id: str, key: str) -> str:
        """The visitor whose link this is. Raises RequestRefused(401)."""
        visitor_id = key.rpartition(".")[0]
        if not _same(self.file_key(channel, visitor_id, file_id), key):
            raise _refused()
        return visitor_id

    def _read(self, token: str) -> Visitor:
        version, _, rest = token.partition(".")
        payload, _, mac = rest.partition(".")
        if version != VERSION or len(token) > MAX_LENGTH:
            raise _refused()
        try:
            content = _decode(payload)
            if not hmac.compare_digest(_mac(self._visitor_key, content), _decode(mac)):
                raise _refused()
            return msgspec.json.decode(content, type=Visitor)
        except (ValueError, msgspec.DecodeError):
            raise _refused() from None

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _refused() -> RequestRefused:
    return RequestRefused(401, "the visitor token is not valid here; ask for a new one")


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"frontdesk webchat {purpose}".encode(), hashlib.sha256)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, hashlib.sha256)


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Raises binascii.Error for what is not exactly one spelling of some bytes."""
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(content) != text:
        raise binascii.Error("not canonical")
    return content
