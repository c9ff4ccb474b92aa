"""Signing in and out, and the door from `/desk`, `/kb` and the like to the sign-in page."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any
from uuid import uuid4

import structlog
from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body
from litestar.response import Redirect, Response

from gateway.live import Change, Live
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


SIGNIN = "signin"
"""The topic of tries, by which all processes count them together."""


class Throttle:
    """Ten tries an e-mail, then one in ten seconds: guessing a password takes for ever. While `run` runs,
    the other processes' tries count as well."""

    def __init__(self, live: Live, clock: Clock) -> None:
        self._live = live
        self._clock = clock
        self._id = uuid4().hex
        self._buckets: dict[str, Bucket] = {}

    async def run(self) -> None:
        """Listen to the other processes until cancelled."""
        with self._live.listen([SIGNIN], self):
            await asyncio.Event().wait()

    def allows(self, email: str) -> bool:
        """Whether another try is allowed now; counts it."""
        who = hashlib.sha256(email.encode()).hexdigest()
        now = self._clock().timestamp()
        bucket = self._bucket(who, now)
        if bucket.delay(now) > 0:
            return False
        bucket.take(now)
        self._live.publish([Change(topic=SIGNIN, kind="try", ids={"who": who, "by": self._id})])
        return True

    def put(self, change: Change) -> None:
        """A try was made somewhere."""
        if change.ids.get("by") != self._id:
            now = self._clock().timestamp()
            self._bucket(str(change.ids.get("who")), now).take(now)

    def _bucket(self, who: str, now: float) -> Bucket:
        if len(self._buckets) > MAX_WATCHED:
            self._buckets.clear()
        return self._buckets.setdefault(who, Bucket(TRIES_PER_SECOND, TRIES, now))


def signin_routes(database: Database, pages: Pages, throttle: Throttle) -> list[HTTPRouteHandler]:
    """`/login` and `/logout`."""

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
