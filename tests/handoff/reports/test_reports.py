"""Reports: days in the company's zone, every count from what was stored, and sheets that are safe to open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.conversations import State
from gateway.improving.usefulness import Usage
from gateway.messages import Author, Direction, Text
from gateway.ports import HandoffContext, Reason
from gateway.storage import tables as spine
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.handoffs import HandoffState, Rating
from handoff.reports.drawing import draw, tiles
from handoff.reports.facts import gather
from handoff.reports.figures import Column, Figure, Picture, Unit, share, spread
from handoff.reports.period import LONGEST, Period, read_period
from handoff.reports.screens import show
from handoff.reports.sheets import to_csv
from handoff.storage.callbacks import CallbackTable
from handoff.storage.handoffs import HandoffTable
from handoff.storage.reports import Asked, Calls, Outcomes, ReportTable
from tests.conftest import SteppingClock

KYIV = "Europe/Kyiv"
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class TestPeriod:
    @pytest.mark.parametrize(
        ("query", "first", "last"),
        [
            ({}, "2026-10-23", "2026-11-21"),
            ({"days": "7"}, "2026-11-15", "2026-11-21"),
            ({"days": "8"}, "2026-10-23", "2026-11-21"),
            ({"from": "2026-11-01", "to": "2026-11-03"}, "2026-11-01", "2026-11-03"),
            ({"from": "2026-11-05", "to": "2026-11-03"}, "2026-11-03", "2026-11-03"),
            ({"from": "2026-11-05"}, "2026-11-05", "2026-11-21"),
            ({"to": "2027-01-01"}, "2026-11-21", "2026-11-21"),
            ({"from": "soon", "to": "0001-01-01"}, "2026-10-23", "2026-11-21"),
        ],
    )
    def test_what_the_address_asks_for(self, query: dict[str, str], first: str, last: str) -> None:
        period = read_period(query, NOW, KYIV)
        assert (period.first.isoformat(), period.last.isoformat()) == (first, last)

    def test_no_more_than_a_year(self) -> None:
        assert len(read_period({"from": "2020-01-01"}, NOW, KYIV).days) == LONGEST

    def test_days_are_the_companys_and_of_their_own_length(self) -> None:
        period = Period(first=date(2026, 10, 25), last=date(2026, 10, 25), zone=KYIV)
        assert period.end - period.start == timedelta(hours=25)
        assert period.day_of(datetime(2026, 10, 25, 21, 59, tzinfo=UTC)) == date(2026, 10, 25)
        assert period.day_of(datetime(2026, 10, 25, 22, 0, tzinfo=UTC)) == date(2026, 10, 26)


class TestNumbers:
    def test_a_spread(self) -> None:
        assert spread([]).middle is None
        one = spread([timedelta(seconds=5)])
        assert (one.count, one.middle, one.most) == (1, 5.0, 5.0)
        many = spread([timedelta(seconds=number) for number in range(-5, 101)])
        assert (many.middle, many.most) == (47.5, 89.5)

    def test_a_share(self) -> None:
        assert (share(1, 3), share(0, 0)) == (33.3, None)

    @pytest.mark.parametrize(
        ("cell", "unit", "uk", "ru", "en"),
        [
            (None, Unit.SECONDS, "–", "–", "–"),
            (0.4, Unit.SECONDS, "0\u00a0с", "0\u00a0с", "0\u00a0s"),
            (61, Unit.SECONDS, "1\u00a0хв 01\u00a0с", "1\u00a0мин 01\u00a0с", "1\u00a0min 01\u00a0s"),
            (3725, Unit.SECONDS, "1\u00a0год 02\u00a0хв", "1\u00a0ч 02\u00a0мин", "1\u00a0h 02\u00a0min"),
            (33.3, Unit.PERCENT, "33,3%", "33,3\u00a0%", "33.3%"),
            (50.0, Unit.PERCENT, "50%", "50\u00a0%", "50%"),
            (12345, Unit.COUNT, "12\u00a0345", "12\u00a0345", "12,345"),
            (4.25, Unit.SCORE, "4,25", "4,25", "4.25"),
            ("site", Unit.WORDS, "site", "site", "site"),
        ],
    )
    def test_cells_as_people_read_them(self, cell: float | str | None, unit: Unit, uk: str, ru: str, en: str) -> None:
        for language, shown in (("uk", uk), ("ru", ru), ("en", en)):
            assert show(cell, unit, Texts().translator(language)) == shown


def test_a_sheet_has_numbers_as_numbers_and_no_formulas() -> None:
    figure = Figure(
        name="x",
        title="x",
        sentence="x",
        columns=(Column(head="Article", unit=Unit.WORDS), Column(head="Wait", unit=Unit.SECONDS)),
        rows=(("=HYPERLINK(1)", 2.5), ("Ціна, €", None), ("-5", -1)),
        picture=Picture(labels=(), series=()),
    )
    written = to_csv(figure, "seconds").decode("utf-8-sig").splitlines()
    assert written == ['Article,"Wait, seconds"', "'=HYPERLINK(1),2.5", '"Ціна, €",', "'-5,-1"]


class Days:
    """A past to report on."""

    def __init__(self, database: Database, clock: SteppingClock) -> None:
        self.database = database
        self.clock = clock
        self._people = 0

    async def talk(
        self,
        *,
        channel: str = "site",
        article: str | None = None,
        unknown: bool = False,
        agent: int | None = None,
        waits: int = 60,
        reason: Reason = Reason.ASKED,
        call: str | None = None,
    ) -> int:
        self._people += 1
        now = self.clock()
        async with self.database.write() as work:
            identity = await work.contacts.meet(channel, f"visitor-{self._people}", now)
            talk = (await work.conversations.add(identity=identity, language="uk", now=now)).id
            message = await self._says(work, talk, channel, Author.CONTACT, now)
            if article:
                await self._says(work, talk, channel, Author.BOT, now, article=article)
            if agent:
                await self._hand_over(work, talk, channel, agent, now, waits, reason)
            if call:
                person = identity.contact_id
                await self._book(work, person, talk, call)
            work.conversations.change(talk, state=State.CLOSED, closed_at=now)
        if unknown:
            await self._not_known(talk, message)
        return talk

    async def _hand_over(
        self, work: Work, talk: int, channel: str, agent: int, now: datetime, waits: int, reason: Reason
    ) -> None:
        claimed = now + timedelta(seconds=waits)
        await HandoffTable(work).add(
            conversation_id=talk,
            state=HandoffState.CLOSED,
            now=now,
            language="uk",
            context=HandoffContext(reason=reason),
            claimed_by=agent,
            claimed_at=claimed,
            closed_at=claimed + timedelta(minutes=10),
        )
        await self._says(work, talk, channel, Author.AGENT, claimed + timedelta(seconds=30), agent=agent)
        rating = Rating(conversation_id=talk, score=4, created_at=now, agent_id=agent)
        await HandoffTable(work).rate(rating)

    async def _book(self, work: Work, contact: int, talk: int, state: str) -> None:
        now = self.clock()
        calls = CallbackTable(work)
        made = await calls.add(
            contact_id=contact,
            conversation_id=talk,
            phone="+380671234567",
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(hours=2),
            zone=KYIV,
            created_at=now,
        )
        await calls.change(made.id, state=state)

    async def _not_known(self, talk: int, message: int) -> None:
        from gateway.ports import Understanding  # noqa: PLC0415

        understanding = Understanding(text="?", language="uk", language_confidence=1.0)
        async with self.database.write() as work:
            work.turns.add(
                conversation_id=talk, message_id=message, understanding=understanding, did="unknown", now=self.clock()
            )

    async def _says(
        self,
        work: Work,
        talk: int,
        channel: str,
        author: Author,
        now: datetime,
        *,
        article: str | None = None,
        agent: int | None = None,
    ) -> int:
        said = await work.messages.add(
            conversation_id=talk,
            seq=await work.conversations.next_seq(talk, now),
            direction=Direction.INBOUND if author is Author.CONTACT else Direction.OUTBOUND,
            author=author,
            channel=channel,
            parts=(Text(text="…"),),
            article=article,
            agent_id=agent,
            now=now,
        )
        return said.id


@pytest.fixture
async def agent(database: Database, clock: SteppingClock) -> int:
    async with database.write() as work:
        await work.staff.add(
            email="o@x.example", name="Олена", password_hash="-", roles=frozenset(), language="uk", now=clock()
        )
        return (await work.staff.all())[0].id


@pytest.fixture
def days(database: Database, clock: SteppingClock) -> Days:
    return Days(database, clock)


class TestCounting:
    async def test_each_conversation_counts_once_and_old_ones_not(
        self, database: Database, clock: SteppingClock, days: Days, agent: int
    ) -> None:
        await days.talk(article="delivery-cost")
        clock.advance(days=3)
        start = clock()
        for _ in range(2):
            await days.talk(article="delivery-cost")
        await days.talk(article="delivery-cost", agent=agent, channel="mail")
        await days.talk(agent=agent, call="done")
        await days.talk()
        clock.advance(days=1)
        end = clock()
        await days.talk()
        async with database.read() as view:
            counted = ReportTable(view, start, end)
            begun = await counted.begun()
            assert await counted.outcomes() == Outcomes(callback=1, person=1, bot=2, other=1)
        assert {(one.channel, one.count) for one in begun} == {("site", 4), ("mail", 1)}
        assert {one.at for one in begun} == {start}

    async def test_what_the_bot_knew(self, database: Database, clock: SteppingClock, days: Days, agent: int) -> None:
        await days.talk(article="delivery-cost")
        await days.talk(unknown=True)
        await days.talk(agent=agent, reason=Reason.NOT_UNDERSTOOD)
        await days.talk(agent=agent, reason=Reason.ANGRY)
        async with database.read() as view:
            counted = ReportTable(view, clock() - timedelta(days=1), clock() + timedelta(days=1))
            assert await counted.asked() == Asked(answered=1, unknown=2)

    async def test_an_article_that_an_agent_sent_is_no_answer_of_the_bot(
        self, database: Database, clock: SteppingClock, days: Days, agent: int
    ) -> None:
        talk = await days.talk(article="delivery-cost")
        async with database.write() as work:
            await days._says(work, talk, "site", Author.AGENT, clock(), article="refund", agent=agent)
        async with database.read() as view:
            counted = ReportTable(view, clock() - timedelta(days=1), clock() + timedelta(days=1))
            assert await counted.asked() == Asked(answered=1)

    async def test_waiting_and_handling(self, database: Database, clock: SteppingClock, days: Days, agent: int) -> None:
        await days.talk(agent=agent, waits=90)
        async with database.read() as view:
            counted = ReportTable(view, clock() - timedelta(days=1), clock() + timedelta(days=1))
            (one,) = await counted.handled()
            assert await counted.ratings() == {agent: (1, 4.0)}
            assert await counted.names([agent]) == {agent: "Олена"}
        assert one.claimed
        assert one.replied
        assert one.closed
        assert (one.claimed - one.begun, one.replied - one.begun) == (timedelta(seconds=90), timedelta(seconds=120))
        assert one.closed - one.claimed == timedelta(minutes=10)

    async def test_words_after_the_end_of_a_handoff_do_not_answer_it(
        self, database: Database, clock: SteppingClock, days: Days, agent: int
    ) -> None:
        talk = await days.talk(channel="site")
        async with database.write() as work:
            gave_up = await HandoffTable(work).add(
                conversation_id=talk, state=HandoffState.CLOSED, now=clock(), language="uk", closed_at=clock()
            )
            clock.advance(hours=3)
            await days._hand_over(work, talk, "site", agent, clock(), 60, Reason.ASKED)
        async with database.read() as view:
            counted = ReportTable(view, clock() - timedelta(days=1), clock() + timedelta(days=1))
            again, first = await counted.handled()
        assert (first.begun, first.replied) == (gave_up.created_at, None)
        assert again.replied == clock() + timedelta(seconds=90)

    async def test_calls_by_the_time_they_were_booked_for(
        self, database: Database, clock: SteppingClock, days: Days
    ) -> None:
        for state in ("done", "done", "failed", "cancelled", "booked"):
            await days.talk(call=state)
        start = clock()
        async with database.read() as view:
            counted = ReportTable(view, start, start + timedelta(days=1))
            assert await counted.calls(start) == Calls(kept=2, missed=1, cancelled=1, open=1)
            assert await counted.calls(start + timedelta(hours=3)) == Calls(kept=2, missed=2, cancelled=1)
            later = ReportTable(view, start + timedelta(hours=2), start + timedelta(days=1))
            assert await later.calls(start) == Calls()

    async def test_a_time_begins_where_it_should_among_thousands(
        self, sqlite_database: Database, clock: SteppingClock
    ) -> None:
        days = Days(sqlite_database, clock)
        talks = [await days.talk() for _ in range(40)]
        async with sqlite_database.write() as work:
            for number, talk in enumerate(talks):
                moment = clock() + timedelta(hours=number)
                await work.connection.execute(
                    update(spine.conversations).where(spine.conversations.c.id == talk).values(created_at=moment)
                )
        async with sqlite_database.read() as view:
            for start, end in ((0, 40), (13, 27), (39, 40), (40, 50)):
                counted = ReportTable(view, clock() + timedelta(hours=start), clock() + timedelta(hours=end))
                assert sum(one.count for one in await counted.begun()) == max(0, min(end, 40) - start)


class TestDrawing:
    async def test_everything_is_drawn_and_rows_add_up(self, sqlite_database: Database, clock: SteppingClock) -> None:
        days = Days(sqlite_database, clock)
        async with sqlite_database.write() as work:
            await work.staff.add(
                email="o@x.example", name="Олена", password_hash="-", roles=frozenset(), language="uk", now=clock()
            )
            agent = (await work.staff.all())[0].id
        await days.talk(article="delivery-cost")
        await days.talk(agent=agent, channel="mail", call="done")

        async def uses(work: Work, since: datetime, until: datetime) -> dict[str, Usage]:
            return {"delivery-cost": Usage(used=3, conversations=2, helped=1, yes=2, no=4)}

        period = read_period({"days": "7"}, clock(), KYIV)
        facts = await gather(sqlite_database, uses, period, clock())
        translator = Texts().translator("en")
        figures = {one.name: one for one in draw(facts, lambda article: f"<{article}>", translator)}
        assert list(figures) == ["conversations", "outcomes", "waiting", "articles", "calls", "agents"]
        assert figures["conversations"].rows[-1] == ("2026-11-21", 1, 1, 2)
        assert figures["articles"].rows == (("<delivery-cost>", 3, 2, 50.0, 2, 4),)
        assert figures["agents"].rows == (("Олена", 1, 600.0, 1, 4.0),)
        assert not any(figure.empty for figure in figures.values())
        for figure in figures.values():
            assert all(len(row) == len(figure.columns) for row in figure.rows)
            assert all(len(series.values) == len(figure.picture.labels) for series in figure.picture.series)
        values = [tile.value for tile in tiles(facts, translator)]
        assert values == [2, 50.0, 0.0, 90.0, 100.0]

    async def test_nothing_at_all_is_said_to_be_nothing(self, sqlite_database: Database, clock: SteppingClock) -> None:
        async def uses(work: Work, since: datetime, until: datetime) -> dict[str, Usage]:
            return {}

        facts = await gather(sqlite_database, uses, read_period({}, clock(), KYIV), clock())
        assert all(figure.empty for figure in draw(facts, str, Texts().translator("uk")))

    async def test_a_long_time_is_drawn_by_weeks(self, sqlite_database: Database, clock: SteppingClock) -> None:
        async def uses(work: Work, since: datetime, until: datetime) -> dict[str, Usage]:
            return {}

        await Days(sqlite_database, clock).talk()
        period = read_period({"from": "2026-01-01", "to": "2026-11-21"}, clock(), KYIV)
        figure = draw(await gather(sqlite_database, uses, period, clock()), str, Texts().translator("en"))[0]
        assert len(figure.rows) == 47
        assert figure.rows[-1][-1] == 1
