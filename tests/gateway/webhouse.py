"""The spine's web with a few pages of our own behind it, as the composition root puts it together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, get, post
from litestar.params import FromPath
from litestar.response import Response
from litestar.router import Router
from litestar.static_files import create_static_files_router
from litestar.testing import AsyncTestClient

import gateway.web
from gateway.errors import Conflict, NotFound, RequestRefused, StorageUnavailable, Unstorable
from gateway.inbox import Inbox
from gateway.live import Live
from gateway.operating.backlog import Backlog
from gateway.operating.health import health_routes
from gateway.operating.metrics import Metrics
from gateway.operating.readiness import Readiness
from gateway.operating.vitals import Vitals
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups
from gateway.settings import Company
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.application import Application
from gateway.web.events import live_route
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room, StaffRequest
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import Throttle, signin_routes
from gateway.webhooks import webhook_routes
from tests.fakes import FakeChannel

WEB = Path(gateway.web.__file__).parent
FAULTS: Mapping[str, Exception] = {
    "missing": NotFound("conversation 7"),
    "conflict": Conflict("Ada has it already"),
    "nul": Unstorable("take it out"),
    "refused": RequestRefused(429, "slowly"),
    "away": StorageUnavailable("the database does not answer: hush"),
    "bug": RuntimeError("hush"),
}


class WebHouse:
    """Pages `/hello` (anybody signed in), `/editors` (editors), `/fail/{kind}`; a form at POST `/form`."""

    def __init__(self, database: Database, clock: Clock, texts: Texts) -> None:
        self.database = database
        self.live = Live()
        self.channel = FakeChannel()
        self.clock = clock
        company = Company(name={"en": "Zhuravlyk", "uk": "Журавлик"}, language="en")
        rooms = [
            Room(name="gateway", folder=str(WEB)),
            Room(name="desk", folder=str(WEB), href="/hello", label="Main"),
            Room(name="kb", folder=str(WEB), href="/editors", label="Password", role=Role.EDITOR),
        ]
        self.pages = Pages(texts, company, rooms)
        self.guards = Guards(database)
        self.vitals = Vitals()
        self.wakeups = Wakeups()
        self.revisions: tuple[int | None, int | None] = (None, None)
        self.readiness = Readiness(
            database, clock, wakeups=self.wakeups, vitals=self.vitals, revisions=lambda: self.revisions
        )
        self.metrics = Metrics(database, sources=[Backlog(["shop"], clock)], probes=[self.vitals.figures])
        self.app = self._app()

    @asynccontextmanager
    async def visitor(self, **headers: str) -> AsyncIterator[AsyncTestClient[Litestar]]:
        """A browser: it asks for pages, keeps cookies and follows nothing by itself."""
        async with AsyncTestClient(self.app) as client:
            client.headers.update({"accept": "text/html", **headers})
            client.follow_redirects = False
            yield client

    async def hire(self, email: str, hashed: str, *roles: Role, language: str = "en") -> Staff:
        """Somebody who may sign in."""
        async with self.database.write() as work:
            return await work.staff.add(
                email=email,
                name="Ada",
                password_hash=hashed,
                roles=frozenset(roles),
                language=language,
                now=self.clock(),
            )

    def _app(self) -> Litestar:
        sessions = session_config(secure=False)

        @get("/hello", guards=[self.guards.requires()])
        async def hello(request: StaffRequest) -> Response[str]:
            return self.pages.html(
                request, "gateway/problem.html", heading="Hello", detail=f"role ok, {request.scope['user'].name}"
            )

        @get("/editors", guards=[self.guards.requires(Role.EDITOR)])
        async def editors() -> Response[str]:
            return Response("for editors", media_type="text/html")

        @get("/fail/{kind:str}")
        async def fail(kind: FromPath[str]) -> None:
            raise FAULTS[kind]

        @post("/form", status_code=200)
        async def form() -> dict[str, str]:
            return {"taken": "yes"}

        signin = signin_routes(self.database, self.pages, Throttle(self.live, self.clock))
        staff: list[Any] = [*signin, live_route(self.live, self.guards, asyncio.Event()), hello, editors]
        return Application(
            route_handlers=[
                *health_routes(self.readiness, self.metrics),
                *webhook_routes({"shop": self.channel}, Inbox(self.database, self.clock), observer=self.metrics),
                Router(path="/", route_handlers=staff, middleware=[sessions.middleware]),
                create_static_files_router(path="/static/gateway", directories=[WEB / "static"]),
                fail,
                form,
            ],
            stores={"sessions": SessionStore(self.database, self.clock)},
            csrf_config=csrf_config("secret", secure=False),
            after_request=add_headers,
            exception_handlers=FaultPages(self.pages).handlers(),
            openapi_config=None,
            logging_config=None,
        )
