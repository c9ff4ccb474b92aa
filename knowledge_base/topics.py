"""Articles as topics and topics as articles: what the knowledge base shares with another program's assistant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gateway.errors import TemplateError
from gateway.improving.topics import Choice, Topic, Variation
from gateway.ports import Action, Variables
from knowledge_base.articles import (
    DEFAULT,
    Article,
    ArticleButton,
    ButtonAction,
    Status,
    in_order,
    phrase_key,
    tidy_line,
    tidy_text,
)
from knowledge_base.moments import Moment, day_of, read_moment, time_of
from knowledge_base.rules import BUTTONS_LIMIT, CATEGORY_LIMIT, LABEL_LIMIT, PHRASE_LIMIT, TITLE_LIMIT
from knowledge_base.templates import plain, render

_LIQUID = re.compile(r"\{\{|\{%")
_HANDOFF, _CALLBACK = ButtonAction.HANDOFF, ButtonAction.CALLBACK
_ACTIONS = {_HANDOFF: Action.HANDOFF, _CALLBACK: Action.CALLBACK}
_BUTTONS = {action: button for button, action in _ACTIONS.items()}


def to_topics(articles: Iterable[Article], variables: Mapping[str, Variables]) -> list[Topic]:
    """`articles` as topics, their templates filled with `variables` by language: what is known of the firm, nothing
    of a customer, so that the words for who is not known stand."""
    return [_topic(article, variables) for article in articles]


def to_articles(topics: Sequence[Topic], stored: Mapping[str, Article], *, default: str) -> list[Article]:
    """`topics` as drafts. What an article may not be (labels and phrasings too long, a phrasing of another article,
    buttons to nowhere) is cut to what it may. `stored` are the articles there are, `default` the firm's language."""
    ids = {*stored, *(topic.id for topic in topics)}
    others = [article for article in stored.values() if article.id not in {topic.id for topic in topics}]
    taken = {phrase_key(phrase) for other in others for phrases in other.phrasings.values() for phrase in phrases}
    return [_article(topic, ids, taken, default) for topic in topics]


# --- out -------------------------------------------------------------------------------------


def _topic(article: Article, variables: Mapping[str, Variables]) -> Topic:
    answers = [
        _variation(source, language, channel, variables.get(language, {}))
        for language in article.languages
        for channel, source in sorted(article.answers[language].items(), key=lambda pair: pair[0] != DEFAULT)
    ]
    about = {
        "category": article.category,
        "notes": article.notes,
        "valid_from": article.begins and str(article.begins),
        "valid_until": article.ends and str(article.ends),
    }
    return Topic(
        id=article.id,
        title=article.title,
        phrasings=article.phrasings,
        answers=tuple(answers),
        choices=tuple(
            Choice(
                label=button.label,
                topic=button.article,
                action=_ACTIONS[button.action] if button.action else None,
                url=button.url,
            )
            for button in article.buttons
        ),
        action=article.action,
        about={name: value for name, value in about.items() if value},
    )


def _variation(source: str, language: str, channel: str, variables: Variables) -> Variation:
    try:
        text = render(source, variables).text
    except TemplateError:
        text = plain(source)
    return Variation(
        text=text,
        language=language,
        channel=None if channel == DEFAULT else channel,
        source=source if text != source else None,
    )


# --- in --------------------------------------------------------------------------------------


def _article(topic: Topic, ids: Collection[str], taken: set[str], default: str) -> Article:
    answers: dict[str, dict[str, str]] = {}
    for answer in topic.answers:
        words = tidy_text(answer.source or _literal(answer.text))
        if words:
            answers.setdefault(answer.language, {}).setdefault(answer.channel or DEFAULT, words)
    for variants in answers.values():
        variants.setdefault(DEFAULT, next(iter(variants.values())))
    phrasings = {language: _phrasings(topic.phrasings[language], taken) for language in in_order(topic.phrasings)}
    phrasings = {language: kept for language, kept in phrasings.items() if kept}
    spoken = in_order({*answers, *phrasings, *topic.title}) or (default,)
    title = {language: tidy_line(words)[:TITLE_LIMIT] for language, words in topic.title.items()}
    begins, ends = _moment(topic.about.get("valid_from")), _moment(topic.about.get("valid_until"))
    return Article(
        id=topic.id,
        title=title or dict.fromkeys(spoken, _called(topic.id)),
        category=tidy_line(str(topic.about.get("category", "")))[:CATEGORY_LIMIT],
        status=Status.DRAFT,
        action=topic.action,
        valid_from=day_of(begins),
        from_time=time_of(begins),
        valid_until=day_of(ends),
        until_time=time_of(ends),
        phrasings=phrasings,
        answers=answers,
        buttons=tuple(made for choice in topic.choices if (made := _button(choice, topic.id, ids)))[:BUTTONS_LIMIT],
        notes=tidy_text(str(topic.about.get("notes", ""))),
    )


def _phrasings(phrases: Iterable[str], taken: set[str]) -> tuple[str, ...]:
    """Those that no other article of the project has: the first keeps a phrasing."""
    kept = []
    for phrase in map(tidy_line, phrases):
        key = phrase_key(phrase)
        if phrase and len(phrase) <= PHRASE_LIMIT and key not in taken:
            taken.add(key)
            kept.append(phrase)
    return tuple(kept)


def _button(choice: Choice, own: str, ids: Collection[str]) -> ArticleButton | None:
    label = {language: _short(words) for language, words in choice.label.items() if words.strip()}
    action = _BUTTONS.get(choice.action) if choice.action else None
    leads = choice.url or action or (choice.topic in ids and choice.topic != own)
    if not (label and leads):
        return None
    return ArticleButton(label=label, article=choice.topic, action=action, url=choice.url)


def _short(label: str) -> str:
    label = tidy_line(label)
    return label if len(label) <= LABEL_LIMIT else label[: LABEL_LIMIT - 1].rstrip() + "…"


def _literal(text: str) -> str:
    """Words of another program, in which nothing is a template of ours."""
    return _LIQUID.sub(lambda found: found.group()[0] + " " + found.group()[1], text)


def _called(topic: str) -> str:
    return topic.replace("-", " ").capitalize()


def _moment(given: Any) -> Moment | None:
    try:
        return read_moment(given) if isinstance(given, str) else None
    except ValueError:
        return None
