"""What customers asked: which turns are open questions, and what editors' deeds make of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from gateway.asking import Asker
from gateway.errors import FrontdeskError, NotFound
from gateway.improving.proposing import Proposal
from gateway.learning import Labelled
from gateway.replies import Replies
from gateway.settings import Company, Dialogue
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.texts import Texts
from knowledge_base.articles import Status
from knowledge_base.asked.questions import Filters, Why
from knowledge_base.asked.service import AskedQuestions
from knowledge_base.asked.storage import AskedTable, StoredProposals, Sureness
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Articles, Editor, Saved
from tests.conftest import SteppingClock
from tests.knowledge_base.app import GuessingEngine
from tests.knowledge_base.asked.filling import Past
from tests.knowledge_base.fakes import an_article

SURENESS = Sureness(confidence=0.55, anger=0.7)
MONTH = timedelta(days=30)


class FirstWordGrouping:
    """Texts that begin with the same word are alike; counts how often it was asked, fails where told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    async def group(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        self.asked += 1
        if self.fails:
            raise FrontdeskError("too slow")
        found: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            found.setdefault(text.split()[0], []).append(place)
        return [tuple(places) for places in found.values()]


class RememberedLabels:
    """Keeps labels in a list."""

    def __init__(self) -> None:
        self.put_down: list[Labelled] = []

    async def put(self, work: Work, labelled: Labelled, now: object) -> None:
        self.put_down.append(labelled)

    async def remove(self, work: Work, message: int) -> bool:
        return False


@pytest.fixture
def past(database: Database, clock: SteppingClock) -> Past:
    return Past(database, clock)


async def open_questions(database: Database, clock: SteppingClock, limit: int = 100) -> list[tuple[str, Why]]:
    async with database.read() as view:
        found = await AskedTable(view).questions(clock() - MONTH, limit, SURENESS)
    return [(one.text, one.why) for one in found]


class TestWhatIsAnOpenQuestion:
    async def test_what_was_not_known_asked_back_or_handed_over(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        for did in ("unknown", "clarify", "handover", "reply", "welcome", "wait"):
            clock.advance(minutes=1)
            await past.asks(f"питання {did}", did)
        assert await open_questions(database, clock) == [
            ("питання handover", Why.HANDOVER),
            ("питання clarify", Why.CLARIFY),
            ("питання unknown", Why.UNKNOWN),
        ]

    async def test_asking_back_that_led_to_an_answer_is_none(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        await past.asks("доставка", "clarify", answered="delivery-cost")
        assert await open_questions(database, clock) == []

    async def test_who_went_to_a_person_for_another_reason_asked_nothing(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        await past.asks("жах", "handover", anger=0.9)
        await past.asks("людину", "handover", intent="handoff", confidence=0.9)
        await past.asks("ось фото", "handover", photo=True)
        assert await open_questions(database, clock) == []

    async def test_an_answer_after_which_a_person_was_needed(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        agent = await past.hires()
        await past.asks("скільки", "reply", confidence=0.9, answered="delivery-cost", agent=agent)
        await past.asks("скільки ж", "reply", confidence=0.9, answered="delivery-cost")
        async with database.read() as view:
            (found,) = await AskedTable(view).questions(clock() - MONTH, 10, SURENESS)
        assert (found.text, found.why, found.article) == ("скільки", Why.ANSWERED, "delivery-cost")

    async def test_an_answer_that_the_customer_says_did_not_help(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        agent = await past.hires()
        for text, helped, person in (
            ("ні", False, None),
            ("ні, і людина", False, agent),
            ("так, і людина", True, agent),
        ):
            clock.advance(minutes=1)
            message, talk = await past.asks(text, "reply", confidence=0.9, answered="delivery-cost", agent=person)
            await past.votes(talk, message, helped=helped)
        async with database.read() as view:
            found = await AskedTable(view).questions(clock() - MONTH, 10, SURENESS)
        assert [(one.text, one.why, one.article) for one in found] == [
            ("ні, і людина", Why.VOTED, "delivery-cost"),
            ("ні", Why.VOTED, "delivery-cost"),
        ]

    async def test_what_was_chosen_and_did_not_help_is_the_question_before(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        _, talk = await past.asks("доставка", "clarify")
        await past.votes(talk, await past.chooses(talk, "delivery-cost"), helped=False)
        _, other = await past.asks("ціна", "reply", confidence=0.9, answered="delivery-cost")
        await past.votes(other, await past.chooses(other, "delivery-cost"), helped=False)
        assert await open_questions(database, clock) == [("доставка", Why.VOTED)]

    async def test_old_ones_and_more_than_wanted_are_left_out(
        self, database: Database, past: Past, clock: SteppingClock
    ) -> None:
        await past.asks("давнє")
        clock.advance(days=40)
        await past.asks("перше")
        clock.advance(minutes=1)
        await past.asks("друге")
        assert await open_questions(database, clock, limit=1) == [("друге", Why.UNKNOWN)]
        assert len(await open_questions(database, clock)) == 2


class TestDeeds:
    @pytest.fixture
    def grouping(self) -> FirstWordGrouping:
        return FirstWordGrouping()

    @pytest.fixture
    def labels(self) -> RememberedLabels:
        return RememberedLabels()

    @pytest.fixture
    def asked(
        self,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        company: Company,
        clock: SteppingClock,
        grouping: FirstWordGrouping,
        labels: RememberedLabels,
    ) -> AskedQuestions:
        replies = Replies(knowledge, Texts(), company, {})
        asker = Asker(GuessingEngine({}), knowledge, replies, Dialogue, company, clock)
        return AskedQuestions(database, publisher, grouping, labels, asker, Dialogue, clock)

    @pytest.fixture
    async def me(self, past: Past) -> Editor:
        return Editor(name="Олена", staff_id=await past.hires())

    async def test_alike_ones_stand_together_and_are_sorted_once(
        self, asked: AskedQuestions, past: Past, grouping: FirstWordGrouping, me: Editor
    ) -> None:
        first, _ = await past.asks("знижки є?")
        await past.asks("графік роботи", channel="mail", language="ru")
        await past.asks("знижки будуть?")
        overview = await asked.overview(Filters())
        assert [len(group.questions) for group in overview.groups] == [2, 1]
        assert (overview.channels, overview.languages, overview.questions) == (("mail", "site"), ("ru", "uk"), 3)
        await asked.dismiss([first], me)
        assert [len(group.questions) for group in (await asked.overview(Filters())).groups] == [1, 1]
        assert grouping.asked == 1
        await past.asks("нове")
        await asked.overview(Filters())
        assert grouping.asked == 2

    async def test_where_sorting_fails_each_stands_alone(
        self, asked: AskedQuestions, past: Past, grouping: FirstWordGrouping
    ) -> None:
        await past.asks("знижки є?")
        await past.asks("знижки будуть?")
        grouping.fails = True
        overview = await asked.overview(Filters())
        assert not overview.sorted
        assert len(overview.groups) == 2

    async def test_one_click_makes_a_draft(
        self, asked: AskedQuestions, past: Past, database: Database, me: Editor
    ) -> None:
        messages = [(await past.asks(text))[0] for text in ("чи є у вас знижки", "знижки", "Знижки!")]
        added = await asked.make_article(messages, me)
        saved = await stored(database, added.article)
        assert saved.article.status is Status.DRAFT
        assert saved.article.title == {"uk": "Чи є у вас знижки"}
        assert saved.article.phrasings == {"uk": ("чи є у вас знижки", "знижки")}
        assert saved.author == "Олена"
        assert (await asked.overview(Filters())).groups == ()

    async def test_who_comes_second_is_led_to_the_article_of_the_first(
        self, asked: AskedQuestions, past: Past, database: Database, me: Editor
    ) -> None:
        messages = [(await past.asks(text))[0] for text in ("чи є у вас знижки", "знижки")]
        first = await asked.make_article(messages, me)
        second = await asked.make_article(messages, Editor(name="Петро"))
        assert (second.article, second.added) == (first.article, 0)
        async with database.read() as view:
            assert list(await Articles(view.connection).all()) == [first.article]
        # One question more is another matter.
        more, _ = await past.asks("акції")
        assert (await asked.make_article([*messages, more], me)).added == 1

    async def test_a_phrasing_that_another_article_has_is_left_out_and_said(
        self, asked: AskedQuestions, past: Past, publisher: Publisher, database: Database, me: Editor
    ) -> None:
        await publisher.save(an_article("refund", phrasings={"uk": ("знижки",)}), me, based_on=None)
        messages = [(await past.asks(text))[0] for text in ("знижки", "акції")]
        added = await asked.make_article(messages, me)
        assert (added.added, added.elsewhere) == (1, 1)
        assert (await stored(database, added.article)).article.phrasings == {"uk": ("акції",)}

    async def test_added_phrasings_wait_in_a_draft_while_the_published_stays(
        self, asked: AskedQuestions, past: Past, publisher: Publisher, knowledge: PublishedKnowledge,
        database: Database, me: Editor,
    ) -> None:  # fmt: skip
        await publisher.save(an_article(), me, based_on=None)
        await publisher.publish(me)
        message, _ = await past.asks("почім пересилка")
        added = await asked.add_to([message], "delivery-cost", me)
        saved = await stored(database, "delivery-cost")
        assert added.added == 1
        assert saved.article.status is Status.DRAFT
        assert saved.article.phrasings["uk"] == ("скільки коштує delivery-cost", "почім пересилка")
        assert "почім пересилка" not in knowledge.articles["delivery-cost"].phrasings["uk"]

    async def test_labels_teach_the_next_training(
        self, asked: AskedQuestions, past: Past, publisher: Publisher, labels: RememberedLabels, me: Editor
    ) -> None:
        await publisher.save(an_article(), me, based_on=None)
        one, _ = await past.asks("почім на 0671234567")
        two, _ = await past.asks("ти дурень")
        await asked.label([one], "delivery-cost", me)
        await asked.label([two], None, me)
        assert [(put.text, put.intent, put.message, put.by) for put in labels.put_down] == [
            ("почім на", "delivery-cost", one, me.staff_id),
            ("ти дурень", None, two, me.staff_id),
        ]
        assert (await asked.overview(Filters())).groups == ()

    async def test_what_is_not_there_cannot_be_used(self, asked: AskedQuestions, past: Past, me: Editor) -> None:
        message, _ = await past.asks("чи є знижки")
        for deed in (asked.make_article([4711], me), asked.label([message], "nowhere", me)):
            with pytest.raises(NotFound):
                await deed
        await asked.dismiss([message, 4711], me)
        assert (await asked.overview(Filters())).groups == ()


class TestProposals:
    @pytest.fixture
    async def proposal(self, past: Past) -> Proposal:
        agent = await past.hires("taras@x.example", "Тарас")
        _, conversation = await past.asks("чи є знижки")
        return Proposal(
            conversation=conversation,
            question="Чи є знижки?",
            answer="Так, {{ 5 }} %.",
            language="uk",
            by=agent,
            author="Тарас",
        )

    async def test_a_second_thought_replaces_the_first(
        self, database: Database, clock: SteppingClock, proposal: Proposal
    ) -> None:
        proposals = StoredProposals()
        async with database.write() as work:
            assert not await proposals.waiting(work, proposal.conversation)
            await proposals.put(work, proposal, clock())
            await proposals.put(work, Proposal(**{**as_fields(proposal), "answer": "Ні."}), clock())
            assert await proposals.waiting(work, proposal.conversation)
            (kept,) = await proposals.all_waiting(work, 10)
        assert kept.proposal.answer == "Ні."

    async def test_it_becomes_a_draft_whose_brackets_are_words(
        self,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        company: Company,
        clock: SteppingClock,
        proposal: Proposal,
    ) -> None:
        asker = Asker(GuessingEngine({}), knowledge, Replies(knowledge, Texts(), company, {}), Dialogue, company, clock)
        asked = AskedQuestions(database, publisher, FirstWordGrouping(), RememberedLabels(), asker, Dialogue, clock)
        me = Editor(name="Тарас", staff_id=proposal.by)
        async with database.write() as work:
            await StoredProposals().put(work, proposal, clock())
        (kept,) = await asked.proposals()
        added = await asked.take(kept.id, me)
        article = (await stored(database, added.article)).article
        assert article.answers == {"uk": {"default": "Так, { { 5 }} %."}}
        assert article.phrasings == {"uk": ("Чи є знижки?",)}
        assert await asked.proposed() == 0
        with pytest.raises(NotFound):
            await asked.decline(kept.id, me)


def as_fields(proposal: Proposal) -> dict[str, object]:
    return {name: getattr(proposal, name) for name in Proposal.__struct_fields__}


async def stored(database: Database, article_id: str) -> Saved:
    async with database.read() as view:
        return await Articles(view.connection).get(article_id)
