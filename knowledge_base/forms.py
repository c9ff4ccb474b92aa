"""The editor's form ⇄ an Article. Field names are an article's paths joined by dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from enum import StrEnum
from typing import TypeVar

from gateway.ports import Action
from gateway.settings import LANGUAGES
from knowledge_base.articles import (
    DEFAULT,
    Article,
    ArticleButton,
    ButtonAction,
    Status,
    in_order,
    tidy_line,
    tidy_text,
)
from knowledge_base.moments import read_time
from knowledge_base.problems import N_, Problem
from knowledge_base.rules import BUTTONS_LIMIT

EnumT = TypeVar("EnumT", bound=StrEnum)
WHOLE = "form"
"""Where a problem stands that belongs to no single field."""


def to_form(article: Article) -> dict[str, str]:
    """The field values that show `article`."""
    form = {
        "id": article.id,
        "category": article.category,
        "action": article.action,
        "valid_from": article.valid_from.isoformat() if article.valid_from else "",
        "from_time": f"{article.from_time:%H:%M}" if article.from_time is not None else "",
        "valid_until": article.valid_until.isoformat() if article.valid_until else "",
        "until_time": f"{article.until_time:%H:%M}" if article.until_time is not None else "",
        "notes": article.notes,
    }
    form |= {f"title.{language}": title for language, title in article.title.items()}
    form |= {f"phrasings.{language}": "\n".join(phrases) for language, phrases in article.phrasings.items()}
    for language, variants in article.answers.items():
        form |= {f"answers.{language}.{kind}": text for kind, text in variants.items()}
    for place, button in enumerate(article.buttons):
        form |= {f"buttons.{place}.label.{language}": label for language, label in button.label.items()}
        form[f"buttons.{place}.target"] = (
            button.action or ("url" if button.url else "") or ("article" if button.article else "")
        )
        form[f"buttons.{place}.article"] = button.article or ""
        form[f"buttons.{place}.url"] = button.url or ""
    return form


def from_form(form: Mapping[str, str], article_id: str, status: Status) -> tuple[Article, list[Problem]]:
    """The article that `form` describes, and what could not be read of it."""
    problems: list[Problem] = []
    article = Article(
        id=article_id,
        title=_lines(form, "title"),
        category=tidy_line(form.get("category", "")),
        status=status,
        action=_choice(Action, form.get("action", "")) or Action.ANSWER,
        valid_from=_day(form, "valid_from", problems),
        from_time=_time(form, "from_time", "valid_from", problems),
        valid_until=_day(form, "valid_until", problems),
        until_time=_time(form, "until_time", "valid_until", problems),
        phrasings=_phrasings(form),
        answers=_answers(form),
        buttons=tuple(_buttons(form)),
        notes=tidy_text(form.get("notes", "")),
    )
    return article, problems


def kinds_in(article: Article, configured: Sequence[str]) -> list[str]:
    """The channel kinds that may have words of their own: those in use and those already written for."""
    written = {kind for variants in article.answers.values() for kind in variants}
    return sorted({*configured, *written} - {DEFAULT})


def by_field(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """`problems` under the names of the fields they are shown at."""
    fields: dict[str, list[Problem]] = {}
    for problem in problems:
        fields.setdefault(_field(problem.path), []).append(problem)
    return fields


def _field(path: tuple[str, ...]) -> str:
    match path:
        case ("phrasings", language, *_):
            return f"phrasings.{language}"
        case ("answers", language):
            return f"answers.{language}.{DEFAULT}"
        case ("buttons", place, *_):
            return f"buttons.{place}"
        case () | ("title",) | ("phrasings",) | ("answers",) | ("buttons",):
            return WHOLE
        case _:
            return ".".join(path)


# --- reading ---------------------------------------------------------------------------------


def _lines(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    texts = {language: tidy_line(form.get(f"{prefix}.{language}", "")) for language in LANGUAGES}
    return {language: text for language, text in texts.items() if text}


def _phrasings(form: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    phrasings = {}
    for language in LANGUAGES:
        lines = [tidy_line(line) for line in tidy_text(form.get(f"phrasings.{language}", "")).split("\n")]
        phrases = tuple(line for line in lines if line)
        if phrases:
            phrasings[language] = phrases
    return phrasings


def _answers(form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    answers: dict[str, dict[str, str]] = {}
    for name, value in form.items():
        head, _, rest = name.partition(".")
        language, _, kind = rest.partition(".")
        text = tidy_text(value)
        if head == "answers" and language in LANGUAGES and kind and text:
            answers.setdefault(language, {})[kind] = text
    return {language: answers[language] for language in in_order(answers)}


def _buttons(form: Mapping[str, str]) -> list[ArticleButton]:
    buttons = []
    for place in range(BUTTONS_LIMIT):
        prefix = f"buttons.{place}"
        label, target = _lines(form, f"{prefix}.label"), form.get(f"{prefix}.target", "")
        button = ArticleButton(
            label=label,
            article=(tidy_line(form.get(f"{prefix}.article", "")) or None) if target == "article" else None,
            action=_choice(ButtonAction, target),
            url=(tidy_line(form.get(f"{prefix}.url", "")) or None) if target == "url" else None,
        )
        if label or target:
            buttons.append(button)
    return buttons


def _choice(choices: type[EnumT], word: str) -> EnumT | None:
    return next((choice for choice in choices if choice.value == word), None)


def _day(form: Mapping[str, str], name: str, problems: list[Problem]) -> date | None:
    word = form.get(name, "").strip()
    if not word:
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        problems.append(Problem(message=N_("this is no date; write it as 2026-12-31"), path=(name,)))
        return None


def _time(form: Mapping[str, str], name: str, day: str, problems: list[Problem]) -> time | None:
    """The time of day in field `name`, which says nothing without the `day`; faults are shown at the day."""
    word = form.get(name, "").strip()
    if not word:
        return None
    if not form.get(day, "").strip():
        problems.append(Problem(message=N_("this time has no day; choose one"), path=(day,)))
        return None
    try:
        return read_time(word)
    except ValueError:
        problems.append(Problem(message=N_("this is no time; write it as 09:00"), path=(day,)))
        return None
