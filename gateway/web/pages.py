"""Making HTML: one Jinja environment a language, and what every page is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from litestar import Request
from litestar.datastructures import CacheControlHeader, State
from litestar.response import Response
from litestar.router import Router
from litestar.static_files import create_static_files_router
from litestar.template.base import csrf_token

from gateway.messages import Value
from gateway.settings import LANGUAGES, Company
from gateway.staff import Role, Staff
from gateway.texts import Texts, Translator

LANGUAGE_COOKIE = "frontdesk_language"
LANGUAGE_NAMES = (("uk", "Українська"), ("ru", "Русский"), ("en", "English"))

STATIC_CACHE = CacheControlHeader(max_age=31_536_000, public=True)
"""Addresses carry a hash of what they name, so a browser may keep it for good."""

StaffRequest = Request[Staff | None, Any, State]


class Room(Value, frozen=True, kw_only=True):
    """A package with screens: its folder holds `templates/` and `static/`; its link is in the menu of
    those who have `role` or one of `also`. `label` is an English text that catalogues translate."""

    name: str
    folder: str
    href: str | None = None
    label: str | None = None
    role: Role | None = None
    also: tuple[Role, ...] = ()

    def is_for(self, staff: Staff) -> bool:
        """Whether `staff` has its link in the menu."""
        return self.role is None or any(staff.may(role) for role in (self.role, *self.also))


class Pages:
    """Renders templates named ``<room>/<file>`` for a request's reader."""

    def __init__(self, texts: Texts, company: Company, rooms: list[Room]) -> None:
        self.texts = texts
        self._company = company
        self._rooms = rooms
        self._versions = {room.name: _folder_version(Path(room.folder) / "static") for room in rooms}
        loader = PrefixLoader({room.name: FileSystemLoader(Path(room.folder) / "templates") for room in rooms})
        self._environments = {
            language: _environment(loader, texts.translator(language), self._static_url) for language in LANGUAGES
        }

    def html(
        self,
        request: StaffRequest,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Response[str]:
        """A page or a fragment as a response; `headers` may carry htmx's HX-… ones."""
        text = self.text(request, template, **context)
        return Response(text, status_code=status, media_type="text/html", headers=dict(headers or {}))

    def text(self, request: StaffRequest, template: str, **context: Any) -> str:
        """A rendered template."""
        language = self.language(request)
        translator = self.texts.translator(language)
        staff = request.scope.get("user")
        shared = {
            "request": request,
            "staff": staff,
            "language": language,
            "translator": translator,
            "csrf": csrf_token({"request": request}),
            "company_name": self.company_name(language),
            "menu": self._menu(staff, translator),
            "zone": self._company.zone,
        }
        return self._environments[language].get_template(template).render({**shared, **context})

    def language(self, request: StaffRequest) -> str:
        """The reader's language: asked for in the address, their own, their cookie's, their browser's."""
        staff = request.scope.get("user")
        wanted = [
            request.query_params.get("lang"),
            staff.language if staff else None,
            request.cookies.get(LANGUAGE_COOKIE),
            *(part.partition(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")),
        ]
        return next((code for code in wanted if code in LANGUAGES), self._company.language)

    @property
    def zone(self) -> ZoneInfo:
        """The firm's own time zone."""
        return ZoneInfo(self._company.zone)

    def company_name(self, language: str) -> str:
        """The firm's name in `language`, else in any it has."""
        names = self._company.name
        return names.get(language) or next(iter(names.values()), "Frontdesk")

    def _menu(self, staff: Staff | None, translator: Translator) -> list[dict[str, str]]:
        return [
            {"href": room.href, "label": translator.gettext(room.label)}
            for room in self._rooms
            if room.href and room.label and staff and room.is_for(staff)
        ]

    def _static_url(self, name: str) -> str:
        room, _, rest = name.partition("/")
        return f"/static/{room}/{rest}?v={self._versions[room]}"


def _environment(loader: PrefixLoader, translator: Translator, static: Callable[[str], str]) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translator.gettext, translator.ngettext, newstyle=True
    )
    counting = cast("Callable[..., str]", environment.globals["ngettext"])
    environment.globals["ngettext"] = _counting(counting, translator)
    environment.filters["number"] = translator.number
    environment.filters["percent"] = translator.percent
    environment.globals["static"] = static
    environment.globals["languages"] = LANGUAGE_NAMES
    return environment


def _counting(ngettext: Callable[..., str], translator: Translator) -> Callable[..., str]:
    """`ngettext` whose ``%(num)s`` is written as the reader's language writes numbers."""

    @pass_context
    def counted(context: Context, singular: str, plural: str, num: int, **variables: object) -> str:
        return ngettext(context, singular, plural, num, **{"num": translator.number(num), **variables})

    return counted


def _folder_version(folder: Path) -> str:
    """A short hash of a static folder's files, so that browsers may keep them for long."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def static_routers(rooms: list[Room]) -> list[Router]:
    """`/static/<room>/…` for each room that has static files."""
    folders = {room.name: Path(room.folder) / "static" for room in rooms}
    return [
        create_static_files_router(
            path=f"/static/{name}", directories=[folder], cache_control=STATIC_CACHE, include_in_schema=False
        )
        for name, folder in folders.items()
        if folder.is_dir()
    ]
