"""Finding articles by words: titles before phrasings before answers, the reader's language before others."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.storage.engine import Database
from knowledge_base.search.storage import SearchTable, Where
from knowledge_base.search.words import forms_asked, nearest_words
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.values import inlined, used_by
from knowledge_base.storage import Articles, Publication, contents

log = structlog.get_logger()

WORDS = 12
"""Words of a query that count: what is longer is a story, not a search."""


class KnowledgeIndex:
    """`gateway.improving.searching.Searching` over the search tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, query: str, language: str, *, limit: int, live: bool = True, every: bool = False) -> list[str]:
        """Ids of the articles that have every word of `query`, whatever its ending, best first.

        A word that the index does not have is taken for the likest that it has; where no article has all
        words, those come that have one of them, unless `every` word must be there. `live` looks at what is
        published, else at what editors work on. Nothing for a query without words. Raises StorageUnavailable.
        """
        asked = list(dict.fromkeys(forms_asked(query)))[:WORDS]
        if not asked:
            return []
        async with self._database.read() as work:
            table = SearchTable(work.connection)
            await table.prepare()
            sought = asked if await table.has(asked, live=live) else await _mended(table, asked)
            found = await _find(table, sought, language, live, limit)
            if not found and len(asked) > 1 and not every:
                some = sorted({word for group in sought for word in group})
                found = await _find(table, [some], language, live, limit)
        return found

    async def complete(self) -> None:
        """Fill an index that is empty though there are articles: it came with an update."""
        async with self._database.read() as work:
            stored = Articles(work.connection)
            if not await SearchTable(work.connection).is_empty():
                return
            saved = contents(await stored.all())
            revision = await stored.published_revision()
            published = await stored.published_articles(revision) if revision is not None else []
            snippets = Snippets(work.connection)
            newest, live = await snippets.texts(), await snippets.published_texts(revision)
        if not saved:
            return
        async with self._database.write() as work:
            table = SearchTable(work.connection)
            if await table.is_empty():
                await table.put([inlined(one, newest) for one in saved.values()], live=False)
                await table.put([inlined(one, live) for one in published], live=True)
        log.info("search_indexed", articles=len(saved))


async def index_published(stored: Articles, snippets: Snippets, table: SearchTable, publication: Publication) -> None:
    """Bring the index of what customers get up to `publication`, in its transaction."""
    changes = publication.changes
    fresh = {*changes.added, *changes.changed}
    spoken = set(changes.snippets)
    articles = await stored.published_articles(publication.revision) if fresh or spoken else []
    texts = await snippets.published_texts(publication.revision)
    concerned = [article for article in articles if article.id in fresh or used_by(article) & spoken]
    await table.remove(changes.removed, live=True)
    await table.put([inlined(article, texts) for article in concerned], live=True)


async def _mended(table: SearchTable, asked: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """For each word what to look for: its forms, and where the index does not have it the likest it has."""
    alike = await table.alike([word for word, *_ in asked])
    return [
        forms if forms[0] in alike[forms[0]] else (*forms, *nearest_words(forms[0], alike[forms[0]])) for forms in asked
    ]


async def _find(
    table: SearchTable, sought: Sequence[Sequence[str]], language: str, live: bool, limit: int
) -> list[str]:
    found: dict[str, None] = {}
    for same in (True, False):
        for where in Where:
            some = await table.find(sought, where, live=live, language=language, same=same, limit=limit)
            found.update(dict.fromkeys(some))
            if len(found) >= limit:
                return list(found)[:limit]
    return list(found)
