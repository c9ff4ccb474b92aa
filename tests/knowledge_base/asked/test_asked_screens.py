"""The pages about what customers asked, agents' proposals and the dial: who gets in, and what each button does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.router import Router
from litestar.testing import AsyncTestClient

import gateway
from gateway.asking import Asker
from gateway.improving.dial import Dial
from gateway.improving.proposing import Proposal
from gateway.learning import DialPoint, TrainingReport
from gateway.live import Live
from gateway.ports import Ranked
from gateway.replies import Replies
from gateway.settings import Company, Dialogue
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.faults import FaultPages
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room
from gateway.web.security import add_headers, csrf_config, session_config
from gateway.web.sessions import SessionStore
from gateway.web.signin import Throttle, signin_routes
from knowledge_base.asked.dial_screen import DialScreen
from knowledge_base.asked.routes import asked_router
from knowledge_base.asked.screens import AskedScreens
from knowledge_base.asked.service import AskedQuestions
from knowledge_base.asked.storage import StoredProposals
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.routes import ROOM
from knowledge_base.storage import Articles, Editor
from tests.conftest import SteppingClock
from tests.knowledge_base.app import PASSWORD, Browser, GuessingEngine, hire, token
from tests.knowledge_base.asked.filling import Past
from tests.knowledge_base.asked.test_asked import FirstWordGrouping, RememberedLabels
from tests.knowledge_base.fakes import an_article

REPORT = TrainingReport(
    revision=1,
    phrases=9,
    intents=3,
    seconds=0.1,
    dial=(
        DialPoint(confidence=0.3, answered=0.9, right=0.8, strange=0.4),
        DialPoint(confidence=0.8, answered=0.5, right=0.96, strange=0.1),
    ),
)
NEAR = {"почім на": (Ranked(intent="delivery-cost", confidence=0.42),)}


class House:
    """The pages over fakes; `report` is what the training told."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        company: Company,
        clock: SteppingClock,
    ) -> None:
        self.report: TrainingReport | None = REPORT
        self.labels = RememberedLabels()
        self.dial = Dial(database, Dialogue(), clock)
        texts = Texts()
        pages = Pages(texts, company, [Room(name="gateway", folder=str(Path(gateway.__file__).parent / "web")), ROOM])
        replies = Replies(knowledge, texts, company, {})
        asker = Asker(GuessingEngine(NEAR), knowledge, replies, self.dial, company, clock)
        asked = AskedQuestions(database, publisher, FirstWordGrouping(), self.labels, asker, self.dial, clock)
        screens = AskedScreens(asked, database, pages, ["mail", "site"])
        sessions = session_config(secure=False).middleware
        signin = Router(
            path="/", route_handlers=signin_routes(database, pages, Throttle(Live(), clock)), middleware=[sessions]
        )
        dial = DialScreen(self.dial, self._report, pages)
        self.app = Litestar(
            route_handlers=[signin, asked_router(screens, dial, Guards(database), [sessions])],
            stores={"sessions": SessionStore(database, clock)},
            csrf_config=csrf_config("secret", secure=False),
            after_request=add_headers,
            exception_handlers=FaultPages(pages).handlers(),
            logging_config=None,
        )

    async def _report(self) -> TrainingReport | None:
        return self.report


class AskedBrowser(Browser):
    """Takes its token from the dial's page, which every editor and supervisor may open."""

    async def send(self, path: str, form: dict[str, Any], status: int = 303) -> str:
        page = await self.get("/kb/dial")
        response = await self.client.post(
            path,
            data={**form, "_csrf_token": token(page)},
            headers={"accept": "text/html"},
            follow_redirects=False,
        )
        assert response.status_code == status, response.text
        return response.headers["location"] if status == 303 else response.text


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def house(
    database: Database,
    publisher: Publisher,
    knowledge: PublishedKnowledge,
    company: Company,
    clock: SteppingClock,
) -> House:
    return House(database, publisher, knowledge, company, clock)


@pytest.fixture
async def client(database: Database, house: House, clock: SteppingClock) -> AsyncIterator[AsyncTestClient[Litestar]]:
    await hire(database, clock)
    async with AsyncTestClient(house.app) as opened:
        yield opened


