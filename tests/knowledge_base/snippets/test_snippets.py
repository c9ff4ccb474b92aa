"""Snippets: filled first, published with the next publication, nobody's words lost."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ImportRefused, NotFound
from gateway.ports import Clock
from gateway.storage.engine import Database
from knowledge_base.articles import Status, tidy_text
from knowledge_base.base import PublishedKnowledge
from knowledge_base.changes import gather
from knowledge_base.inspecting import remarks
from knowledge_base.publishing import Publisher, Refused
from knowledge_base.search.index import KnowledgeIndex
from knowledge_base.snippets.filling import fill
from knowledge_base.snippets.folder import read_snippets, write_snippets
from knowledge_base.snippets.keeping import SnippetInUse, SnippetKeeper, SnippetRefused, StaleSnippet
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.values import Snippet, inlined, names_in, used_by
from knowledge_base.storage import Editor
from tests.knowledge_base.fakes import InlineChecker, an_article

HOURS = Snippet(name="hours", texts={"uk": "Щодня з 9, {{ company.name }}", "en": "Daily from 9, {{ company.name }}"})
VARIABLES = {"company": {"name": "Zhuravlyk"}}
SAYS = {"uk": {"default": "Так. {{ snippets.hours }}"}, "en": {"default": "Yes. {{ snippets.hours }}"}}


@pytest.fixture
def keeper(database: Database, publisher: Publisher, clock: Clock) -> SnippetKeeper:
    return SnippetKeeper(database, publisher, InlineChecker(), clock)


def said(knowledge: PublishedKnowledge, language: str = "en", article: str = "delivery-cost") -> str:
    return knowledge.answer(article, language, "webchat", VARIABLES).text


class TestTemplates:
    """Where templates name snippets, and what becomes of it."""

    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ("{{ snippets.hours }}", ["hours"]),
            ("{{snippets . hours | upcase}} {{ snippets['pay'] }}", ["hours", "pay"]),
            ("{% if snippets.hours %}a{% endif %}", ["hours"]),
            ("say snippets.hours {{ company.name }}", []),
        ],
    )
    def test_names(self, source: str, names: list[str]) -> None:
        assert names_in(source) == names

    def test_is_filled_first_and_as_a_whole(self) -> None:
        long = "x" * 3000
        made = fill("A {{ snippets.a }} B", VARIABLES, {"a": long + "{{ company.name }}{{ contact.name }}"})
        assert made.rendered.text == f"A {long}Zhuravlyk B"
        assert made.rendered.missing == ("contact.name",)

    def test_one_that_cannot_be_filled_stands_plainly(self) -> None:
        made = fill(
            "A {{ snippets.a }}", {"company": {"name": "2026-01-01"}}, {"a": "words {{ company.name | date: '%q' }}"}
        )
        assert made.rendered.text == "A words"
        assert "snippet a" in made.reason

    def test_what_customers_are_called_is_never_a_template(self) -> None:
        made = fill("{{ snippets.a }}", {"contact": {"name": "{{ company.name }}"}}, {"a": "Hi {{ contact.name }}"})
        assert made.rendered.text == "Hi {{ company.name }}"

    def test_inlined(self) -> None:
        article = inlined(an_article(answers=SAYS), {"hours": {"uk": "Щодня"}})
        assert article.answers["uk"]["default"] == "Так. Щодня"
        assert article.answers["en"]["default"] == "Yes. Щодня"
        assert not used_by(article)

    @given(
        st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
            st.dictionaries(st.sampled_from(["uk", "ru", "en"]), st.text(min_size=1).map(tidy_text), min_size=1),
            min_size=1,
            max_size=4,
        )
    )
    def test_a_file_gives_back_what_was_written(self, texts: dict[str, dict[str, str]]) -> None:
        read = read_snippets(write_snippets(texts))
        assert not read.faults
        assert {one.name: one.texts for one in read.snippets} == texts


class TestKeeping:
    """Saving, publishing, taking out."""

    async def test_goes_live_with_the_next_publication(
        self, keeper: SnippetKeeper, publisher: Publisher, knowledge: PublishedKnowledge, editor: Editor
    ) -> None:
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=None)
        await publisher.publish(editor)
        assert said(knowledge) == "Yes. Daily from 9, Zhuravlyk"
        assert said(knowledge, "uk") == "Так. Щодня з 9, Zhuravlyk"

        await keeper.save(Snippet(name="hours", texts={"en": "From 10"}), editor, based_on=1)
        await knowledge.refresh()
        assert said(knowledge) == "Yes. Daily from 9, Zhuravlyk"

        published = await publisher.publish(editor)
        assert published is not None
        assert (published.changes.snippets, published.changes.changed) == (("hours",), ())
        assert said(knowledge) == "Yes. From 10"
        assert said(knowledge, "uk") == "Так. From 10"
        assert await publisher.publish(editor) is None

    async def test_two_at_once(self, keeper: SnippetKeeper, editor: Editor, database: Database) -> None:
        await keeper.save(HOURS, editor, based_on=None)
        mine = Snippet(name="hours", texts={"en": "mine"})
        theirs = Snippet(name="hours", texts={"en": "theirs"})
        await keeper.save(theirs, Editor(name="Petro"), based_on=1)
        with pytest.raises(StaleSnippet) as stale:
            await keeper.save(mine, editor, based_on=1)
        assert stale.value.newest.snippet == theirs
        with pytest.raises(StaleSnippet):
            await keeper.save(mine, editor, based_on=None)
        await keeper.save(mine, editor, based_on=2)
        async with database.read() as work:
            history = await Snippets(work.connection).history("hours")
        assert [one.snippet for one in history] == [mine, theirs, HOURS]

    @pytest.mark.parametrize(
        ("snippet", "words"),
        [
            (Snippet(name="Two words", texts={"en": "a"}), "small Latin letters"),
            (Snippet(name="a", texts={"en": "{{ snippets.b }}"}), "cannot use another"),
            (Snippet(name="a", texts={"en": "{% for x in y %}"}), "not allowed"),
            (Snippet(name="a", texts={"xx": "a"}), "not known"),
        ],
    )
    async def test_refused(self, keeper: SnippetKeeper, editor: Editor, snippet: Snippet, words: str) -> None:
        with pytest.raises(SnippetRefused, match=words):
            await keeper.save(snippet, editor, based_on=None)

    async def test_an_unknown_one_is_an_error(self, publisher: Publisher, editor: Editor) -> None:
        with pytest.raises(Refused, match="there is no snippet “hours”"):
            await publisher.save(an_article(answers=SAYS), editor, based_on=None)

    async def test_what_articles_say_is_not_taken_out(
        self, keeper: SnippetKeeper, publisher: Publisher, knowledge: PublishedKnowledge, editor: Editor
    ) -> None:
        gone = Snippet(name="hours", texts={})
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=None)
        await publisher.publish(editor)
        await publisher.save(an_article(status=Status.DRAFT), editor, based_on=1)
        # Customers still get the answer that says it.
        with pytest.raises(SnippetInUse):
            await keeper.save(gone, editor, based_on=1)
        await publisher.save(an_article(), editor, based_on=2)
        await publisher.publish(editor)
        await keeper.save(gone, editor, based_on=1)
        with pytest.raises(Refused):
            await publisher.save(an_article(answers=SAYS), editor, based_on=3)
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=3)

    async def test_is_found_by_its_words(
        self, keeper: SnippetKeeper, publisher: Publisher, editor: Editor, database: Database
    ) -> None:
        index = KnowledgeIndex(database)
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=None)
        await publisher.publish(editor)
        assert await index.find("daily", "en", limit=5) == ["delivery-cost"]
        await keeper.save(Snippet(name="hours", texts={"en": "Weekends"}), editor, based_on=1)
        assert await index.find("weekends", "en", limit=5, live=False) == ["delivery-cost"]
        assert await index.find("weekends", "en", limit=5) == []
        await publisher.publish(editor, [])
        assert await index.find("weekends", "en", limit=5) == ["delivery-cost"]


class TestBefore:
    """What would change."""

    async def test_names_snippets_and_their_articles(
        self, keeper: SnippetKeeper, publisher: Publisher, editor: Editor, database: Database, clock: Clock
    ) -> None:
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=None)
        await publisher.publish(editor)
        assert (await gather(database, None)).snippets == ()
        await keeper.save(Snippet(name="hours", texts={"en": "From 10"}), editor, based_on=1)
        change = await gather(database, None)
        (one,) = change.snippets
        assert (one.live, one.articles) == (HOURS.texts, ("delivery-cost",))
        assert change.before["delivery-cost"].answers["en"]["default"].startswith("Yes. Daily")
        assert change.after["delivery-cost"].answers["en"]["default"] == "Yes. From 10"
        await publisher.save(an_article(answers=SAYS, category="x"), editor, based_on=1)
        again = await gather(database, None)
        assert again.key() != change.key()
        found = await remarks(again, [], InlineChecker(), clock(), ZoneInfo("Europe/Kyiv"))
        assert [one.problem.path for one in found if "hours" in one.problem.text()] == [("answers", "uk", "default")]


class TestFolders:
    """`snippets.yml` beside the articles."""

    @pytest.mark.parametrize("kind", ["folder", "x.zip"])
    async def test_out_and_in(
        self,
        keeper: SnippetKeeper,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        editor: Editor,
        tmp_path: Path,
        kind: str,
    ) -> None:
        await keeper.save(HOURS, editor, based_on=None)
        await publisher.save(an_article(answers=SAYS), editor, based_on=None)
        path = tmp_path / kind
        await publisher.export_folder(path)
        await keeper.save(Snippet(name="hours", texts={"en": "other"}), editor, based_on=1)
        report = await publisher.import_folder(path, editor)
        assert report.snippets == ("hours",)
        assert said(knowledge) == "Yes. Daily from 9, Zhuravlyk"
        again = await publisher.import_folder(path, editor)
        assert (again.snippets, again.publication) == ((), None)

    async def test_names_every_fault(self, publisher: Publisher, editor: Editor, tmp_path: Path) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        await publisher.export_folder(tmp_path)
        (tmp_path / "snippets.yml").write_text(
            "Big:\n  en: a\nb:\n  en: |\n    x\n    {% for %}\nc:\n", encoding="utf-8"
        )
        with pytest.raises(ImportRefused) as refused:
            await publisher.import_folder(tmp_path, editor)
        assert [(fault.file, fault.line) for fault in refused.value.faults] == [
            ("snippets.yml", 7),
            ("snippets.yml", 1),
            ("snippets.yml", 6),
        ]


async def test_history_of_what_is_not_there(database: Database) -> None:
    async with database.read() as work:
        with pytest.raises(NotFound):
            await Snippets(work.connection).history("nothing")
