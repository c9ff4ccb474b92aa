"""The composition root: the only file that names every package, and the only place where things meet.

`Frontdesk` puts the brain, the channels, the people and the web together. Building opens no connection
and starts nothing; `Frontdesk.web` gives the application whose lifespan runs the loops.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.router import Router
from litestar.types import ControllerRouterHandler

import bots.telegram
import bots.webchat.channel
from bots.webchat.pages import ROOM as WEBCHAT_ROOM
from bots.webchat.routes import routes as webchat_routes
from gateway.brain import Brain, utc_now
from gateway.channels import ChannelKind, ChannelTools
from gateway.dialogue import ARTICLE
from gateway.health import health_routes
from gateway.housekeeping import Housekeeping
from gateway.inbox import Inbox
from gateway.live import Change, Live
from gateway.loops import Loop, running
from gateway.media import MediaStore
from gateway.messages import Button
from gateway.outbox import ChannelSender
from gateway.ports import Clock
from gateway.receipts import Receipts
from gateway.registry import build_channels
from gateway.secret import ensure_folder, load_secret
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.steps import Step, Watch, unwatched
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.taking import Taker
from gateway.texts import Texts
from gateway.timers import Timers
from gateway.turns import Turns
from gateway.wakeups import KNOWLEDGE, Wakeups, wait_for
from gateway.web.api import api_router
from gateway.web.events import live_route
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room, static_routers
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import signin_routes
from gateway.webhooks import webhook_route
from handoff.canned import DEMO
from handoff.desk_service import DeskService
from handoff.screens.drawing import ROOM as DESK_ROOM
from handoff.screens.routes import desk_routes
from handoff.service import HandoffService
from handoff.storage.canned import CannedTable
from handoff.timers import Alarms
from knowledge_base.previews import Previewer
from knowledge_base.routes import ROOM as EDITOR_ROOM
from knowledge_base.routes import editor_router
from knowledge_base.screens import EditorScreens

KINDS: dict[str, ChannelKind] = {kind.name: kind for kind in (bots.telegram.KIND, bots.webchat.channel.KIND)}
ROOMS = [Room(name="gateway", folder=str(Path(__file__).parent / "web")), WEBCHAT_ROOM, DESK_ROOM, EDITOR_ROOM]
REFRESH_SECONDS = 2.0
MIB = 1024 * 1024


class Frontdesk:
    """Everything, put together once."""

    def __init__(self, settings: Settings, clock: Clock = utc_now, *, watch: Watch = unwatched) -> None:
        self.settings = settings
        self._clock = clock
        self._watch = watch
        data_dir = ensure_folder(Path(settings.data_dir), "data_dir")
        self._secret = load_secret(settings.secret, data_dir)
        self.live = Live()
        self.wakeups = Wakeups()
        self.texts = Texts()
        self.database = Database(settings.database_url, announce=self._announce)
        self.media = MediaStore(data_dir / "media", self.database, clock)
        self.brain = Brain(settings, self.database, self.texts, clock)
        tools = ChannelTools(
            media=self.media, public_url=settings.public_url.rstrip("/") or None, publish=self.live.publish
        )
        self.channels = build_channels(KINDS, settings.channels, tools)
        self.speaker = Speaker(self.channels, clock)
        self.handoffs = HandoffService(self.channels, self.brain.knowledge, self.texts, settings, clock)
        self.inbox = Inbox(self.database, clock, watch=watch)
        self.turns = self._turns()
        alarms = Alarms(self.speaker, self.texts, settings, clock)
        self.timers = Timers(self.database, alarms.handlers(), clock=clock, wakeups=self.wakeups)
        self.pages = Pages(self.texts, settings.company, ROOMS)
        self.guards = Guards(self.database)
        self.desk = DeskService(self.database, self.speaker, self.channels, self.texts, settings, clock)

    async def seed_canned(self, work: Work) -> None:
        """Give agents a first set of canned texts."""
        await CannedTable(work).add_missing(DEMO, self._clock())

    async def close(self) -> None:
        """Let go of channels, the helper processes and the database."""
        await self.inbox.close()
        for channel in self.channels.values():
            await channel.close()
        await self.brain.close()
        await self.database.close()

    def _announce(self, changes: Sequence[Change]) -> None:
        self.wakeups.ring(changes)
        self.live.publish(changes)
        self._watch(Step.PUSHED, len(changes))

    def _turns(self) -> Turns:
        company = self.settings.company
        taker = Taker(
            channels=self.channels,
            knowledge=self.brain.knowledge,
            handoffs=self.handoffs,
            speaker=self.speaker,
            replies=self.brain.replies,
            policy=self.settings.dialogue,
            company=company,
            clock=self._clock,
        )
        return Turns(
            self.database,
            self.channels,
            self.brain.engine,
            taker,
            Receipts(self._clock),
            clock=self._clock,
            wakeups=self.wakeups,
            company=company,
            watch=self._watch,
        )

    # --- loops -------------------------------------------------------------------------------

    def _workers(self) -> dict[str, Loop]:
        """What runs beside the web server; each ends by itself when the wakeups are stopped."""
        workers: dict[str, Loop] = {
            "turns": self.turns.run,
            "timers": self.timers.run,
            "refresh": self._refresh,
            "housekeeping": Housekeeping(
                self.database,
                clock=self._clock,
                wakeups=self.wakeups,
                idle_hours=self.settings.dialogue.idle_hours,
            ).run,
        }
        for channel in self.channels.values():
            if not channel.capabilities.stored:
                sender = ChannelSender(
                    self.database,
                    channel,
                    clock=self._clock,
                    wakeups=self.wakeups,
                    settings=self.settings.outbox,
                    watch=self._watch,
                )
                workers[f"outbox:{channel.name}"] = sender.run
        return workers

    async def _refresh(self) -> None:
        bell = self.wakeups.bell(KNOWLEDGE)
        await self.brain.learn_what_is_published()
        while not self.wakeups.stopping:
            await self.brain.refresh()
            await wait_for(bell, REFRESH_SECONDS)

    @asynccontextmanager
    async def _lifespan(self, _app: Litestar) -> AsyncIterator[None]:
        await self.brain.refresh()
        async with self.database.write() as work:
            # What waits for a channel that was taken out of the settings would hold up its conversation.
            await work.deliveries.give_up_others(self.channels, self._clock())
            if self.database.is_sqlite:
                # One process owns a SQLite file, so what is still leased was a predecessor's.
                await work.deliveries.end_leases(self._clock())
        listeners = {name: partial(channel.run, self.inbox.take) for name, channel in self.channels.items()}
        async with running(self.wakeups, self._workers(), listeners):
            yield

    # --- web ---------------------------------------------------------------------------------

    def web(self) -> Litestar:
        """The ASGI application."""
        secure = self.settings.public_url.startswith("https://")
        sessions = session_config(secure=secure)
        staff = Router(
            path="/",
            route_handlers=[
                *signin_routes(self.database, self.pages, self._clock),
                live_route(self.live, self.guards, self.wakeups.stopped),
                *self._desk_routes(),
                editor_router(self._editor(), self.guards, middleware=()),
            ],
            middleware=[sessions.middleware],
            include_in_schema=False,
        )
        return Litestar(
            route_handlers=[
                *health_routes(self.database),
                webhook_route(self.channels, self.inbox, watch=self._watch),
                *self._webchat(),
                api_router(self.brain.asker, self.brain.knowledge, self.brain.replies, self.settings.api_token),
                staff,
                *static_routers(ROOMS),
            ],
            plugins=[self.live.plugin],
            lifespan=[self._lifespan],
            stores={"sessions": SessionStore(self.database, self._clock)},
            csrf_config=csrf_config(self._secret, secure=secure),
            after_request=add_headers,
            exception_handlers=FaultPages(self.pages).handlers(),
            openapi_config=OpenAPIConfig("Frontdesk", "1", path="/schema", render_plugins=[JsonRenderPlugin(path="/")]),
            request_max_body_size=self.settings.upload_limit * MIB + MIB,
            logging_config=None,
        )

    def _webchat(self) -> list[ControllerRouterHandler]:
        return webchat_routes(
            channels=self.channels,
            database=self.database,
            inbox=self.inbox,
            live=self.live,
            media=self.media,
            clock=self._clock,
            secret=self._secret,
            texts=self.texts,
            pages=self.pages,
            company=self.settings.company,
            public_url=self.settings.public_url or None,
            upload_limit=self.settings.upload_limit * MIB,
            suggestions=self._suggestions,
            stopping=lambda: self.wakeups.stopping,
        )

    def _desk_routes(self) -> list[ControllerRouterHandler]:
        return desk_routes(
            desk=self.desk,
            pages=self.pages,
            guards=self.guards,
            database=self.database,
            media=self.media,
            channels=self.channels,
            settings=self.settings,
            clock=self._clock,
            knowledge_search=self.brain.lookup.search,
            titles=self.brain.knowledge.title,
        )

    def _editor(self) -> EditorScreens:
        brain = self.brain
        return EditorScreens(
            database=self.database,
            publisher=brain.publisher,
            knowledge=brain.knowledge,
            asker=brain.asker,
            previewer=Previewer(brain.checker, self.settings.company, brain.hours),
            pages=self.pages,
            policy=self.settings.dialogue,
            clock=self._clock,
            channel_kinds=sorted(KINDS),
        )

    def _suggestions(self, language: str) -> list[Button]:
        """The first questions a new visitor is offered, those that are published."""
        wanted = self.settings.dialogue.suggestions
        titles = [(article, self.brain.knowledge.title(article, language)) for article in wanted]
        return [Button(label=title, payload=ARTICLE + article) for article, title in titles if title]
