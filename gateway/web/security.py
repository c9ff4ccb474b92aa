"""Headers and cookies that keep strangers out of staff screens."""

from __future__ import annotations

import hashlib

from litestar.config.csrf import CSRFConfig
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.response import Response

from gateway.web.sessions import StaffSessionConfig

SESSION_SECONDS = 12 * 3600

CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self'",
        "connect-src 'self' ws: wss:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


async def add_headers(response: Response[object]) -> Response[object]:
    """Litestar's `after_request`: set what is not set already (a file may have a stricter policy)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def csrf_config(secret: str, *, secure: bool) -> CSRFConfig:
    """Double-submit protection for everything but channels (they verify their own way), the API (tokens, no
    cookies), and what is only read: there the cookie would keep caches from keeping a file, and be set in the
    name of each site that embeds the widget."""
    return CSRFConfig(
        secret=hashlib.sha256(f"csrf:{secret}".encode()).hexdigest(),
        cookie_name="frontdesk_csrf",
        header_name="x-csrftoken",
        cookie_secure=secure,
        cookie_samesite="lax",
        exclude=["^/channels/", "^/api/", "^/static/", "^/widget.js$", "^/schema", "^/health/", "^/metrics"],
    )


def session_config(*, secure: bool) -> ServerSideSessionConfig:
    """Staff sessions: twelve hours, renewed by use, out of reach of scripts."""
    return StaffSessionConfig(
        key="frontdesk_session",
        store="sessions",
        max_age=SESSION_SECONDS,
        renew_on_access=False,
        secure=secure,
        httponly=True,
        samesite="lax",
    )
