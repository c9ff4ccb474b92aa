"""Saving, publishing and training: the ways in which the knowledge base changes.

A save makes a revision of one article. A publication is a list of (article, revision) under a new
number; the engine is trained on it after the commit, and everybody is told to look again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog

from gateway.errors import NotFound
from gateway.learning import TrainingReport
from gateway.ports import Clock, Trainer
from gateway.processes.wakeups import KNOWLEDGE
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.work import Work
from knowledge_base.articles import Article, Status
from knowledge_base.checking import TemplateChecker
from knowledge_base.exchange.exporting import MEDIA_TYPES, exported
from knowledge_base.exchange.importing import ExampleReader, Importer
from knowledge_base.files import Progress, no_progress, write_content, write_folder
from knowledge_base.problems import Problem
from knowledge_base.results import ImportReport, Refused, StaleEdit, Training, TrainingState, Unsigned
from knowledge_base.rules import Neighbours, problems_between, problems_of, template_problems
from knowledge_base.search.index import index_published
from knowledge_base.search.storage import SearchTable
from knowledge_base.snippets.going import Going, UnsignedSnippet, going_live
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.taking import take_snippets
from knowledge_base.snippets.values import Snippet, inlined, used_by
from knowledge_base.storage import Articles, Changes, Editor, Publication, Saved, compare, contents
from knowledge_base.trainings import LIVE_TOPIC, Trainings

log = structlog.get_logger()

__all__ = ["LIVE_TOPIC", "ImportReport", "Publisher", "Refused", "StaleEdit", "Training", "TrainingState", "Unsigned"]
"""What others may import from here although most of it is made elsewhere."""

Refresh = Callable[[], Awaitable[object]]


class Publisher:
    """Changes the knowledge base.

    `refreshers` are run after a publication and again after the training (the snapshot and the
    engine of this process); other processes hear of both on the topic KNOWLEDGE. With `review` nothing of
    what people write goes live unsigned (see `Reviewing`); commands are the operator's, who needs nobody.
    """

    def __init__(
        self,
        database: Database,
        trainer: Trainer,
        checker: TemplateChecker,
        company: Company,
        clock: Clock,
        *,
        refreshers: Iterable[Refresh] = (),
        examples: ExampleReader | None = None,
        review: bool = False,
    ) -> None:
        self._database = database
        self._checker = checker
        self._clock = clock
        self._refreshers = tuple(refreshers)
        self.importer = Importer(checker, examples)
        self.review = review
        self._trainings = Trainings(database, trainer, ZoneInfo(company.zone), clock, self._refresh)

    # --- one article ---------------------------------------------------------------------------

    async def problems(self, article: Article) -> list[Problem]:
        """All that speaks against saving `article`, templates tried too."""
        async with self._database.read() as work:
            others = Neighbours(contents(await Articles(work.connection).all()))
            snippets = await Snippets(work.connection).texts()
        (of_templates,) = await template_problems([article], self._checker, snippets)
        return [*problems_of(article), *problems_between(article, others), *of_templates]

    async def save(self, article: Article, editor: Editor, *, based_on: int | None, note: str = "") -> Saved:
        """A new revision of `article`, or the newest one where nothing was changed.

        `based_on` is the revision that was being edited, None for a new article. Raises Refused,
        or StaleEdit where somebody else saved in between (for a new one: the id is taken).
        """
        problems = await self.problems(article)
        if problems:
            raise Refused(problems)
        async with self._database.write() as work:
            stored = Articles(work.connection)
            await stored.lock()
            newest = await _newest(stored, article.id)
            if newest is not None and newest.revision != based_on:
                raise StaleEdit(newest)
            if newest is not None and newest.article == article:
                return newest
            saved = await stored.save(article, editor, self._clock(), based_on=based_on, note=note)
            whole = inlined(article, await Snippets(work.connection).texts())
            await SearchTable(work.connection).put([whole], live=False)
            work.announce(LIVE_TOPIC, "article", article=article.id, revision=saved.revision)
        log.info("article_saved", article=article.id, revision=saved.revision, status=article.status)
        return saved

    async def roll_back(self, article_id: str, revision: int, editor: Editor, *, based_on: int, note: str) -> Saved:
        """The content of `revision` as a new revision, as a draft: publishing is a step of its own.

        Raises NotFound, Refused, StaleEdit.
        """
        async with self._database.read() as work:
            old = await Articles(work.connection).get_revision(article_id, revision)
        article = msgspec.structs.replace(old.article, status=Status.DRAFT)
        return await self.save(article, editor, based_on=based_on, note=note)

    # --- publishing ----------------------------------------------------------------------------

    async def publish(self, editor: Editor, article_ids: Iterable[str] | None = None) -> Publication | None:
        """Bring the newest revisions of `article_ids` (None: of all) before customers.

        Articles whose status is published go live, archived ones are taken away; what is a draft or
        in review stays live as it was. Snippets go live with whatever is published, unless reviewers sign.
        Returns None where nothing changes. Train afterwards (`train`). Raises NotFound, and Unsigned or
        UnsignedSnippet where a reviewer must sign first (of all, what is unsigned is left out).
        """
        async with self._database.write() as work:
            await Articles(work.connection).lock()
            publication = await self.publish_within(work, editor, article_ids)
        return await self.went_live(publication)

    async def publish_within(
        self,
        work: Work,
        editor: Editor,
        article_ids: Iterable[str] | None,
        *,
        signed: bool = False,
        snippets: Sequence[str] = (),
    ) -> Publication | None:
        """`publish` in a transaction that holds the lock; tell it to `went_live` after the commit. `snippets` are
        those that a reviewer has just signed."""
        stored = Articles(work.connection)
        newest = await stored.all()
        wanted = list(newest) if article_ids is None else list(article_ids)
        unknown = [article_id for article_id in wanted if article_id not in newest]
        if unknown:
            raise NotFound(f"article {unknown[0]}")
        base = await stored.published_revision()
        before = await stored.published(base)
        after = dict(before)
        going = await going_live(Snippets(work.connection), base, review=self.review, let=snippets)
        for article_id in wanted:
            saved = newest[article_id]
            if saved.article.status is Status.ARCHIVED:
                after.pop(article_id, None)
            elif saved.article.status is not Status.PUBLISHED or after.get(article_id) == saved.revision:
                continue
            elif not signed and self.must_sign(editor):
                if article_ids is not None:
                    raise Unsigned(article_id)
            elif not (lacking := going.lacking(saved.article)):
                after[article_id] = saved.revision
            elif article_ids is not None:
                raise UnsignedSnippet(lacking[0])
        return await self._publish(work, before, after, editor, going)

    def must_sign(self, editor: Editor) -> bool:
        """Whether what `editor` publishes needs a reviewer's signature."""
        return self.review and editor.staff_id is not None

    @property
    def training(self) -> Training | None:
        """The last training of this process, for whoever watches."""
        return self._trainings.current

    def begin_training(self) -> None:
        """Say to whoever watches that a training comes, before `train` runs in the background."""
        self._trainings.begin()

    async def train(self) -> TrainingReport | None:
        """Train the engine on the newest publication; None where nothing was ever published.

        Raises FrontdeskError where it cannot be trained; the publication stands nevertheless.
        """
        return await self._trainings.train()

    # --- folders -------------------------------------------------------------------------------

    async def import_folder(
        self, path: Path, editor: Editor, *, prune: bool = False, progress: Progress = no_progress
    ) -> ImportReport:
        """Take over a folder of Markdown files or one file (see `Importer`), publish it and train.

        All or nothing: raises ImportRefused with every fault before anything is written. Files are
        the truth for their articles: a changed one whose status is not published is taken off the air.
        An unchanged folder makes no revision, no publication and no training.
        """
        snippets = await self.importer.snippets_at(path)
        known = {**await self.snippets(), **{one.name: one.texts for one in snippets}}
        given = await self.importer.read_path(path, await self.working_copies(), progress, snippets=known)
        report = await self.take_over(given, editor, prune=prune, snippets=snippets)
        progress("train", 0, 1)
        await self.went_live(report.publication)
        training = await self.train() if report.publication else None
        progress("train", 1, 1)
        return msgspec.structs.replace(report, training=training)

    async def export_folder(self, path: Path, *, progress: Progress = no_progress) -> int:
        """Write the newest revision of every article into the folder, or the .xlsx, .csv or .zip file, `path`;
        returns how many.

        Raises FrontdeskError where it cannot be written.
        """
        articles, snippets = await self.working_copies(), await self.snippets()
        kind = path.suffix.lower().removeprefix(".")
        if kind not in MEDIA_TYPES:
            return await write_folder(path, articles, snippets, progress=progress)
        await write_content(path, await asyncio.to_thread(exported, articles, kind, snippets=snippets))
        return len(articles)

    async def working_copies(self) -> dict[str, Article]:
        """The newest state of every article, by id."""
        async with self._database.read() as work:
            return contents(await Articles(work.connection).all())

    async def snippets(self) -> dict[str, dict[str, str]]:
        """The newest texts of every snippet, by name."""
        async with self._database.read() as work:
            return await Snippets(work.connection).texts()

    async def take_over(
        self,
        given: Sequence[Article],
        editor: Editor,
        *,
        prune: bool = False,
        publish: bool = True,
        snippets: Sequence[Snippet] = (),
    ) -> ImportReport:
        """Save `given` and `snippets`, which `Importer` found right, in one transaction; without `publish`
        customers see nothing of it yet. Train afterwards (`train`)."""
        async with self._database.write() as work:
            await Articles(work.connection).lock()
            taken = await take_snippets(work, snippets, editor, self._clock())
            let = [*taken, *(name for article in given for name in used_by(article))]
            report = await self._take_over(
                work, given, editor, prune=prune, publish=publish, let=[] if self.must_sign(editor) else let
            )
            report = msgspec.structs.replace(report, snippets=taken)
        log.info("imported", added=len(report.added), changed=len(report.changed), removed=len(report.removed))
        return report

    async def _take_over(
        self,
        work: Work,
        given: Sequence[Article],
        editor: Editor,
        *,
        prune: bool,
        publish: bool,
        let: Sequence[str],
    ) -> ImportReport:
        stored = Articles(work.connection)
        newest = await stored.all()
        base = await stored.published_revision()
        before = await stored.published(base)
        after = dict(before)
        texts = await Snippets(work.connection).texts()
        going = await going_live(Snippets(work.connection), base, review=self.review, let=let)
        kinds: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": [], "held": []}
        for wanted in given:
            old = newest.get(wanted.id)
            unchanged = old is not None and old.article == wanted
            held = wanted.status is Status.PUBLISHED and not unchanged and self.must_sign(editor)
            article = msgspec.structs.replace(wanted, status=Status.REVIEW) if held else wanted
            kinds["held"] += [article.id] if held else []
            kinds["unchanged" if unchanged else "changed" if old else "added"].append(article.id)
            saved = old if old and unchanged else await self._import_one(stored, article, old, editor)
            if article.status is Status.PUBLISHED:
                # Ready since before signatures were asked for: it waits for one as well.
                after |= {} if self.must_sign(editor) else {article.id: saved.revision}
            elif not unchanged and not held:
                after.pop(article.id, None)
        ids = {article.id for article in given}
        missing = [one for one, saved in newest.items() if one not in ids]
        live = [one for one in missing if newest[one].article.status is not Status.ARCHIVED]
        for article_id in live if prune else ():
            archived = msgspec.structs.replace(newest[article_id].article, status=Status.ARCHIVED)
            await self._import_one(stored, archived, newest[article_id], editor)
            after.pop(article_id, None)
        fresh = {*kinds["added"], *kinds["changed"]}
        await SearchTable(work.connection).put([inlined(one, texts) for one in given if one.id in fresh], live=False)
        publication = await self._publish(work, before, after, editor, going) if publish else None
        work.announce(LIVE_TOPIC, "imported")
        return ImportReport(
            added=tuple(kinds["added"]),
            changed=tuple(kinds["changed"]),
            unchanged=tuple(kinds["unchanged"]),
            removed=tuple(live) if prune else (),
            missing=() if prune else tuple(live),
            held=tuple(kinds["held"]),
            publication=publication,
        )

    async def _import_one(self, stored: Articles, article: Article, old: Saved | None, editor: Editor) -> Saved:
        based_on = old.revision if old else None
        return await stored.save(article, editor, self._clock(), based_on=based_on, note="")

    # --- after the commit ----------------------------------------------------------------------

    async def _publish(
        self, work: Work, before: dict[str, int], after: dict[str, int], editor: Editor, going: Going
    ) -> Publication | None:
        changes: Changes = msgspec.structs.replace(compare(before, after), snippets=going.changed)
        if not changes:
            return None
        stored, snippets = Articles(work.connection), Snippets(work.connection)
        publication = await stored.publish(after, changes, editor, self._clock())
        await snippets.hold(publication.revision, going.after)
        await index_published(stored, snippets, SearchTable(work.connection), publication)
        work.announce(KNOWLEDGE, "published", revision=publication.revision)
        work.announce(LIVE_TOPIC, "published", revision=publication.revision)
        return publication

    async def went_live(self, publication: Publication | None) -> Publication | None:
        """After the commit: take it over here at once. Gives the publication back."""
        if publication is not None:
            log.info("published", revision=publication.revision, author=publication.author)
            await self._refresh()
        return publication

    async def _refresh(self) -> None:
        for refresh in self._refreshers:
            await refresh()


async def _newest(stored: Articles, article_id: str) -> Saved | None:
    try:
        return await stored.get(article_id)
    except NotFound:
        return None
