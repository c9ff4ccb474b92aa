"""What a change does: read, asked of a candidate model, and kept so that it is found out once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import NotFound
from gateway.improving.candidates import Trial
from gateway.messages import Author, Direction, Text
from gateway.ports import Action, Ranked, Understanding
from gateway.settings import Company, Dialogue
from gateway.storage.engine import Database
from knowledge_base.articles import ArticleButton, Status
from knowledge_base.changes import ChangeSet, gather
from knowledge_base.consequences import ClashKind, Did, Outcome
from knowledge_base.inspecting import remarks
from knowledge_base.links import DeadLink, LinkChecker, addresses
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Articles, Editor
from knowledge_base.storage_reviews import KEPT, Checks, CheckState, TestQuestion, TestQuestions
from knowledge_base.weighing import PATIENCE, Look, Weighing
from tests.conftest import SteppingClock
from tests.knowledge_base.fakes import InlineChecker, RankingCandidates, an_article

OLENA = Editor(name="Олена")
TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")


def sure(article: str, confidence: float = 0.9) -> tuple[Ranked, ...]:
    return (Ranked(intent=article, confidence=confidence),)


async def put(publisher: Publisher, *articles: object) -> None:
    for article in articles:
        await publisher.save(article, OLENA, based_on=None)
    await publisher.publish(OLENA)


async def wrote(database: Database, clock: SteppingClock, *texts: str, did: str = "reply") -> None:
    async with database.write() as work:
        identity = await work.contacts.meet("site", f"{texts}{clock()}{did}", clock())
        conversation = await work.conversations.add(identity=identity, language="en", now=clock())
        for text in texts:
            message = await work.messages.add(
                conversation_id=conversation.id,
                seq=await work.conversations.next_seq(conversation.id, clock()),
                direction=Direction.INBOUND,
                author=Author.CONTACT,
                channel="site",
                parts=(Text(text=text),),
                now=clock(),
            )
            understood = Understanding(text=text, language="en", language_confidence=1.0)
            work.turns.add(
                conversation_id=conversation.id, message_id=message.id, understanding=understood, did=did, now=clock()
            )


def weighing(
    database: Database, company: Company, clock: SteppingClock, candidates: RankingCandidates, **more: object
) -> Weighing:
    return Weighing(database, candidates, Dialogue, company, clock, **more)


async def found_out(made: Weighing, change: ChangeSet) -> Look:
    look = await made.look(change)
    assert await made.begin(look)
    await made.run(change, look)
    return await made.look(change)


class TestChangeSets:
    async def test_one_article_whatever_its_status(self, publisher: Publisher, database: Database) -> None:
        await put(publisher, an_article(), an_article("refund"))
        await publisher.save(an_article(notes="нове", status=Status.DRAFT), OLENA, based_on=1)
        change = await gather(database, ["delivery-cost"])
        (one,) = change.changes
        assert (one.article.status, one.live_revision, one.alters) == (Status.PUBLISHED, 1, True)
        assert change.after["delivery-cost"].notes == "нове"
        assert change.before["delivery-cost"].notes == ""
        assert set(change.after) == {"delivery-cost", "refund"}
        assert (await gather(database, ["refund"])).changes[0].alters is False
        assert (await gather(database, None)).changes == ()
        with pytest.raises(NotFound):
            await gather(database, ["no-such"])

    async def test_everything_that_is_ready(self, publisher: Publisher, database: Database) -> None:
        await put(publisher, an_article(), an_article("refund"))
        await publisher.save(an_article(status=Status.ARCHIVED), OLENA, based_on=1)
        await publisher.save(an_article("third"), OLENA, based_on=None)
        await publisher.save(an_article("fourth", status=Status.REVIEW), OLENA, based_on=None)
        change = await gather(database, None)
        assert [(one.article.id, one.removed) for one in change.changes] == [("delivery-cost", True), ("third", False)]
        assert set(change.after) == {"refund", "third"}
        assert change.key() == (await gather(database, None)).key()
        assert change.key() != (await gather(database, ["third"])).key()


async def said(publisher: Publisher, database: Database, article: object, *questions: TestQuestion) -> list[str]:
    await publisher.save(article, OLENA, based_on=1)
    change = await gather(database, ["delivery-cost"])
    return [one.problem.text() for one in await remarks(change, questions, InlineChecker(), NOW, KYIV)]


class TestReading:
    @pytest.mark.parametrize(
        ("changes", "remark"),
        [
            ({"phrasings": {"en": ("how much is it",)}}, "Українська: nobody's way of asking is written down"),
            ({}, "there is nothing in this language: Русский"),
            ({"answers": {"uk": {"default": "{{ company.nmae }}"}}}, "nobody fills company.nmae: it stays empty"),
            ({"valid_until": date(2026, 11, 20)}, "its time is over: customers will not get it"),
            ({"valid_from": date(2026, 12, 1)}, "customers get no answer to it before 2026-12-01: what is live now"),
            (
                {"valid_from": TODAY, "from_time": time(10, 1)},
                "customers get no answer to it before 2026-11-21 10:01: what is live now",
            ),
            ({"valid_until": TODAY, "until_time": time(10, 0)}, "its time is over: customers will not get it"),
            ({"title": {"en": "How much is refund?"}}, "is a title or phrasing of “refund” as well"),
        ],
    )
    async def test_what_to_mind(
        self, publisher: Publisher, sqlite_database: Database, changes: dict[str, object], remark: str
    ) -> None:
        await put(publisher, an_article(), an_article("refund"))
        found = await said(publisher, sqlite_database, an_article(**changes, status=Status.DRAFT))
        assert any(remark in one for one in found), found

    async def test_what_leaves(self, publisher: Publisher, sqlite_database: Database) -> None:
        button = ArticleButton(label={"en": "Cost"}, article="delivery-cost")
        await put(publisher, an_article(), an_article("refund", buttons=(button,)))
        question = TestQuestion(id=1, text="a", language="en", article="delivery-cost", author="x")
        assert await said(publisher, sqlite_database, an_article(status=Status.ARCHIVED), question) == [
            "a button of “refund” leads here: customers will not see it any more",
            "test questions that expect this article: 1",
        ]

    @pytest.fixture
    def database(self, sqlite_database: Database) -> Database:
        return sqlite_database


class TestAsking:
    async def test_before_and_after(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock
    ) -> None:
        decline = an_article("off-topic", action=Action.DECLINE)
        await put(publisher, an_article(), an_article("refund"), decline)
        clock.advance(days=-40)
        await wrote(database, clock, "long ago")
        clock.advance(days=40)
        await wrote(database, clock, "moves", "Moves", "stays", "reworded", "lost")
        await wrote(database, clock, "said to a person", did="listen")
        async with database.write() as work:
            questions = TestQuestions(work.connection)
            for text, article in (("breaks", "refund"), ("fine", "refund"), ("weather", None)):
                await questions.put(text, "en", article, OLENA, clock())
        changed = an_article(
            phrasings={"en": ("cost of it", "give it back")}, answers={"en": {"default": "new"}}, status=Status.DRAFT
        )
        await publisher.save(changed, OLENA, based_on=1)
        change = await gather(database, ["delivery-cost"])
        candidates = RankingCandidates(
            {
                "Moves": sure("refund"),
                "stays": sure("refund"),
                "reworded": sure("delivery-cost"),
                "lost": sure("refund"),
                "breaks": sure("refund"),
                "fine": sure("refund"),
                "weather": sure("off-topic"),
                "give it back": sure("refund"),
            },
            {
                "Moves": sure("delivery-cost"),
                "stays": sure("refund"),
                "reworded": sure("delivery-cost"),
                "lost": sure("refund", 0.4),
                "breaks": sure("delivery-cost"),
                "fine": sure("refund"),
                "weather": sure("off-topic"),
                "give it back": sure("delivery-cost"),
                "refund price": sure("delivery-cost", 0.6),
                "cost of it": sure("refund", 0.5),
            },
        )
        look = await found_out(weighing(database, company, clock, candidates), change)
        assert look.state is CheckState.DONE
        effect = look.effect
        assert effect is not None
        assert (effect.messages, effect.times, effect.moved, effect.moved_times, effect.reworded) == (4, 5, 2, 3, 1)
        assert [(one.times, one.before, one.after) for one in effect.examples] == [
            (2, Outcome(did=Did.ANSWER, article="refund"), Outcome(did=Did.ANSWER, article="delivery-cost")),
            (1, Outcome(did=Did.ANSWER, article="refund"), Outcome(did=Did.CLARIFY, article="refund")),
        ]
        assert effect.questions == 3
        (broken,) = effect.retested
        assert broken.after == Outcome(did=Did.ANSWER, article="delivery-cost")
        assert [(one.kind, one.text, one.other) for one in effect.clashes] == [
            (ClashKind.TODAY, "give it back", "refund"),
            (ClashKind.TAKEN, "refund price", "refund"),
            (ClashKind.STAYS, "cost of it", "refund"),
        ]
        learnt, asked = candidates.asked[0]
        assert {"cost of it", "refund price"} <= {phrase.text for phrase in learnt}
        assert asked[:4] == ["lost", "reworded", "stays", "Moves"]

    async def test_no_model_is_in_service(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock
    ) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        change = await gather(database, None)
        assert change.changes
        look = await found_out(weighing(database, company, clock, RankingCandidates(None, {})), change)
        assert look.effect is not None
        assert look.effect.compared is False


class Slow(RankingCandidates):
    """Waits until it is told to go on."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.go = asyncio.Event()

    async def ask(self, phrases: Sequence[object], texts: Sequence[str]) -> Trial:
        await self.go.wait()
        return await super().ask(phrases, texts)


