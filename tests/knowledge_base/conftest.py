"""Fixtures for the knowledge base: a publisher over either database, and articles to put in."""

from __future__ import annotations

import pytest

from gateway.ports import Clock
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Editor
from tests.knowledge_base.fakes import InlineChecker, RecordingTrainer


@pytest.fixture
def company() -> Company:
    return Company(name={"uk": "Журавлик", "en": "Zhuravlyk"}, phone="+380 44 000 00 00", zone="Europe/Kyiv")


@pytest.fixture
def trainer() -> RecordingTrainer:
    return RecordingTrainer()


@pytest.fixture
def checker() -> InlineChecker:
    return InlineChecker()


@pytest.fixture
def knowledge(database: Database, company: Company, clock: Clock) -> PublishedKnowledge:
    return PublishedKnowledge(database, company, clock)


@pytest.fixture
def publisher(
    database: Database,
    trainer: RecordingTrainer,
    checker: InlineChecker,
    company: Company,
    clock: Clock,
    knowledge: PublishedKnowledge,
) -> Publisher:
    return Publisher(database, trainer, checker, company, clock, refreshers=[knowledge.refresh])


@pytest.fixture
def editor() -> Editor:
    return Editor(name="Олена")
