"""The editor as a small application of its own, with a bot that understands a few texts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from litestar import Litestar
from litestar.router import Router
from litestar.testing import AsyncTestClient

import gateway
from gateway.asking import Asker
from gateway.improving.candidates import Candidates
from gateway.live import Live
from gateway.ports import Clock, Ranked, Understanding, Utterance
from gateway.replies import Replies
from gateway.settings import Company, Dialogue
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room
from gateway.web.passwords import hash_password
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import Throttle, signin_routes
from knowledge_base.afterwards import Afterwards
from knowledge_base.base import PublishedKnowledge
from knowledge_base.change_screen import ChangeScreen
from knowledge_base.exchange.screens import ExchangeScreens, exchange_router
from knowledge_base.previews import Previewer
from knowledge_base.publishing import Publisher
from knowledge_base.question_screens import QuestionScreens
from knowledge_base.review_routes import review_router
from knowledge_base.review_screens import ReviewScreens
from knowledge_base.reviewing import Reviewing
from knowledge_base.routes import ROOM, editor_router
from knowledge_base.screens import EditorScreens
from knowledge_base.snippets.keeping import SnippetKeeper
from knowledge_base.snippets.routes import snippet_router
from knowledge_base.snippets.screens import SnippetScreens
from knowledge_base.weighing import Weighing
from tests.knowledge_base.fakes import InlineChecker, RankingCandidates

PASSWORD = "right horse"
PEOPLE = (
    ("olena@x.example", "Олена", Role.EDITOR, "uk"),
    ("rada@x.example", "Рада", Role.REVIEWER, "en"),
    ("petro@x.example", "Петро", Role.EDITOR, "en"),
    ("agent@x.example", "Агент", Role.AGENT, "en"),
)


class GuessingEngine:
    """Ranks articles as it was told for each text."""

    revision = 1

    def __init__(self, known: Mapping[str, tuple[Ranked, ...]]) -> None:
        self._known = known

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        return [
            Understanding(
                text=one.text,
                language=one.language or "en",
                language_confidence=1.0,
                ranking=self._known.get(one.text, ()),
            )
            for one in utterances
        ]

    async def refresh(self) -> bool:
        return False


def build(
    database: Database,
    publisher: Publisher,
    knowledge: PublishedKnowledge,
    company: Company,
    clock: Clock,
    known: Mapping[str, tuple[Ranked, ...]],
    candidates: Candidates | None = None,
    *,
    trained: Callable[[], int | None] | None = None,
    rasa: bool = False,
) -> Litestar:
    """The application: sign-in, the editor, and nothing else."""
    texts, policy = Texts(), Dialogue
    rooms = [Room(name="gateway", folder=str(Path(gateway.__file__).parent / "web")), ROOM]
    pages = Pages(texts, company, rooms)
    replies = Replies(knowledge, texts, company, {})
    reviewing = Reviewing(database, publisher, clock)
    afterwards = Afterwards(publisher, asyncio.Event())
    asker = Asker(GuessingEngine(known), knowledge, replies, policy, company, clock)
    screens = EditorScreens(
        database=database,
        publisher=publisher,
        knowledge=knowledge,
        asker=asker,
        previewer=Previewer(InlineChecker(), company, {"uk": "9–18", "en": "9–18"}),
        pages=pages,
        policy=policy,
        clock=clock,
        reviewing=reviewing,
        afterwards=afterwards,
        trained=trained,
    )
    weighing = Weighing(database, candidates or RankingCandidates({}, {}), policy, company, clock)
    keeper = SnippetKeeper(database, publisher, InlineChecker(), clock)
    reviews = ReviewScreens(
        database=database,
        publisher=publisher,
        reviewing=reviewing,
        weighing=weighing,
        screen=ChangeScreen(database, weighing, InlineChecker(), pages, company, clock, rasa=rasa),
        snippets=keeper,
        pages=pages,
        afterwards=afterwards,
    )
    snippets = SnippetScreens(
        database=database,
        publisher=publisher,
        keeper=keeper,
        previewer=Previewer(InlineChecker(), company, {"uk": "9–18", "en": "9–18"}),
        checker=InlineChecker(),
        pages=pages,
        afterwards=afterwards,
    )
    questions = QuestionScreens(database, asker, afterwards, pages, clock)
    guards = Guards(database)
    sessions = session_config(secure=False)
    live = Live()
    return Litestar(
        route_handlers=[
            Router(
                path="/",
                route_handlers=signin_routes(database, pages, Throttle(live, clock)),
                middleware=[sessions.middleware],
            ),
            editor_router(screens, guards, [sessions.middleware]),
            review_router(reviews, questions, guards, [sessions.middleware]),
            snippet_router(snippets, guards, [sessions.middleware]),
            Router(
                path="/",
                route_handlers=[exchange_router(ExchangeScreens(database, publisher, pages, clock), guards)],
                middleware=[sessions.middleware],
            ),
        ],
        stores={"sessions": SessionStore(database, clock)},
        csrf_config=csrf_config("secret", secure=False),
        after_request=add_headers,
        exception_handlers=FaultPages(pages).handlers(),
        logging_config=None,
    )


async def hire(database: Database, clock: Clock) -> None:
    """Everybody of PEOPLE on the staff."""
    hashed = _hashed()
    async with database.write() as work:
        for email, name, role, language in PEOPLE:
            await work.staff.add(
                email=email,
                name=name,
                password_hash=hashed,
                roles=frozenset({role}),
                language=language,
                now=clock(),
            )


@cache
def _hashed() -> str:
    """Hashing is slow on purpose; once is enough for all tests."""
    return hash_password(PASSWORD)


class Browser:
    """One person's browser: keeps the cookies, and puts the token of the page into its forms."""

    def __init__(self, client: AsyncTestClient[Litestar]) -> None:
        self.client = client

    async def sign_in(self, email: str) -> None:
        response = await self.client.get("/login", headers={"accept": "text/html"})
        form = {"email": email, "password": PASSWORD, "next": "/kb", "_csrf_token": token(response.text)}
        response = await self.client.post("/login", data=form, follow_redirects=False)
        assert response.status_code == 303, response.text

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        """The page's HTML."""
        response = await self.client.get(
            path, headers={"accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        )
        assert response.status_code == status, response.text
        return response.text

    async def post(self, path: str, form: Mapping[str, str], status: int = 303) -> str:
        """Where the answer leads, or for a page its HTML."""
        page = await self.get("/kb")
        response = await self.client.post(
            path,
            data={**form, "_csrf_token": token(page)},
            headers={"accept": "text/html"},
            follow_redirects=False,
        )
        assert response.status_code == status, response.text
        return response.headers["location"] if status == 303 else response.text


def token(page: str) -> str:
    """The CSRF token in a page."""
    found = re.search(r'data-csrf="([^"]+)"', page)
    assert found
    return found.group(1)