class TestKeeping:
    async def test_one_does_it_for_all_and_it_is_kept(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock
    ) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        change = await gather(database, None)
        slow = Slow()
        made = weighing(database, company, clock, slow)
        look = await made.look(change)
        assert look.state is None
        assert await made.begin(look)
        assert not await made.begin(look)
        running = asyncio.create_task(made.run(change, look))
        assert (await made.look(change)).state is CheckState.RUNNING
        slow.go.set()
        await running
        assert (await made.look(change)).state is CheckState.DONE
        assert not await made.begin(look)
        # A test question more, and it is another matter.
        async with database.write() as work:
            await TestQuestions(work.connection).put("x", "en", None, OLENA, clock())
        assert (await made.look(change)).state is None

    @pytest.mark.parametrize("again", ["another answer", "another question"])
    async def test_it_is_not_kept_where_a_test_question_means_something_else_now(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock, again: str
    ) -> None:
        await put(publisher, an_article())
        async with database.write() as work:
            await TestQuestions(work.connection).put("x", "en", None, OLENA, clock())
        change = await gather(database, ["delivery-cost"])
        made = weighing(database, company, clock, RankingCandidates({}, {}))
        look = await found_out(made, change)
        assert look.effect is not None
        assert look.effect.retested == ()
        async with database.write() as work:
            questions = TestQuestions(work.connection)
            if again == "another question":
                assert await questions.remove((await questions.all())[0].id)
            await questions.put("x" if again == "another answer" else "y", "en", "delivery-cost", OLENA, clock())
        look = await found_out(made, change)
        assert look.effect is not None
        assert len(look.effect.retested) == 1, "nothing answers it"

    async def test_a_check_that_was_cut_off_is_begun_again(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock
    ) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        change = await gather(database, None)
        made = weighing(database, company, clock, RankingCandidates({}, {}))
        assert await made.begin(await made.look(change))
        clock.advance(seconds=(PATIENCE + timedelta(seconds=1)).total_seconds())
        assert (await made.look(change)).state is None
        assert (await found_out(made, change)).state is CheckState.DONE

    async def test_cancelled_it_says_so(
        self, publisher: Publisher, database: Database, company: Company, clock: SteppingClock
    ) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        change = await gather(database, None)
        made = weighing(database, company, clock, Slow())
        look = await made.look(change)
        await made.begin(look)
        running = asyncio.create_task(made.run(change, look))
        await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await made.look(change)).state is CheckState.FAILED

    async def test_the_newest_few_are_kept(self, database: Database, clock: SteppingClock) -> None:
        for number in range(KEPT + 3):
            clock.advance(seconds=1)
            async with database.write() as work:
                checks = Checks(work.connection)
                await checks.begin(f"k{number}", clock(), PATIENCE)
                await checks.end(f"k{number}", result="{}")
        async with database.read() as work:
            checks = Checks(work.connection)
            assert await checks.get("k2") is None
            assert (await checks.get("k3")) is not None


