"""What became of questions that editors have dealt with already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from gateway.storage.work import Work
from knowledge_base.asked.storage import Deed, asked_marks

_mark = asked_marks.c


async def article_of(work: Work, messages: Sequence[int]) -> str | None:
    """The article to which all of `messages` went; None where one of them went nowhere or elsewhere."""
    query = select(_mark.message_id, _mark.article).where(
        _mark.message_id.in_(list(messages)), _mark.deed == Deed.ARTICLE, _mark.article.is_not(None)
    )
    found = {row.message_id: row.article for row in await work.connection.execute(query)}
    articles = set(found.values())
    return articles.pop() if len(articles) == 1 and found.keys() >= set(messages) else None
