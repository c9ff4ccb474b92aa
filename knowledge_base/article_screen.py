"""What the article page shows: fields, faults where they stand, previews, and where the article is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import NotFound
from gateway.messages import Value
from gateway.ports import Action, Clock
from gateway.settings import LANGUAGES
from gateway.storage.engine import Database
from gateway.texts import Translator
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.articles import DEFAULT, Article, Season, Status
from knowledge_base.differences import differences
from knowledge_base.forms import WHOLE, by_field, from_form, kinds_in
from knowledge_base.listing import categories, title_in
from knowledge_base.previews import SAMPLE, Previewer, samples_in
from knowledge_base.problems import Problem
from knowledge_base.publishing import Publisher
from knowledge_base.rules import BUTTONS_LIMIT, LABEL_LIMIT
from knowledge_base.storage import Articles, Saved

_QUOTED = 40


class Place(Value, frozen=True, kw_only=True, omit_defaults=False):
    """Where an article stands: its newest saved state (None for a new one), what of it is live, and
    what else there is (`others`: id and title, for buttons)."""

    saved: Saved | None
    live: int | None
    season: Season
    others: tuple[tuple[str, str], ...]
    categories: tuple[str, ...]


class ArticleScreen:
    """Gathers the page's contents; writes nothing."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        previewer: Previewer,
        pages: Pages,
        channel_kinds: Sequence[str],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._database = database
        self._publisher = publisher
        self._previewer = previewer
        self._pages = pages
        self._kinds = tuple(sorted({*previewer.surfaces, *channel_kinds}))

    async def place(self, request: StaffRequest, article_id: str | None) -> Place:
        """Where the article stands; None for one that is not there yet. Raises NotFound."""
        language = self._pages.language(request)
        async with self._database.read() as work:
            stored = Articles(work.connection)
            everything = await stored.all()
            live = await stored.published(await stored.published_revision())
        if article_id is not None and article_id not in everything:
            raise NotFound(f"article {article_id}")
        others = [
            (one.article.id, title_in(one.article, language))
            for one in everything.values()
            if one.article.id != article_id and one.article.status is not Status.ARCHIVED
        ]
        saved = everything[article_id] if article_id else None
        now = self._clock()
        return Place(
            saved=saved,
            season=saved.article.season_at(now, self._pages.zone) if saved else Season.NOW,
            live=live.get(article_id or ""),
            others=tuple(sorted(others, key=lambda pair: pair[1].casefold())),
            categories=tuple(categories(everything)),
        )

    async def context(
        self,
        request: StaffRequest,
        place: Place,
        form: Mapping[str, str],
        *,
        article_id: str,
        problems: Sequence[Problem] = (),
        based_on: int | None = None,
    ) -> dict[str, Any]:
        """All that `article.html` needs to show `form` (which may be somebody's unsaved words)."""
        article, unread = from_form(form, article_id, Status.DRAFT)
        translator = self._translator(request)
        snippets = await self._publisher.snippets()
        return {
            "snippets": sorted(snippets),
            "place": place,
            "article_id": article_id,
            "form": form,
            "based_on": based_on if based_on is not None else (place.saved.revision if place.saved else None),
            "faults": self.faults(translator, article, [*unread, *problems]),
            "kinds": kinds_in(article, self._kinds),
            "codes": LANGUAGES,
            "statuses": Status,
            "actions": tuple(Action),
            "default": DEFAULT,
            "surfaces": self._previewer.surfaces,
            "bubbles": await self._previewer.bubbles(
                article, customer_known=True, samples=samples_in(form), snippets=snippets
            ),
            "variables": self._previewer.variables(translator.language),
            "sample_prefix": SAMPLE,
            "button_places": range(BUTTONS_LIMIT),
            "label_limit": LABEL_LIMIT,
            "whole": WHOLE,
        }

    async def preview(
        self, request: StaffRequest, form: Mapping[str, str], article_id: str, *, new: bool
    ) -> dict[str, Any]:
        """What `preview.html` needs: bubbles and faults of words that are being typed."""
        article, unread = from_form(form, article_id, Status.DRAFT)
        problems = [] if new and not article.title else await self._publisher.problems(article)
        return {
            "codes": LANGUAGES,
            "surfaces": self._previewer.surfaces,
            "form": form,
            "bubbles": await self._previewer.bubbles(
                article,
                customer_known=form.get("known", "1") == "1",
                samples=samples_in(form),
                snippets=await self._publisher.snippets(),
            ),
            "faults": self.faults(self._translator(request), article, [*unread, *problems]),
            "kinds": kinds_in(article, self._kinds),
            "default": DEFAULT,
            "button_places": range(BUTTONS_LIMIT),
            "whole": WHOLE,
            "new": new,
        }

    def faults(self, translator: Translator, article: Article, problems: Sequence[Problem]) -> dict[str, list[str]]:
        """Each field's faults in words."""
        return {
            field: list(dict.fromkeys(_words(translator, article, problem) for problem in found))
            for field, found in by_field(problems).items()
        }

    def changes(self, request: StaffRequest, old: Article, new: Article) -> list[dict[str, Any]]:
        """The differences with their places in words, for `changes.html`."""
        translator = self._translator(request)
        return [
            {"place": place_name(translator, difference.path), "difference": difference}
            for difference in differences(old, new)
        ]

    def read(self, form: Mapping[str, str], article_id: str, status: Status) -> tuple[Article, list[Problem]]:
        """The article that `form` describes, and what could not be read of it."""
        return from_form(form, article_id, status)

    def conflict(self, request: StaffRequest, mine: Mapping[str, str], newest: Saved) -> list[dict[str, Any]]:
        """From what is saved to somebody's unsaved words, place by place; the status is no matter here."""
        article, _ = from_form(mine, newest.article.id, newest.article.status)
        return self.changes(request, newest.article, article)

    def _translator(self, request: StaffRequest) -> Translator:
        return self._pages.texts.translator(self._pages.language(request))


def place_name(translator: Translator, path: Sequence[str]) -> str:
    """A path in words, as “Answer, Українська, telegram”."""
    _ = translator.gettext
    names = {
        "title": _("Title"),
        "phrasings": _("How people ask"),
        "answers": _("Answer"),
        "buttons": _("Buttons"),
        "category": _("Category"),
        "status": _("Status"),
        "action": _("What it does"),
        "valid_from": _("First valid day"),
        "valid_until": _("Last valid day"),
        "notes": _("Notes"),
        "id": _("Id"),
        "uk": "Українська",
        "ru": "Русский",
        "en": "English",
    }
    return ", ".join(names.get(step, step) for step in path if step != DEFAULT)


def _words(translator: Translator, article: Article, problem: Problem) -> str:
    """The fault, with the phrasing, the line or the channel it is about where the field holds several."""
    text = problem.text(translator.gettext)
    match problem.path:
        case ("phrasings", language, place) if "phrase" not in problem.values:
            phrase = article.phrasings[language][int(place)]
            return f"“{phrase[:_QUOTED]}”: {text}"
        case ("answers", language, kind) if "\n" in article.answers.get(language, {}).get(kind, ""):
            line = translator.gettext("line {line}").format(line=problem.line)
            return f"{line}: {text}"
        case ("buttons", _, "label", language):
            return f"{place_name(translator, (language,))}: {text}"
        case _:
            return text
