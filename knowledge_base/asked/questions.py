"""A Question the bot did not answer well, and questions that are alike as a Group. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from gateway.messages import Value
from knowledge_base.articles import phrase_key, tidy_line


class Why(StrEnum):
    """What became of the question."""

    UNKNOWN = "unknown"  # the bot said that it does not know
    CLARIFY = "clarify"  # it asked "did you mean…", and nothing of that was chosen
    HANDOVER = "handover"  # not understood again, so a person was called
    ANSWERED = "answered"  # it answered, and a person was needed all the same
    VOTED = "voted"  # it answered, and the customer said that it did not help


class Order(StrEnum):
    """Which groups come first."""

    BIGGEST = "biggest"
    NEWEST = "newest"


class Question(Value, frozen=True, kw_only=True):
    """What a customer wrote in message number `message`: `text` as it may be shown (see `masking`), `plain`
    without what was struck out. `article` is what the bot answered with, where it did."""

    message: int
    conversation: int
    text: str
    plain: str
    language: str
    channel: str
    why: Why
    at: datetime
    article: str | None = None


class Filters(Value, frozen=True, kw_only=True):
    """What the list is narrowed to; an empty word narrows nothing. `days` is how far back it goes."""

    days: int = 30
    channel: str = ""
    language: str = ""
    why: str = ""
    order: Order = Order.BIGGEST

    def fits(self, question: Question) -> bool:
        """Whether the question is to be seen."""
        return (
            (not self.channel or question.channel == self.channel)
            and (not self.language or question.language == self.language)
            and (not self.why or question.why == self.why)
        )


class Group(Value, frozen=True, kw_only=True):
    """Questions that are alike, the one most like the others first."""

    questions: tuple[Question, ...]

    @property
    def middle(self) -> Question:
        """The question that stands for all."""
        return self.questions[0]

    @property
    def newest(self) -> datetime:
        """When it was asked last."""
        return max(question.at for question in self.questions)

    def counts(self, part: str) -> list[tuple[str, int]]:
        """How many questions have each `channel`, `language`, `why` or `article`, the most first."""
        return Counter(word for one in self.questions if (word := getattr(one, part))).most_common()


def groups_of(questions: Mapping[int, Question], alike: Sequence[Sequence[int]], filters: Filters) -> list[Group]:
    """The groups to show: `alike` are message numbers together; what is not among `questions` (any more) or
    does not fit is left out."""
    found = []
    for messages in alike:
        kept = tuple(questions[one] for one in messages if one in questions and filters.fits(questions[one]))
        if kept:
            found.append(Group(questions=kept))
    if filters.order is Order.NEWEST:
        return sorted(found, key=lambda group: group.newest, reverse=True)
    return sorted(found, key=lambda group: (-len(group.questions), -group.newest.timestamp()))


def phrasings_of(questions: Sequence[Question], taken: Collection[str], limit: int) -> dict[str, list[str]]:
    """The questions as phrasings by language, each once; `taken` are keys (see `articles.phrase_key`) that
    an article has already. What is longer than `limit` characters is no phrasing."""
    seen = set(taken)
    found: dict[str, list[str]] = {}
    for question in questions:
        text = tidy_line(question.plain)
        key = phrase_key(text)
        if text and key and len(text) <= limit and key not in seen:
            seen.add(key)
            found.setdefault(question.language, []).append(text)
    return found
