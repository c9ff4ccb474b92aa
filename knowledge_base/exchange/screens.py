"""The editor's page to bring articles in from files and to take them out: a preview first, then one click."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import PathParameter
from litestar.response import Redirect, Response

from gateway.errors import FrontdeskError, ImportRefused, NotFound, RequestRefused
from gateway.messages import Value
from gateway.ports import Clock
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.web.guard import Guards
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.articles import Article
from knowledge_base.exchange.exporting import MEDIA_TYPES, exported
from knowledge_base.exchange.importing import KINDS, Preview, Upload
from knowledge_base.exchange.storage import Uploads
from knowledge_base.listing import title_in
from knowledge_base.problems import said
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Editor

FILES_LIMIT = 500
SHOWN = 200
"""Lines of each list of a preview."""

Number = Annotated[int, PathParameter(ge=1)]
Kind = Annotated[str, PathParameter(pattern=f"^({'|'.join(MEDIA_TYPES)})$")]


class Line(Value, frozen=True, kw_only=True):
    """An article of a preview: its title in the reader's language, its phrasings as they would be and were before,
    the parts that change."""

    id: str
    title: str
    languages: tuple[str, ...]
    phrasings: int
    before: int = 0
    parts: tuple[str, ...] = ()


class ExchangeScreens:
    """Everything under `/kb/exchange`."""

    def __init__(self, database: Database, publisher: Publisher, pages: Pages, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._pages = pages
        self._clock = clock

    async def show(self, request: StaffRequest) -> Response[str]:
        """The page, which says what was just taken over where something was."""
        taken = request.query_params.get("taken", "")
        return self._page(request, taken=int(taken) if taken.isascii() and taken.isdigit() and len(taken) < 7 else None)

    async def preview(self, request: StaffRequest) -> Response[str]:
        """What the sent files would do; they are kept until the word to take them comes."""
        form = await request.form()
        sent = [one for one in form.getall("files", []) if isinstance(one, UploadFile) and one.filename]
        if not sent:
            return self._page(request, status=422, empty=True)
        if len(sent) > FILES_LIMIT:
            return self._page(request, status=422, many=len(sent))
        uploads = [
            Upload(name=PurePosixPath(one.filename.replace("\\", "/")).name, content=await one.read()) for one in sent
        ]
        existing = await self._publisher.working_copies()
        found = await self._publisher.importer.preview(uploads, existing, await self._publisher.snippets())
        number = None
        if found.new or found.changed or found.snippets:
            async with self._database.write() as work:
                number = await Uploads(work.connection).put(request.scope["user"].id, uploads, self._clock())
        return self._preview(request, found, [one.name for one in uploads], existing, number)

    async def take(self, request: StaffRequest, number: int) -> Response[Any]:
        """Take over what was sent, if it still fits; nothing of it is published by that."""
        staff = request.scope["user"]
        async with self._database.read() as work:
            uploads = await Uploads(work.connection).get(staff.id, number)
        existing = await self._publisher.working_copies()
        try:
            snippets = await self._publisher.importer.snippets_of(uploads)
            known = {**await self._publisher.snippets(), **{one.name: one.texts for one in snippets}}
            articles = await self._publisher.importer.read_uploads(uploads, existing, snippets=known)
        except ImportRefused as refused:
            # Somebody changed the knowledge base in between.
            return self._preview(request, Preview(faults=refused.faults), [one.name for one in uploads], existing, None)
        editor = Editor(name=staff.name, staff_id=staff.id)
        report = await self._publisher.take_over(articles, editor, publish=False, snippets=snippets)
        async with self._database.write() as work:
            await Uploads(work.connection).remove(number)
        taken = len(report.added) + len(report.changed) + len(report.snippets)
        return Redirect(f"/kb/exchange?taken={taken}", status_code=303)

    async def export(self, request: StaffRequest, kind: str) -> Response[bytes]:
        """Every article's newest state as a file."""
        if kind not in MEDIA_TYPES:
            raise NotFound(f"a file of the kind {kind}")
        gettext = self._pages.texts.translator(self._pages.language(request)).gettext
        articles, snippets = await self._publisher.working_copies(), await self._publisher.snippets()
        try:
            # A large knowledge base takes seconds to write; customers want the loop meanwhile.
            content = await asyncio.to_thread(exported, articles, kind, gettext, snippets=snippets)
        except FrontdeskError as error:
            raise RequestRefused(422, str(error)) from None
        name = f"knowledge-base-{self._clock():%Y-%m-%d}.{kind}"
        return Response(
            content,
            media_type=MEDIA_TYPES[kind],
            headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
        )

    def _preview(
        self,
        request: StaffRequest,
        found: Preview,
        names: Sequence[str],
        existing: dict[str, Article],
        number: int | None,
    ) -> Response[str]:
        language = self._pages.language(request)
        gettext = self._pages.texts.translator(language).gettext
        groups = {
            name: [_line(one, existing.get(one.id), language) for one in articles[:SHOWN]]
            for name, articles in (("new", found.new), ("changed", found.changed), ("unchanged", found.unchanged))
        }
        return self._pages.html(
            request,
            "knowledge_base/exchange_preview.html",
            status=422 if found.faults else 200,
            names=names,
            number=number,
            groups=groups,
            counts={"new": len(found.new), "changed": len(found.changed), "unchanged": len(found.unchanged)},
            faults=[(fault, said(fault, gettext)) for fault in found.faults[:SHOWN]],
            snippets=found.snippets,
            fault_count=len(found.faults),
            shown=SHOWN,
        )

    def _page(self, request: StaffRequest, *, status: int = 200, **context: Any) -> Response[str]:
        given = {"taken": None, "empty": False, "many": 0, "limit": FILES_LIMIT, **context}
        return self._pages.html(request, "knowledge_base/exchange.html", status=status, kinds=KINDS, **given)


def _line(article: Article, old: Article | None, language: str) -> Line:
    parts = [field for field in Article.__struct_fields__ if old and getattr(old, field) != getattr(article, field)]
    return Line(
        id=article.id,
        title=title_in(article, language),
        languages=article.languages,
        phrasings=_count(article),
        before=_count(old) if old else 0,
        parts=tuple(parts),
    )


def _count(article: Article) -> int:
    return sum(len(phrasings) for phrasings in article.phrasings.values())


def exchange_router(screens: ExchangeScreens, guards: Guards) -> Router:
    """`/kb/exchange` and below, for editors only; the session comes from the router around it."""

    @get("/")
    async def show(request: StaffRequest) -> Response[str]:
        return await screens.show(request)

    @post("/", status_code=200)
    async def preview(request: StaffRequest) -> Response[str]:
        return await screens.preview(request)

    @post("/{number:int}/take", status_code=303)
    async def take(request: StaffRequest, number: Number) -> Response[Any]:
        return await screens.take(request, number)

    @get("/export/{kind:str}")
    async def export(request: StaffRequest, kind: Kind) -> Response[bytes]:
        return await screens.export(request, kind)

    return Router(
        path="/kb/exchange",
        route_handlers=[show, preview, take, export],
        guards=[guards.requires(Role.EDITOR)],
        include_in_schema=False,
    )
