"""What editors do with the questions the bot did not know, and with what agents propose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from msgspec import structs

from gateway.asking import Asked, Asker
from gateway.errors import FrontdeskError, NotFound
from gateway.improving.likeness import Grouping
from gateway.learning import Labelled, Labels
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import Dialogue
from gateway.storage.engine import Database
from gateway.storage.work import Work
from knowledge_base.articles import DEFAULT, Article, Status, phrase_key, tidy_line, tidy_text
from knowledge_base.asked.naming import free_id
from knowledge_base.asked.questions import Filters, Group, Question, groups_of, phrasings_of
from knowledge_base.asked.storage import AskedTable, Deed, Kept, ProposalState, StoredProposals, Sureness
from knowledge_base.asked.storage_marks import article_of
from knowledge_base.publishing import LIVE_TOPIC, Publisher
from knowledge_base.rules import PHRASE_LIMIT, TITLE_LIMIT
from knowledge_base.storage import Articles, Editor, Saved

log = structlog.get_logger()

MOST = 5_000
"""Questions that are looked at, the newest."""
PROPOSALS = 200


class Overview(Value, frozen=True, kw_only=True):
    """The groups that fit the filters, what there is to filter by, and whether they could be sorted at all."""

    groups: tuple[Group, ...]
    questions: int
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    cut: bool
    sorted: bool = True


class Added(Value, frozen=True, kw_only=True):
    """What became of phrasings: the article they went to, how many were new, how many another article has."""

    article: str
    added: int
    elsewhere: int


class AskedQuestions:
    """The questions, and every deed about them."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        grouping: Grouping,
        labels: Labels,
        asker: Asker,
        policy: Callable[[], Dialogue],
        clock: Clock,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._grouping = grouping
        self._labels = labels
        self._asker = asker
        self._policy = policy
        self._clock = clock
        self._proposals = StoredProposals()
        self._sorting = asyncio.Lock()
        self._sorted: tuple[frozenset[int], list[tuple[int, ...]]] = (frozenset(), [])

    # --- looking -------------------------------------------------------------------------------

    async def overview(self, filters: Filters) -> Overview:
        """The questions in groups, as `filters` want them."""
        since = self._clock() - timedelta(days=filters.days)
        policy = self._policy()
        sureness = Sureness(confidence=policy.answer_confidence, anger=policy.anger)
        async with self._database.read() as view:
            found = await AskedTable(view).questions(since, MOST, sureness)
        questions = {one.message: one for one in found}
        alike, worked = await self._alike(found)
        groups = groups_of(questions, alike, filters)
        return Overview(
            groups=tuple(groups),
            questions=sum(len(group.questions) for group in groups),
            channels=tuple(sorted({one.channel for one in found})),
            languages=tuple(sorted({one.language for one in found if one.language})),
            cut=len(found) == MOST,
            sorted=worked,
        )

    async def nearest(self, groups: Sequence[Group]) -> list[Asked]:
        """What the bot would say today to each group's middle, with the nearest articles."""
        return [(await self._asker.ask_all([group.middle.plain], group.middle.language or None))[0] for group in groups]

    async def _alike(self, found: Sequence[Question]) -> tuple[list[tuple[int, ...]], bool]:
        """Message numbers in groups. What was sorted once is used for as long as nothing new is asked:
        to strike one group off the list must not sort all the others again."""
        wanted = frozenset(one.message for one in found)
        async with self._sorting:
            known, alike = self._sorted
            if wanted <= known:
                return alike, True
            try:
                places = await self._grouping.group([one.plain for one in found])
            except FrontdeskError as error:
                log.warning("grouping_failed", reason=str(error))
                return [(one.message,) for one in found], False
            alike = [tuple(found[place].message for place in group) for group in places]
            self._sorted = (wanted, alike)
            return alike, True

    # --- deeds ---------------------------------------------------------------------------------

    async def make_article(self, messages: Sequence[int], editor: Editor) -> Added:
        """A draft that has these questions as phrasings and the first of them as title; where somebody was faster,
        the article they made of them.

        Raises NotFound where none of them is there, Refused.
        """
        questions = await self._questions(messages)
        async with self._database.read() as view:
            made = await article_of(view, [one.message for one in questions])
        if made is not None:
            return Added(article=made, added=0, elsewhere=0)
        first = questions[0]
        language = first.language or "uk"
        added = await self._begin(first.plain, language, phrasings_of(questions, (), PHRASE_LIMIT), {}, editor)
        await self._mark(messages, Deed.ARTICLE, editor, added.article)
        return added

    async def add_to(self, messages: Sequence[int], article_id: str, editor: Editor) -> Added:
        """These questions as further phrasings of an article. Raises NotFound, Refused, StaleEdit."""
        questions = await self._questions(messages)
        added = await self._extend(article_id, questions, editor)
        await self._mark(messages, Deed.ARTICLE, editor, article_id)
        return added

    async def label(self, messages: Sequence[int], article_id: str | None, editor: Editor) -> int:
        """Tell the model what these messages mean: this article, or (None) nothing that it should answer.
        The next training learns it. Returns how many. Raises NotFound."""
        if article_id is not None:
            await self._article(article_id)
        questions = await self._questions(messages)
        async with self._database.write() as work:
            for one in questions:
                labelled = Labelled(
                    text=one.plain, language=one.language, intent=article_id, message=one.message, by=editor.staff_id
                )
                await self._labels.put(work, labelled, self._clock())
            await self._put_mark(work, messages, Deed.LABEL, editor, article_id)
        log.info("questions_labelled", messages=len(questions), article=article_id)
        return len(questions)

    async def dismiss(self, messages: Sequence[int], editor: Editor) -> None:
        """These need no answer."""
        await self._mark(messages, Deed.DISMISSED, editor, None)

    # --- proposals -----------------------------------------------------------------------------

    async def proposals(self) -> list[Kept]:
        """What agents propose, oldest first."""
        async with self._database.read() as view:
            return await self._proposals.all_waiting(view, PROPOSALS)

    async def proposed(self) -> int:
        """How many proposals wait."""
        async with self._database.read() as view:
            return await self._proposals.count(view)

    async def take(self, number: int, editor: Editor) -> Added:
        """A draft from a proposal. Raises NotFound, Refused."""
        kept = await self._proposal(number)
        proposal = kept.proposal
        phrasings = {proposal.language: [tidy_line(proposal.question)[:PHRASE_LIMIT]]}
        answers = {proposal.language: {DEFAULT: _as_template(proposal.answer)}}
        added = await self._begin(proposal.question, proposal.language, phrasings, answers, editor)
        await self._settle(number, ProposalState.TAKEN, editor, added.article)
        return added

    async def take_into(self, number: int, article_id: str, editor: Editor) -> Added:
        """A proposal's question as a phrasing of an article. Raises NotFound, Refused, StaleEdit."""
        kept = await self._proposal(number)
        proposal = kept.proposal
        saved = await self._article(article_id)
        added = await self._widen(saved, {proposal.language: [tidy_line(proposal.question)[:PHRASE_LIMIT]]}, editor)
        await self._settle(number, ProposalState.TAKEN, editor, article_id)
        return added

    async def decline(self, number: int, editor: Editor) -> None:
        """Not for the knowledge base. Raises NotFound."""
        await self._proposal(number)
        await self._settle(number, ProposalState.DISMISSED, editor, None)

    # --- pieces --------------------------------------------------------------------------------

    async def _questions(self, messages: Sequence[int]) -> list[Question]:
        async with self._database.read() as view:
            found = await AskedTable(view).texts(messages)
        if not found:
            raise NotFound("questions")
        return found

    async def _article(self, article_id: str) -> Saved:
        async with self._database.read() as view:
            return await Articles(view.connection).get(article_id)

    async def _proposal(self, number: int) -> Kept:
        async with self._database.read() as view:
            return await self._proposals.get(view, number)

    async def _begin(
        self,
        question: str,
        language: str,
        phrasings: dict[str, list[str]],
        answers: dict[str, dict[str, str]],
        editor: Editor,
    ) -> Added:
        async with self._database.read() as view:
            taken = await Articles(view.connection).all()
        title = tidy_line(question)[:TITLE_LIMIT]
        article = Article(
            id=free_id(title, taken),
            title={language: title[:1].upper() + title[1:]},
            phrasings={code: tuple(texts) for code, texts in phrasings.items()},
            answers=answers,
        )
        article, elsewhere = await self._without_others(article)
        await self._publisher.save(article, editor, based_on=None)
        return Added(article=article.id, added=_count(article), elsewhere=elsewhere)

    async def _extend(self, article_id: str, questions: Sequence[Question], editor: Editor) -> Added:
        saved = await self._article(article_id)
        taken = {phrase_key(phrase) for phrases in saved.article.phrasings.values() for phrase in phrases}
        return await self._widen(saved, phrasings_of(questions, taken, PHRASE_LIMIT), editor)

    async def _widen(self, saved: Saved, more: dict[str, list[str]], editor: Editor) -> Added:
        old = saved.article
        phrasings = dict(old.phrasings)
        for language, texts in more.items():
            known = {phrase_key(phrase) for phrase in phrasings.get(language, ())}
            new = [text for text in texts if phrase_key(text) not in known]
            if new:
                phrasings[language] = (*phrasings.get(language, ()), *new)
        # Published stays on the air as it is; what is new waits for an editor's look, as any draft does.
        status = Status.REVIEW if old.status is Status.REVIEW else Status.DRAFT
        wider, elsewhere = await self._without_others(structs.replace(old, phrasings=phrasings, status=status))
        added = _count(wider) - _count(old)
        if added > 0:
            await self._publisher.save(wider, editor, based_on=saved.revision)
        return Added(article=old.id, added=max(added, 0), elsewhere=elsewhere)

    async def _without_others(self, article: Article) -> tuple[Article, int]:
        """`article` without phrasings that another article has, and how many those were."""
        problems = await self._publisher.problems(article)
        bad = {
            (problem.path[1], int(problem.path[2]))
            for problem in problems
            if problem.path[:1] == ("phrasings",) and len(problem.path) == 3
        }
        if not bad:
            return article, 0
        kept = {
            language: tuple(phrase for place, phrase in enumerate(phrases) if (language, place) not in bad)
            for language, phrases in article.phrasings.items()
        }
        return structs.replace(article, phrasings={code: some for code, some in kept.items() if some}), len(bad)

    async def _mark(self, messages: Sequence[int], deed: Deed, editor: Editor, article: str | None) -> None:
        async with self._database.write() as work:
            await self._put_mark(work, messages, deed, editor, article)

    async def _put_mark(
        self, work: Work, messages: Sequence[int], deed: Deed, editor: Editor, article: str | None
    ) -> None:
        there = [one.message for one in await AskedTable(work).texts(messages)]
        await AskedTable(work).mark(there, deed, self._clock(), by=editor.staff_id, article=article)
        work.announce(LIVE_TOPIC, "asked")

    async def _settle(self, number: int, state: ProposalState, editor: Editor, article: str | None) -> None:
        async with self._database.write() as work:
            await self._proposals.settle(work, number, state, self._clock(), by=editor.staff_id or 0, article=article)
            work.announce(LIVE_TOPIC, "asked")


def _as_template(answer: str) -> str:
    """An agent's words as a template: brackets in them are words and no variables."""
    return tidy_text(answer).replace("{{", "{ {").replace("{%", "{ %")


def _count(article: Article) -> int:
    return sum(len(phrases) for phrases in article.phrasings.values())