class TestQuestionsTable:
    async def test_the_same_text_twice_is_one_question(
        self, publisher: Publisher, database: Database, clock: SteppingClock
    ) -> None:
        await put(publisher, an_article())
        async with database.write() as work:
            questions = TestQuestions(work.connection)
            await questions.put("x", "en", None, OLENA, clock())
            await questions.put("x", "en", "delivery-cost", OLENA, clock())
            await questions.put("x", "uk", None, OLENA, clock())
            assert [(one.language, one.article) for one in await questions.all()] == [
                ("uk", None),
                ("en", "delivery-cost"),
            ]
            assert await questions.count() == 2
            assert await Articles(work.connection).get("delivery-cost")


# --- links -----------------------------------------------------------------------------------


def test_addresses_that_customers_get() -> None:
    text = "See (https://x.example/a?b=1), [us](https://y.example/c). https://z.example/{{ entities.order_number }}"
    button = ArticleButton(label={"en": "Site"}, url="https://x.example/a?b=1")
    articles = [an_article("a", answers={"en": {"default": text}}), an_article("b", buttons=(button,))]
    assert addresses(articles) == {"https://x.example/a?b=1": ("a", "b"), "https://y.example/c": ("a",)}


class _Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer({"/fine": 200, "/no-head": 405}.get(self.path, 404))

    def do_GET(self) -> None:
        self._answer({"/no-head": 200, "/guarded": 403}.get(self.path, 404))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


async def test_dead_links_are_told_and_others_are_not() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    closed = "http://127.0.0.1:1/nobody"
    text = " ".join(f"{base}{path}" for path in ("/fine", "/no-head", "/guarded", "/gone")) + f" {closed}"
    try:
        dead = await LinkChecker(seconds=5).dead([an_article("a", answers={"en": {"default": text}})])
    finally:
        server.shutdown()
        server.server_close()
    assert dead == [
        DeadLink(url=f"{base}/gone", articles=("a",), status=404),
        DeadLink(url=closed, articles=("a",)),
    ]
