"""The editor's pages: who gets in, what saving does, and that nobody's words are lost."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import date, time

import pytest
from litestar.testing import AsyncTestClient

from gateway.ports import Clock, Ranked
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base.articles import ArticleButton, ButtonAction, Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.forms import to_form
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Articles, Editor, Saved
from tests.knowledge_base.app import Browser, build, hire
from tests.knowledge_base.fakes import RecordingTrainer, an_article

KNOWN = {
    "sure": (Ranked(intent="delivery-cost", confidence=0.9), Ranked(intent="refund", confidence=0.05)),
    "perhaps": (Ranked(intent="delivery-cost", confidence=0.4), Ranked(intent="refund", confidence=0.35)),
}
ARTICLE = an_article(
    buttons=(ArticleButton(label={"uk": "Людина", "en": "A person"}, action=ButtonAction.HANDOFF),),
    notes="From the tariff book.",
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def client(
    database: Database, publisher: Publisher, knowledge: PublishedKnowledge, company: Company, clock: Clock
) -> AsyncIterator[AsyncTestClient]:
    await hire(database, clock)
    async with AsyncTestClient(build(database, publisher, knowledge, company, clock, KNOWN)) as opened:
        yield opened


@pytest.fixture
async def browser(client: AsyncTestClient) -> Browser:
    opened = Browser(client)
    await opened.sign_in("petro@x.example")
    return opened


async def put(publisher: Publisher, *articles: object) -> None:
    for article in articles:
        await publisher.save(article, Editor(name="Олена"), based_on=None)
    await publisher.publish(Editor(name="Олена"))


async def newest(database: Database, article_id: str = "delivery-cost") -> Saved:
    async with database.read() as work:
        return await Articles(work.connection).get(article_id)


def words(page: str) -> str:
    """A page as one reads it: without tags, white space closed up."""
    page = re.sub(r"(?s)<(script|style).*?</\1>", "", page)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


class TestTheDoor:
    async def test_strangers_are_sent_to_sign_in(self, client: AsyncTestClient) -> None:
        response = await client.get("/kb", headers={"accept": "text/html"}, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (303, "/login?next=/kb")

    async def test_agents_are_not_editors(self, client: AsyncTestClient) -> None:
        browser = Browser(client)
        await browser.sign_in("agent@x.example")
        await browser.get("/kb", status=403)
        await browser.get("/kb/articles/delivery-cost", status=403)

    async def test_a_form_without_its_token_is_refused(self, browser: Browser) -> None:
        response = await browser.client.post("/kb/publish", data={}, follow_redirects=False)
        assert response.status_code == 403

    async def test_an_unknown_article_is_not_there(self, browser: Browser) -> None:
        await browser.get("/kb/articles/no-such", status=404)
        await browser.get("/kb/articles/no-such/history", status=404)


class TestTheList:
    async def test_empty(self, browser: Browser) -> None:
        assert "No articles yet" in await browser.get("/kb")

    async def test_an_article_whose_time_is_not_now_is_not_called_live(
        self, browser: Browser, publisher: Publisher
    ) -> None:
        await put(
            publisher,
            an_article("over", valid_until=date(2026, 11, 20)),
            an_article("coming", valid_from=date(2026, 12, 1)),
        )
        page = words(await browser.get("/kb"))
        assert "Its time is over" in page
        assert "Its time is still to come" in page
        assert "Customers do not get this answer: its time is over" in words(await browser.get("/kb/articles/over"))
        assert "Customers do not get" not in words(await browser.get("/kb/articles/coming"))
        assert "Live" not in words(await browser.get("/kb/articles/over"))

    async def test_rows_filters_and_fragments(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, ARTICLE, an_article("refund", category="money", status=Status.DRAFT))
        page = await browser.get("/kb")
        assert "Topic delivery-cost" in page
        assert "Topic refund" in page
        assert "<html" in page

        fragment = await browser.get("/kb?search=answer+REFUND", hx_request="true")
        assert "<html" not in fragment
        assert "Topic refund" in fragment
        assert "Topic delivery-cost" not in fragment
        assert "Topic refund" not in await browser.get("/kb?status=published")
        assert "Topic delivery-cost" not in await browser.get("/kb?category=money")
        assert "Topic refund" in await browser.get("/kb?incomplete=ru")
        assert "Nothing found" in await browser.get("/kb?incomplete=en")
        assert "Nothing found" in await browser.get("/kb?search=%00%D8%A7")

    async def test_what_waits_is_published_at_once(
        self, browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge, trainer: RecordingTrainer
    ) -> None:
        await publisher.save(ARTICLE, Editor(name="Олена"), based_on=None)
        assert "Publish 1 waiting" in await browser.get("/kb")

        location = await browser.post("/kb/publish", {})
        assert set(knowledge.articles) == {"delivery-cost"}
        assert len(trainer.trained) == 1
        page = await browser.get(location)
        assert "Published: the knowledge base is at revision 1 now." in page
        assert 'hx-get="/kb/training"' in page
        assert "waiting" not in words(page)
        assert "The bot was trained on 5 phrases in 2.5 s." in await browser.get("/kb/training")
        assert "за 2,5 с" in await browser.get("/kb/training?lang=uk")

    async def test_training_again(self, browser: Browser, publisher: Publisher, trainer: RecordingTrainer) -> None:
        await put(publisher, ARTICLE)
        assert (await browser.get("/kb/training")).strip() == ""
        await browser.post("/kb/train", {})
        assert len(trainer.trained) == 1
        publisher.begin_training()
        assert "The bot is learning it now." in await browser.get("/kb/training")


class TestSaving:
    async def test_a_page_sent_back_unchanged_changes_nothing(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, ARTICLE)
        form = {**to_form(ARTICLE), "based_on": "1", "do": "publish"}
        location = await browser.post("/kb/articles/delivery-cost", form)
        assert (await newest(database)).revision == 1
        assert "nothing to publish" in await browser.get(location)

    async def test_a_new_article_from_draft_to_live(
        self, browser: Browser, database: Database, knowledge: PublishedKnowledge
    ) -> None:
        form = {
            "id": "refund",
            "title.en": "  Refunds ",
            "phrasings.en": "money back\r\n\r\n  I want   my money\r\n",
            "answers.en.default": "Write to us.\r\n\r\nWe pay.  \r\n",
            "answers.en.telegram": "",
            "buttons.0.label.en": "Site",
            "buttons.0.target": "url",
            "buttons.0.url": "https://x.example",
            "valid_from": "2026-01-01",
            "from_time": "09:30",
            "valid_until": "2027-01-01",
            "note": "first try",
        }
        location = await browser.post("/kb/new", {**form, "do": "save"})
        assert "Saved as a draft" in await browser.get(location)
        saved = await newest(database, "refund")
        assert (saved.article.status, saved.author, saved.note) == (Status.DRAFT, "Петро", "first try")
        assert saved.article.phrasings == {"en": ("money back", "I want my money")}
        assert saved.article.answers == {"en": {"default": "Write to us.\n\nWe pay."}}
        assert saved.article.buttons == (ArticleButton(label={"en": "Site"}, url="https://x.example"),)
        assert (saved.article.from_time, saved.article.until_time) == (time(9, 30), None)
        page = await browser.get("/kb/articles/refund")
        assert re.search(r'name="from_time"[^>]*value="09:30"', page)
        assert "from 2026-01-01 09:30 until 2027-01-01" in words(await browser.get("/kb"))
        assert knowledge.articles == {}

        location = await browser.post("/kb/articles/refund", {**form, "based_on": "1", "do": "review"})
        assert "marked for review" in await browser.get(location)
        await browser.post("/kb/articles/refund", {**form, "based_on": "2", "do": "publish"})
        assert set(knowledge.articles) == {"refund"}
        page = words(await browser.get("/kb/articles/refund"))
        assert "● " not in page
        assert "Live" in page

        location = await browser.post("/kb/articles/refund", {**form, "based_on": "3", "do": "archive"})
        assert knowledge.articles == {}
        assert "Taken off the air" in await browser.get(location)

    async def test_faults_stand_at_their_fields_and_the_words_stay(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, ARTICLE, an_article("refund"))
        form = {
            **to_form(ARTICLE),
            "based_on": "1",
            "do": "publish",
            "answers.uk.default": "мої <b>слова</b>\n{% for a %}",
            "phrasings.en": "refund price",
            "buttons.0.label.en": "a label that is much too long",
            "valid_until": "31.12.2026",
            "from_time": "09:30",
        }
        page = await browser.post("/kb/articles/delivery-cost", form, status=422)
        assert "мої &lt;b&gt;слова&lt;/b&gt;" in page

        def fault_at(field: str) -> str:
            found = re.search(rf'id="faults-{field}".*?</div>', page, re.DOTALL)
            assert found
            return words(found.group())

        assert "line 2: the tag “for” is not allowed" in fault_at("answers-uk-default")
        assert "already a phrasing of “refund”" in fault_at("phrasings-en")
        assert "English: the label" in fault_at("buttons-0")
        assert "this is no date" in fault_at("valid_until")
        assert "this time has no day" in fault_at("valid_from")
        assert (await newest(database)).revision == 1

    async def test_a_stale_edit_shows_both_and_goes_on_with_mine(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, ARTICLE)
        hers = an_article(title={"uk": "Її назва", "en": "Topic delivery-cost"}, buttons=ARTICLE.buttons)
        await publisher.save(hers, Editor(name="Олена"), based_on=1)
        mine = {**to_form(ARTICLE), "title.uk": "Моя <назва>", "based_on": "1"}

        page = await browser.post("/kb/articles/delivery-cost", {**mine, "do": "publish"}, status=409)
        assert "Олена saved revision 2" in words(page)
        assert "Її" in words(page)
        assert "Моя <назва>" in words(page)
        assert 'name="based_on" value="2"' in page
        assert (await newest(database)).revision == 2

        again = await browser.post("/kb/articles/delivery-cost", {**mine, "based_on": "2", "do": "edit"}, status=200)
        assert "Моя &lt;назва&gt;" in again
        assert "data-unsaved" in again
        await browser.post("/kb/articles/delivery-cost", {**mine, "based_on": "2", "do": "save"})
        assert (await newest(database)).article.title["uk"] == "Моя <назва>"

    async def test_an_id_that_is_taken(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, ARTICLE)
        form = {"id": "delivery-cost", "title.en": "Mine", "do": "save"}
        page = words(await browser.post("/kb/new", form, status=409))
        assert "There is already an article “delivery-cost”" in page

    async def test_an_unknown_deed_is_refused(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, ARTICLE)
        await browser.post("/kb/articles/delivery-cost", {**to_form(ARTICLE), "do": "dance"}, status=400)

    async def test_a_training_that_fails_is_said_and_the_publication_stands(
        self, browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge, trainer: RecordingTrainer
    ) -> None:
        trainer.failure = "too few phrases"
        location = await browser.post("/kb/new", {**to_form(ARTICLE), "do": "publish"})
        assert "Published: the knowledge base is at revision 1 now." in await browser.get(location)
        assert "the bot could not be trained" in await browser.get("/kb/training")
        assert set(knowledge.articles) == {"delivery-cost"}


async def test_a_made_up_flash_says_nothing(browser: Browser) -> None:
    assert "kb-flash" not in await browser.get("/kb?done=hacked&revision=1")
    assert "kb-flash" not in await browser.get("/kb?done=published&revision=<b>")
    assert "kb-flash" in await browser.get("/kb?done=published&revision=3")


class TestPreview:
    async def test_bubbles_and_faults_of_words_being_typed(self, browser: Browser) -> None:
        form = {
            "id": "x",
            "title.en": "X",
            "answers.en.default": "**Hi** {{ contact.name }} <script> {{ company.nmae }}\n- one\n- https://x.example.",
            "answers.en.telegram": "{{ contact.name",
            "known": "1",
        }
        page = await browser.post("/kb/preview", form, status=200)
        assert "<strong>Hi</strong> Oksana &lt;script&gt;" in page
        assert '<li><a href="https://x.example" target="_blank" rel="noopener">https://x.example</a>.</li>' in page
        assert "Nobody fills: company.nmae" in page
        assert "is never closed by" in page
        unknown = await browser.post("/kb/preview", {**form, "known": "0"}, status=200)
        assert "Oksana" not in unknown
        assert "Empty in this example: contact.name" in unknown


class TestHistory:
    async def test_what_changed_and_back_again(
        self, browser: Browser, publisher: Publisher, database: Database
    ) -> None:
        await put(publisher, ARTICLE)
        changed = an_article(answers={"uk": {"default": "Нова відповідь delivery-cost"}}, buttons=ARTICLE.buttons)
        await publisher.save(changed, Editor(name="Олена"), based_on=1, note="коротше")
        page = await browser.get("/kb/articles/delivery-cost/history")
        assert "коротше" in page
        assert "<del>" in page
        assert "<ins>Нова відповідь" in page

        location = await browser.post("/kb/articles/delivery-cost/rollback", {"revision": "1", "based_on": "2"})
        assert "Revision 1 is back as a draft" in await browser.get(location)
        saved = await newest(database)
        assert (saved.revision, saved.article.answers) == (3, ARTICLE.answers)
        assert saved.note == "Brought back from revision 1"
        await browser.post("/kb/articles/delivery-cost/rollback", {"revision": "1", "based_on": "2"}, status=409)
        await browser.post("/kb/articles/delivery-cost/rollback", {"revision": "x"}, status=400)

    async def test_an_old_one_that_may_not_come_back_says_why(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, ARTICLE)
        await publisher.save(an_article(phrasings={"en": ("something else",)}), Editor(name="Олена"), based_on=1)
        thief = an_article("thief", phrasings={"en": ("delivery-cost price",)})
        await publisher.save(thief, Editor(name="Олена"), based_on=None)
        form = {"revision": "1", "based_on": "2"}
        page = words(await browser.post("/kb/articles/delivery-cost/rollback", form, status=422))
        assert "This could not be brought back: “delivery-cost price” is already a phrasing of “thief”" in page


class TestAsking:
    async def test_the_answer_and_why(self, browser: Browser, publisher: Publisher) -> None:
        await put(publisher, ARTICLE, an_article("refund"))
        page = words(await browser.post("/kb/ask", {"text": "sure", "language": "en"}, status=200))
        assert "Answers Topic delivery-cost" in page
        assert "Answer delivery-cost" in page
        assert "90%" in page
        assert "from 30% on the bot asks back, from 55% on it answers" in page

        assert "Asks back" in await browser.post("/kb/ask", {"text": "perhaps", "language": "uk"}, status=200)
        assert "Offers a person" in await browser.post("/kb/ask", {"text": "never heard"}, status=200)
        assert "recognises no topic" in await browser.post("/kb/ask", {"text": "never heard"}, status=200)
        assert "Write a question first" in await browser.post("/kb/ask", {"text": " "}, status=200)

    async def test_nothing_published(self, browser: Browser) -> None:
        assert "the bot knows nothing" in await browser.post("/kb/ask", {"text": "sure"}, status=200)


async def test_pages_are_in_the_readers_language(client: AsyncTestClient, publisher: Publisher) -> None:
    await put(publisher, ARTICLE)
    browser = Browser(client)
    await browser.sign_in("olena@x.example")
    assert "Нова стаття" in await browser.get("/kb")
    assert "Як питають люди" in await browser.get("/kb/articles/delivery-cost")
    bad = {**to_form(ARTICLE), "based_on": "1", "do": "save", "answers.uk.default": "{{ now }}"}
    page = await browser.post("/kb/articles/delivery-cost", bad, status=422)
    assert "«now» не є змінною" in html.unescape(page)
