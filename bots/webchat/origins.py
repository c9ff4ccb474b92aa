"""Which sites may talk to a channel from a visitor's browser (https://fetch.spec.whatwg.org/#http-cors-protocol).

A browser names the embedding site on every cross-origin fetch and on every socket handshake, and no
script can change that name. Where no Origin is named there is no foreign page to keep out: browsers
leave it away for same-origin GET, and other programs may name what they like anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bots.webchat.settings import EVERY_ORIGIN, WebchatSettings
from gateway.errors import RequestRefused

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "86400",
}
"""What the widget needs to be allowed to send; browsers remember it for a day."""


def is_allowed(origin: str | None, host: str, settings: WebchatSettings, public_url: str | None) -> bool:
    """Whether a page of `origin` may use the channel. `host` is the request's own Host header."""
    if origin is None:
        return True
    named = origin.lower()
    own = urlsplit(public_url) if public_url else None
    if own and named == f"{own.scheme}://{own.netloc}".lower():
        return True
    if named != "null" and urlsplit(named).netloc == host.lower():
        return True
    return EVERY_ORIGIN in settings.allowed_origins or named in (
        allowed.lower() for allowed in settings.allowed_origins
    )


def require_allowed(headers: Mapping[str, str], settings: WebchatSettings, public_url: str | None) -> None:
    """Raises RequestRefused(403) for a page of a site that is not on the channel's list."""
    if not is_allowed(headers.get("origin"), headers.get("host", ""), settings, public_url):
        raise RequestRefused(403, "this site may not use the channel; add it to allowed_origins")


def cors_headers(headers: Mapping[str, str], settings: WebchatSettings, public_url: str | None) -> dict[str, str]:
    """What lets an allowed foreign page read the answer. Never with credentials: tokens are not cookies."""
    origin = headers.get("origin")
    common = {"Vary": "Origin", "X-Content-Type-Options": "nosniff"}
    if origin is None or not is_allowed(origin, headers.get("host", ""), settings, public_url):
        return common
    return common | {"Access-Control-Allow-Origin": origin}
