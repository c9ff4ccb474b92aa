"""`/reports`: the page, and each figure as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from gateway.errors import NotFound
from gateway.improving.usefulness import Uses
from gateway.ports import Clock
from gateway.settings import Company
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.texts import Translator
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room, StaffRequest
from handoff.reports.drawing import draw, tiles
from handoff.reports.facts import Facts, gather
from handoff.reports.figures import Cell, Figure, Unit
from handoff.reports.period import CHOICES, Period, read_period
from handoff.reports.sheets import to_csv

ROOM = Room(
    name="reports",
    folder=str(Path(__file__).parent),
    href="/reports",
    label="Reports",
    role=Role.SUPERVISOR,
    also=(Role.EDITOR,),
)
"""For `Pages`. The label is translated by the catalogues."""

Titles = Callable[[str, str], str | None]
"""(article, language) → its title, None where it is not known (any more)."""


class Reports:
    """Draws reports."""

    def __init__(
        self, database: Database, uses: Uses, titles: Titles, pages: Pages, company: Company, clock: Clock
    ) -> None:
        self._database = database
        self._uses = uses
        self._titles = titles
        self._pages = pages
        self._company = company
        self._clock = clock

    async def page(self, request: StaffRequest) -> Response[str]:
        """The report of the period that the address asks for."""
        period, facts = await self._facts(request)
        translator = self._translator(request)
        figures = self._figures(request, facts)
        given = request.query_params
        return self._pages.html(
            request,
            "reports/reports.html",
            period=period,
            choices=CHOICES,
            chosen="" if given.get("from") or given.get("to") else str(len(period.days)),
            query=urlencode({"from": period.first.isoformat(), "to": period.last.isoformat()}),
            tiles=tiles(facts, translator),
            figures=figures,
            pictures=msgspec.to_builtins({figure.name: figure.picture for figure in figures}),
            shown=lambda cell, unit: show(cell, unit, translator),
            words={
                "hour": translator.gettext("h"),
                "minute": translator.gettext("min"),
                "second": translator.gettext("s"),
            },
            weekly=len(figures[0].rows) < len(period.days),
        )

    async def sheet(self, request: StaffRequest, name: str) -> Response[bytes]:
        """One figure as a file. Raises NotFound."""
        period, facts = await self._facts(request)
        for figure in self._figures(request, facts):
            if figure.name == name:
                file = f"{name}-{period.first}-{period.last}.csv"
                headers = {"content-disposition": f'attachment; filename="{file}"'}
                content = to_csv(figure, self._translator(request).gettext("seconds"))
                return Response(content, media_type="text/csv", headers=headers)
        raise NotFound(f"figure {name}")

    async def _facts(self, request: StaffRequest) -> tuple[Period, Facts]:
        now = self._clock()
        period = read_period(request.query_params, now, self._company.zone)
        return period, await gather(self._database, self._uses, period, now)

    def _figures(self, request: StaffRequest, facts: Facts) -> Sequence[Figure]:
        language = self._pages.language(request)
        return draw(facts, lambda article: self._titles(article, language) or article, self._translator(request))

    def _translator(self, request: StaffRequest) -> Translator:
        return self._pages.texts.translator(self._pages.language(request))


def show(cell: Cell, unit: Unit, translator: Translator) -> str:
    """A cell as people read it."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    match unit:
        case Unit.PERCENT:
            return translator.percent(cell / 100, digits=1)
        case Unit.SECONDS:
            return _lasted(round(cell), translator)
        case _:
            return translator.number(cell, digits=2)


def _lasted(seconds: int, translator: Translator) -> str:
    _ = translator.gettext
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{translator.number(hours)}\u00a0{_('h')} {minutes:02}\u00a0{_('min')}"
    return f"{minutes}\u00a0{_('min')} {left:02}\u00a0{_('s')}" if minutes else f"{left}\u00a0{_('s')}"


def report_routes(reports: Reports, guards: Guards) -> list[HTTPRouteHandler]:
    """For supervisors and editors."""
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.SUPERVISOR, Role.EDITOR)], "include_in_schema": False}

    @get("/reports", **guarded)
    async def page(request: StaffRequest) -> Response[str]:
        return await reports.page(request)

    @get("/reports/{name:str}.csv", **guarded)
    async def sheet(request: StaffRequest, name: FromPath[str]) -> Response[bytes]:
        return await reports.sheet(request, name)

    return [page, sheet]
