"""Signing in and out, and the door from `/desk`, `/kb` and the like to the sign-in page."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body
from litestar.response import Redirect, Response

from gateway.ports import Clock
from gateway.rates import Bucket
from gateway.storage.engine import Database
from gateway.web.guard import STAFF_KEY
from gateway.web.pages import LANGUAGE_COOKIE, Pages, StaffRequest
from gateway.web.passwords import verify_password

log = structlog.get_logger()

TRIES = 10
TRIES_PER_SECOND = 0.1
MAX_WATCHED = 10_000

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class Throttle:
    """Ten tries an e-mail, then one in ten seconds: guessing a password takes for ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def allows(self, email: str) -> bool:
        """Whether another try is allowed now; counts it."""
        now = self._clock().timestamp()
        if len(self._buckets) > MAX_WATCHED:
            self._buckets.clear()
        bucket = self._buckets.setdefault(email, Bucket(TRIES_PER_SECOND, TRIES, now))
        if bucket.delay(now) > 0:
            return False
        bucket.take(now)
        return True


def signin_routes(database: Database, pages: Pages, clock: Clock) -> list[HTTPRouteHandler]:
    """`/login` and `/logout`."""
    throttle = Throttle(clock)

    @get("/login")
    async def show(request: Request[Any, Any, Any]) -> Response[str]:
        response = _form(pages, request, next_page=request.query_params.get("next", ""))
        if request.query_params.get("lang"):
            response.set_cookie(LANGUAGE_COOKIE, pages.language(request), max_age=31_536_000, samesite="lax")
        return response

    @post("/login", status_code=303)
    async def sign_in(request: Request[Any, Any, Any], data: FormData) -> Response[Any]:
        email, next_page = data.get("email", ""), data.get("next", "")
        translator = pages.texts.translator(pages.language(request))
        if not throttle.allows(email.strip().lower()):
            failed = translator.gettext("Too many tries. Please wait a minute.")
            return _form(pages, request, next_page, email, failed, status=429)
        async with database.read() as work:
            staff = await work.staff.by_email(email)
            stored = await work.staff.password_hash(staff.id) if staff and staff.active else None
        if not await verify_password(stored, data.get("password", "")) or staff is None:
            log.info("signin_refused")
            failed = translator.gettext("This e-mail and password do not fit together.")
            return _form(pages, request, next_page, email, failed, status=401)
        request.set_session({STAFF_KEY: staff.id})
        log.info("signed_in", staff=staff.id)
        return Redirect(_safe(next_page), status_code=303)

    @post("/logout", status_code=303)
    async def sign_out(request: Request[Any, Any, Any]) -> Redirect:
        request.clear_session()
        return Redirect("/login", status_code=303)

    return [show, sign_in, sign_out]


def _form(
    pages: Pages,
    request: StaffRequest,
    next_page: str,
    email: str = "",
    failed: str = "",
    status: int = 200,
) -> Response[str]:
    return pages.html(request, "gateway/signin.html", status=status, next=_safe(next_page), email=email, failed=failed)


def _safe(next_page: str) -> str:
    """Only a path of ours: `//elsewhere` and full addresses would send people away after signing in.

    Browsers drop tabs and line ends from an address, so `/<tab>/elsewhere` is one as well.
    """
    if next_page.startswith("/") and not next_page.startswith(("//", "/\\")) and next_page.isprintable():
        return next_page
    return "/desk"
