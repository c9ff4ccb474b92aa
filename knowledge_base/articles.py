"""What an editor writes: an Article, its phrasings, its answer templates and its buttons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from gateway.messages import Value, clean_text
from gateway.ports import Action
from gateway.settings import LANGUAGES
from knowledge_base.moments import Moment

DEFAULT = "default"
"""The answer variant for every channel kind that has none of its own."""


class Status(StrEnum):
    """How far an article is. Only published ones are answered."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Season(StrEnum):
    """Whether an article's time has come."""

    COMING = "coming"
    NOW = "now"
    OVER = "over"


class ButtonAction(StrEnum):
    """What a button can start besides another article or a web page."""

    HANDOFF = "handoff"
    CALLBACK = "callback"


class ArticleButton(Value, frozen=True, kw_only=True):
    """A choice under the answer; `label` by language, and exactly one of the three targets."""

    label: dict[str, str]
    article: str | None = None
    action: ButtonAction | None = None
    url: str | None = None


class Article(Value, frozen=True, kw_only=True):
    """A routine question and its answer.

    Keys of `title`, `phrasings` and `answers` are languages; an answer holds its variants by channel
    kind, one of them `DEFAULT`. `valid_from` and `valid_until` are days in the company's zone, both included;
    with `from_time` it begins in the course of its first day, and with `until_time` it is over at that minute.
    `notes` are for agents and editors, never for customers.
    """

    id: str
    title: dict[str, str] = msgspec.field(default_factory=dict)
    category: str = ""
    status: Status = Status.DRAFT
    action: Action = Action.ANSWER
    valid_from: date | None = None
    from_time: time | None = None
    valid_until: date | None = None
    until_time: time | None = None
    phrasings: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    answers: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    buttons: tuple[ArticleButton, ...] = ()
    notes: str = ""

    def valid_at(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it may be used at `now`."""
        return self.begun_at(now, zone) and not self.ended_at(now, zone)

    def season_at(self, now: datetime, zone: ZoneInfo) -> Season:
        """Where `now` stands to its time."""
        if self.ended_at(now, zone):
            return Season.OVER
        return Season.NOW if self.begun_at(now, zone) else Season.COMING

    def begun_at(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether its time has come at `now`, and be it over."""
        return self.begins is None or self.begins.come(now, zone)

    def ended_at(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether its time is over at `now`."""
        return self.ends is not None and self.ends.over(now, zone)

    def changes_at(self, zone: ZoneInfo) -> list[datetime]:
        """The instants at which it begins and is over."""
        begins = [self.begins.instant(zone)] if self.begins else []
        return begins + ([self.ends.instant(zone, end=True)] if self.ends else [])

    @property
    def begins(self) -> Moment | None:
        """From when on it is valid; None: always was."""
        return Moment(day=self.valid_from, at=self.from_time) if self.valid_from else None

    @property
    def ends(self) -> Moment | None:
        """Until when it is valid; None: without end."""
        return Moment(day=self.valid_until, at=self.until_time) if self.valid_until else None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it answers in, in the usual order."""
        return in_order(self.answers)

    def complete_in(self, language: str) -> bool:
        """Whether title, phrasings and answer are there in `language`."""
        return all(language in part for part in (self.title, self.phrasings, self.answers))


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Article)


def encode_article(article: Article) -> str:
    """The JSON text under which storage keeps `article`; equal articles give equal texts."""
    return _encoder.encode(article).decode()


def decode_article(stored: str) -> Article:
    """The inverse of `encode_article`; raises msgspec.ValidationError on foreign JSON."""
    return _decoder.decode(stored)


def in_order(languages: Iterable[str]) -> tuple[str, ...]:
    """`languages` as we always list them: ours first and in our order, others by name."""
    given = set(languages)
    return (*(known for known in LANGUAGES if known in given), *sorted(given.difference(LANGUAGES)))


def nearest(texts: Mapping[str, object], *wanted: str) -> str | None:
    """The language of `texts` to show: the first wanted one it has, else any; None where it is empty."""
    for language in wanted:
        if language in texts:
            return language
    return next(iter(in_order(texts)), None)


# --- tidiness: one spelling for each text, so that files and database compare equal ---------------

_CONTROL = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")


def tidy_line(text: str) -> str:
    """`text` on one line, runs of white space as one space, without control characters."""
    return " ".join(tidy_text(text).split())


def tidy_text(text: str) -> str:
    """`text` with plain line ends, no white space at line ends or around it, no control characters."""
    text = _CONTROL.sub("", _BREAK.sub("\n", clean_text(text)))
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


_NOT_WORD = re.compile(r"[\W_]+")


def phrase_key(phrase: str) -> str:
    """What makes two phrasings the same question: letters and digits, whatever case or punctuation."""
    folded = phrase.casefold()
    return _NOT_WORD.sub(" ", folded).strip() or folded.strip()
