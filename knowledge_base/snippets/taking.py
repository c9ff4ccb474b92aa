"""Storing snippets, and telling the search index what articles that use them say now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.storage.work import Work
from knowledge_base.search.storage import SearchTable
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.values import Snippet, inlined, used_by
from knowledge_base.storage import Articles, Editor, contents


async def take_snippets(work: Work, given: Iterable[Snippet], editor: Editor, now: datetime) -> tuple[str, ...]:
    """Save those of `given` that are not stored so already, under the lock that the caller holds; returns their
    names. Customers get them with the next publication."""
    stored = Snippets(work.connection)
    newest = await stored.all()
    changed = []
    for snippet in given:
        old = newest.get(snippet.name)
        if (old.snippet if old else Snippet(name=snippet.name, texts={})) != snippet:
            await stored.save(snippet, editor, now, revision=old.revision + 1 if old else 1)
            changed.append(snippet.name)
    if changed:
        texts = await stored.texts()
        articles = contents(await Articles(work.connection).all()).values()
        concerned = [inlined(article, texts) for article in articles if used_by(article) & set(changed)]
        await SearchTable(work.connection).put(concerned, live=False)
    return tuple(changed)
