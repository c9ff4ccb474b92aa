"""What a person or a program sees when a request fails: words, never a traceback.

Every such answer carries `X-Request-Id`: the caller's own where it sent one, else a new one. What is
logged of the failure has it as `request`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Response

from gateway.errors import Conflict, FrontdeskError, NotFound, RequestRefused, StorageUnavailable, Unstorable
from gateway.faulty import in_words
from gateway.texts import Translator
from gateway.web.pages import Pages
from gateway.web.security import HEADERS

log = structlog.get_logger()

FORM_TOO_OLD = "CSRF token verification failed"
"""How Litestar words a form without our token, which is mostly a page left open for long."""

PROGRAMS = "/api/"
"""Under it only programs ask: whatever they accept, they are answered in JSON and never led to a sign-in."""

REQUEST_ID = "X-Request-Id"
_TAKEN_OVER = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""A caller's id goes into our log: nothing that could pretend to be a line of it."""


class FaultPages:
    """Exception handlers for the whole application."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def handlers(self) -> dict[int | type[Exception], Any]:
        """For Litestar's `exception_handlers`."""
        return {HTTPException: self._http, FrontdeskError: self._ours, Exception: self._unexpected}

    def _http(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        if error.status_code == 401 and _wants_page(request):
            # Only what was looked at can be gone back to: a form's target is no page.
            asked = f"{request.url.path}?{request.url.query}".rstrip("?") if request.method == "GET" else "/desk"
            return Redirect(f"/login?next={quote(asked)}", status_code=303, headers=_headers(request))
        return self._respond(request, error.status_code, _words(error), error.headers)

    def _ours(self, request: Request[Any, Any, Any], error: FrontdeskError) -> Response[Any]:
        match error:
            case RequestRefused():
                return self._respond(request, error.status, error.reason)
            case Unstorable():
                return self._respond(request, 400, str(error))
            case NotFound():
                return self._respond(request, 404, "not found")
            case Conflict():
                return self._respond(request, 409, str(error))
            case StorageUnavailable():
                log.error("storage_unavailable", reason=str(error), request=request_id(request))
                return self._respond(request, 503, "the database does not answer; try again")
            case _:
                log.error("request_failed", reason=str(error), request=request_id(request))
                return self._respond(request, 500, "something went wrong on our side")

    def _unexpected(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        # The route, not the address that was asked for: that may name a person or carry a secret.
        route = request.scope.get("path_template", "")
        log.error("request_broke", route=route, request=request_id(request), exc_info=error)
        return self._respond(request, 500, "something went wrong on our side")

    def _respond(
        self, request: Request[Any, Any, Any], status: int, detail: str, more: Mapping[str, str] | None = None
    ) -> Response[Any]:
        headers = {**(more or {}), **_headers(request)}
        from_page = request.headers.get("hx-request") == "true"
        if not (from_page or _wants_page(request)):
            return Response({"status": status, "detail": detail}, status_code=status, headers=headers)
        translator = self._pages.texts.translator(self._pages.language(request))
        heading, words = _explain(status, detail, translator)
        if from_page:
            # The page's script shows it to a person as it is.
            told = f"{heading}. {words}" if words else detail
            return Response({"status": status, "detail": told}, status_code=status, headers=headers)
        return self._pages.html(
            request,
            "gateway/problem.html",
            status=status,
            headers=headers,
            heading=heading,
            detail=words or detail,
        )


def request_id(request: Request[Any, Any, Any]) -> str:
    """The id under which a request is known to its caller and to our log, the same each time it is asked."""
    known: str | None = request.scope["state"].get(REQUEST_ID)
    if known is None:
        given = request.headers.get(REQUEST_ID, "")
        known = given if _TAKEN_OVER.fullmatch(given) else uuid4().hex
        request.scope["state"][REQUEST_ID] = known
    return known


def _headers(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {**HEADERS, REQUEST_ID: request_id(request)}


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    if request.url.path.startswith(PROGRAMS):
        return False
    accept = request.headers.get("accept", "")
    return "text/html" in accept and request.headers.get("hx-request") != "true"


def _words(error: HTTPException) -> str:
    """Its own words; of a field that is wrong, which one and why. (Litestar says only that one is.)"""
    faults = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    told = [_fault(str(fault.get("key", "")), str(fault["message"])) for fault in faults if fault.get("message")]
    return "; ".join(told) or error.detail


def _fault(key: str, message: str) -> str:
    # The body as a whole has a name only inside.
    return f"{key}: {in_words(message)}" if key not in ("", "data") else in_words(message)


def _explain(status: int, detail: str, translator: Translator) -> tuple[str, str]:
    """Heading and sentence for a status; an empty sentence means the error's own words are better."""
    _ = translator.gettext
    match status:
        case 403 if detail == FORM_TOO_OLD:
            return _("This page is too old"), _("Please go back, load it again and try once more.")
        case 403:
            return _("Not for your role"), _("Ask a supervisor if you need this page.")
        case 404:
            return _("Not here"), _("This page does not exist or was removed.")
        case 409:
            return _("Somebody was faster"), ""
        case 429:
            return _("Too many requests"), _("Please wait a moment and try again.")
        case 503:
            return _("Please wait a moment"), _("The database does not answer. Nothing was lost; try again soon.")
        case _ if status >= 500:
            return _("Something went wrong on our side"), _("It has been written down. Please try again.")
        case _:
            return _("That did not work"), ""
