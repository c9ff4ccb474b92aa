"""Stand-ins and samples for the knowledge base's tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.errors import FrontdeskError, StorageUnavailable
from gateway.improving.candidates import Ranking
from gateway.improving.candidates import Trial as ModelTrial
from gateway.learning import Phrase, TrainingReport
from knowledge_base.articles import Article, Status
from knowledge_base.checking import TemplateChecker, Trial, Verdict, judge


class RecordingTrainer:
    """Learns nothing, remembers everything it was given; fails with `failure` where that is set."""

    def __init__(self) -> None:
        self.failure: str | None = None
        self.away = False
        self.trained: list[tuple[int, list[Phrase]]] = []

    async def train(self, revision: int, phrases: Sequence[Phrase]) -> TrainingReport:
        if self.away:
            raise StorageUnavailable("away")
        if self.failure:
            raise FrontdeskError(self.failure)
        self.trained.append((revision, list(phrases)))
        intents = {phrase.intent for phrase in phrases}
        return TrainingReport(revision=revision, phrases=len(phrases), intents=len(intents), seconds=2.46)


class RankingCandidates:
    """Says of each text what it was told two models would say; fails with `failure` where that is set."""

    def __init__(self, before: Mapping[str, Ranking] | None, after: Mapping[str, Ranking]) -> None:
        self.before = before
        self.after = after
        self.failure: str | None = None
        self.asked: list[tuple[list[Phrase], list[str]]] = []

    async def ask(self, phrases: Sequence[Phrase], texts: Sequence[str]) -> ModelTrial:
        if self.failure:
            raise FrontdeskError(self.failure)
        self.asked.append((list(phrases), list(texts)))
        before = None if self.before is None else tuple(self.before.get(text, ()) for text in texts)
        after = tuple(self.after.get(text, ()) for text in texts)
        return ModelTrial(before=before, after=after, phrases=len(phrases), seconds=0.1)


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
