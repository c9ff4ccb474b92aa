"""What the page of a change shows: what would be different, what to mind, and what it does to customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.improving.masking import masked
from gateway.messages import Value
from gateway.ports import Clock, Understanding
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.texts import Translator
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.article_screen import place_name
from knowledge_base.articles import Article
from knowledge_base.changes import Change, ChangeSet, SnippetChange
from knowledge_base.checking import TemplateChecker
from knowledge_base.consequences import Effect, Moved, Outcome, Retested
from knowledge_base.differences import differences, text_differences
from knowledge_base.inspecting import Remark, remarks
from knowledge_base.listing import title_in
from knowledge_base.storage_reviews import Checks, TestQuestions
from knowledge_base.weighing import DAYS, Look, Weighing

_STATUS = ("status",)


class Told(Value, frozen=True, kw_only=True):
    """A text, how often it was written, and what it gets before and after; `good` says for a test question
    whether that is right (`was_good`: whether it was)."""

    text: str
    before: Outcome
    after: Outcome
    times: int = 1
    expected: str | None = None
    good: bool = True
    was_good: bool = True


class ChangeScreen:
    """Gathers the page's contents; writes nothing. `rasa`: it answers customers, and no trial can teach it."""

    def __init__(
        self,
        database: Database,
        weighing: Weighing,
        checker: TemplateChecker,
        pages: Pages,
        company: Company,
        clock: Clock,
        *,
        rasa: bool = False,
    ) -> None:
        self._database = database
        self._weighing = weighing
        self._checker = checker
        self._pages = pages
        self._zone = ZoneInfo(company.zone)
        self._clock = clock
        self._rasa = rasa

    async def context(self, request: StaffRequest, change: ChangeSet) -> dict[str, Any]:
        """All that `changes.html` needs to show the change itself."""
        language = self._pages.language(request)
        translator = self._pages.texts.translator(language)
        async with self._database.read() as work:
            questions = await TestQuestions(work.connection).all()
        found = await remarks(change, questions, self._checker, self._clock(), self._zone)
        return {
            "change": change,
            "titles": titles(change.working, language),
            "entries": [{"change": one, "differences": self._differences(translator, one)} for one in change.changes],
            "snippets": [{"change": one, "differences": self._spoken(translator, one)} for one in change.snippets],
            "blocks": [self._said(translator, one) for one in found if one.blocks],
            "warnings": [self._said(translator, one) for one in found if not one.blocks],
            **await self.effect(request, change, await self._weighing.look(change)),
        }

    async def effect(self, request: StaffRequest, change: ChangeSet, look: Look) -> dict[str, Any]:
        """All that `effect.html` needs."""
        effect = look.effect
        return {
            "look": look,
            "effect": effect,
            "titles": titles(change.working, self._pages.language(request)),
            "days": DAYS,
            "rasa": self._rasa,
            "moved": await self._moved(effect.examples) if effect else [],
            "retested": await self._retested(effect) if effect else [],
        }

    def _differences(self, translator: Translator, one: Change) -> list[dict[str, Any]]:
        if one.removed:
            return []
        old = one.live or Article(id=one.article.id)
        return [
            {"place": place_name(translator, difference.path), "difference": difference}
            for difference in differences(old, one.article)
            if difference.path != _STATUS
        ]

    def _spoken(self, translator: Translator, one: SnippetChange) -> list[dict[str, Any]]:
        return [
            {"place": place_name(translator, difference.path), "difference": difference}
            for difference in text_differences(one.live, one.saved.snippet.texts)
        ]

    def _said(self, translator: Translator, remark: Remark) -> dict[str, str]:
        path = remark.problem.path
        # A place within a list is told by the words themselves; a template's fault by its line.
        named = [step for step in path if not step.isdigit()]
        line = translator.gettext("line {line}").format(line=remark.problem.line) if remark.problem.line > 1 else ""
        return {
            "article": remark.article,
            "place": ", ".join(part for part in (place_name(translator, named), line) if part),
            "text": remark.problem.text(translator.gettext),
        }

    async def _moved(self, examples: Sequence[Moved]) -> list[Told]:
        """Customers' messages with what is only theirs struck out; those that were erased since are left out."""
        async with self._database.read() as work:
            stored = await Checks(work.connection).texts([one.turn for one in examples])
        return [
            Told(text=_struck(*stored[one.turn]), times=one.times, before=one.before, after=one.after)
            for one in examples
            if one.turn in stored
        ]

    async def _retested(self, effect: Effect) -> list[Told]:
        """What got worse first, then what got better, then what was wrong all along."""
        async with self._database.read() as work:
            questions = {one.id: one for one in await TestQuestions(work.connection).all()}
        told = [_told(one, questions[one.question]) for one in effect.retested if one.question in questions]
        return sorted(told, key=lambda one: (one.good, not one.was_good))


def _told(one: Retested, question: Any) -> Told:
    return Told(
        text=question.text,
        before=one.before,
        after=one.after,
        expected=question.article,
        good=one.after.right(question.article),
        was_good=one.before.right(question.article),
    )


def _struck(text: str, understanding: str) -> str:
    try:
        entities = msgspec.json.decode(understanding, type=Understanding).entities
    except msgspec.MsgspecError:
        entities = ()
    return masked(text, entities)


def titles(articles: Mapping[str, Article], language: str) -> dict[str, str]:
    """The title of every article for a reader of `language`, by id."""
    return {name: title_in(article, language) for name, article in articles.items()}
