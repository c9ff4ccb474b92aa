"""The pages of test questions: what editors settled must be answered, and how it is answered now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.response import Response

from gateway.asking import Asked, Asker
from gateway.errors import NotFound
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import LANGUAGES
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.afterwards import Afterwards
from knowledge_base.articles import Article, Status, tidy_line
from knowledge_base.change_screen import titles
from knowledge_base.consequences import Did, Outcome, answering
from knowledge_base.flash import Done, Flash, read_flash
from knowledge_base.problems import N_
from knowledge_base.signed_in import editor_of
from knowledge_base.storage import Articles, contents
from knowledge_base.storage_reviews import QUESTIONS_LIMIT, TestQuestion, TestQuestions

TEXT_LIMIT = 500
NOBODY = "-"
"""What stands in an article's place where nothing may answer."""


class Stands(Value, frozen=True, kw_only=True):
    """A question, what it gets now, and whether that is right."""

    question: TestQuestion
    now: Outcome
    good: bool


class QuestionScreens:
    """Everything under `/kb/tests`."""

    def __init__(self, database: Database, asker: Asker, afterwards: Afterwards, pages: Pages, clock: Clock) -> None:
        self._database = database
        self._asker = asker
        self._pages = pages
        self._clock = clock
        self._afterwards = afterwards

    async def show(
        self, request: StaffRequest, *, form: Mapping[str, str] | None = None, problem: str = ""
    ) -> Response[str]:
        """Every question, wrong ones first; with somebody's words where they could not be kept."""
        async with self._database.read() as work:
            questions = await TestQuestions(work.connection).all()
            articles = contents(await Articles(work.connection).all())
        stands = await self._stand(questions, articles)
        named = titles(articles, self._pages.language(request))
        usable = [(name, named[name]) for name, one in articles.items() if one.status is not Status.ARCHIVED]
        return self._pages.html(
            request,
            "knowledge_base/tests.html",
            status=422 if problem else 200,
            stands=sorted(stands, key=lambda one: one.good),
            wrong=sum(not one.good for one in stands),
            titles=named,
            articles=sorted(usable, key=lambda pair: pair[1].casefold()),
            codes=LANGUAGES,
            nobody=NOBODY,
            form=form or {},
            problem=problem,
            flash=read_flash(request.query_params),
        )

    async def _stand(self, questions: list[TestQuestion], articles: Mapping[str, Article]) -> list[Stands]:
        stands = []
        for language in LANGUAGES:
            spoken = [question for question in questions if question.language == language]
            asked = await self._asker.ask_all([question.text for question in spoken], language) if spoken else []
            for question, one in zip(spoken, asked, strict=True):
                now = _outcome(one, articles)
                stands.append(Stands(question=question, now=now, good=now.right(question.article)))
        return stands

    async def keep(self, request: StaffRequest, form: Mapping[str, str]) -> Response[Any]:
        """Keep a question: from the page, or (for htmx) from the box where one asks the bot."""
        text, language = tidy_line(form.get("text", ""))[:TEXT_LIMIT], form.get("language", "")
        article = form.get("article", "")
        in_box = request.headers.get("hx-request") == "true"
        problem = await self._keep(request, text, language, article)
        if in_box:
            return self._pages.html(request, "knowledge_base/kept.html", problem=problem)
        if problem:
            return await self.show(request, form=form, problem=problem)
        return self._afterwards.to("/kb/tests", Flash(done=Done.KEPT))

    async def _keep(self, request: StaffRequest, text: str, language: str, article: str) -> str:
        """Keep it; the reason in words where it cannot be."""
        _ = self._pages.texts.translator(self._pages.language(request)).gettext
        if not text or language not in LANGUAGES or not article:
            return _(N_("Write the question, and say its language and the article that must answer it."))
        async with self._database.write() as work:
            questions = TestQuestions(work.connection)
            if await questions.count() >= QUESTIONS_LIMIT:
                full = _(N_("There are {limit} test questions already; take one out first."))
                return full.format(limit=QUESTIONS_LIMIT)
            if article != NOBODY:
                try:
                    await Articles(work.connection).get(article)
                except NotFound:
                    return _(N_("there is no article “{article}”")).format(article=article[:80])
            expected = None if article == NOBODY else article
            await questions.put(text, language, expected, editor_of(request), self._clock())
        return ""

    async def forget(self, number: int) -> Response[Any]:
        """Take a question out. Raises NotFound."""
        async with self._database.write() as work:
            if not await TestQuestions(work.connection).remove(number):
                raise NotFound(f"test question {number}")
        return self._afterwards.to("/kb/tests", Flash(done=Done.FORGOTTEN))


def _outcome(asked: Asked, articles: Mapping[str, Article]) -> Outcome:
    found = articles.get(asked.article or "")
    if found is not None and asked.decision != "clarify" and answering(found) is Did.DECLINE:
        return Outcome(did=Did.DECLINE, article=found.id)
    # What is not known at all is offered a person as well: there is no article to it.
    did = Did.UNKNOWN if asked.article is None else Did(asked.decision)
    return Outcome(did=did, article=asked.article)