@pytest.fixture
async def editor(client: AsyncTestClient[Litestar]) -> AskedBrowser:
    opened = AskedBrowser(client)
    await opened.sign_in("petro@x.example")
    return opened


@pytest.fixture
def past(database: Database, clock: SteppingClock) -> Past:
    return Past(database, clock)


class TestTheDoor:
    async def test_agents_see_nothing_of_it(self, client: AsyncTestClient[Litestar]) -> None:
        agent = AskedBrowser(client)
        await agent.sign_in("agent@x.example")
        for path in ("/kb/asked", "/kb/asked/groups", "/kb/proposals", "/kb/dial"):
            await agent.get(path, status=403)

    async def test_supervisors_turn_the_dial_and_nothing_else(
        self, client: AsyncTestClient[Litestar], database: Database, clock: SteppingClock, house: House
    ) -> None:
        from gateway.web.passwords import hash_password  # noqa: PLC0415

        async with database.write() as work:
            await work.staff.add(
                email="sup@x.example",
                name="Степан",
                password_hash=hash_password(PASSWORD),
                roles=frozenset({Role.SUPERVISOR}),
                language="en",
                now=clock(),
            )
        supervisor = AskedBrowser(client)
        await supervisor.sign_in("sup@x.example")
        await supervisor.get("/kb/asked", status=403)
        await supervisor.send("/kb/dial", {"confidence": "0.7", "do": "set"})
        assert house.dial().answer_confidence == 0.7


class TestQuestions:
    async def test_a_group_shows_what_was_asked_struck_out_and_what_is_near(
        self, editor: AskedBrowser, past: Past, publisher: Publisher
    ) -> None:
        await publisher.save(an_article(), Editor(name="Олена"), based_on=None)
        await publisher.publish(Editor(name="Олена"))
        await past.asks("почім пересилка")
        await past.asks("почім на 0671234567", channel="mail")
        await editor.get("/kb/asked")
        page = await editor.get("/kb/asked/groups")
        assert "почім на •••" in page
        assert "0671234567" not in page
        assert "Topic delivery-cost (42%)" in page
        assert "asked 2 times" in page

    async def test_filters_narrow_and_nonsense_does_not(self, editor: AskedBrowser, past: Past) -> None:
        await past.asks("знижки є", channel="mail")
        await past.asks("графік який", language="ru")
        assert "графік" not in await editor.get("/kb/asked/groups?channel=mail&days=7&why=unknown&order=newest")
        assert "знижки" not in await editor.get("/kb/asked/groups?language=ru")
        everything = await editor.get("/kb/asked/groups?days=many&order=sideways&shown=-1")
        assert "знижки" in everything
        assert "графік" in everything

    async def test_nothing_open_is_said(self, editor: AskedBrowser) -> None:
        assert "Nothing open here" in await editor.get("/kb/asked/groups")

    async def test_a_draft_is_made_and_opened(self, editor: AskedBrowser, past: Past, database: Database) -> None:
        one, _ = await past.asks("знижки є")
        two, _ = await past.asks("знижки будуть")
        assert await editor.send("/kb/asked", {"message": [one, two], "do": "make"}) == "/kb/articles/znyzhky-ie"
        async with database.read() as view:
            saved = await Articles(view.connection).get("znyzhky-ie")
        assert saved.article.phrasings == {"uk": ("знижки є", "знижки будуть")}

    async def test_only_the_chosen_ones_go_and_the_filters_stay(
        self, editor: AskedBrowser, past: Past, publisher: Publisher
    ) -> None:
        await publisher.save(an_article(), Editor(name="Олена"), based_on=None)
        one, _ = await past.asks("почім нині")
        await past.asks("почім завтра")
        form = {"message": one, "do": "add", "article": "delivery-cost", "back": "days=7&evil=1"}
        where = await editor.send("/kb/asked", form)
        assert where == "/kb/asked?days=7&did=added&article=delivery-cost&added=1"
        assert "1 phrasing was added" in await editor.get(where)
        page = await editor.get("/kb/asked/groups")
        assert "почім завтра" in page
        assert "почім нині" not in page

    async def test_labels_and_dismissals(
        self, editor: AskedBrowser, past: Past, publisher: Publisher, house: House
    ) -> None:
        await publisher.save(an_article(), Editor(name="Олена"), based_on=None)
        numbers = [(await past.asks(f"питання {word}"))[0] for word in ("раз", "два", "три")]
        await editor.send("/kb/asked", {"message": numbers[0], "do": "label", "article": "delivery-cost"})
        await editor.send("/kb/asked", {"message": numbers[1], "do": "nothing"})
        await editor.send("/kb/asked", {"message": numbers[2], "do": "dismiss"})
        assert [one.intent for one in house.labels.put_down] == ["delivery-cost", None]
        assert "Nothing open here" in await editor.get("/kb/asked/groups")

    @pytest.mark.parametrize(
        ("form", "word"),
        [
            ({"do": "make"}, "at least one question"),
            ({"do": "make", "message": "x"}, "at least one question"),
            ({"do": "add", "message": "1"}, "an article first"),
            ({"do": "dance", "message": "1"}, "say what to do"),
        ],
    )
    async def test_what_is_missing_is_said(self, editor: AskedBrowser, form: dict[str, str], word: str) -> None:
        assert word in await editor.send("/kb/asked", form, status=400)

    async def test_what_is_gone_is_not_found(self, editor: AskedBrowser) -> None:
        await editor.send("/kb/asked", {"do": "make", "message": "4711"}, status=404)


