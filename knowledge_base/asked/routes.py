"""The addresses of questions, proposals and the dial, under `/kb`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response
from litestar.types import Middleware

from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from knowledge_base.asked.dial_screen import DialScreen
from knowledge_base.asked.screens import AskedScreens

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def asked_router(asked: AskedScreens, dial: DialScreen, guards: Guards, middleware: Sequence[Middleware]) -> Router:
    """`/kb/asked` and `/kb/proposals` for editors, `/kb/dial` for supervisors as well."""
    editors: dict[str, Any] = {"guards": [guards.requires(Role.EDITOR)]}
    both: dict[str, Any] = {"guards": [guards.requires(Role.EDITOR, Role.SUPERVISOR)]}

    @get("/asked", **editors)
    async def questions(request: StaffRequest) -> Response[str]:
        return await asked.questions(request)

    @get("/asked/groups", **editors)
    async def groups(request: StaffRequest) -> Response[str]:
        return await asked.groups(request)

    @post("/asked", status_code=303, **editors)
    async def act(request: StaffRequest) -> Redirect:
        return await asked.act(request)

    @get("/proposals", **editors)
    async def proposals(request: StaffRequest) -> Response[str]:
        return await asked.proposals(request)

    @post("/proposals/{number:int}", status_code=303, **editors)
    async def settle(request: StaffRequest, number: FromPath[int], data: FormData) -> Redirect:
        return await asked.settle(request, number, data)

    @get("/dial", **both)
    async def show_dial(request: StaffRequest) -> Response[str]:
        return await dial.show(request)

    @post("/dial", status_code=303, **both)
    async def turn_dial(request: StaffRequest, data: FormData) -> Redirect:
        return await dial.turn(request, data)

    return Router(
        path="/kb",
        route_handlers=[questions, groups, act, proposals, settle, show_dial, turn_dial],
        middleware=list(middleware),
        include_in_schema=False,
    )
