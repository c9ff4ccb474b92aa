"""The part of the composition root that knows and understands: all that `frontdesk ask` and `import` need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.asking import Asker
from gateway.clock import utc_now
from gateway.errors import FrontdeskError
from gateway.lookup import Lookup
from gateway.memory import give_back
from gateway.opening import describe
from gateway.ports import Clock, Engine, Understanding, Utterance
from gateway.replies import Replies
from gateway.settings import LANGUAGES, Company, Settings
from gateway.storage.engine import Database
from gateway.texts import Texts
from knowledge_base.base import PublishedKnowledge
from knowledge_base.checking import TemplateChecker
from knowledge_base.publishing import Publisher
from nlu.storage import Models
from nlu.trainer import ProcessTrainer

if TYPE_CHECKING:
    from rich.console import Console

log = structlog.get_logger()


class EngineAtFirstUse:
    """An `Engine` that is loaded when it is first asked: a process that shows screens may never ask it,
    and it takes some 60 MB."""

    def __init__(self, database: Database, make: Callable[[], Engine]) -> None:
        self._database = database
        self._make = make
        self._made: Engine | None = None
        self._newest: int | None = None
        self._turn = asyncio.Lock()

    @property
    def revision(self) -> int | None:
        """That of the engine, before its first use that of the newest stored model."""
        return self._made.revision if self._made else self._newest

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """See `Engine.understand`."""
        async with self._turn:
            if self._made is None:
                made = await asyncio.to_thread(self._make)
                await made.refresh()
                self._made = made
        return await self._made.understand(utterances)

    async def refresh(self) -> bool:
        """See `Engine.refresh`."""
        if self._made is not None:
            return await self._made.refresh()
        before = self._newest
        async with self._database.read() as view:
            self._newest = await Models(view.connection).newest()
        return self._newest != before


class Brain:
    """The knowledge base and the engine on one database: what the bot knows and understands.

    `at_once` loads the engine with the first refresh, else with its first use.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        texts: Texts,
        clock: Clock = utc_now,
        *,
        at_once: bool = True,
    ) -> None:
        company = settings.company
        self.database = database
        self.knowledge = PublishedKnowledge(database, company, clock)
        self.engine: Engine = (
            _engine(database, company) if at_once else EngineAtFirstUse(database, lambda: _engine(database, company))
        )
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
        if await self.engine.refresh():
            give_back()

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
        from knowledge_base import cli as knowledge_cli  # noqa: PLC0415 — draws, which serving does not

        return await knowledge_cli.import_folder(self.publisher, folder, console=console, errors=console, prune=prune)

    async def export_folder(self, folder: Path, *, console: Console) -> int:
        """Export with progress on `console`; returns the exit code."""
        from knowledge_base import cli as knowledge_cli  # noqa: PLC0415 — as above

        return await knowledge_cli.export_folder(self.publisher, folder, console=console, errors=console)

    async def close(self) -> None:
        """End the template process."""
        await self.checker.close()


def _engine(database: Database, company: Company) -> Engine:
    # Imported here: this brings NumPy.
    from nlu.engine import EmbeddedEngine  # noqa: PLC0415
    from nlu.entities import Extractor  # noqa: PLC0415

    extractor = Extractor(order_patterns=company.order_patterns, regions=company.regions)
    return EmbeddedEngine(database, extractor, language=company.language)
