"""The part of the composition root that knows and understands: all that `frontdesk ask` and `import` need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from gateway.asking import Asker
from gateway.clock import utc_now
from gateway.embeddings_settings import Embeddings
from gateway.errors import StorageUnavailable
from gateway.improving.candidates import Candidates
from gateway.improving.dial import Dial
from gateway.improving.likeness import Grouping
from gateway.improving.usefulness import Usage
from gateway.learning import Evaluating, Labels, Phrase, Taught, TrainingReport
from gateway.lookup import Lookup
from gateway.opening import describe
from gateway.operating.checkup import Finding
from gateway.operating.memory import give_back
from gateway.ports import Action, Clock, Engine, Moods, TaughtEngine, Understanding, Utterance
from gateway.processes.wakeups import KNOWLEDGE, Wakeups, wait_for
from gateway.replies import Replies
from gateway.settings import LANGUAGES, Company, Settings
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.texts import Texts
from knowledge_base.base import PublishedKnowledge, phrases_of
from knowledge_base.checking import TemplateChecker
from knowledge_base.exchange.importing import Importer
from knowledge_base.files import read_folder
from knowledge_base.publishing import Publisher
from knowledge_base.search.index import KnowledgeIndex
from knowledge_base.storage import Articles
from knowledge_base.unlearned import Unlearned
from nlu.candidates import ProcessCandidates
from nlu.grouper import ProcessGrouping
from nlu.storage import Models, StoredLabels
from nlu.trainer import ProcessTrainer

if TYPE_CHECKING:
    from rich.console import Console

    from nlu.embeddings.embedder import Embedder
    from nlu.rasa.room import RasaRoom

log = structlog.get_logger()

REFRESH_SECONDS = 2.0


class EngineAtFirstUse:
    """A `TaughtEngine` that is loaded when it is first asked: a process that shows screens may never ask it,
    and it takes some 60 MB."""

    def __init__(self, database: Database, make: Callable[[], TaughtEngine]) -> None:
        self._database = database
        self._make = make
        self._made: TaughtEngine | None = None
        self._newest: int | None = None
        self._turn = asyncio.Lock()

    @property
    def revision(self) -> int | None:
        """That of the engine, before its first use that of the newest stored model."""
        return self._made.revision if self._made else self._newest

    @property
    def encoder(self) -> str | None:
        """That of the engine; None before its first use."""
        return self._made.encoder if self._made else None

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
        self._clock = clock
        self.knowledge = PublishedKnowledge(database, company, clock)
        wanted = settings.embeddings if settings.engine == "embeddings" else None
        vectors = Path(settings.data_dir) / "embeddings" if wanted else None
        self.embedder = _embedder(wanted) if wanted else None
        make = partial(_engine, database, company, self.embedder)
        self._embedded: TaughtEngine = make() if at_once else EngineAtFirstUse(database, make)
        self.rasa = _rasa(settings, self._embedded, lambda article: self.knowledge.action(article, clock()) is not None)
        self.engine: Engine = self.rasa.engine if self.rasa else self._embedded
        self.dial = Dial(database, settings.dialogue, clock)
        self.checker = TemplateChecker()
        self.moods: Moods = _moods()
        self.publisher = Publisher(
            database,
            ProcessTrainer(database, clock, embeddings=wanted, vectors=vectors),
            self.checker,
            company,
            clock,
            refreshers=[self.knowledge.refresh, self.engine.refresh],
            examples=_examples,
            review=settings.knowledge.review,
        )
        self.candidates: Candidates = ProcessCandidates(database, embeddings=wanted, vectors=vectors)
        self.hours = {language: describe(settings.hours, texts.translator(language)) for language in LANGUAGES}
        self.replies = Replies(self.knowledge, texts, company, self.hours)
        self.grouping: Grouping = ProcessGrouping()
        self.labels: Labels = StoredLabels()
        self.index = KnowledgeIndex(database)
        self.lookup = Lookup(database, self.engine, self.knowledge, self.replies, company, clock, self.index)
        self.asker = Asker(self.engine, self.knowledge, self.replies, self.dial, company, clock)

    async def refresh(self) -> None:
        """Take over what is newer in the database: articles and model."""
        await self.knowledge.refresh()
        await self.dial.refresh()
        if await self.engine.refresh():
            give_back()

    async def report(self) -> TrainingReport | None:
        """What the training of the newest stored model gave; None before any training."""
        async with self.database.read() as view:
            models = Models(view.connection)
            newest = await models.newest()
            return None if newest is None else await models.report(newest)

    async def uses(self, work: Work, since: datetime, until: datetime) -> Mapping[str, Usage]:
        """How often each article was the answer, and helped (see `gateway.improving.usefulness.Uses`)."""
        return await Articles(work.connection).usage(since, until)

    async def keep_fresh(self, wakeups: Wakeups) -> None:
        """Take over what is newer until told to stop. A database that is away is waited for: what is known already
        goes on being answered."""
        bell = wakeups.bell(KNOWLEDGE)
        while not wakeups.stopping:
            try:
                await self.refresh()
            except StorageUnavailable as error:
                log.warning("refresh_waits", reason=str(error))
            await wait_for(bell, REFRESH_SECONDS)

    async def keep_learning(self) -> None:
        """Train where the published articles have no model, or one that was taught with other sentence vectors than
        there are now. And fill a search index that is empty: it came with an update."""
        await self.index.complete()
        await Unlearned(self.database, self.publisher, self._clock, self._learned).run()

    async def checkup(self) -> Sequence[Finding]:
        """What `frontdesk doctor` says of what helps the embedded engine."""
        if self.rasa:
            return await self.rasa.checkup(list(self.knowledge.articles))
        if self.embedder is None:
            return []
        from nlu.embeddings.checkup import look  # noqa: PLC0415 — only the doctor needs it

        return await look(self.embedder, self._embedded.encoder, trained=self.engine.revision is not None)

    async def _learned(self, revision: int) -> bool:
        await self.refresh()
        return self.engine.revision == revision and not await self._has_other_vectors()

    async def _has_other_vectors(self) -> bool:
        if self.embedder is None or self.engine.revision is None or not await self.embedder.ready():
            return False
        return self._embedded.encoder != self.embedder.fingerprint

    async def import_folder(self, folder: Path, *, console: Console, prune: bool = False) -> int:
        """Import, publish and train with progress on `console`; returns the exit code."""
        from knowledge_base import cli as knowledge_cli  # noqa: PLC0415 — draws, which serving does not

        return await knowledge_cli.import_folder(self.publisher, folder, console=console, errors=console, prune=prune)

    async def export_folder(self, folder: Path, *, console: Console) -> int:
        """Export with progress on `console`; returns the exit code."""
        from knowledge_base import cli as knowledge_cli  # noqa: PLC0415 — as above

        return await knowledge_cli.export_folder(self.publisher, folder, console=console, errors=console)

    async def close(self) -> None:
        """End the template process, and let go of Rasa and of the sentence vectors' thread."""
        await self.checker.close()
        if self.embedder:
            self.embedder.close()
        if self.rasa:
            await self.rasa.close()


