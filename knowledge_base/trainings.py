"""Training the engine on what is published: one at a time, and everybody is told how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import structlog

from gateway.errors import FrontdeskError
from gateway.learning import TrainingReport
from gateway.ports import Clock, Trainer
from gateway.processes.wakeups import KNOWLEDGE
from gateway.storage.engine import Database
from knowledge_base.base import phrases_of
from knowledge_base.results import Training, TrainingState
from knowledge_base.storage import Articles

log = structlog.get_logger()

LIVE_TOPIC = "kb"
"""The topic that editor screens listen to."""


class Trainings:
    """Trains on the newest publication; `current` is the last training of this process."""

    def __init__(
        self, database: Database, trainer: Trainer, zone: ZoneInfo, clock: Clock, refresh: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._trainer = trainer
        self._zone = zone
        self._clock = clock
        self._refresh = refresh
        self._turn = asyncio.Lock()
        self.current: Training | None = None

    def begin(self) -> None:
        """Say to whoever watches that a training comes, before `train` runs in the background."""
        self.current = Training(state=TrainingState.RUNNING)

    async def train(self) -> TrainingReport | None:
        """See `Publisher.train`."""
        async with self._turn:
            self.begin()
            report: TrainingReport | None = None
            reason = ""
            try:
                report = await self._train()
            except FrontdeskError as error:
                reason = str(error)
                raise
            finally:
                state = TrainingState.DONE if report else TrainingState.FAILED
                self.current = Training(state=state, report=report, reason=reason)
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
