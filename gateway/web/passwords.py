"""Passwords: argon2id hashes, checked off the event loop because each costs tens of milliseconds."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
# Checked when the e-mail is unknown, so that the time of an answer does not tell who is on the staff.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$QqZqEXh0QmRfMzH4mCDGYyPYMl7T7cJ4yIbGmVhG3Ms"


def hash_password(password: str) -> str:
    """An argon2id hash with the library's recommended cost (RFC 9106)."""
    return _hasher.hash(password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` fits `stored` (None: nobody, never)."""
    return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