async def taught_by_folder(folder: Path, company: Company, now: datetime) -> Taught:
    """What a folder of articles teaches; no database is needed. Raises ImportRefused with every fault."""
    checker = TemplateChecker()
    try:
        snippets = [one.name for one in await Importer(checker).snippets_at(folder)]
        articles = await read_folder(folder, checker, snippets=snippets)
    finally:
        await checker.close()
    return Taught(
        name=folder.name,
        phrases=tuple(phrases_of(articles, now, ZoneInfo(company.zone))),
        declined=frozenset(article.id for article in articles if article.action is Action.DECLINE),
    )


def _rasa(settings: Settings, embedded: Engine, known: Callable[[str], bool]) -> RasaRoom | None:
    """Rasa, where the settings name it."""
    if settings.engine != "rasa":
        return None
    from nlu.rasa.room import RasaRoom  # noqa: PLC0415 — only who has a Rasa needs it

    return RasaRoom(settings.rasa, settings.dialogue, embedded, known)


def _examples(name: str, content: bytes) -> list[Phrase]:
    """What Rasa's training data teaches. Raises FrontdeskError naming what to mend."""
    from nlu.examples import read_rasa  # noqa: PLC0415 — only an import needs it

    return [
        Phrase(intent=one.intent, language=one.language, text=one.text)
        for one in read_rasa(name, content)
        if one.intent
    ]


def taught_by_file(path: Path) -> Taught:
    """What a file of examples teaches. Raises FrontdeskError naming what to mend."""
    from nlu.cli import phrases_from  # noqa: PLC0415 — trains and draws, which serving does not

    return Taught(name=path.name, phrases=tuple(phrases_from(path)))


def evaluate(taught: Taught, how: Evaluating, settings: Settings, now: datetime, console: Console) -> None:
    """Examine how well what is `taught` is understood, and report (see `nlu.cli.evaluate`)."""
    from nlu import cli as nlu_cli  # noqa: PLC0415 — as above

    encoder = None
    if settings.engine == "embeddings":
        from nlu.embeddings.cache import CachedEncoder  # noqa: PLC0415 — as above

        encoder = CachedEncoder(settings.embeddings, Path(settings.data_dir) / "embeddings", keeps=False)
    found = nlu_cli.evaluate(taught, how, settings.dialogue, now, console=console, encoder=encoder)
    nlu_cli.show(found, how.out, console)


def _moods() -> Moods:
    from nlu.mood import Moods as WordMoods  # noqa: PLC0415 — its word lists take time, and few commands need them

    return WordMoods()


def _embedder(settings: Embeddings) -> Embedder:
    from nlu.embeddings.embedder import Embedder  # noqa: PLC0415 — only who has such a model needs it

    return Embedder(settings)


def _engine(database: Database, company: Company, embedder: Embedder | None) -> TaughtEngine:
    # Imported here: this brings NumPy.
    from nlu.engine import EmbeddedEngine  # noqa: PLC0415
    from nlu.entities import Extractor  # noqa: PLC0415

    extractor = Extractor(order_patterns=company.order_patterns, regions=company.regions)
    return EmbeddedEngine(database, extractor, language=company.language, embedder=embedder)
