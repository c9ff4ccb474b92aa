"""Stand-ins and samples for the knowledge base's tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.errors import FrontdeskError
from gateway.ports import Phrase, TrainingReport
from knowledge_base.articles import Article, Status
from knowledge_base.checking import TemplateChecker, Trial, Verdict, judge


class RecordingTrainer:
    """Learns nothing, remembers everything it was given; fails with `failure` where that is set."""

    def __init__(self) -> None:
        self.failure: str | None = None
        self.trained: list[tuple[int, list[Phrase]]] = []

    async def train(self, revision: int, phrases: Sequence[Phrase]) -> TrainingReport:
        if self.failure:
            raise FrontdeskError(self.failure)
        self.trained.append((revision, list(phrases)))
        intents = {phrase.intent for phrase in phrases}
        return TrainingReport(revision=revision, phrases=len(phrases), intents=len(intents), seconds=0.0)


class InlineChecker(TemplateChecker):
    """Tries templates here and now: the process has tests of its own."""

    async def run(self, trials: Sequence[Trial]) -> list[Verdict]:
        return [judge(trial) for trial in trials]


def an_article(article_id: str = "delivery-cost", **changes: Any) -> Article:
    """A complete published article; its words carry its id, so that two never share a phrasing."""
    article = Article(
        id=article_id,
        title={"uk": f"Тема {article_id}", "en": f"Topic {article_id}"},
        category="delivery",
        status=Status.PUBLISHED,
        phrasings={"uk": (f"скільки коштує {article_id}",), "en": (f"how much is {article_id}", f"{article_id} price")},
        answers={"uk": {"default": f"Відповідь {article_id}"}, "en": {"default": f"Answer {article_id}"}},
    )
    return msgspec.structs.replace(article, **changes)
