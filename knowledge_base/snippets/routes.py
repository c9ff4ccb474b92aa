"""The addresses of snippets, under `/kb/snippets` and for editors only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, PathParameter
from litestar.response import Response
from litestar.types import Middleware

from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from knowledge_base.snippets.screens import SnippetScreens

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PathName = Annotated[str, PathParameter(max_length=64)]


def snippet_router(screens: SnippetScreens, guards: Guards, middleware: Sequence[Middleware]) -> Router:
    """`/kb/snippets` and below; a snippet cannot be called as one of our own pages, for names have no hyphen."""

    @get("/")
    async def overview(request: StaffRequest) -> Response[str]:
        return await screens.overview(request)

    @get("/new-snippet")
    async def show_new(request: StaffRequest) -> Response[str]:
        return await screens.show_new(request)

    @post("/new-snippet", status_code=303)
    async def create(request: StaffRequest, data: FormData) -> Response[Any]:
        return await screens.act(request, None, data)

    @post("/live-preview", status_code=200)
    async def preview(request: StaffRequest, data: FormData) -> Response[str]:
        return await screens.preview(request, data)

    @get("/{name:str}")
    async def show(request: StaffRequest, name: PathName) -> Response[str]:
        return await screens.show(request, name)

    @post("/{name:str}", status_code=303)
    async def act(request: StaffRequest, name: PathName, data: FormData) -> Response[Any]:
        return await screens.act(request, name, data)

    return Router(
        path="/kb/snippets",
        route_handlers=[overview, show_new, create, preview, show, act],
        guards=[guards.requires(Role.EDITOR)],
        middleware=list(middleware),
        include_in_schema=False,
    )
