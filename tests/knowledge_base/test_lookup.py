"""An agent's look into the knowledge base: what has the words, then what the question may mean."""

from __future__ import annotations

import pytest

from gateway.conversations import Conversation
from gateway.lookup import Lookup
from gateway.ports import Clock, Ranked
from gateway.replies import Replies
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.texts import Texts
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.search.index import KnowledgeIndex
from knowledge_base.storage import Editor
from tests.knowledge_base.app import GuessingEngine
from tests.knowledge_base.fakes import an_article

ARTICLES = [
    an_article("delivery-cost", title={"uk": "Вартість доставки", "en": "Delivery cost"}),
    an_article("refund", title={"uk": "Повернення", "en": "Refund"}),
]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def conversation(database: Database, clock: Clock) -> Conversation:
    async with database.write() as work:
        identity = await work.contacts.meet("site", "visitor-1", clock())
        return await work.conversations.add(identity=identity, language="uk", now=clock())


@pytest.fixture
async def lookup(
    database: Database,
    publisher: Publisher,
    knowledge: PublishedKnowledge,
    company: Company,
    clock: Clock,
    editor: Editor,
) -> Lookup:
    await publisher.take_over(ARTICLES, editor)
    await knowledge.refresh()
    guesses = {"де мої гроші": (Ranked(intent="refund", confidence=0.6), Ranked(intent="gone", confidence=0.3))}
    replies = Replies(knowledge, Texts(), company, {})
    return Lookup(database, GuessingEngine(guesses), knowledge, replies, company, clock, KnowledgeIndex(database))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("достваки", ["delivery-cost"]),
        ("поверненням", ["refund"]),
        ("де мої гроші", ["refund"]),
        ("", ["delivery-cost", "refund"]),
        ("слон", []),
    ],
)
async def test_what_agents_find(lookup: Lookup, conversation: Conversation, words: str, found: list[str]) -> None:
    told = await lookup.search(words, "uk", conversation)
    assert [article for article, _, _ in told] == found
    assert all(text == f"Відповідь {article}" for article, _, text in told)
