"""From facts to figures, in the reader's language. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from gateway.texts import Translator
from handoff.reports.facts import Facts
from handoff.reports.figures import Cell, Column, Figure, Picture, Series, Spread, Tile, Unit, share, spread
from handoff.storage.reports import Handled

ARTICLES_DRAWN = 12
WEEKLY_FROM = 120
"""From so many days on a bar is a week."""

Titles = Callable[[str], str]
"""An article's title by its id, the id where there is none."""


def draw(facts: Facts, titles: Titles, translator: Translator) -> list[Figure]:
    """Every figure, in the order they stand."""
    return [
        _conversations(facts, translator),
        _outcomes(facts, translator),
        _waiting(facts, translator),
        _articles(facts, titles, translator),
        _calls(facts, translator),
        _agents(facts, translator),
    ]


def tiles(facts: Facts, translator: Translator) -> list[Tile]:
    """The numbers at the head."""
    _ = translator.gettext
    total = sum(one.count for one in facts.begun)
    outcomes, asked, calls = facts.outcomes, facts.asked, facts.calls
    first = spread([one.replied - one.begun for one in facts.handled if one.replied])
    return [
        Tile(label=_("Conversations"), value=total, unit=Unit.COUNT, sentence=_("Begun in this time.")),
        Tile(
            label=_("Answered by the bot"),
            value=share(outcomes.bot, total),
            unit=Unit.PERCENT,
            sentence=_("Conversations in which the bot answered and no person was needed."),
        ),
        Tile(
            label=_("Not known"),
            value=share(asked.unknown, asked.unknown + asked.answered),
            unit=Unit.PERCENT,
            sentence=_("Questions to the bot that it asked back, did not know, or handed over for that."),
        ),
        Tile(
            label=_("First answer of a person"),
            value=first.middle,
            unit=Unit.SECONDS,
            sentence=_("Half of those who were handed over had a person's words sooner than this."),
        ),
        Tile(
            label=_("Calls kept"),
            value=share(calls.kept, calls.kept + calls.missed),
            unit=Unit.PERCENT,
            sentence=_("Of the booked calls whose time came and that nobody cancelled."),
        ),
    ]


# --- one figure each -------------------------------------------------------------------------


def _conversations(facts: Facts, translator: Translator) -> Figure:
    _ = translator.gettext
    days = _days(facts)
    channels = sorted({one.channel for one in facts.begun})
    counts: Counter[tuple[date, str]] = Counter()
    for one in facts.begun:
        counts[_bar(days, facts.period.day_of(one.at)), one.channel] += one.count
    rows: list[tuple[Cell, ...]] = [
        (day.isoformat(), *(counts[day, channel] for channel in channels), sum(counts[day, one] for one in channels))
        for day in days
    ]
    return Figure(
        name="conversations",
        title=_("Conversations by day and channel"),
        sentence=_(
            "How many conversations began, counted where the customer last wrote; days are yours, not the server's."
        ),
        columns=(
            Column(head=_("Day"), unit=Unit.WORDS),
            *(Column(head=channel) for channel in channels),
            Column(head=_("Together")),
        ),
        rows=tuple(rows),
        picture=Picture(
            labels=tuple(day.isoformat() for day in days),
            series=tuple(
                Series(name=channel, values=tuple(counts[day, channel] for day in days)) for channel in channels
            ),
            stacked=True,
        ),
        empty=not facts.begun,
    )


def _outcomes(facts: Facts, translator: Translator) -> Figure:
    _ = translator.gettext
    found = facts.outcomes
    kinds = (
        (_("answered by the bot"), found.bot, "good"),
        (_("with a person"), found.person, "accent"),
        (_("a call was booked"), found.callback, "info"),
        (_("nothing was answered"), found.other, "faint"),
    )
    total = sum(count for _name, count, _tone in kinds)
    return Figure(
        name="outcomes",
        title=_("Who answered"),
        sentence=_("Each conversation once: a booked call counts before a person, a person before the bot."),
        columns=(
            Column(head=_("How it went"), unit=Unit.WORDS),
            Column(head=_("Conversations")),
            Column(head=_("Share"), unit=Unit.PERCENT),
        ),
        rows=tuple((name, count, share(count, total)) for name, count, _tone in kinds),
        picture=Picture(
            labels=(_("Conversations"),),
            series=tuple(Series(name=name, values=(count,), tone=tone) for name, count, tone in kinds),
            stacked=True,
            lying=True,
        ),
        empty=not total,
    )


def _waiting(facts: Facts, translator: Translator) -> Figure:
    _ = translator.gettext
    days = _days(facts)
    by_day: defaultdict[date, list[Handled]] = defaultdict(list)
    for one in facts.handled:
        by_day[_bar(days, facts.period.day_of(one.begun))].append(one)
    waits = {day: _waits(by_day[day]) for day in days}
    replies = {day: spread([one.replied - one.begun for one in by_day[day] if one.replied]) for day in days}
    return Figure(
        name="waiting",
        title=_("How long customers wait for a person"),
        sentence=_(
            "From the handover until somebody took it, and until they wrote. Half waited less, nine of ten less "
            "than the second number."
        ),
        columns=(
            Column(head=_("Day"), unit=Unit.WORDS),
            Column(head=_("Handed over")),
            Column(head=_("Taken after"), unit=Unit.SECONDS),
            Column(head=_("Taken, nine of ten"), unit=Unit.SECONDS),
            Column(head=_("First answer after"), unit=Unit.SECONDS),
            Column(head=_("First answer, nine of ten"), unit=Unit.SECONDS),
        ),
        rows=tuple(
            (
                day.isoformat(),
                len(by_day[day]),
                waits[day].middle,
                waits[day].most,
                replies[day].middle,
                replies[day].most,
            )
            for day in days
        ),
        picture=Picture(
            labels=tuple(day.isoformat() for day in days),
            series=(
                Series(name=_("Taken after"), values=tuple(waits[day].middle for day in days), tone="accent"),
                Series(name=_("First answer after"), values=tuple(replies[day].middle for day in days), tone="warn"),
            ),
            line=True,
            unit=Unit.SECONDS,
        ),
        empty=not facts.handled,
    )


