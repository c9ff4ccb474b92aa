"""Saving, publishing and training: the ways in which the knowledge base changes.

A save makes a revision of one article. A publication is a list of (article, revision) under a new
number; the engine is trained on it after the commit, and everybody is told to look again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog

from gateway.errors import Conflict, FrontdeskError, NotFound
from gateway.messages import Value
from gateway.ports import Clock, Trainer, TrainingReport
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.wakeups import KNOWLEDGE
from knowledge_base.articles import Article, Status
from knowledge_base.base import phrases_of
from knowledge_base.checking import TemplateChecker
from knowledge_base.files import Progress, no_progress, read_folder, write_folder
from knowledge_base.problems import Problem
from knowledge_base.rules import Neighbours, problems_between, problems_of, template_problems
from knowledge_base.storage import Articles, Changes, Editor, Publication, Saved, compare, contents

log = structlog.get_logger()

LIVE_TOPIC = "kb"
"""The topic that editor screens listen to."""

Refresh = Callable[[], Awaitable[object]]


class StaleEdit(Conflict):
    """Somebody saved the article after it was opened; `newest` is what they saved, and nothing was
    written. The text that was not saved is still in the hands of the caller."""

    def __init__(self, newest: Saved) -> None:
        super().__init__(
            f"article {newest.article.id} was changed by {newest.author}: it is at revision {newest.revision} now"
        )
        self.newest = newest


class Refused(FrontdeskError):
    """An article that was not saved; `problems` says why, place by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems = tuple(problems)


class TrainingState(StrEnum):
    """How far a training is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Training(Value, frozen=True, kw_only=True):
    """The last training of this process, for whoever watches."""

    state: TrainingState
    report: TrainingReport | None = None


class ImportReport(Value, frozen=True, kw_only=True):
    """What an import did, as article ids. `missing` are stored but not in the folder; they stay,
    unless pruning was asked for, and then they are `removed`. `publication` is None where nothing
    that customers see has changed, `training` where there was nothing new to learn."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    publication: Publication | None = None
    training: TrainingReport | None = None


class Publisher:
    """Changes the knowledge base.

    `refreshers` are run after a publication and again after the training (the snapshot and the
    engine of this process); other processes hear of both on the topic KNOWLEDGE.
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
    ) -> None:
        self._database = database
        self._trainer = trainer
        self._checker = checker
        self._zone = ZoneInfo(company.zone)
        self._clock = clock
        self._refreshers = tuple(refreshers)
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
        Raises NotFound.
        """
        async with self._database.write() as work:
            stored = Articles(work.connection)
            await stored.lock()
            newest = await stored.all()
            wanted = list(newest) if article_ids is None else list(article_ids)
            unknown = [article_id for article_id in wanted if article_id not in newest]
            if unknown:
                raise NotFound(f"article {unknown[0]}")
            before = await stored.published(await stored.published_revision())
            after = dict(before)
            for article_id in wanted:
                saved = newest[article_id]
                if saved.article.status is Status.PUBLISHED:
                    after[article_id] = saved.revision
                elif saved.article.status is Status.ARCHIVED:
                    after.pop(article_id, None)
            publication = await self._publish(work, before, after, editor)
        return await self._published(publication)

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
            try:
                report = await self._train()
            finally:
                state = TrainingState.DONE if report else TrainingState.FAILED
                self.training = Training(state=state, report=report)
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
        self, folder: Path, editor: Editor, *, prune: bool = False, progress: Progress = no_progress
    ) -> ImportReport:
        """Take over a folder of Markdown files, publish it and train.

        All or nothing: raises ImportRefused with every fault before anything is written. Files are
        the truth for their articles: a changed one whose status is not published is taken off the air.
        An unchanged folder makes no revision, no publication and no training.
        """
        async with self._database.read() as work:
            existing = contents(await Articles(work.connection).all())
        given = await read_folder(folder, self._checker, existing=existing, progress=progress)
        async with self._database.write() as work:
            report = await self._take_over(work, given, editor, prune=prune)
        log.info("imported", added=len(report.added), changed=len(report.changed), removed=len(report.removed))
        progress("train", 0, 1)
        await self._published(report.publication)
        training = await self.train() if report.publication else None
        progress("train", 1, 1)
        return msgspec.structs.replace(report, training=training)

    async def export_folder(self, folder: Path, *, progress: Progress = no_progress) -> int:
        """Write the newest revision of every article into `folder`; returns how many.

        Raises FrontdeskError where the folder cannot be written.
        """
        async with self._database.read() as work:
            saved = await Articles(work.connection).all()
        return await write_folder(folder, contents(saved), progress=progress)

    async def _take_over(self, work: Work, given: Sequence[Article], editor: Editor, *, prune: bool) -> ImportReport:
        stored = Articles(work.connection)
        await stored.lock()
        newest = await stored.all()
        before = await stored.published(await stored.published_revision())
        after = dict(before)
        kinds: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
        for article in given:
            old = newest.get(article.id)
            unchanged = old is not None and old.article == article
            kinds["unchanged" if unchanged else "changed" if old else "added"].append(article.id)
            saved = old if old and unchanged else await self._import_one(stored, article, old, editor)
            if article.status is Status.PUBLISHED:
                after[article.id] = saved.revision
            elif not unchanged:
                after.pop(article.id, None)
        ids = {article.id for article in given}
        missing = [one for one, saved in newest.items() if one not in ids]
        live = [one for one in missing if newest[one].article.status is not Status.ARCHIVED]
        for article_id in live if prune else ():
            archived = msgspec.structs.replace(newest[article_id].article, status=Status.ARCHIVED)
            await self._import_one(stored, archived, newest[article_id], editor)
            after.pop(article_id, None)
        publication = await self._publish(work, before, after, editor)
        return ImportReport(
            added=tuple(kinds["added"]),
            changed=tuple(kinds["changed"]),
            unchanged=tuple(kinds["unchanged"]),
            removed=tuple(live) if prune else (),
            missing=() if prune else tuple(live),
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
        publication = await Articles(work.connection).publish(after, changes, editor, self._clock())
        work.announce(KNOWLEDGE, "published", revision=publication.revision)
        work.announce(LIVE_TOPIC, "published", revision=publication.revision)
        return publication

    async def _published(self, publication: Publication | None) -> Publication | None:
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
