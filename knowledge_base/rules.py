"""What an article must fulfil: the same rules for a file and for the editor. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import time

from gateway.settings import LANGUAGES
from knowledge_base.articles import DEFAULT, Article, ArticleButton, Status, phrase_key
from knowledge_base.checking import TemplateChecker
from knowledge_base.problems import N_, Problem
from knowledge_base.snippets.rules import unknown_snippets

ID_LIMIT = 60
TITLE_LIMIT = 120
PHRASE_LIMIT = 300
PHRASINGS_LIMIT = 5_000
"""Of one article in one language: more teach nothing, and the knowledge base as a whole takes some ten times as
many (`nlu.corpus.PHRASE_LIMIT`)."""
LABEL_LIMIT = 24
URL_LIMIT = 2000
BUTTONS_LIMIT = 3
CATEGORY_LIMIT = 40

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_WEB = re.compile(r"https?://[^\s/]+\S*")


def problems_of(article: Article) -> list[Problem]:
    """What is wrong with `article` by itself, templates aside (`template_problems`).

    A draft may be unfinished, and put into the archive as it is; every other status needs title, phrasings and
    answers.
    """
    return [
        *_id_problems(article.id),
        *_language_problems(article),
        *_title_problems(article),
        *_phrasing_problems(article),
        *_answer_problems(article),
        *_buttons_problems(article),
        *_validity_problems(article),
    ]


class Neighbours:
    """All articles seen together: who is there, and whose each phrasing is (archived ones own none)."""

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self.ids = frozenset(articles)
        self._owners: dict[str, set[str]] = {}
        for article_id, article in articles.items():
            if article.status is Status.ARCHIVED:
                continue
            for phrasings in article.phrasings.values():
                for phrase in phrasings:
                    self._owners.setdefault(phrase_key(phrase), set()).add(article_id)

    def owner(self, phrase: str, *, besides: str) -> str | None:
        """Another article than `besides` that has `phrase`."""
        return min(self._owners.get(phrase_key(phrase), set()) - {besides}, default=None)


def problems_between(article: Article, others: Neighbours) -> list[Problem]:
    """What is wrong with `article` beside `others` (whether or not it is among them)."""
    found = []
    for place, button in enumerate(article.buttons):
        if button.article and button.article != article.id and button.article not in others.ids:
            found.append(
                Problem(
                    message=N_("there is no article “{article}”"),
                    path=("buttons", str(place), "article"),
                    values={"article": button.article},
                )
            )
    if article.status is Status.ARCHIVED:
        return found
    for language, phrasings in article.phrasings.items():
        for place, phrase in enumerate(phrasings):
            owner = others.owner(phrase, besides=article.id)
            if owner is not None:
                found.append(
                    Problem(
                        message=N_("“{phrase}” is already a phrasing of “{article}”; keep it in one of them"),
                        path=("phrasings", language, str(place)),
                        values={"phrase": phrase, "article": owner},
                    )
                )
    return found


async def template_problems(
    articles: Sequence[Article], checker: TemplateChecker, snippets: Collection[str] = ()
) -> list[list[Problem]]:
    """For each article what is wrong with its templates; all are tried in one go. `snippets` are the names of those
    there are."""
    places = [
        (number, ("answers", language, kind), source)
        for number, article in enumerate(articles)
        for language, variants in article.answers.items()
        for kind, source in variants.items()
    ]
    verdicts = await checker.check([source for _, _, source in places])
    found: list[list[Problem]] = [[] for _ in articles]
    for (number, path, source), verdict in zip(places, verdicts, strict=True):
        if verdict.problem is not None:
            found[number].append(verdict.problem.at(*path))
        found[number] += [one.at(*path) for one in unknown_snippets(source, verdict.unknown, snippets)]
    return found


# --- one article, part by part ---------------------------------------------------------------


def _id_problems(article_id: str) -> Iterator[Problem]:
    if not article_id:
        yield Problem(message=N_("the id is missing"), path=("id",))
    elif not _KEBAB.fullmatch(article_id) or len(article_id) > ID_LIMIT:
        yield Problem(
            message=N_(
                "the id “{id}” must be small Latin letters and digits joined by hyphens, "
                "as delivery-cost, at most {limit} characters"
            ),
            path=("id",),
            values={"id": article_id[:80], "limit": ID_LIMIT},
        )


def _language_problems(article: Article) -> Iterator[Problem]:
    for part, languages in (("title", article.title), ("phrasings", article.phrasings), ("answers", article.answers)):
        for language in languages:
            if language not in LANGUAGES:
                yield Problem(
                    message=N_("the language “{language}” is not known; there are {languages}"),
                    path=(part, language),
                    values={"language": language, "languages": ", ".join(LANGUAGES)},
                )
        if not languages and (article.status not in _UNFINISHED or part == "title"):
            yield Problem(message=_MISSING[part], path=(part,))


_UNFINISHED = (Status.DRAFT, Status.ARCHIVED)
"""What may lack phrasings or answers."""
_MISSING = {
    "title": N_("the title is missing"),
    "phrasings": N_("the phrasings are missing"),
    "answers": N_("the answers are missing"),
}


def _title_problems(article: Article) -> Iterator[Problem]:
    for language, title in article.title.items():
        if not title:
            yield _empty("title", language)
        elif len(title) > TITLE_LIMIT:
            yield _too_long(TITLE_LIMIT, "title", language)
    if len(article.category) > CATEGORY_LIMIT:
        yield _too_long(CATEGORY_LIMIT, "category")


def _phrasing_problems(article: Article) -> Iterator[Problem]:
    for language, phrasings in article.phrasings.items():
        if not phrasings:
            yield Problem(
                message=N_("the list is empty; write phrasings or leave the language out"), path=("phrasings", language)
            )
        if len(phrasings) > PHRASINGS_LIMIT:
            yield Problem(
                message=N_("{count} phrasings are too many: at most {limit}; a dozen different ones teach more"),
                path=("phrasings", language),
                values={"count": len(phrasings), "limit": PHRASINGS_LIMIT},
            )
            continue
        seen: set[str] = set()
        for place, phrase in enumerate(phrasings):
            path = ("phrasings", language, str(place))
            key = phrase_key(phrase)
            if not phrase:
                yield _empty(*path)
            elif len(phrase) > PHRASE_LIMIT:
                yield _too_long(PHRASE_LIMIT, *path)
            elif key in seen:
                yield Problem(message=N_("“{phrase}” stands here twice"), path=path, values={"phrase": phrase})
            seen.add(key)


def _answer_problems(article: Article) -> Iterator[Problem]:
    for language, variants in article.answers.items():
        if DEFAULT not in variants:
            yield Problem(message=N_("the answer for every channel (“default”) is missing"), path=("answers", language))
        for kind, text in variants.items():
            if not text:
                yield _empty("answers", language, kind)
            if not _KIND.fullmatch(kind):
                yield Problem(
                    message=N_("“{kind}” is no kind of channel; write default, telegram, webchat …"),
                    path=("answers", language, kind),
                    values={"kind": kind[:40]},
                )


def _buttons_problems(article: Article) -> Iterator[Problem]:
    if len(article.buttons) > BUTTONS_LIMIT:
        yield Problem(
            message=N_("there may be at most {limit} buttons"), path=("buttons",), values={"limit": BUTTONS_LIMIT}
        )
    for place, button in enumerate(article.buttons):
        yield from (problem.at("buttons", str(place)) for problem in _button(button, article))


def _button(button: ArticleButton, article: Article) -> Iterator[Problem]:
    if not button.label:
        yield Problem(message=N_("the button has no label"), path=("label",))
    for language, label in button.label.items():
        if language not in LANGUAGES:
            yield Problem(
                message=N_("the language “{language}” is not known; there are {languages}"),
                path=("label", language),
                values={"language": language, "languages": ", ".join(LANGUAGES)},
            )
        if not label:
            yield _empty("label", language)
        elif len(label) > LABEL_LIMIT:
            yield Problem(
                message=N_("the label “{label}” is too long: {length} characters, at most {limit} fit a button"),
                path=("label", language),
                values={"label": label[:60], "length": len(label), "limit": LABEL_LIMIT},
            )
    targets = [target for target in (button.article, button.action, button.url) if target]
    if len(targets) != 1:
        yield Problem(message=N_("the button needs exactly one target: article, action (handoff or callback) or url"))
    if button.article == article.id:
        yield Problem(message=N_("the button leads to its own article"), path=("article",))
    if button.url and (not _WEB.fullmatch(button.url) or len(button.url) > URL_LIMIT):
        yield Problem(message=N_("the address must begin with https:// or http://"), path=("url",))


def _validity_problems(article: Article) -> Iterator[Problem]:
    begins, ends = article.begins, article.ends
    if begins and ends and begins.day > ends.day:
        yield Problem(message=N_("the last valid day is before the first"), path=("valid_until",))
    elif begins and ends and begins.day == ends.day and (begins.at or time.min) >= (ends.at or time.max):
        yield Problem(message=N_("it is over before it begins; look at the times"), path=("valid_until",))


def _empty(*path: str) -> Problem:
    return Problem(message=N_("this is empty; write something or leave it out"), path=path)


def _too_long(limit: int, *path: str) -> Problem:
    return Problem(message=N_("this is longer than {limit} characters"), path=path, values={"limit": limit})
