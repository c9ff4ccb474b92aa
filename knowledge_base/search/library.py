"""`gateway.improving.searching.Library` over the published articles in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.improving.searching import PublishedArticle, PublishedButton
from gateway.ports import Clock
from knowledge_base.articles import Article
from knowledge_base.base import PublishedKnowledge

AT_LEAST = timedelta(seconds=1)
"""An HTTP date has no part of a second: only what is older tells that nothing came after it."""


class PublishedLibrary:
    """What is published and valid now."""

    def __init__(self, knowledge: PublishedKnowledge, clock: Clock) -> None:
        self._knowledge = knowledge
        self._clock = clock

    def shelf(self) -> Sequence[PublishedArticle]:
        """All of it, in the order of ids."""
        articles = self._knowledge.articles
        return [published(self._knowledge.whole(articles[name])) for name in sorted(articles) if self._valid(name)]

    def take(self, article: str) -> PublishedArticle | None:
        """One article; None where it is not published or not valid now."""
        if not self._valid(article):
            return None
        return published(self._knowledge.whole(self._knowledge.articles[article]))

    def changed(self) -> datetime | None:
        """See `Library.changed`."""
        changed, now = self._knowledge.changed(), self._clock()
        return changed if changed and now - changed >= AT_LEAST else None

    def _valid(self, article: str) -> bool:
        return self._knowledge.action(article, self._clock()) is not None


def published(article: Article) -> PublishedArticle:
    """`article` as others see it: without status and notes."""
    return PublishedArticle(
        id=article.id,
        category=article.category,
        action=article.action,
        titles=article.title,
        phrasings=article.phrasings,
        answers=article.answers,
        buttons=tuple(
            PublishedButton(label=one.label, article=one.article, action=one.action, url=one.url)
            for one in article.buttons
        ),
        valid_from=article.begins.iso if article.begins else None,
        valid_until=article.ends.iso if article.ends else None,
    )
