"""What can be said of a change by reading it: what keeps it from being published, and what to mind. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.messages import Value
from gateway.settings import LANGUAGES
from knowledge_base.articles import Article, nearest, phrase_key
from knowledge_base.changes import Change, ChangeSet
from knowledge_base.checking import TemplateChecker, Verdict
from knowledge_base.problems import N_, Problem
from knowledge_base.rules import Neighbours, problems_between, problems_of
from knowledge_base.snippets.rules import others_of, unknown_snippets
from knowledge_base.snippets.values import names_in
from knowledge_base.storage_reviews import TestQuestion

NAMES = {"uk": "Українська", "ru": "Русский", "en": "English"}


class Remark(Value, frozen=True, kw_only=True):
    """One thing about an article of a change; one that `blocks` must be mended before it can be published."""

    article: str
    problem: Problem
    blocks: bool = False


async def remarks(
    change: ChangeSet,
    questions: Sequence[TestQuestion],
    checker: TemplateChecker,
    now: datetime,
    zone: ZoneInfo,
) -> list[Remark]:
    """All that can be said of `change` at once, what blocks it first; `zone` is the company's."""
    others = Neighbours(change.working)
    places = [
        (one.article.id, ("answers", language, kind), source)
        for one in change.changes
        if not one.removed
        for language, variants in one.article.answers.items()
        for kind, source in variants.items()
    ]
    verdicts = await checker.check([source for _, _, source in places])
    found = [remark for one in change.changes for remark in _of_one(one, change, others, now, zone)]
    for (article, path, source), verdict in zip(places, verdicts, strict=True):
        found += _of_snippets(article, path, source, verdict, change)
        if verdict.problem is not None:
            found.append(Remark(article=article, problem=verdict.problem.at(*path), blocks=True))
        elif unfilled := others_of(verdict.unknown):
            names = ", ".join(unfilled)
            problem = Problem(message=N_("nobody fills {names}: it stays empty"), path=path, values={"names": names})
            found.append(Remark(article=article, problem=problem))
    found += _expected(change, questions)
    return sorted(found, key=lambda remark: not remark.blocks)


def _of_snippets(
    article: str, path: tuple[str, ...], source: str, verdict: Verdict, change: ChangeSet
) -> Iterator[Remark]:
    """Snippets that are not there, that nobody has signed, or that do not speak this answer's language."""
    for problem in unknown_snippets(source, verdict.unknown, {*change.texts, *change.unsigned}):
        yield Remark(article=article, problem=problem.at(*path), blocks=True)
    for name in names_in(source):
        if name in change.unsigned:
            message = N_("the snippet “{name}” must be signed by a reviewer first")
            yield Remark(article=article, problem=Problem(message=message, values={"name": name}), blocks=True)
        elif name in change.texts and path[1] not in change.texts[name]:
            message = N_("the snippet “{name}” has no text in this language: another one stands there")
            yield Remark(article=article, problem=Problem(message=message, path=path, values={"name": name}))


def _of_one(one: Change, change: ChangeSet, others: Neighbours, now: datetime, zone: ZoneInfo) -> Iterator[Remark]:
    if one.removed:
        yield from _left_behind(one.article.id, change)
        return
    for problem in [*problems_of(one.article), *problems_between(one.article, others)]:
        yield Remark(article=one.article.id, problem=problem, blocks=True)
    warnings = [
        *_languages(one.article),
        *_dead_buttons(one.article, change),
        *_schedule(one, now, zone),
        *_same_titles(one.article, change),
    ]
    for problem in warnings:
        yield Remark(article=one.article.id, problem=problem)


_LACKING = {
    "title": N_("{language}: there is no title"),
    "phrasings": N_("{language}: nobody's way of asking is written down"),
    "answers": N_("{language}: there is no answer, customers get another language"),
}


def _languages(article: Article) -> Iterator[Problem]:
    parts: dict[str, Collection[str]] = {
        "title": article.title,
        "phrasings": article.phrasings,
        "answers": article.answers,
    }
    for language in LANGUAGES:
        values = {"language": NAMES[language]}
        lacking = [name for name, part in parts.items() if language not in part]
        if len(lacking) == len(parts):
            yield Problem(message=N_("there is nothing in this language: {language}"), values=values)
        else:
            yield from (Problem(message=_LACKING[name], path=(name, language), values=values) for name in lacking)


def _dead_buttons(article: Article, change: ChangeSet) -> Iterator[Problem]:
    for place, button in enumerate(article.buttons):
        if button.article and button.article not in change.after and button.article in change.working:
            label = button.label[nearest(button.label) or ""] if button.label else ""
            yield Problem(
                message=N_("the button “{label}” leads to “{article}”, which is not live: customers will not see it"),
                path=("buttons", str(place), "article"),
                values={"label": label, "article": button.article},
            )


def _left_behind(article_id: str, change: ChangeSet) -> Iterator[Remark]:
    """Buttons of live articles that lead to what goes away."""
    for other in change.after.values():
        if any(button.article == article_id for button in other.buttons):
            problem = Problem(
                message=N_("a button of “{article}” leads here: customers will not see it any more"),
                values={"article": other.id},
            )
            yield Remark(article=article_id, problem=problem)


def _schedule(one: Change, now: datetime, zone: ZoneInfo) -> Iterator[Problem]:
    article = one.article
    if article.ended_at(now, zone):
        yield Problem(message=N_("its time is over: customers will not get it"), path=("valid_until",))
    if not article.begun_at(now, zone):
        first = {"day": str(article.begins)}
        if one.live is not None and one.live.begun_at(now, zone):
            message = N_("customers get no answer to it before {day}: what is live now goes away at once")
        else:
            message = N_("customers get it from {day} on")
        yield Problem(message=message, path=("valid_from",), values=first)


def _same_titles(article: Article, change: ChangeSet) -> Iterator[Problem]:
    """Titles are learnt as phrasings are: one that another article has as well makes the bot guess."""
    owners: dict[str, str] = {}
    for other in change.after.values():
        if other.id != article.id:
            owners |= {phrase_key(text): other.id for text in _learnt(other)}
    for language, title in article.title.items():
        owner = owners.get(phrase_key(title))
        if owner is not None:
            yield Problem(
                message=N_("“{phrase}” is a title or phrasing of “{article}” as well: the bot can only guess"),
                path=("title", language),
                values={"phrase": title, "article": owner},
            )


def _learnt(article: Article) -> list[str]:
    return [*article.title.values(), *(phrase for phrases in article.phrasings.values() for phrase in phrases)]


def _expected(change: ChangeSet, questions: Sequence[TestQuestion]) -> Iterator[Remark]:
    for one in change.changes:
        expected = sum(question.article == one.article.id for question in questions)
        if one.removed and expected:
            message = N_("test questions that expect this article: {count}")
            yield Remark(article=one.article.id, problem=Problem(message=message, values={"count": expected}))
