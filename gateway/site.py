"""The part of the composition root that the world sees: webhooks, sockets, screens and the API.

Made only where the process's role is to serve; the others answer `/health` and `/metrics` alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components
from litestar.router import Router
from litestar.types import ControllerRouterHandler

from bots.webchat.audience import Audience
from bots.webchat.pages import ROOM as WEBCHAT_ROOM
from bots.webchat.routes import routes as webchat_routes
from gateway.dialogue import ARTICLE
from gateway.messages import Button
from gateway.people.identifying import Identifying
from gateway.people.signed import SignedTokens
from gateway.processes.loops import Loop
from gateway.web.api import api_router
from gateway.web.application import Application
from gateway.web.events import live_route
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room, static_routers
from gateway.web.refusals import SCHEMES
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import Throttle, signin_routes
from gateway.webhooks import webhook_routes
from handoff.desk_service import DeskService
from handoff.reports.screens import ROOM as REPORTS_ROOM
from handoff.reports.screens import Reports, report_routes
from handoff.screens.drawing import ROOM as DESK_ROOM
from handoff.screens.routes import desk_routes
from knowledge_base.afterwards import Afterwards
from knowledge_base.asked.dial_screen import DialScreen
from knowledge_base.asked.routes import asked_router
from knowledge_base.asked.screens import AskedScreens
from knowledge_base.asked.service import AskedQuestions
from knowledge_base.asked.storage import StoredProposals
from knowledge_base.change_screen import ChangeScreen
from knowledge_base.exchange.screens import ExchangeScreens, exchange_router
from knowledge_base.links import LinkChecker
from knowledge_base.previews import Previewer
from knowledge_base.question_screens import QuestionScreens
from knowledge_base.review_routes import review_router
from knowledge_base.review_screens import ReviewScreens
from knowledge_base.reviewing import Reviewing
from knowledge_base.routes import ROOM as EDITOR_ROOM
from knowledge_base.routes import editor_router
from knowledge_base.screens import EditorScreens
from knowledge_base.search.library import PublishedLibrary
from knowledge_base.snippets.keeping import SnippetKeeper
from knowledge_base.snippets.routes import snippet_router
from knowledge_base.snippets.screens import SnippetScreens
from knowledge_base.weighing import Weighing

if TYPE_CHECKING:
    from gateway.app import Frontdesk

ROOMS = [
    Room(name="gateway", folder=str(Path(__file__).parent / "web")),
    WEBCHAT_ROOM,
    DESK_ROOM,
    EDITOR_ROOM,
    REPORTS_ROOM,
]
MIB = 1024 * 1024


class Site:
    """Everything that `house` answers over HTTP. `kinds` are the channel kinds an editor may write for."""

    def __init__(self, house: Frontdesk, kinds: list[str]) -> None:
        self._house = house
        self._kinds = kinds
        self._secure = house.settings.public_url.startswith("https://")
        self.rooms = [*ROOMS, *self._desk_rooms()]
        self.pages = Pages(house.texts, house.settings.company, self.rooms)
        self.guards = Guards(house.database)
        self.audience = Audience(house.database)
        self._tokens = SignedTokens(house.settings.people.token, house.clock)
        self.throttle = Throttle(house.live, house.clock)
        self._reviewing = Reviewing(house.database, house.brain.publisher, house.clock)
        self._afterwards = Afterwards(house.brain.publisher, house.wakeups.stopped)
        self.desk = DeskService(
            house.database,
            house.speaker,
            house.channels,
            house.texts,
            house.settings,
            house.clock,
            house.people,
            proposals=StoredProposals(),
        )

    def application(self, health: list[HTTPRouteHandler]) -> Litestar:
        """The ASGI application, with `health` among its routes."""
        house, brain = self._house, self._house.brain
        return Application(
            route_handlers=[
                *health,
                *webhook_routes(
                    house.channels,
                    house.inbox,
                    desks=[*house.desks.values()],
                    watch=house.watch,
                    observer=house.metrics,
                ),
                *self._webchat(),
                api_router(
                    brain.asker,
                    brain.knowledge,
                    brain.replies,
                    house.settings.api_token,
                    library=PublishedLibrary(brain.knowledge, house.clock),
                    index=brain.index,
                ),
                self._staff(),
                *static_routers(self.rooms),
            ],
            lifespan=[house.lifespan],
            stores={"sessions": SessionStore(house.database, house.clock)},
            csrf_config=csrf_config(house.secret, secure=self._secure),
            after_request=add_headers,
            exception_handlers=FaultPages(self.pages).handlers(),
            openapi_config=OpenAPIConfig(
                "Frontdesk",
                "1",
                path="/schema",
                render_plugins=[JsonRenderPlugin(path="/")],
                components=Components(security_schemes=SCHEMES),
            ),
            request_max_body_size=house.settings.upload_limit * MIB + MIB,
            logging_config=None,
        )

    def listeners(self) -> dict[str, Loop]:
        """What runs beside the server until it is cancelled, by name."""
        return {"webchat": self.audience.run, "signin": self.throttle.run}

    def _staff(self) -> Router:
        house = self._house
        return Router(
            path="/",
            route_handlers=[
                *signin_routes(house.database, self.pages, self.throttle),
                live_route(house.live, self.guards, house.wakeups.stopped),
                *self._desk(),
                *self._slack_desk(),
                editor_router(self._editor(), self.guards, middleware=()),
                exchange_router(self._exchange(), self.guards),
                review_router(*self._reviews(), self.guards, middleware=()),
                snippet_router(self._snippets(), self.guards, middleware=()),
                *report_routes(self._reports(), self.guards),
                asked_router(self._asked(), self._dial(), self.guards, middleware=()),
            ],
            middleware=[session_config(secure=self._secure).middleware],
            include_in_schema=False,
        )

    def _webchat(self) -> list[ControllerRouterHandler]:
        house = self._house
        return webchat_routes(
            channels=house.channels,
            audience=self.audience,
            database=house.database,
            inbox=house.inbox,
            live=house.live,
            media=house.media,
            clock=house.clock,
            secret=house.secret,
            texts=house.texts,
            pages=self.pages,
            company=house.settings.company,
            public_url=house.settings.public_url or None,
            upload_limit=house.settings.upload_limit * MIB,
            suggestions=self._suggestions,
            stopping=lambda: house.wakeups.stopping,
            people=house.people,
            identifying=Identifying(house.database, self._tokens, house.people.proving, house.clock),
        )

    def _desk(self) -> list[ControllerRouterHandler]:
        house = self._house
        return desk_routes(
            desk=self.desk,
            pages=self.pages,
            guards=self.guards,
            database=house.database,
            media=house.media,
            channels=house.channels,
            settings=house.settings,
            clock=house.clock,
            knowledge_search=house.brain.lookup.search,
            titles=house.brain.knowledge.title,
        )

    def _desk_rooms(self) -> list[Room]:
        """The screens that belong to desks in Slack, where there are such."""
        if not any(desk.kind == "slack" for desk in self._house.desks.values()):
            return []
        from bots.slack.desk.screens import ROOM as SLACK_ROOM  # noqa: PLC0415 — as the desk itself

        return [SLACK_ROOM]

    def _slack_desk(self) -> list[ControllerRouterHandler]:
        if not self._desk_rooms():
            return []
        from bots.slack.desk.screens import link_routes  # noqa: PLC0415 — as above

        house = self._house
        return [
            *link_routes(
                database=house.database,
                pages=self.pages,
                guards=self.guards,
                company=house.settings.company,
                clock=house.clock,
            )
        ]

    def _editor(self) -> EditorScreens:
        house, brain = self._house, self._house.brain
        return EditorScreens(
            database=house.database,
            publisher=brain.publisher,
            knowledge=brain.knowledge,
            asker=brain.asker,
            previewer=self._previewer(),
            pages=self.pages,
            policy=brain.dial,
            clock=house.clock,
            reviewing=self._reviewing,
            afterwards=self._afterwards,
            channel_kinds=self._kinds,
            trained=lambda: brain.engine.revision,
        )

    def _previewer(self) -> Previewer:
        house, brain = self._house, self._house.brain
        kinds = {channel.kind: channel.capabilities for channel in house.channels.values()}
        return Previewer(brain.checker, house.settings.company, brain.hours, kinds)

    def _snippets(self) -> SnippetScreens:
        house, brain = self._house, self._house.brain
        return SnippetScreens(
            database=house.database,
            publisher=brain.publisher,
            keeper=self._keeper(),
            previewer=self._previewer(),
            checker=brain.checker,
            pages=self.pages,
            afterwards=self._afterwards,
        )

    def _keeper(self) -> SnippetKeeper:
        house, brain = self._house, self._house.brain
        return SnippetKeeper(house.database, brain.publisher, brain.checker, house.clock)

    def _reviews(self) -> tuple[ReviewScreens, QuestionScreens]:
        """What editors see before publishing."""
        house, brain = self._house, self._house.brain
        company, clock = house.settings.company, house.clock
        links = LinkChecker() if house.settings.knowledge.check_links else None
        weighing = Weighing(house.database, brain.candidates, brain.dial, company, clock, links)
        reviews = ReviewScreens(
            database=house.database,
            publisher=brain.publisher,
            reviewing=self._reviewing,
            weighing=weighing,
            screen=ChangeScreen(
                house.database, weighing, brain.checker, self.pages, company, clock, rasa=brain.rasa is not None
            ),
            snippets=self._keeper(),
            pages=self.pages,
            afterwards=self._afterwards,
        )
        return reviews, QuestionScreens(house.database, brain.asker, self._afterwards, self.pages, clock)

    def _reports(self) -> Reports:
        house, brain = self._house, self._house.brain
        company = house.settings.company
        return Reports(house.database, brain.uses, brain.knowledge.title, self.pages, company, house.clock)

    def _asked(self) -> AskedScreens:
        house, brain = self._house, self._house.brain
        asked = AskedQuestions(
            house.database, brain.publisher, brain.grouping, brain.labels, brain.asker, brain.dial, house.clock
        )
        return AskedScreens(asked, house.database, self.pages, sorted(house.channels))

    def _dial(self) -> DialScreen:
        return DialScreen(self._house.brain.dial, self._house.brain.report, self.pages)

    def _exchange(self) -> ExchangeScreens:
        house = self._house
        return ExchangeScreens(house.database, house.brain.publisher, self.pages, house.clock)

    def _suggestions(self, language: str) -> list[Button]:
        """The first questions a new visitor is offered, those that are published."""
        knowledge = self._house.brain.knowledge
        wanted = self._house.settings.dialogue.suggestions
        titles = [(article, knowledge.title(article, language)) for article in wanted]
        return [Button(label=title, payload=ARTICLE + article) for article, title in titles if title]
