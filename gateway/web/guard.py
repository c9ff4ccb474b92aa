"""Who may open what: loads the signed-in person for a request and checks their role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from gateway.errors import NotFound
from gateway.staff import Role
from gateway.storage.engine import Database

STAFF_KEY = "staff_id"

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


class Guards:
    """Makes Litestar guards; afterwards `request.scope["user"]` is the Staff."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def requires(self, *roles: Role) -> Guard:
        """A guard that lets in whoever is signed in and has one of `roles` (none: anybody signed in).

        Raises NotAuthorizedException (sign in first) or PermissionDeniedException (not for you).
        """

        async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
            staff_id = connection.session.get(STAFF_KEY) if "session" in connection.scope else None
            if staff_id is None:
                raise NotAuthorizedException("sign in first")
            try:
                async with self._database.read() as work:
                    staff = await work.staff.get(staff_id)
            except NotFound:
                raise NotAuthorizedException("sign in first") from None
            if not staff.active:
                raise NotAuthorizedException("sign in first")
            connection.scope["user"] = staff
            if roles and not any(staff.may(role) for role in roles):
                raise PermissionDeniedException("this page is not for your role")

        return guard
