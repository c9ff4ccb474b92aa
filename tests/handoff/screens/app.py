"""A desk by itself: real database, service, sign-in and pages; stand-in messengers and knowledge base."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from argon2 import PasswordHasher
from litestar import Litestar
from litestar.router import Router
from litestar.static_files import create_static_files_router

import gateway.web
from gateway.channels import Capabilities, Idempotency, Markup
from gateway.conversations import Conversation
from gateway.live import Live
from gateway.media import MediaStore
from gateway.messages import MediaKind
from gateway.settings import Company, Hours, Settings
from gateway.speaking import Speaker
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.events import live_route
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import Throttle, signin_routes
from handoff.desk_service import DeskService
from handoff.screens.drawing import ROOM
from handoff.screens.routes import desk_routes
from tests.conftest import SteppingClock
from tests.fakes import FakeChannel

PASSWORD = "correct horse"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap to check: what signing in costs is tested elsewhere."""
ROOMS = [Room(name="gateway", folder=str(Path(gateway.web.__file__).parent)), ROOM]
ABLE = Capabilities(
    text_limit=4096,
    markup=Markup.HTML,
    idempotency=Idempotency.NEITHER,
    buttons=8,
    caption_limit=1024,
    media=frozenset(MediaKind),
    location=True,
    typing=True,
)
TITLES = {"damaged-parcel": "Пошкоджена посилка", "refund": "Повернення грошей", "delivery-time": "Строки доставки"}


class KindChannel(FakeChannel):
    """A stand-in messenger that goes by another kind."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, ABLE)
        self.kind = kind


class DeskApp:
    """The desk on `database`; `web` is the ASGI application."""

    def __init__(self, database: Database, clock: SteppingClock, folder: Path) -> None:
        self.database, self.clock = database, clock
        self.settings = Settings(
            company=Company(name={"uk": "Стрілка", "ru": "Стрелка", "en": "Strilka"}, zone="Europe/Kyiv"),
            hours=Hours(sat="10:00-16:00"),
        )
        self.live = Live()
        database.announce = self.live.publish
        self.texts = Texts()
        self.channels = {
            "shop_telegram": KindChannel("shop_telegram", "telegram"),
            "site": KindChannel("site", "webchat"),
            "post": KindChannel("post", "mail"),
        }
        self.speaker = Speaker(self.channels, clock)
        self.media = MediaStore(folder, database, clock)
        self.desk = DeskService(database, self.speaker, self.channels, self.texts, self.settings, clock)
        self.pages = Pages(self.texts, self.settings.company, ROOMS)
        self.searched: list[tuple[str, str]] = []
        self.web = self._web()

    async def hire(self, email: str, name: str, *roles: Role, language: str = "en") -> Staff:
        """Somebody who signs in with `PASSWORD`."""
        async with self.database.write() as work:
            return await work.staff.add(
                email=email,
                name=name,
                password_hash=HASH,
                roles=frozenset(roles or (Role.AGENT,)),
                language=language,
                now=self.clock(),
            )

    async def search(self, words: str, language: str, conversation: Conversation) -> Sequence[tuple[str, str, str]]:
        """Two articles, whatever is looked for; the first speaks to the customer by number."""
        self.searched.append((words, language))
        return [
            (
                "damaged-parcel",
                TITLES["damaged-parcel"],
                f"Надішліть **три фото**: коробку, пошкодження, чек. №{conversation.id}",
            ),
            ("refund", TITLES["refund"], "Гроші повернуться на картку за 3–5 робочих днів."),
        ]

    def _web(self) -> Litestar:
        guards = Guards(self.database)
        routes = desk_routes(
            desk=self.desk,
            pages=self.pages,
            guards=guards,
            database=self.database,
            media=self.media,
            channels=self.channels,
            settings=self.settings,
            clock=self.clock,
            knowledge_search=self.search,
            titles=lambda article, _language: TITLES.get(article),
        )
        staff = Router(
            path="/",
            route_handlers=[
                *signin_routes(self.database, self.pages, Throttle(self.live, self.clock)),
                live_route(self.live, guards, asyncio.Event()),
                *routes,
            ],
            middleware=[session_config(secure=False).middleware],
        )
        return Litestar(
            route_handlers=[staff, *_static()],
            stores={"sessions": SessionStore(self.database, self.clock)},
            csrf_config=csrf_config("secret", secure=False),
            after_request=add_headers,
            exception_handlers=FaultPages(self.pages).handlers(),
            openapi_config=None,
            logging_config=None,
        )


def _static() -> list[Router]:
    return [
        create_static_files_router(path=f"/static/{room.name}", directories=[Path(room.folder) / "static"])
        for room in ROOMS
    ]


@asynccontextmanager
async def served(app: Litestar, find_port: Callable[[], int]) -> AsyncIterator[str]:
    """`app` on a free port; gives its address."""
    port = find_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1, ws="none")
    )
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it
            await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
