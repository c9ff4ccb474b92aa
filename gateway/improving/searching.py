"""The ports through which agents, editors and programs search the knowledge base and read what is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.messages import Value
from gateway.ports import Action


class Searching(Protocol):
    """An index over the articles' words."""

    async def find(
        self, query: str, language: str, *, limit: int, live: bool = True, every: bool = False
    ) -> Sequence[str]:
        """Ids of the articles that have the words of `query`, whatever their endings and small mistakes, best
        first, those in `language` before others. `live`: of what is published, else of what editors work on.
        With `every` all words must be there, else those come that have some where none has all.
        Raises StorageUnavailable."""
        ...


class PublishedButton(Value, frozen=True, kw_only=True):
    """A button under an answer: its label by language, and what it leads to: an article's id, ``handoff`` or
    ``callback``, or a web page."""

    label: dict[str, str]
    article: str | None = None
    action: str | None = None
    url: str | None = None


class PublishedArticle(Value, frozen=True, kw_only=True):
    """An article as it is published. Keys are languages; an answer's are kinds of channels, of which ``default``
    is for every other, and its text a template. `valid_from` and `valid_until` are days in the company's zone, both
    included, as 2026-12-31, or minutes, as 2026-12-31T09:00."""

    id: str
    category: str
    action: Action
    titles: dict[str, str]
    phrasings: dict[str, tuple[str, ...]]
    answers: dict[str, dict[str, str]]
    buttons: tuple[PublishedButton, ...] = ()
    valid_from: str | None = None
    valid_until: str | None = None


class Library(Protocol):
    """What is published and may be used now, whole."""

    def shelf(self) -> Sequence[PublishedArticle]:
        """All of it, in the order of ids."""
        ...

    def changed(self) -> datetime | None:
        """When any of it changed last: was published, began or ended to be valid. None where nothing is known of it,
        or where it has just changed and may do so again within the second."""
        ...

    def take(self, article: str) -> PublishedArticle | None:
        """One article; None where it is not published or not valid now."""
        ...
