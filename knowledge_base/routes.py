"""The editor's addresses, all under `/kb` and for editors only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, PathParameter
from litestar.response import Redirect, Response
from litestar.types import Middleware

from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import Room, StaffRequest
from knowledge_base.problems import N_
from knowledge_base.screens import EditorScreens

ROOM = Room(
    name="knowledge_base",
    folder=str(Path(__file__).parent),
    href="/kb",
    label=N_("Knowledge base"),
    role=Role.EDITOR,
)
"""For `Pages`: our templates and static files, and our place in the menu of editors."""

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PathId = Annotated[str, PathParameter(max_length=64)]


def editor_router(screens: EditorScreens, guards: Guards, middleware: Sequence[Middleware]) -> Router:
    """`/kb` and all below it, for editors only; `middleware` brings the session."""

    @get("/")
    async def overview(request: StaffRequest) -> Response[str]:
        return await screens.overview(request)

    @post("/publish", status_code=303)
    async def publish(request: StaffRequest) -> Redirect:
        return await screens.publish_waiting(request)

    @post("/train", status_code=303)
    async def train() -> Redirect:
        return await screens.train_again()

    @get("/training")
    async def training(request: StaffRequest) -> Response[str]:
        return await screens.training(request)

    @get("/new")
    async def show_new(request: StaffRequest) -> Response[str]:
        return await screens.show_new(request)

    @post("/new", status_code=303)
    async def create(request: StaffRequest, data: FormData) -> Response[Any]:
        return await screens.save(request, None, data)

    @get("/articles/{article_id:str}")
    async def show(request: StaffRequest, article_id: PathId) -> Response[str]:
        return await screens.show(request, article_id)

    @post("/articles/{article_id:str}", status_code=303)
    async def save(request: StaffRequest, article_id: PathId, data: FormData) -> Response[Any]:
        return await screens.save(request, article_id, data)

    @post("/preview", status_code=200)
    async def preview(request: StaffRequest, data: FormData) -> Response[str]:
        return await screens.preview(request, data)

    @get("/articles/{article_id:str}/history")
    async def history(request: StaffRequest, article_id: PathId) -> Response[str]:
        return await screens.past.show(request, article_id)

    @get("/articles/{article_id:str}/compare")
    async def compare(request: StaffRequest, article_id: PathId) -> Response[str]:
        return await screens.past.compare(request, article_id)

    @post("/articles/{article_id:str}/rollback", status_code=303)
    async def roll_back(request: StaffRequest, article_id: PathId, data: FormData) -> Response[Any]:
        return await screens.past.roll_back(request, article_id, data)

    # By POST: what is asked may be a customer's words, and addresses end up in logs.
    @post("/ask", status_code=200)
    async def ask(request: StaffRequest, data: FormData) -> Response[str]:
        return await screens.ask(request, data)

    return Router(
        path="/kb",
        route_handlers=[
            overview,
            publish,
            train,
            training,
            show_new,
            create,
            show,
            save,
            preview,
            history,
            compare,
            roll_back,
            ask,
        ],
        guards=[guards.requires(Role.EDITOR)],
        middleware=list(middleware),
        include_in_schema=False,
    )