def _articles(facts: Facts, titles: Titles, translator: Translator) -> Figure:
    _ = translator.gettext
    used = sorted(facts.usage.items(), key=lambda item: (-item[1].used, item[0]))
    drawn = used[:ARTICLES_DRAWN]
    return Figure(
        name="articles",
        title=_("What answers helped"),
        sentence=_(
            "An answer helped where no person joined that conversation afterwards; beside it, what customers said."
        ),
        columns=(
            Column(head=_("Article"), unit=Unit.WORDS),
            Column(head=_("Times said")),
            Column(head=_("Conversations")),
            Column(head=_("Helped"), unit=Unit.PERCENT),
            Column(head=_("Said: it helped")),
            Column(head=_("Said: it did not")),
        ),
        rows=tuple(
            (titles(article), one.used, one.conversations, share(one.helped, one.conversations), one.yes, one.no)
            for article, one in used
        ),
        picture=Picture(
            labels=tuple(titles(article) for article, _one in drawn),
            series=(
                Series(name=_("helped"), values=tuple(one.helped for _article, one in drawn), tone="good"),
                Series(
                    name=_("a person was needed"),
                    values=tuple(one.conversations - one.helped for _article, one in drawn),
                    tone="warn",
                ),
            ),
            stacked=True,
            lying=True,
        ),
        empty=not used,
    )


def _calls(facts: Facts, translator: Translator) -> Figure:
    _ = translator.gettext
    calls = facts.calls
    kinds = (
        (_("kept"), calls.kept, "good"),
        (_("missed"), calls.missed, "bad"),
        (_("cancelled"), calls.cancelled, "faint"),
        (_("still to come"), calls.open, "info"),
    )
    total = sum(count for _name, count, _tone in kinds)
    return Figure(
        name="calls",
        title=_("Booked calls"),
        sentence=_(
            "By the time they were booked for. Missed: nobody called in that time, or nobody was reached at all."
        ),
        columns=(
            Column(head=_("How it went"), unit=Unit.WORDS),
            Column(head=_("Calls")),
            Column(head=_("Share"), unit=Unit.PERCENT),
        ),
        rows=tuple((name, count, share(count, total)) for name, count, _tone in kinds),
        picture=Picture(
            labels=(_("Calls"),),
            series=tuple(Series(name=name, values=(count,), tone=tone) for name, count, tone in kinds),
            stacked=True,
            lying=True,
        ),
        empty=not total,
    )


def _agents(facts: Facts, translator: Translator) -> Figure:
    _ = translator.gettext
    by_agent: defaultdict[int, list[Handled]] = defaultdict(list)
    for one in facts.handled:
        if one.agent is not None:
            by_agent[one.agent].append(one)
    agents = sorted(by_agent.keys() | facts.ratings.keys(), key=lambda agent: (-len(by_agent[agent]), agent))
    names = {agent: facts.names.get(agent, str(agent)) for agent in agents}
    rows = []
    for agent in agents:
        handling = spread([one.closed - one.claimed for one in by_agent[agent] if one.closed and one.claimed])
        rated, mean = facts.ratings.get(agent, (0, None))
        rows.append(
            (names[agent], len(by_agent[agent]), handling.middle, rated, None if mean is None else round(mean, 2))
        )
    return Figure(
        name="agents",
        title=_("By agent"),
        sentence=_("Conversations taken, and how long they took from taking to closing: half took less."),
        columns=(
            Column(head=_("Agent"), unit=Unit.WORDS),
            Column(head=_("Taken")),
            Column(head=_("Time for one"), unit=Unit.SECONDS),
            Column(head=_("Ratings")),
            Column(head=_("Mean rating"), unit=Unit.SCORE),
        ),
        rows=tuple(rows),
        picture=Picture(
            labels=tuple(names[agent] for agent in agents),
            series=(Series(name=_("Taken"), values=tuple(len(by_agent[agent]) for agent in agents), tone="accent"),),
            lying=True,
        ),
        empty=not rows,
    )


# --- pieces ----------------------------------------------------------------------------------


def _waits(handled: Sequence[Handled]) -> Spread:
    return spread([one.claimed - one.begun for one in handled if one.claimed])


def _days(facts: Facts) -> list[date]:
    """The days that get a bar each: all of them, or each seventh of a long time."""
    days = facts.period.days
    return days if len(days) < WEEKLY_FROM else days[::7]


def _bar(days: Sequence[date], day: date) -> date:
    """The bar that `day` belongs to."""
    step = 7 if len(days) > 1 and days[1] - days[0] == timedelta(days=7) else 1
    return days[(day - days[0]).days // step]
