"""What a site loads: the widget's script and its configuration; and our own page to try it on."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from bots.webchat.frames import TEXT_LIMIT
from bots.webchat.service import Webchat
from bots.webchat.words import widget_words
from gateway.errors import RequestRefused
from gateway.messages import Button, Value
from gateway.people.naming import channel_word
from gateway.web.pages import Pages, Room

FOLDER = Path(__file__).parent
SCRIPT = FOLDER / "static" / "widget.js"
ROOM = Room(name="webchat", folder=str(FOLDER))
"""For `Pages`: our templates and static files. It has no place in the staff's menu."""

SCRIPT_SECONDS = 300
CONFIG_SECONDS = 60

AnyRequest = Request[Any, Any, Any]


class Config(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """What a widget shows before anybody has spoken. `upload_limit` is in bytes, 0 where no files are taken."""

    channel: str
    language: str
    title: str
    color: str
    greeting: str
    suggestions: list[Button]
    upload_types: list[str]
    upload_limit: int
    text_limit: int
    elsewhere: list[str]
    """Messengers a link opens, by name; empty: none."""
    texts: dict[str, str]


class Script:
    """The bundled widget in memory, plain and compressed, with its ETag."""

    def __init__(self, path: Path = SCRIPT) -> None:
        self._plain = path.read_bytes() if path.exists() else b""
        self._packed = gzip.compress(self._plain, mtime=0)
        self._etag = f'"{hashlib.sha256(self._plain).hexdigest()[:16]}"'

    def response(self, request: AnyRequest) -> Response[bytes]:
        """The script, or 304 for who has it. Raises RequestRefused(404) where the build did not make it."""
        if not self._plain:
            raise RequestRefused(404, "widget.js was not built: run make setup, or install the package again")
        headers = {
            "ETag": self._etag,
            "Cache-Control": f"public, max-age={SCRIPT_SECONDS}",
            "Vary": "Accept-Encoding",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if request.headers.get("if-none-match") == self._etag:
            return Response(b"", status_code=304, headers=headers, media_type="text/javascript")
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(self._packed if packed else self._plain, headers=headers, media_type="text/javascript")


def config_route(webchat: Webchat) -> HTTPRouteHandler:
    """`GET /channels/{name}/config?lang=`."""

    @get("/channels/{name:str}/config")
    async def config(request: AnyRequest, name: FromPath[str]) -> Response[Config]:
        channel = webchat.enter(name, request.headers)
        language = webchat.language(request.query_params.get("lang"))
        settings = channel.settings
        limit = min(settings.upload_limit * 1024 * 1024, webchat.upload_limit) if settings.upload_types else 0
        translator = webchat.texts.translator(language)
        greeting = settings.greeting.get(language) or translator.gettext(
            "Hello! Ask a question, and the answer comes at once. If you need a person, just say so."
        )
        found = Config(
            channel=name,
            language=language,
            title=webchat.title(channel, language),
            color=settings.color,
            greeting=greeting,
            suggestions=list(webchat.suggestions(language)),
            upload_types=settings.upload_types,
            upload_limit=limit,
            text_limit=TEXT_LIMIT,
            elsewhere=[channel_word(kind, translator) for _, kind in webchat.people.continuing.open_ways(name)],
            texts=widget_words(translator),
        )
        return Response(found, headers={"Cache-Control": f"public, max-age={CONFIG_SECONDS}"})

    return config


def page_routes(webchat: Webchat, pages: Pages) -> list[HTTPRouteHandler]:
    """`/widget.js`, and the demo page `/` with the first web chat channel on it."""
    script = Script()

    @get("/widget.js", include_in_schema=False)
    async def widget(request: AnyRequest) -> Response[bytes]:
        return script.response(request)

    @get("/", include_in_schema=False)
    async def demo(request: AnyRequest) -> Response[str]:
        return pages.html(
            request,
            "webchat/demo.html",
            channel=next(iter(webchat.channels), None),
            company=webchat.company,
        )

    return [widget, demo]
