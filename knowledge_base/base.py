"""The published articles in memory: what `gateway.ports.Knowledge` asks of us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from gateway.dialogue import ARTICLE, CALLBACK, PERSON
from gateway.errors import NotFound, TemplateError
from gateway.learning import Phrase
from gateway.messages import Button
from gateway.ports import Action, Answer, Clock, Variables
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base.articles import DEFAULT, Article, ArticleButton, ButtonAction, nearest, phrase_key
from knowledge_base.snippets.filling import fill
from knowledge_base.snippets.storage import Snippets
from knowledge_base.snippets.values import inlined, names_in, spoken
from knowledge_base.storage import Articles
from knowledge_base.templates import plain

log = structlog.get_logger()

_PAYLOADS = {ButtonAction.HANDOFF: PERSON, ButtonAction.CALLBACK: CALLBACK}


class PublishedKnowledge:
    """A snapshot of the newest publication; `refresh` swaps in a newer one whole.

    Texts are in the wanted language, else in the company's, else in any the article has; days of
    validity are days in the company's zone.
    """

    def __init__(self, database: Database, company: Company, clock: Clock) -> None:
        self._database = database
        self._language = company.language
        self._zone = ZoneInfo(company.zone)
        self._clock = clock
        self._revision: int | None = None
        # What answers say of the firm is in the settings, which are read at the start.
        self._started_at = clock()
        self._published_at: datetime | None = None
        self._articles: dict[str, Article] = {}
        self._snippets: dict[str, dict[str, str]] = {}

    @property
    def revision(self) -> int | None:
        """The published revision in memory; None where nothing was ever published."""
        return self._revision

    @property
    def articles(self) -> dict[str, Article]:
        """The published articles by id, those not valid now too."""
        return dict(self._articles)

    def changed(self) -> datetime | None:
        """When what customers get changed last, by a publication, a start with other settings or the time of an
        article; None where nothing was ever published."""
        if self._published_at is None:
            return None
        now, changed = self._clock(), max(self._published_at, self._started_at)
        moments = [one for article in self._articles.values() for one in article.changes_at(self._zone)]
        return max([changed, *(one for one in moments if one <= now)])

    def whole(self, article: Article) -> Article:
        """`article` with the words of the published snippets in place of their names, for who shows templates."""
        return inlined(article, self._snippets)

    async def refresh(self) -> bool:
        """Take over a newer published revision if there is one. Raises StorageUnavailable."""
        async with self._database.read() as work:
            stored = Articles(work.connection)
            revision = await stored.published_revision()
            if revision is None or revision == self._revision:
                return False
            published = await stored.published_articles(revision)
            snippets = await Snippets(work.connection).published_texts(revision)
            [newest] = await stored.publications(1)
        self._snippets = snippets
        self._articles = {article.id: article for article in published}
        self._revision = revision
        self._published_at = newest.created_at
        log.info("knowledge_refreshed", revision=revision, articles=len(published))
        return True

    def action(self, article: str, now: datetime) -> Action | None:
        """What the article does; None where it is not published or not valid at `now`."""
        found = self._articles.get(article)
        return found.action if found and found.valid_at(now, self._zone) else None

    def title(self, article: str, language: str) -> str | None:
        """The article's title in `language`, else in the nearest language it has."""
        found = self._articles.get(article)
        chosen = nearest(found.title, language, self._language) if found else None
        return found.title[chosen] if found and chosen else None

    def category(self, article: str) -> str:
        """See `Knowledge.category`."""
        found = self._articles.get(article)
        return found.category if found else ""

    def titles(self, language: str) -> list[tuple[str, str]]:
        """(id, title in `language` or the nearest) of every published article that is valid now."""
        now = self._clock()
        found = [(article, self.title(article, language)) for article in self._articles if self.action(article, now)]
        return [(article, title) for article, title in found if title]

    def answer(self, article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
        """Render the answer. Raises NotFound; a failing template gives a degraded Answer instead."""
        found = self._articles.get(article)
        if found is None or not found.valid_at(self._clock(), self._zone):
            raise NotFound(f"article {article}")
        return self.render(found, language, channel_kind, variables)

    def render(self, article: Article, language: str, channel_kind: str, variables: Variables) -> Answer:
        """The answer of any article, published or not (the editor's preview). Raises NotFound where it
        has none in any language."""
        chosen = nearest(article.answers, language, self._language)
        if chosen is None:
            raise NotFound(f"article {article.id} has no answer")
        variants = article.answers[chosen]
        source = variants.get(channel_kind) or variants.get(DEFAULT, "")
        text, degraded = self._fill(article.id, source, chosen, variables)
        buttons = tuple(made for button in article.buttons if (made := self._button(button, chosen)))
        return Answer(article=article.id, text=text, language=chosen, buttons=buttons, degraded=degraded)

    def phrases(self) -> list[Phrase]:
        """What the engine is trained on, from the publication in memory."""
        return phrases_of(list(self._articles.values()), self._clock(), self._zone)

    def _fill(self, article: str, source: str, language: str, variables: Variables) -> tuple[str, str | None]:
        snippets = spoken(self._snippets, names_in(source), language, self._language) if self._snippets else {}
        try:
            filled = fill(source, variables, snippets)
        except TemplateError as error:
            return plain(source), error.reason
        if filled.rendered.missing:
            log.info("template_missing", article=article, variables=list(filled.rendered.missing))
        return filled.rendered.text, filled.reason or None

    def _button(self, button: ArticleButton, language: str) -> Button | None:
        """The button as it is sent; None where it would lead nowhere today."""
        chosen = nearest(button.label, language, self._language)
        if chosen is None:
            return None
        label = button.label[chosen]
        if button.url:
            return Button(label=label, url=button.url)
        if button.action:
            return Button(label=label, payload=_PAYLOADS[button.action])
        if button.article and self.action(button.article, self._clock()) is not None:
            return Button(label=label, payload=f"{ARTICLE}{button.article}")
        return None


def phrases_of(articles: Sequence[Article], now: datetime, zone: ZoneInfo) -> list[Phrase]:
    """Phrasings and titles of the articles that are not past their validity.

    Those not valid yet are learnt too: their first day must not wait for a training. Until then
    their topic is recognised and honestly not answered.
    """
    phrases = []
    for article in articles:
        if article.ended_at(now, zone):
            continue
        seen: set[tuple[str, str]] = set()
        pairs = [(language, text) for language, texts in article.phrasings.items() for text in texts]
        for language, text in [*pairs, *article.title.items()]:
            key = (language, phrase_key(text))
            if key not in seen:
                seen.add(key)
                phrases.append(Phrase(intent=article.id, language=language, text=text))
    return phrases
