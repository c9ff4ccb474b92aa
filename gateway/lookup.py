"""An agent's look into the knowledge base: by the words of a title or by what a question means."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.conversations import Conversation
from gateway.improving.searching import Searching
from gateway.messages import clean_text
from gateway.ports import Action, Clock, Engine, Knowledge, Utterance
from gateway.rendering import strip_markdown
from gateway.replies import Replies
from gateway.settings import Company
from gateway.storage.engine import Database

FOUND = 8
WORTH_SHOWING = 0.05


class Lookup:
    """Finds articles and fills their answers with the customer's data, for the agent to correct."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        knowledge: Knowledge,
        replies: Replies,
        company: Company,
        clock: Clock,
        index: Searching,
    ) -> None:
        self._database = database
        self._engine = engine
        self._knowledge = knowledge
        self._replies = replies
        self._company = company
        self._clock = clock
        self._index = index

    async def search(self, query: str, language: str, conversation: Conversation) -> list[tuple[str, str, str]]:
        """(article id, title, filled text), likeliest first: those that have the words, then those the question
        may mean; for an empty query the articles by title."""
        words = clean_text(query).strip()
        titles = dict(self._knowledge.titles(language))
        named = await self._index.find(words, language, limit=FOUND, every=True) if words else titles
        meant = await self._meant(words, language) if words else []
        order = [article for article in dict.fromkeys([*named, *meant]) if article in titles][:FOUND]
        async with self._database.read() as view:
            contact = await view.contacts.get(conversation.contact_id)
            entities = [entity for _, one in await view.turns.of(conversation.id) for entity in one.entities]
        found = []
        for article in order:
            text = self._replies.text_of(article, language=language, contact=contact, entities=entities)
            if text and self._knowledge.action(article, self._clock()) is Action.ANSWER:
                found.append((article, titles[article], strip_markdown(text).strip()))
        return found

    async def _meant(self, words: str, language: str) -> Sequence[str]:
        utterance = Utterance(text=words, now=self._clock(), zone=self._company.zone, language=language)
        (understanding,) = await self._engine.understand([utterance])
        return [ranked.intent for ranked in understanding.ranking if ranked.confidence >= WORTH_SHOWING]
