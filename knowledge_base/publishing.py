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

from gateway.errors import FrontdeskError, NotFound
from gateway.learning import TrainingReport
from gateway.ports import Clock, Trainer
from gateway.processes.wakeups import KNOWLEDGE
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.work import Work
from knowledge_base.articles import Article, Status
from knowledge_base.base import phrases_of
from knowledge_base.checking import TemplateChecker
from knowledge_base.exchange.exporting import MEDIA_TYPES, exported
from knowledge_base.exchange.importing import ExampleReader, Importer
from knowledge_base.files import Progress, no_progress, write_content, write_folder
from knowledge_base.problems import Problem
from knowledge_base.results import ImportReport, Refused, StaleEdit, Training, TrainingState, Unsigned
from knowledge_base.rules import Neighbours, problems_between, problems_of, template_problems
from knowledge_base.search.index import index_published
from knowledge_base.search.storage import SearchTable
from knowledge_base.storage import Articles, Changes, Editor, Publication, Saved, compare, contents

log = structlog.get_logger()

LIVE_TOPIC = "kb"
"""The topic that editor screens listen to."""

__all__ = ["ImportReport", "Publisher", "Refused", "StaleEdit", "Training", "TrainingState", "Unsigned"]
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
        self._trainer = trainer
        self._checker = checker
        self._zone = ZoneInfo(company.zone)
        self._clock = clock
        self._refreshers = tuple(refreshers)
        self.importer = Importer(checker, examples)
        self.review = review
        self._training = asyncio.Lock()
        self.training: Training | None = None

    # --- one article ---------------------------------------------------------------------------

    async def problems(self, article: Article) -> list[Problem]:
        """All that speaks against saving `article`, templates tried too."""
        async with self._database.read() as work:
            others = Neighbours(contents(await Articles(work.connection).all()))
        (of_templates,) = await template_problems([article], self._checker)
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
            await SearchTable(work.connection).put([article], live=False)
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
        in review stays live as it was. Returns None where nothing changes. Train afterwards (`train`).
        Raises NotFound, and Unsigned where a reviewer must sign first (of all, what is unsigned is left out).
        """
        async with self._database.write() as work:
            await Articles(work.connection).lock()
            publication = await self.publish_within(work, editor, article_ids)
        return await self.went_live(publication)

    async def publish_within(
        self, work: Work, editor: Editor, article_ids: Iterable[str] | None, *, signed: bool = False
    ) -> Publication | None:
        """`publish` in a transaction that holds the lock; tell it to `went_live` after the commit."""
        stored = Articles(work.connection)
        newest = await stored.all()
        wanted = list(newest) if article_ids is None else list(article_ids)
        unknown = [article_id for article_id in wanted if article_id not in newest]
        if unknown:
            raise NotFound(f"article {unknown[0]}")
        before = await stored.published(await stored.published_revision())
        after = dict(before)
        for article_id in wanted:
            saved = newest[article_id]
            if saved.article.status is Status.ARCHIVED:
                after.pop(article_id, None)
            elif saved.article.status is not Status.PUBLISHED or after.get(article_id) == saved.revision:
                continue
            elif signed or not self.must_sign(editor):
                after[article_id] = saved.revision
            elif article_ids is not None:
                raise Unsigned(article_id)
        return await self._publish(work, before, after, editor)

    def must_sign(self, editor: Editor) -> bool:
        """Whether what `editor` publishes needs a reviewer's signature."""
        return self.review and editor.staff_id is not None

    def begin_training(self) -> None:
        """Say to whoever watches that a training comes, before `train` runs in the background."""
        self.training = Training(state=TrainingState.RUNNING)

    async def train(self) -> TrainingReport | None:
        """Train the engine on the newest publication; None where nothing was ever published.

        Raises FrontdeskError where it cannot be trained; the publication stands nevertheless.
        """
        async with self._training:
            self.begin_training()
            report: TrainingReport | None = None
            reason = ""
            try:
                report = await self._train()
            except FrontdeskError as error:
                reason = str(error)
                raise
            finally:
                state = TrainingState.DONE if report else TrainingState.FAILED
                self.training = Training(state=state, report=report, reason=reason)
                async with self._database.write() as work:
                    if report:
                        work.announce(KNOWLEDGE, "trained", revision=report.revision)
                    work.announce(LIVE_TOPIC, "trained", revision=report.revision if report else None)
            if report:
                await self._refresh()
            return report

    async def _train(self) -> TrainingReport | None:
        async with self._database.read() as work:
            stored = Articles(work.connection)
            revision = await stored.published_revision()
            if revision is None:
                return None
            articles = await stored.published_articles(revision)
        report = await self._trainer.train(revision, phrases_of(articles, self._clock(), self._zone))
        log.info("trained", revision=revision, phrases=report.phrases, seconds=round(report.seconds, 2))
        return report

    # --- folders -------------------------------------------------------------------------------

    async def import_folder(
        self, path: Path, editor: Editor, *, prune: bool = False, progress: Progress = no_progress
    ) -> ImportReport:
        """Take over a folder of Markdown files or one file (see `Importer`), publish it and train.

        All or nothing: raises ImportRefused with every fault before anything is written. Files are
        the truth for their articles: a changed one whose status is not published is taken off the air.
        An unchanged folder makes no revision, no publication and no training.
        """
        given = await self.importer.read_path(path, await self.working_copies(), progress)
        report = await self.take_over(given, editor, prune=prune)
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
        articles = await self.working_copies()
        kind = path.suffix.lower().removeprefix(".")
        if kind not in MEDIA_TYPES:
            return await write_folder(path, articles, progress=progress)
        await write_content(path, await asyncio.to_thread(exported, articles, kind))
        return len(articles)

    async def working_copies(self) -> dict[str, Article]:
        """The newest state of every article, by id."""
        async with self._database.read() as work:
            return contents(await Articles(work.connection).all())

    async def take_over(
        self, given: Sequence[Article], editor: Editor, *, prune: bool = False, publish: bool = True
    ) -> ImportReport:
        """Save `given`, which `Importer` found right, in one transaction; without `publish` customers see
        nothing of it yet. Train afterwards (`train`)."""
        async with self._database.write() as work:
            report = await self._take_over(work, given, editor, prune=prune, publish=publish)
        log.info("imported", added=len(report.added), changed=len(report.changed), removed=len(report.removed))
        return report

    async def _take_over(
        self, work: Work, given: Sequence[Article], editor: Editor, *, prune: bool, publish: bool
    ) -> ImportReport:
        stored = Articles(work.connection)
        await stored.lock()
        newest = await stored.all()
        before = await stored.published(await stored.published_revision())
        after = dict(before)
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
        await SearchTable(work.connection).put([article for article in given if article.id in fresh], live=False)
        publication = await self._publish(work, before, after, editor) if publish else None
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
        self, work: Work, before: dict[str, int], after: dict[str, int], editor: Editor
    ) -> Publication | None:
        changes: Changes = compare(before, after)
        if not changes:
            return None
        stored = Articles(work.connection)
        publication = await stored.publish(after, changes, editor, self._clock())
        await index_published(stored, SearchTable(work.connection), publication)
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
