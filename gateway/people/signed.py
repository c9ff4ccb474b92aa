"""Tokens that the firm's own site or app signs to say who its customer is: JSON Web Tokens (RFC 7519).

The algorithm is pinned by the settings, never taken from the token (RFC 8725, 3.1), and a token is short-lived.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestRefused
from gateway.identity import Claim, Proof, Thing, claim
from gateway.messages import Value, clean_text
from gateway.people.settings import SignedTokens as Settings
from gateway.ports import Clock

if TYPE_CHECKING:
    from gateway.people.token_key import TokenKey

LONGEST = 8192
"""Characters of a token; a header of a web server takes no more."""
NAME_LIMIT = 300


class Signed(Value, frozen=True, kw_only=True):
    """What a good token says: who they are (`claims`, the account first), how they are called, until when it is
    good, and the digest by which it is known."""

    claims: tuple[Claim, ...]
    name: str | None
    language: str | None
    expires_at: datetime
    digest: str


class SignedTokens:
    """Reads tokens under one key. Raises SettingsError for a key that cannot be used."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._key = _key_of(settings) if settings.key else None

    @property
    def taken(self) -> bool:
        """Whether a key is set at all."""
        return self._key is not None

    def read(self, token: str) -> Signed:
        """What `token` says. Raises RequestRefused (401) with what is wrong for the site's developer."""
        if self._key is None:
            raise RequestRefused(401, "signed tokens are not taken here: people.token.key is not set")
        if len(token) > LONGEST:
            raise RequestRefused(401, "the token is too long")
        said = self._key.open(token)
        expires_at = self._check_times(said)
        claims = _claims(said)
        if not claims or claims[0].shelf != _ACCOUNT:
            raise RequestRefused(401, "the token is not good: sub must be a text that names the customer")
        return Signed(
            claims=claims,
            name=_text(said, "name"),
            language=_text(said, "locale"),
            expires_at=expires_at,
            digest=hashlib.sha256(token.encode()).hexdigest(),
        )

    def _check_times(self, said: dict[str, Any]) -> datetime:
        now, leeway = self._clock(), timedelta(seconds=self._settings.leeway)
        expires_at = _moment(said, "exp")
        if expires_at is None or expires_at <= now - leeway:
            raise RequestRefused(401, "the token is not good: it has expired")
        if expires_at > now + timedelta(seconds=self._settings.lifetime) + leeway:
            raise RequestRefused(
                401, f"the token is not good: exp is more than {self._settings.lifetime} seconds from now"
            )
        for name in ("nbf", "iat"):
            moment = _moment(said, name)
            if moment is not None and moment > now + leeway:
                raise RequestRefused(401, f"the token is not good: {name} lies in the future")
        return expires_at


def _key_of(settings: Settings) -> TokenKey:
    from gateway.people.token_key import TokenKey  # noqa: PLC0415 — 10 MB that most firms have no use for

    return TokenKey(settings)


_ACCOUNT = "proof:account"


def _claims(said: dict[str, Any]) -> tuple[Claim, ...]:
    """An address that the site itself calls unverified proves nothing (OpenID Connect Core, 5.1)."""
    found = [claim(Thing.ACCOUNT, _text(said, "sub") or "", Proof.TOKEN)]
    if said.get("email_verified") is not False:
        found.append(claim(Thing.EMAIL, _text(said, "email") or "", Proof.TOKEN))
    if said.get("phone_number_verified") is not False:
        found.append(claim(Thing.PHONE, _text(said, "phone_number") or "", Proof.TOKEN))
    return tuple(one for one in found if one is not None)


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    return clean_text(value).strip()[:NAME_LIMIT] or None if isinstance(value, str) else None


def _moment(said: dict[str, Any], name: str) -> datetime | None:
    value = said.get(name)
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise RequestRefused(401, f"the token is not good: {name} is no time") from None
