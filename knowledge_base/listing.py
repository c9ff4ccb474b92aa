"""The editor's list: one row an article, what is live of it, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from gateway.improving.usefulness import Usage
from gateway.messages import Value
from gateway.settings import LANGUAGES
from knowledge_base.articles import Article, Season, Status, nearest
from knowledge_base.moments import Moment
from knowledge_base.storage import Saved


class Completeness(StrEnum):
    """How much of an article there is in one language."""

    FULL = "full"
    PART = "part"
    NONE = "none"


class Row(Value, frozen=True, kw_only=True):
    """An article as the list shows it. `live` is the published revision, `waiting` whether publishing
    would change something, `newer` whether customers see an older revision than the editor."""

    id: str
    title: str
    category: str
    status: Status
    revision: int
    live: int | None
    updated_at: datetime
    author: str
    phrasings: int
    languages: dict[str, Completeness]
    usage: Usage = Usage()
    begins: Moment | None = None
    ends: Moment | None = None
    season: Season = Season.NOW

    @property
    def waiting(self) -> bool:
        """Whether a publication would put this forward or take it away."""
        if self.status is Status.ARCHIVED:
            return self.live is not None
        return self.status is Status.PUBLISHED and self.live != self.revision

    @property
    def newer(self) -> bool:
        """Whether there is a working copy that customers do not see yet."""
        return self.live is not None and self.live != self.revision


class Filters(Value, frozen=True, kw_only=True):
    """What the list is narrowed to; an empty word narrows nothing. `incomplete` is a language."""

    search: str = ""
    status: str = ""
    category: str = ""
    incomplete: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.status or self.category or self.incomplete)


def rows(
    saved: Mapping[str, Saved],
    published: Mapping[str, int],
    usage: Mapping[str, Usage],
    language: str,
    season: Callable[[Article], Season],
) -> list[Row]:
    """All rows, by title in the reader's `language`; archived ones last. `season` tells whose time it is."""
    made = [
        _row(one, published.get(name), usage.get(name, Usage()), language, season(one.article))
        for name, one in saved.items()
    ]
    return sorted(made, key=lambda row: (row.status is Status.ARCHIVED, row.title.casefold()))


def narrow(found: Sequence[Row], saved: Mapping[str, Saved], filters: Filters, hits: Sequence[str] = ()) -> list[Row]:
    """The rows that fit `filters`, those of `hits` (ids that a search found) first and in that order. Words are
    looked for everywhere in the other articles too; all must be there."""
    words = filters.search.casefold().split()
    places = {article: place for place, article in enumerate(hits)}
    fitting = [
        row
        for row in found
        if (not filters.status or filters.status in (row.status, "waiting" if row.waiting else ""))
        and (not filters.category or row.category == filters.category)
        and (not filters.incomplete or row.languages.get(filters.incomplete) is not Completeness.FULL)
        and (row.id in places or _has(saved[row.id].article, words))
    ]
    return sorted(fitting, key=lambda row: places.get(row.id, len(places)))


def categories(saved: Mapping[str, Saved]) -> list[str]:
    """The categories in use, by name."""
    return sorted({one.article.category for one in saved.values() if one.article.category})


def title_in(article: Article, language: str) -> str:
    """The title to show to a reader of `language`; the id where there is none."""
    spoken = nearest(article.title, language)
    return article.title[spoken] if spoken else article.id


def _row(saved: Saved, live: int | None, usage: Usage, language: str, season: Season) -> Row:
    article = saved.article
    return Row(
        id=article.id,
        title=title_in(article, language),
        category=article.category,
        status=article.status,
        revision=saved.revision,
        live=live,
        updated_at=saved.created_at,
        author=saved.author,
        phrasings=sum(len(phrasings) for phrasings in article.phrasings.values()),
        languages={code: _completeness(article, code) for code in LANGUAGES},
        usage=usage,
        begins=article.begins,
        ends=article.ends,
        season=season,
    )


def _completeness(article: Article, language: str) -> Completeness:
    if article.complete_in(language):
        return Completeness.FULL
    parts = (article.title, article.phrasings, article.answers)
    return Completeness.PART if any(language in part for part in parts) else Completeness.NONE


def _has(article: Article, words: Sequence[str]) -> bool:
    if not words:
        return True
    texts = [
        article.id,
        article.category,
        article.notes,
        *article.title.values(),
        *(phrase for phrasings in article.phrasings.values() for phrase in phrasings),
        *(text for variants in article.answers.values() for text in variants.values()),
    ]
    everything = "\n".join(texts).casefold()
    return all(word in everything for word in words)