class TestProposals:
    @pytest.fixture
    async def number(self, past: Past, database: Database, clock: SteppingClock) -> int:
        agent = await past.hires("taras@x.example", "Тарас")
        _, conversation = await past.asks("чи є знижки")
        proposal = Proposal(
            conversation=conversation,
            question="Чи є знижки?",
            answer="Так, <b>5</b> %.",
            language="uk",
            by=agent,
            author="Тарас",
        )
        async with database.write() as work:
            await StoredProposals().put(work, proposal, clock())
            return (await StoredProposals().all_waiting(work, 1))[0].id

    async def test_it_is_shown_with_who_and_becomes_a_draft(self, editor: AskedBrowser, number: int) -> None:
        page = await editor.get("/kb/proposals")
        assert "Тарас" in page
        assert "&lt;b&gt;5" in page
        assert "1 proposal of an agent waits" in await editor.get("/kb/asked")
        assert await editor.send(f"/kb/proposals/{number}", {"do": "make"}) == "/kb/articles/chy-ie-znyzhky"
        assert "No proposals" in await editor.get("/kb/proposals")
        await editor.send(f"/kb/proposals/{number}", {"do": "make"}, status=404)

    async def test_it_can_go_to_an_article_or_away(
        self, editor: AskedBrowser, number: int, publisher: Publisher
    ) -> None:
        await publisher.save(an_article(), Editor(name="Олена"), based_on=None)
        await editor.send(f"/kb/proposals/{number}", {"do": "add"}, status=400)
        where = await editor.send(f"/kb/proposals/{number}", {"do": "add", "article": "delivery-cost"})
        assert "1 phrasing was added" in await editor.get(where)


class TestTheDial:
    async def test_it_says_what_the_present_value_gives(self, editor: AskedBrowser) -> None:
        page = await editor.get("/kb/dial")
        assert "answers from 55% on" in page
        assert "70 are answered at once, and of 100 such answers 88 are right" in page
        assert "polyline" in page

    async def test_a_cold_start_says_so(self, editor: AskedBrowser, house: House) -> None:
        house.report = None
        page = await editor.get("/kb/dial")
        assert "Nothing is measured yet" in page
        assert "polyline" not in page

    async def test_it_is_set_remembered_and_given_back(self, editor: AskedBrowser, house: House) -> None:
        page = await editor.get(await editor.send("/kb/dial", {"confidence": "0.8", "do": "set"}))
        assert house.dial().answer_confidence == 0.8
        assert "Petro" in page or "Петро" in page
        await editor.send("/kb/dial", {"confidence": "0.8", "do": "reset"})
        assert house.dial() == Dialogue()

    @pytest.mark.parametrize("word", ["", "a lot", "nan", "2", "-0.1"])
    async def test_nonsense_is_refused(self, editor: AskedBrowser, house: House, word: str) -> None:
        assert "Choose a value" in await editor.send("/kb/dial", {"confidence": word, "do": "set"}, status=400)
        assert house.dial() == Dialogue()
