"""The desk's addresses: the page, its fragments, what the composer looks up; acts and dialogs beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from litestar.types import ControllerRouterHandler

from gateway.channels import Channel
from gateway.desks import ArticleSearch
from gateway.media import MediaStore
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.web.guard import Guards
from gateway.web.pages import Pages, StaffRequest
from handoff.desk_service import DeskService
from handoff.screens.about import Titles
from handoff.screens.acts import act_routes
from handoff.screens.canned import canned_routes
from handoff.screens.dialogs import dialog_routes
from handoff.screens.drawing import MIB, Drawing
from handoff.screens.files import Files
from handoff.screens.people import people_routes
from handoff.screens.proposing import proposal_route

Number = FromPath[int]
FOUND = 12
QUERY = 200


class Choice(Value, frozen=True, kw_only=True, omit_defaults=False):
    """Something to put into the composer, and where it comes from."""

    title: str
    text: str
    template: str = ""
    article: str = ""


def desk_routes(
    *,
    desk: DeskService,
    pages: Pages,
    guards: Guards,
    database: Database,
    media: MediaStore,
    channels: Mapping[str, Channel],
    settings: Settings,
    clock: Clock,
    knowledge_search: ArticleSearch | None = None,
    titles: Titles | None = None,
) -> list[ControllerRouterHandler]:
    """Everything under `/desk`, for agents. `pages` must know `drawing.ROOM`; `titles` is the knowledge
    base's (`Knowledge.title`)."""
    drawing = Drawing(
        desk,
        pages,
        channels,
        settings,
        clock,
        titles or (lambda _article, _language: None),
        knowledge=knowledge_search is not None,
    )
    files = Files(database, media, channels, settings.upload_limit * MIB)
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.AGENT)], "include_in_schema": False}
    return [
        *_pages(drawing, guarded),
        *_lookups(drawing, knowledge_search, guarded),
        *dialog_routes(drawing, guards),
        *act_routes(drawing, files, guards),
        *people_routes(drawing, guards),
        proposal_route(drawing, guards),
        *canned_routes(drawing, guards),
        files.route(guards),
    ]


def _pages(drawing: Drawing, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @get("/desk", **guarded)
    async def desk(request: StaffRequest) -> Response[str]:
        return drawing.page(request, await drawing.inbox(request), None)

    @get("/desk/list", **guarded)
    async def rows(request: StaffRequest) -> Response[str]:
        return drawing.fragments(request, ["tabs", "rows"], inbox=await drawing.inbox(request))

    @get("/desk/{conversation_id:int}", **guarded)
    async def conversation(request: StaffRequest, conversation_id: Number) -> Response[str]:
        opened = await drawing.opened(request, conversation_id)
        if request.headers.get("hx-request") == "true":
            return drawing.fragments(request, ["talk", "context"], opened=opened, replace=True)
        return drawing.page(request, await drawing.inbox(request, conversation_id), opened)

    @get("/desk/{conversation_id:int}/fresh", **guarded)
    async def fresh(request: StaffRequest, conversation_id: Number) -> Response[str]:
        parts = ["head", "transcript", "composer_state"]
        if request.query_params.get("context"):
            parts.append("context")
        return drawing.fragments(request, parts, opened=await drawing.fresh(request, conversation_id))

    @get("/desk/{conversation_id:int}/name", **guarded)
    async def name(request: StaffRequest, conversation_id: Number) -> dict[str, str]:
        """For a notification: who is new in the queue."""
        row = await drawing.desk.views.row(drawing.staff(request), conversation_id)
        return {"name": row.name or "" if row else ""}

    return [desk, rows, conversation, fresh, name]


def _lookups(
    drawing: Drawing, knowledge_search: ArticleSearch | None, guarded: dict[str, Any]
) -> list[HTTPRouteHandler]:
    @get("/desk/{conversation_id:int}/templates", **guarded)
    async def templates(request: StaffRequest, conversation_id: Number, q: FromQuery[str] = "") -> Response[str]:
        staff, views = drawing.staff(request), drawing.desk.views
        row = await views.row(staff, conversation_id)
        company = drawing.company(row.language if row else None)
        found = await views.canned(conversation_id, staff, q[:QUERY], company)
        choices = [Choice(title=f"/{one.shortcut}", text=one.text, template=one.shortcut) for one in found[:FOUND]]
        heading = drawing.translator(request).gettext("Templates")
        return drawing.html(request, "choices.html", heading=heading, choices=choices)

    @get("/desk/{conversation_id:int}/knowledge", **guarded)
    async def knowledge(request: StaffRequest, conversation_id: Number, q: FromQuery[str] = "") -> Response[str]:
        choices: list[Choice] = []
        if knowledge_search is not None:
            context = await drawing.desk.views.context(conversation_id)
            language = context.conversation.language or drawing.settings.company.language
            found = await knowledge_search(q[:QUERY], language, context.conversation)
            choices = [Choice(title=title, text=text, article=article) for article, title, text in found[:FOUND]]
        heading = drawing.translator(request).gettext("Knowledge base")
        return drawing.html(request, "choices.html", heading=heading, choices=choices)

    return [templates, knowledge]
