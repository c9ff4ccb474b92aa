"""The pages before publishing: what a change does, its review, test questions, and two editors at once."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from gateway.messages import Author, Direction
from gateway.ports import Clock, Entity, EntityKind, Ranked, Understanding
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base.articles import ArticleButton, Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.forms import to_form
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Articles, Editor, Saved
from knowledge_base.storage_reviews import TestQuestions
from tests.knowledge_base.app import Browser, build, hire
from tests.knowledge_base.fakes import InlineChecker, RankingCandidates, RecordingTrainer, an_article
from tests.knowledge_base.test_screens import put, words

SURE = {name: (Ranked(intent=name, confidence=0.9),) for name in ("delivery-cost", "refund")}
OLENA = Editor(name="Олена")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def candidates() -> RankingCandidates:
    return RankingCandidates({}, {})


@pytest.fixture
async def client(
    database: Database,
    publisher: Publisher,
    knowledge: PublishedKnowledge,
    company: Company,
    clock: Clock,
    candidates: RankingCandidates,
) -> AsyncIterator[AsyncTestClient]:
    await hire(database, clock)
    known = {"where": SURE["refund"], "price?": SURE["delivery-cost"]}
    async with AsyncTestClient(build(database, publisher, knowledge, company, clock, known, candidates)) as opened:
        yield opened


@pytest.fixture
async def browser(client: AsyncTestClient) -> Browser:
    opened = Browser(client)
    await opened.sign_in("petro@x.example")
    return opened


async def newest(database: Database, article_id: str = "delivery-cost") -> Saved:
    async with database.read() as work:
        return await Articles(work.connection).get(article_id)


async def wrote(database: Database, clock: Clock, text: str, *entities: Entity) -> None:
    """A customer wrote `text`, and the bot had to answer it."""
    understood = Understanding(text=text, language="en", language_confidence=1.0, entities=entities)
    async with database.write() as work:
        identity = await work.contacts.meet("site", f"visitor {text}", clock())
        conversation = await work.conversations.add(identity=identity, language="en", now=clock())
        message = await work.messages.add(
            conversation_id=conversation.id,
            seq=await work.conversations.next_seq(conversation.id, clock()),
            direction=Direction.INBOUND,
            author=Author.CONTACT,
            channel="site",
            parts=(),
            now=clock(),
        )
        work.turns.add(
            conversation_id=conversation.id, message_id=message.id, understanding=understood, did="reply", now=clock()
        )


async def found_out(browser: Browser, path: str = "/kb/effect/delivery-cost") -> str:
    """What the page shows when the check is over."""
    assert "learns the change" in await browser.post(path, {}, status=200)
    return words(await browser.get(path))


class TestTheChange:
    async def test_words_warnings_and_consequences(
        self, browser: Browser, publisher: Publisher, database: Database, clock: Clock, candidates: RankingCandidates
    ) -> None:
        await put(publisher, an_article(), an_article("refund"))
        call = Entity(kind=EntityKind.PHONE, text="0671234567", value="+380671234567", start=16, end=26)
        await wrote(database, clock, "price of Minsk, 0671234567", call)
        await wrote(database, clock, "money back")
        await browser.post("/kb/tests", {"text": "how much", "language": "en", "article": "refund"})
        changed = an_article(answers={"uk": {"default": "Тепер 99"}, "en": {"default": "99 {{ company.nmae }}"}})
        form = {**to_form(changed), "based_on": "1", "do": "check"}
        location = await browser.post("/kb/articles/delivery-cost", form)
        assert location == "/kb/changes/delivery-cost"
        assert (await newest(database)).article.status is Status.DRAFT

        candidates.before = {"how much": SURE["refund"], "price of Minsk, 0671234567": SURE["refund"]}
        candidates.after = {
            "how much": SURE["delivery-cost"],
            "price of Minsk, 0671234567": SURE["delivery-cost"],
            "money back": (),
            "refund price": SURE["delivery-cost"],
        }
        page = await browser.get(location)
        assert "<ins>99" in page.replace("\n", "")
        assert "there is nothing in this language: Русский" in words(page)
        assert "nobody fills company.nmae" in words(page)
        assert 'hx-trigger="load"' in page

        effect = await found_out(browser)
        assert "1 of 1 test question would get a wrong answer" in effect
        assert "1 of 2 questions of customers in 30 days would be answered differently" in effect
        assert "price of Minsk, •••" in effect
        assert "0671234567" not in effect
        assert "how much breaks Topic refund Topic delivery-cost Topic refund" in effect
        assert "refund price – would be taken from: Topic refund 90%" in effect
        # Found out once: nobody is asked a second time.
        assert "1 of 1 test question" in words(await browser.post("/kb/effect/delivery-cost", {}, status=200))
        assert len(candidates.asked) == 1
        await browser.post("/kb/effect/delivery-cost", {"again": "1"}, status=200)
        assert len(candidates.asked) == 2

    async def test_with_rasa_it_says_what_was_tried(
        self,
        browser: Browser,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        company: Company,
        clock: Clock,
        candidates: RankingCandidates,
    ) -> None:
        await put(publisher, an_article())
        assert "answered by Rasa" not in await found_out(browser, "/kb/effect")
        async with AsyncTestClient(
            build(database, publisher, knowledge, company, clock, {}, candidates, rasa=True)
        ) as client:
            there = Browser(client)
            await there.sign_in("petro@x.example")
            assert "answered by Rasa, which cannot be tried" in words(await there.get("/kb/effect"))

    async def test_published_from_there(
        self, browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge, trainer: RecordingTrainer
    ) -> None:
        await publisher.save(an_article(status=Status.DRAFT), OLENA, based_on=None)
        page = await browser.get("/kb/changes/delivery-cost")
        assert "It is new" in page
        assert "Publish" in words(page)
        location = await browser.post("/kb/changes", {"article": "delivery-cost", "revision": "1"})
        assert "Published: the knowledge base is at revision 1 now." in await browser.get(location)
        assert set(knowledge.articles) == {"delivery-cost"}
        assert len(trainer.trained) == 1
        assert "No word is different" in await browser.get("/kb/changes/delivery-cost")

    async def test_everything_that_is_ready(self, browser: Browser, publisher: Publisher) -> None:
        assert "Nothing is ready" in await browser.get("/kb/changes")
        for name in ("delivery-cost", "refund"):
            await publisher.save(an_article(name), OLENA, based_on=None)
        assert "What publishing 2 ready articles would change" in words(await browser.get("/kb/changes"))
        assert "0 of 0" in await found_out(browser, "/kb/effect")
        await browser.post("/kb/changes", {})
        assert "Nothing is ready" in await browser.get("/kb/changes")

    async def test_what_blocks_it(self, browser: Browser, publisher: Publisher) -> None:
        draft = an_article(status=Status.DRAFT, answers={})
        await publisher.save(draft, OLENA, based_on=None)
        page = words(await browser.get("/kb/changes/delivery-cost"))
        assert "Must be mended before it can be published Answer : the answers are missing" in page
        form = {"article": "delivery-cost", "revision": "1"}
        assert "the answers are missing" in await browser.post("/kb/changes", form, status=422)

    async def test_a_check_that_fails_says_why(
        self, browser: Browser, publisher: Publisher, candidates: RankingCandidates
    ) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        candidates.failure = "training needs phrasings of at least two articles"
        assert "could not be tried out: training needs phrasings" in await found_out(browser)
        candidates.failure = None
        assert "0 of 0 test questions" in await found_out(browser)

    async def test_somebody_was_faster(self, browser: Browser, publisher: Publisher) -> None:
        await publisher.save(an_article(), OLENA, based_on=None)
        await publisher.save(an_article(notes="нове"), OLENA, based_on=1)
        form = {"article": "delivery-cost", "revision": "1"}
        assert "Олена has saved revision 2 meanwhile" in words(await browser.post("/kb/changes", form, status=409))

    async def test_what_is_not_there(self, browser: Browser) -> None:
        await browser.get("/kb/changes/no-such", status=404)
        await browser.post("/kb/effect/no-such", {}, status=404)
        await browser.post("/kb/reviews/no-such", {"do": "sign", "revision": "1"}, status=404)
        await browser.post("/kb/reviews/no-such", {"do": "sign", "revision": "x"}, status=400)

    async def test_links_that_lead_nowhere(self, browser: Browser, publisher: Publisher) -> None:
        button = ArticleButton(label={"en": "Refund"}, article="refund")
        await put(publisher, an_article("refund"), an_article(buttons=(button,)))
        await publisher.save(an_article("refund", status=Status.ARCHIVED), OLENA, based_on=1)
        page = words(await browser.get("/kb/changes"))
        assert "a button of “delivery-cost” leads here: customers will not see it any more" in page
        await publisher.publish(OLENA)
        page = words(await browser.get("/kb/changes/delivery-cost"))
        assert "the button “Refund” leads to “refund”, which is not live" in page


class TestReview:
    @pytest.fixture
    def publisher(
        self,
        database: Database,
        trainer: RecordingTrainer,
        checker: InlineChecker,
        company: Company,
        clock: Clock,
        knowledge: PublishedKnowledge,
    ) -> Publisher:
        return Publisher(database, trainer, checker, company, clock, refreshers=[knowledge.refresh], review=True)

    @pytest.fixture
    async def rada(self, client: AsyncTestClient, browser: Browser) -> AsyncIterator[Browser]:
        transport = httpx.ASGITransport(app=client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver.local") as other:
            opened = Browser(other)
            await opened.sign_in("rada@x.example")
            yield opened

    async def test_asked_for_spoken_of_and_signed(
        self, browser: Browser, rada: Browser, database: Database, knowledge: PublishedKnowledge
    ) -> None:
        form = {**to_form(an_article()), "note": "new tariff"}
        # A “publish” from an old page does no more than ask.
        location = await browser.post("/kb/new", {**form, "do": "publish"})
        page = await browser.get(location)
        assert "marked for review" in page
        assert 'value="publish"' not in page
        assert not knowledge.articles

        mine = words(await browser.get("/kb/reviews"))
        assert "Nothing waits for you." in mine
        assert "Wait for others 1 Topic delivery-cost" in mine
        assert "waits for the signature of a reviewer" in words(await browser.get("/kb/changes/delivery-cost"))
        act = "/kb/reviews/delivery-cost"
        await browser.post(act, {"do": "sign", "revision": "1"}, status=409)

        assert "Wait for you 1 Topic delivery-cost Петро" in words(await rada.get("/kb/reviews"))
        assert "new tariff" in await rada.get("/kb/changes/delivery-cost")
        await rada.post(act, {"do": "comment", "revision": "1", "words": " "}, status=422)
        location = await rada.post(act, {"do": "comment", "revision": "1", "words": "since when?"})
        assert "since when?" in await rada.get(location)
        await rada.post(act, {"do": "return", "revision": "1", "words": "say since when"})
        assert "Sent back 1 Topic delivery-cost" in words(await browser.get("/kb/reviews"))
        await browser.post(act, {"do": "request", "revision": "2", "words": "since May"})
        location = await rada.post(act, {"do": "sign", "revision": "3"})
        assert "Published: the knowledge base is at revision 1 now." in await rada.get(location)
        assert set(knowledge.articles) == {"delivery-cost"}
        assert (await newest(database)).author == "Рада"

    async def test_snippets_wait_beside_articles(self, browser: Browser, rada: Browser) -> None:
        await browser.post("/kb/snippets/new-snippet", {"name": "hours", "text.en": "Daily", "do": "save"})
        mine = words(await browser.get("/kb/reviews"))
        assert "Nothing waits for you. Wait for others 1 Snippet hours Петро" in mine
        page = await rada.get("/kb/reviews")
        assert "Wait for you 1 Snippet hours Петро" in words(page)
        assert "Wait for others" not in page
        assert 'href="/kb/snippets/hours"' in page
        await rada.post("/kb/snippets/hours", {"text.en": "Daily", "based_on": "1", "do": "sign"})
        for reader in (browser, rada):
            assert "hours" not in words(await reader.get("/kb/reviews"))

    async def test_ones_own_words(self, rada: Browser, knowledge: PublishedKnowledge) -> None:
        await rada.post("/kb/new", {**to_form(an_article()), "do": "review"})
        page = words(await rada.get("/kb/changes/delivery-cost"))
        assert "Yours does not count for your own words" in page
        assert "Sign and publish" not in page
        form = {"do": "sign", "revision": "1"}
        assert "somebody was faster" in words(await rada.post("/kb/reviews/delivery-cost", form, status=409))
        form = {"article": "delivery-cost", "revision": "1"}
        assert "needs the signature" in words(await rada.post("/kb/changes", form, status=409))
        await rada.post("/kb/publish", {})
        assert not knowledge.articles


class TestTheQuestions:
    async def test_kept_tried_and_taken_out(self, browser: Browser, publisher: Publisher, database: Database) -> None:
        await put(publisher, an_article(), an_article("refund"))
        assert "No test questions yet" in await browser.get("/kb/tests")
        await browser.post("/kb/tests", {"text": "where", "language": "en", "article": "delivery-cost"})
        await browser.post("/kb/tests", {"text": " price? ", "language": "en", "article": "delivery-cost"})
        location = await browser.post("/kb/tests", {"text": "zzz", "language": "uk", "article": "-"})
        page = words(await browser.get(location))
        assert "Kept: every change" in page
        assert "3 questions · 1 is answered wrongly now" in page
        assert page.index("where") < page.index("price?")
        # The same question again only changes what is expected.
        await browser.post("/kb/tests", {"text": "where", "language": "en", "article": "refund"})
        assert "all are answered rightly now" in words(await browser.get("/kb/tests"))
        async with database.read() as work:
            (last, *_) = await TestQuestions(work.connection).all()
        await browser.post(f"/kb/tests/{last.id}/forget", {})
        await browser.post(f"/kb/tests/{last.id}/forget", {}, status=404)
        assert "2 questions" in words(await browser.get("/kb/tests"))

    async def test_from_the_box_where_one_asks(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, an_article(), an_article("refund"))
        box = await browser.post("/kb/ask", {"text": "price?", "language": "en"}, status=200)
        assert re.search(r'value="delivery-cost" selected', box)
        page = await browser.get("/kb")
        token = re.search(r'data-csrf="([^"]+)"', page)
        assert token
        kept = await browser.client.post(
            "/kb/tests",
            data={"text": "price?", "language": "en", "article": "delivery-cost", "_csrf_token": token.group(1)},
            headers={"hx-request": "true"},
        )
        assert (kept.status_code, "Kept." in kept.text) == (200, True)
        assert "1 question ·" in words(await browser.get("/kb/tests"))

    @pytest.mark.parametrize(
        "form",
        [
            {"text": " ", "language": "en", "article": "-"},
            {"text": "a", "language": "xx", "article": "-"},
            {"text": "a", "language": "en", "article": ""},
            {"text": "a", "language": "en", "article": "no-such"},
        ],
    )
    async def test_what_cannot_be_kept(self, browser: Browser, form: dict[str, str]) -> None:
        page = await browser.post("/kb/tests", form, status=422)
        assert 'role="alert"' in page


class TestTwoEditors:
    TEXT = "Доставка 70 грн.\nОплата карткою.\nПитайте."

    def article(self, text: str, **changes: object) -> object:
        return an_article(answers={"uk": {"default": text}, "en": {"default": "x"}}, **changes)

    async def test_what_fits_together_is_saved_together(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, self.article(self.TEXT))
        hers = self.article(self.TEXT.replace("Питайте.", "Питайте будь-коли."), notes="її", status=Status.DRAFT)
        await publisher.save(hers, OLENA, based_on=1)
        mine = to_form(self.article(self.TEXT.replace("70", "80"), category="моя"))
        location = await browser.post("/kb/articles/delivery-cost", {**mine, "based_on": "1", "do": "save"})
        assert "joined in revision 3" in await browser.get(location)
        saved = await newest(database)
        assert saved.article.answers["uk"]["default"] == "Доставка 80 грн.\nОплата карткою.\nПитайте будь-коли."
        assert (saved.article.notes, saved.article.category) == ("її", "моя")
        assert (saved.author, saved.based_on) == ("Петро", 2)

    async def test_nothing_joined_goes_before_customers_unseen(
        self, browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge
    ) -> None:
        await put(publisher, self.article(self.TEXT))
        await publisher.save(self.article(self.TEXT, notes="її", status=Status.DRAFT), OLENA, based_on=1)
        mine = {**to_form(self.article(self.TEXT.replace("70", "80"))), "based_on": "1", "do": "publish"}
        page = words(await browser.post("/kb/articles/delivery-cost", mine, status=409))
        assert "fit together and are joined" in page
        assert "1 place of theirs was joined with yours Notes" in page
        assert knowledge.articles["delivery-cost"].answers["uk"]["default"] == self.TEXT

    async def test_what_collides_is_shown_side_by_side_and_decided(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, self.article(self.TEXT, category="a"))
        hers = self.article(self.TEXT.replace("70", "90").replace("Питайте.", "Пишіть."), category="її")
        await publisher.save(msgspec.structs.replace(hers, status=Status.DRAFT), OLENA, based_on=1)
        mine = {**to_form(self.article(self.TEXT.replace("70", "80"), category="моя")), "based_on": "1", "do": "save"}
        page = await browser.post("/kb/articles/delivery-cost", mine, status=409)
        assert "2 places were changed by both" in words(page)
        # In the field: mine where they collide, theirs where they do not.
        assert "Доставка 80 грн.\nОплата карткою.\nПишіть.</textarea>" in html.unescape(page)
        assert 'name="take.category" value="theirs"' in page

        fields = dict(
            re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', html.unescape(page), re.DOTALL)
        )
        decided = {**fields, "based_on": "2", "take.category": "theirs", "take.answers.uk.default": "mine"}
        await browser.post("/kb/articles/delivery-cost", {**decided, "do": "save"})
        saved = await newest(database)
        assert saved.revision == 3
        assert saved.article.category == "її"
        assert saved.article.answers["uk"]["default"] == "Доставка 80 грн.\nОплата карткою.\nПишіть."

    async def test_going_on_with_a_choice(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, self.article(self.TEXT))
        await publisher.save(self.article("Зовсім інше.", status=Status.DRAFT), OLENA, based_on=1)
        mine = {**to_form(self.article("Моє.")), "based_on": "2", "do": "edit"}
        page = await browser.post(
            "/kb/articles/delivery-cost", {**mine, "take.answers.uk.default": "theirs"}, status=200
        )
        assert "Зовсім інше.</textarea>" in page
        assert "data-unsaved" in page


async def test_any_two_revisions_are_compared(browser: Browser, publisher: Publisher) -> None:
    for number in range(3):
        await publisher.save(an_article(notes=f"нотатка {number}"), OLENA, based_on=number or None)
    assert "/kb/articles/delivery-cost/compare" in await browser.get("/kb/articles/delivery-cost/history")
    page = await browser.get("/kb/articles/delivery-cost/compare?old=1&new=3")
    assert "<del>0</del>" in page
    assert "<ins>2</ins>" in page
    assert "The two are the same." in await browser.get("/kb/articles/delivery-cost/compare?old=2&new=2")
    await browser.get("/kb/articles/delivery-cost/compare?old=2&new=9", status=404)
    await browser.get("/kb/articles/no-such/compare?old=1&new=1", status=404)


class TestBadInput:
    async def test_fifty_thousand_phrasings(self, browser: Browser, database: Database) -> None:
        form = {**to_form(an_article()), "phrasings.en": "\n".join(f"question {n}" for n in range(50_000))}
        page = words(await browser.post("/kb/new", {**form, "do": "publish"}, status=422))
        assert "50000 phrasings are too many: at most 5000" in page
        async with database.read() as work:
            assert await Articles(work.connection).all() == {}

    async def test_a_template_bomb_and_a_phrasing_of_two_articles_block_a_change(
        self, browser: Browser, publisher: Publisher
    ) -> None:
        await put(publisher, an_article("refund"))
        bomb = {
            **to_form(an_article()),
            "answers.en.default": "{{ contact.name }}" * 60,
            "phrasings.en": "refund price",
        }
        page = words(await browser.post("/kb/new", {**bomb, "do": "check"}, status=422))
        assert "“refund price” is already a phrasing of “refund”" in page
        assert "more than 50 variables; shorten the text" in page

    async def test_a_model_behind_what_is_published_is_told(
        self,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        company: Company,
        clock: Clock,
        trainer: RecordingTrainer,
    ) -> None:
        await hire(database, clock)
        await put(publisher, an_article())
        app = build(database, publisher, knowledge, company, clock, {}, trained=lambda: None)
        async with AsyncTestClient(app) as client:
            browser = Browser(client)
            await browser.sign_in("petro@x.example")
            assert "understands by an older model" in await browser.get("/kb")
            trainer.failure = "60001 phrasings are more than one training takes"
            await browser.post("/kb/train", {})
            assert "understands as before: 60001 phrasings are more" in await browser.get("/kb/training")
