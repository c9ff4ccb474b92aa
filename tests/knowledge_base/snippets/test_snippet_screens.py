"""The pages of snippets, and signatures where reviewers sign."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from litestar.testing import AsyncTestClient

from gateway.errors import Conflict
from gateway.ports import Clock
from gateway.settings import Company
from gateway.staff import Role
from gateway.storage.engine import Database
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.snippets.going import UnsignedSnippet
from knowledge_base.snippets.keeping import SnippetKeeper
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.values import Snippet
from knowledge_base.storage import Articles, Editor
from tests.knowledge_base.app import Browser, build, hire
from tests.knowledge_base.fakes import InlineChecker, RecordingTrainer, an_article

SAYS = {"uk": {"default": "Так. {{ snippets.hours }}"}, "en": {"default": "Yes. {{ snippets.hours }}"}}
OLENA = Editor(name="Олена")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def browser(
    database: Database, publisher: Publisher, knowledge: PublishedKnowledge, company: Company, clock: Clock
) -> AsyncIterator[Browser]:
    await hire(database, clock)
    async with AsyncTestClient(build(database, publisher, knowledge, company, clock, {})) as client:
        opened = Browser(client)
        await opened.sign_in("petro@x.example")
        yield opened


async def stored(database: Database, name: str = "hours") -> dict[str, str]:
    async with database.read() as work:
        return (await Snippets(work.connection).history(name))[0].snippet.texts


class TestScreens:
    """What an editor does."""

    async def test_from_new_to_live(
        self, browser: Browser, publisher: Publisher, knowledge: PublishedKnowledge
    ) -> None:
        assert "There are none yet" in await browser.get("/kb/snippets")
        made = await browser.post(
            "/kb/snippets/new-snippet", {"name": "hours", "text.en": "Daily", "based_on": "", "do": "save"}
        )
        assert made == "/kb/snippets/hours?done=saved"
        await publisher.save(an_article(answers=SAYS), OLENA, based_on=None)
        page = await browser.get("/kb/snippets/hours")
        assert "Topic delivery-cost" in page
        assert "{{ snippets.hours }}" in page
        assert "Ready to publish" in page
        assert "Snippets that change with it" in await browser.get("/kb/changes")
        assert "/kb/changes" in await browser.get("/kb")
        await publisher.publish(OLENA)
        done = await browser.post("/kb/snippets/hours", {"text.en": "From 10", "based_on": "1", "do": "publish"})
        assert done == "/kb/snippets/hours?done=published&revision=2"
        assert knowledge.answer("delivery-cost", "en", "webchat", {}).text == "Yes. From 10"
        assert "Ready to publish" not in await browser.get("/kb/snippets")
        assert "From 10" in await browser.get("/kb/articles/delivery-cost")

    async def test_two_at_once_see_both_texts(
        self, browser: Browser, database: Database, publisher: Publisher, clock: Clock
    ) -> None:
        keeper = SnippetKeeper(database, publisher, InlineChecker(), clock)
        await keeper.save(Snippet(name="hours", texts={"en": "first"}), OLENA, based_on=None)
        await keeper.save(Snippet(name="hours", texts={"en": "hers"}), OLENA, based_on=1)
        late = await browser.post("/kb/snippets/hours", {"text.en": "mine", "based_on": "1", "do": "save"}, status=409)
        assert "Олена saved this snippet meanwhile" in late
        assert "hers" in late
        assert "mine</textarea>" in late
        assert 'name="based_on" value="2"' in late
        assert await stored(database) == {"en": "hers"}
        await browser.post("/kb/snippets/hours", {"text.en": "mine", "based_on": "2", "do": "save"})
        assert await stored(database) == {"en": "mine"}
        assert "first</textarea>" in await browser.get("/kb/snippets/hours?revision=1")

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"name": "Two words", "text.en": "a"}, "small Latin letters"),
            ({"name": "hours"}, "at least one language"),
            ({"name": "hours", "text.en": "{{ snippets.x }}"}, "cannot use another one"),
        ],
    )
    async def test_faults_keep_the_words(self, browser: Browser, form: dict[str, str], words: str) -> None:
        answer = await browser.post("/kb/snippets/new-snippet", {**form, "based_on": "", "do": "save"}, 422)
        assert words in answer
        assert form.get("text.en", "") in answer

    async def test_preview(self, browser: Browser) -> None:
        shown = await browser.post(
            "/kb/snippets/live-preview", {"name": "hours", "text.en": "**{{ company.name }}**"}, 200
        )
        assert "<strong>Zhuravlyk</strong>" in shown

    async def test_what_is_said_is_not_taken_out(
        self, browser: Browser, database: Database, publisher: Publisher
    ) -> None:
        await browser.post(
            "/kb/snippets/new-snippet", {"name": "hours", "text.en": "Daily", "based_on": "", "do": "save"}
        )
        await publisher.save(an_article(answers=SAYS), OLENA, based_on=None)
        kept = await browser.post("/kb/snippets/hours", {"text.en": "Daily", "based_on": "1", "do": "remove"}, 409)
        assert "delivery-cost" in kept
        await publisher.save(an_article(), OLENA, based_on=1)
        gone = await browser.post("/kb/snippets/hours", {"text.en": "Daily", "based_on": "1", "do": "remove"})
        assert gone == "/kb/snippets?done=forgotten"
        assert await stored(database) == {}
        assert "Taken out; their words are kept" in await browser.get("/kb/snippets")


class TestSignatures:
    """With `[knowledge] review` a snippet is signed like an article."""

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

    async def test_nothing_goes_live_unsigned(
        self, database: Database, publisher: Publisher, knowledge: PublishedKnowledge, clock: Clock
    ) -> None:
        people = {}
        async with database.write() as work:
            for name, role in (("olena", Role.REVIEWER), ("rada", Role.REVIEWER), ("petro", Role.EDITOR)):
                people[name] = await work.staff.add(
                    email=f"{name}@x.example", name=name, password_hash="x", roles=frozenset({role}), now=clock()
                )
        olena = Editor(name="olena", staff_id=people["olena"].id)
        keeper = SnippetKeeper(database, publisher, InlineChecker(), clock)
        await keeper.save(Snippet(name="hours", texts={"en": "Daily"}), olena, based_on=None)
        await publisher.save(an_article(answers=SAYS), olena, based_on=None)
        command = Editor(name="command")
        with pytest.raises(UnsignedSnippet):
            await publisher.publish(command, ["delivery-cost"])
        assert await publisher.publish(command) is None
        for who in ("olena", "petro"):
            with pytest.raises(Conflict, match="may not sign"):
                await keeper.sign("hours", 1, people[who])
        await keeper.sign("hours", 1, people["rada"])
        await publisher.publish(command)
        await keeper.save(Snippet(name="hours", texts={"en": "Never"}), olena, based_on=1)
        await publisher.publish(command)
        assert knowledge.answer("delivery-cost", "en", "webchat", {}).text == "Yes. Daily"

    async def test_taking_out_is_signed_as_well(self, browser: Browser, database: Database) -> None:
        for fields in ({"text.en": "Daily", "do": "save"}, {"do": "sign"}, {"do": "remove"}, {"do": "sign"}):
            await browser.sign_in("rada@x.example" if fields["do"] == "sign" else "petro@x.example")
            new = fields["do"] == "save"
            words = await stored(database) if not new else {}
            form = {**{f"text.{code}": text for code, text in words.items()}, **fields}
            based_on = "" if new else "2" if fields == {"do": "sign"} and not words else "1"
            path = "/kb/snippets/new-snippet" if new else "/kb/snippets/hours"
            await browser.post(path, {"name": "hours", "based_on": based_on, **form})
        async with database.read() as work:
            base = await Articles(work.connection).published_revision()
            assert await Snippets(work.connection).published(base) == {}

    async def test_who_changes_the_words_does_not_sign_them(self, browser: Browser, database: Database) -> None:
        await browser.post("/kb/snippets/new-snippet", {"name": "hours", "text.en": "Daily", "do": "save"})
        await browser.sign_in("rada@x.example")
        form = {"text.en": "Daily!", "based_on": "1", "do": "sign"}
        page = await browser.post("/kb/snippets/hours", form, status=422)
        assert "somebody else must sign them" in page
        assert "Daily!" in page
        assert await stored(database) == {"en": "Daily"}
        # Somebody who may not sign at all is told so, on the page and not by a fault.
        await browser.sign_in("petro@x.example")
        page = await browser.post("/kb/snippets/hours", {**form, "text.en": "Daily"}, status=409)
        assert "It waits for the signature of a reviewer" in page
