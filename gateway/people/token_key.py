"""The key under which a firm signs its customers' tokens, and the opening of a token with it.

Apart from `signed`, which every installation has: what this imports is large.
"""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.errors import RequestRefused, SettingsError
from gateway.people.settings import SignedTokens as Settings

SECRET_BYTES = 32
"""RFC 7518, 3.2: a key of the hash's size or larger."""
RSA_BITS = 2048


class TokenKey:
    """Raises SettingsError for a key that cannot be used."""

    def __init__(self, settings: Settings) -> None:
        _check(settings)
        self._settings = settings

    def open(self, token: str) -> dict[str, Any]:
        """The claims of a `token` that was signed under the key, for our audience; its times are not looked at.
        Raises RequestRefused (401)."""
        try:
            said: dict[str, Any] = jwt.decode(
                token,
                self._settings.key,
                algorithms=[self._settings.algorithm],
                audience=self._settings.audience,
                # Times are ours to check, by the clock that everything here goes by.
                options={
                    "require": ["exp", "sub", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise RequestRefused(401, f"the token is not good: {_reason(error)}") from None
        return said


def _check(settings: Settings) -> None:
    if settings.algorithm == "HS256":
        if settings.key.lstrip().startswith("-----BEGIN"):
            raise SettingsError("people.token.key", "is a key in PEM; set people.token.algorithm to RS256 or ES256")
        if len(settings.key.encode()) < SECRET_BYTES:
            raise SettingsError("people.token.key", f"must be {SECRET_BYTES} bytes or more for HS256")
        return
    try:
        key = load_pem_public_key(settings.key.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError("people.token.key", f"must be a public key in PEM for {settings.algorithm}") from None
    rsa = isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS
    curve = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    if not (rsa if settings.algorithm == "RS256" else curve):
        wanted = f"RSA of {RSA_BITS} bits or more" if settings.algorithm == "RS256" else "on the curve P-256"
        raise SettingsError("people.token.key", f"must be a public key {wanted} for {settings.algorithm}")


_REASONS: dict[type[jwt.InvalidTokenError], str] = {
    jwt.InvalidSignatureError: "the signature does not fit the key",
    jwt.InvalidAlgorithmError: "it is signed another way than people.token.algorithm says",
    jwt.InvalidAudienceError: "aud is not people.token.audience",
    jwt.MissingRequiredClaimError: "exp, sub and aud must be there",
    jwt.DecodeError: "it is no JSON Web Token",
}


def _reason(error: jwt.InvalidTokenError) -> str:
    return next((words for kind, words in _REASONS.items() if isinstance(error, kind)), "a claim is malformed")
