"""Saving, publishing, importing: revisions are made when something changed and only then, nothing is
half-done, and nobody overwrites anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from gateway.errors import ImportRefused, NotFound
from gateway.live import Change
from gateway.processes.wakeups import KNOWLEDGE
from gateway.storage.engine import Database
from knowledge_base.articles import Article, ArticleButton, Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.file_writing import write_file
from knowledge_base.publishing import Publisher, Refused, StaleEdit
from knowledge_base.storage import Articles, Editor, Saved
from tests.knowledge_base.fakes import RecordingTrainer, an_article


def write(folder: Path, *articles: Article) -> Path:
    folder.mkdir(exist_ok=True)
    for article in articles:
        (folder / f"{article.id}.md").write_bytes(write_file(article))
    return folder


async def stored(database: Database) -> dict[str, Saved]:
    async with database.read() as work:
        return await Articles(work.connection).all()


class TestSaving:
    async def test_each_save_is_a_revision_and_an_unchanged_one_is_none(
        self, publisher: Publisher, editor: Editor
    ) -> None:
        first = await publisher.save(an_article(), editor, based_on=None)
        again = await publisher.save(an_article(), editor, based_on=1)
        changed = await publisher.save(an_article(notes="Нове"), editor, based_on=1, note="додала нотатку")

        assert (first.revision, again.revision, changed.revision) == (1, 1, 2)
        assert (changed.author, changed.note, changed.based_on) == ("Олена", "додала нотатку", 1)

    async def test_a_stale_edit_is_refused_with_what_the_other_wrote(self, publisher: Publisher) -> None:
        await publisher.save(an_article(), Editor(name="Олена"), based_on=None)
        await publisher.save(an_article(notes="її"), Editor(name="Олена"), based_on=1)

        with pytest.raises(StaleEdit, match="changed by Олена") as caught:
            await publisher.save(an_article(notes="його"), Editor(name="Петро"), based_on=1)

        assert caught.value.newest.article.notes == "її"
        assert caught.value.newest.revision == 2

    async def test_a_new_article_may_not_take_an_id_that_is_taken(self, publisher: Publisher, editor: Editor) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        with pytest.raises(StaleEdit):
            await publisher.save(an_article(notes="other"), editor, based_on=None)

    async def test_two_at_once_and_one_of_them_hears_of_it(self, publisher: Publisher, editor: Editor) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        outcomes = await asyncio.gather(
            *(publisher.save(an_article(notes=f"n{n}"), editor, based_on=1) for n in range(4)),
            return_exceptions=True,
        )
        saved = [one for one in outcomes if isinstance(one, Saved)]
        assert len(saved) == 1
        assert all(isinstance(one, Saved | StaleEdit) for one in outcomes)

    async def test_faults_are_named_by_place_and_nothing_is_stored(
        self, publisher: Publisher, editor: Editor, database: Database
    ) -> None:
        bad = an_article(
            answers={"uk": {"default": "Добрий день\n{% for a in b %}"}},
            buttons=(ArticleButton(label={"uk": "Далі"}, article="no-such"),),
        )
        with pytest.raises(Refused) as caught:
            await publisher.save(bad, editor, based_on=None)

        assert {(problem.path, problem.line) for problem in caught.value.problems} == {
            (("answers", "uk", "default"), 2),
            (("buttons", "0", "article"), 1),
        }
        assert await stored(database) == {}

    async def test_rolling_back_makes_a_new_draft_of_the_old_words(self, publisher: Publisher, editor: Editor) -> None:
        await publisher.save(an_article(notes="старе"), editor, based_on=None)
        await publisher.save(an_article(notes="нове"), editor, based_on=1)
        saved = await publisher.roll_back("delivery-cost", 1, editor, based_on=2, note="назад")

        assert (saved.revision, saved.article.notes, saved.article.status) == (3, "старе", Status.DRAFT)


class TestPublishing:
    async def test_drafts_leave_what_is_live_alone(
        self, publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
    ) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        await publisher.publish(editor)
        draft = an_article(status=Status.DRAFT, title={"en": "Unfinished"})
        await publisher.save(draft, editor, based_on=1)

        assert await publisher.publish(editor) is None
        assert knowledge.title("delivery-cost", "en") == "Topic delivery-cost"

    async def test_one_article_goes_out_without_the_others(
        self, publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
    ) -> None:
        for name in ("delivery-cost", "refund"):
            await publisher.save(an_article(name), editor, based_on=None)
        publication = await publisher.publish(editor, ["refund"])

        assert publication is not None
        assert publication.changes.added == ("refund",)
        assert set(knowledge.articles) == {"refund"}

    async def test_an_archived_article_is_taken_away(
        self, publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
    ) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        await publisher.publish(editor)
        await publisher.save(an_article(status=Status.ARCHIVED), editor, based_on=1)
        publication = await publisher.publish(editor)

        assert publication is not None
        assert (publication.revision, publication.changes.removed) == (2, ("delivery-cost",))
        assert knowledge.articles == {}

    async def test_an_unfinished_draft_can_be_thrown_away(self, publisher: Publisher, editor: Editor) -> None:
        draft = Article(id="idea", title={"uk": "Ідея"})
        await publisher.save(draft, editor, based_on=None)
        gone = await publisher.save(msgspec.structs.replace(draft, status=Status.ARCHIVED), editor, based_on=1)
        assert (gone.revision, gone.article.status) == (2, Status.ARCHIVED)
        for status in (Status.REVIEW, Status.PUBLISHED):
            with pytest.raises(Refused):
                await publisher.save(msgspec.structs.replace(draft, status=status), editor, based_on=2)

    async def test_an_unknown_article_is_named(self, publisher: Publisher, editor: Editor) -> None:
        with pytest.raises(NotFound, match="no-such"):
            await publisher.publish(editor, ["no-such"])

    async def test_training_gets_phrasings_and_titles_and_everybody_hears_of_it(
        self, publisher: Publisher, editor: Editor, trainer: RecordingTrainer, announced: list[Change]
    ) -> None:
        await publisher.save(an_article(), editor, based_on=None)
        await publisher.publish(editor)
        report = await publisher.train()

        assert report is not None
        ((revision, phrases),) = trainer.trained
        assert revision == 1
        assert {(phrase.language, phrase.text) for phrase in phrases} == {
            ("uk", "скільки коштує delivery-cost"),
            ("uk", "Тема delivery-cost"),
            ("en", "how much is delivery-cost"),
            ("en", "delivery-cost price"),
            ("en", "Topic delivery-cost"),
        }
        assert [change.kind for change in announced if change.topic == KNOWLEDGE] == ["published", "trained"]

    async def test_nothing_published_is_nothing_to_train(self, publisher: Publisher) -> None:
        assert await publisher.train() is None


class TestImport:
    async def test_there_and_back_again(
        self, publisher: Publisher, editor: Editor, tmp_path: Path, database: Database
    ) -> None:
        given = [an_article(), an_article("refund", status=Status.DRAFT, notes="Заїде пізніше")]
        report = await publisher.import_folder(write(tmp_path / "in", *given), editor)
        count = await publisher.export_folder(tmp_path / "out")

        assert report.added == ("delivery-cost", "refund")
        assert count == 2
        for article in given:
            name = f"{article.id}.md"
            assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()
        assert {one: saved.article for one, saved in (await stored(database)).items()} == {a.id: a for a in given}

    async def test_an_unchanged_folder_changes_nothing(
        self, publisher: Publisher, editor: Editor, tmp_path: Path, trainer: RecordingTrainer
    ) -> None:
        folder = write(tmp_path / "in", an_article())
        first = await publisher.import_folder(folder, editor)
        second = await publisher.import_folder(folder, editor)

        assert first.publication is not None
        assert (second.unchanged, second.publication, second.training) == (("delivery-cost",), None, None)
        assert len(trainer.trained) == 1

    async def test_what_is_not_in_the_folder_stays_unless_pruned(
        self, publisher: Publisher, editor: Editor, tmp_path: Path, knowledge: PublishedKnowledge
    ) -> None:
        folder = write(tmp_path / "in", an_article(), an_article("refund"))
        await publisher.import_folder(folder, editor)
        (folder / "refund.md").unlink()
        kept = await publisher.import_folder(folder, editor)
        assert (kept.missing, kept.removed, kept.publication) == (("refund",), (), None)

        pruned = await publisher.import_folder(folder, editor, prune=True)
        assert (pruned.missing, pruned.removed) == ((), ("refund",))
        assert set(knowledge.articles) == {"delivery-cost"}

        # Archived already: a second pruning has nothing to do.
        assert (await publisher.import_folder(folder, editor, prune=True)).removed == ()

    async def test_one_bad_file_and_nothing_is_taken(
        self, publisher: Publisher, editor: Editor, tmp_path: Path, database: Database, announced: list[Change]
    ) -> None:
        folder = write(tmp_path / "in", an_article())
        (folder / "refund.md").write_text("---\nid: refund\n---\n", encoding="utf-8")

        with pytest.raises(ImportRefused) as caught:
            await publisher.import_folder(folder, editor)

        assert {fault.file for fault in caught.value.faults} == {"refund.md"}
        assert await stored(database) == {}
        assert announced == []

    async def test_a_file_that_becomes_a_draft_goes_off_the_air(
        self, publisher: Publisher, editor: Editor, tmp_path: Path, knowledge: PublishedKnowledge
    ) -> None:
        await publisher.import_folder(write(tmp_path / "in", an_article()), editor)
        report = await publisher.import_folder(write(tmp_path / "in", an_article(status=Status.DRAFT)), editor)

        assert report.changed == ("delivery-cost",)
        assert knowledge.articles == {}

    async def test_a_folder_may_lean_on_what_is_stored(
        self, publisher: Publisher, editor: Editor, tmp_path: Path
    ) -> None:
        await publisher.import_folder(write(tmp_path / "a", an_article()), editor)
        button = ArticleButton(label={"en": "Cost"}, article="delivery-cost")
        report = await publisher.import_folder(write(tmp_path / "b", an_article("refund", buttons=(button,))), editor)
        assert report.added == ("refund",)

        thief = an_article("thief", phrasings={"en": ("How much is delivery-cost?",)})
        with pytest.raises(ImportRefused, match="already a phrasing of “delivery-cost”"):
            await publisher.import_folder(write(tmp_path / "c", thief), editor)
