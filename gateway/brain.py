"""The part of the composition root that knows and understands: all that `frontdesk ask` and `import` need."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import structlog
from rich.console import Console

from gateway.asking import Asker
from gateway.errors import FrontdeskError
from gateway.lookup import Lookup
from gateway.opening import describe
from gateway.ports import Clock
from gateway.replies import Replies
from gateway.settings import LANGUAGES, Settings
from gateway.storage.engine import Database
from gateway.texts import Texts
from knowledge_base import cli as knowledge_cli
from knowledge_base.base import PublishedKnowledge
from knowledge_base.checking import TemplateChecker
from knowledge_base.publishing import Publisher
from nlu.engine import EmbeddedEngine
from nlu.entities import Extractor
from nlu.trainer import ProcessTrainer

log = structlog.get_logger()


def utc_now() -> datetime:
    """The clock of the running program."""
    return datetime.now(UTC)


class Brain:
    """The knowledge base and the engine on one database: what the bot knows and understands."""

    def __init__(self, settings: Settings, database: Database, texts: Texts, clock: Clock = utc_now) -> None:
        company = settings.company
        self.database = database
        self.knowledge = PublishedKnowledge(database, company, clock)
        extractor = Extractor(order_patterns=company.order_patterns, regions=company.regions)
        self.engine = EmbeddedEngine(database, extractor, language=company.language)
        self.checker = TemplateChecker()
        self.publisher = Publisher(
            database,
            ProcessTrainer(database, clock),
            self.checker,
            company,
            clock,
            refreshers=[self.knowledge.refresh, self.engine.refresh],
        )
        self.hours = {language: describe(settings.hours, texts.translator(language)) for language in LANGUAGES}
        self.replies = Replies(self.knowledge, texts, company, self.hours)
        self.lookup = Lookup(database, self.engine, self.knowledge, self.replies, company, clock)
        self.asker = Asker(self.engine, self.knowledge, self.replies, settings.dialogue, company, clock)

    async def refresh(self) -> None:
        """Take over what is newer in the database: articles and model."""
        await self.knowledge.refresh()
        await self.engine.refresh()

    async def learn_what_is_published(self) -> None:
        """Train where the published articles have no model: their training failed or was cut off."""
        if self.knowledge.revision == self.engine.revision:
            return
        try:
            await self.publisher.train()
        except FrontdeskError as error:
            log.error("training_failed", reason=str(error))

    async def import_folder(self, folder: Path, *, console: Console, prune: bool = False) -> int:
        """Import, publish and train with progress on `console`; returns the exit code."""
        return await knowledge_cli.import_folder(self.publisher, folder, console=console, errors=console, prune=prune)

    async def export_folder(self, folder: Path, *, console: Console) -> int:
        """Export with progress on `console`; returns the exit code."""
        return await knowledge_cli.export_folder(self.publisher, folder, console=console, errors=console)

    async def close(self) -> None:
        """End the template process."""
        await self.checker.close()
