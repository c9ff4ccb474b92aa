"""The editor's pages: what each request does. What pages show is gathered in `article_screen` and `listing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from litestar.response import Redirect, Response

from gateway.asking import Asker
from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.messages import clean_text
from gateway.ports import Clock
from gateway.settings import LANGUAGES, Dialogue
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.afterwards import Afterwards, published_flash
from knowledge_base.article_screen import ArticleScreen
from knowledge_base.articles import Article, Status, tidy_line
from knowledge_base.base import PublishedKnowledge
from knowledge_base.changes import same_words
from knowledge_base.conflict_screen import ConflictScreen
from knowledge_base.flash import Done, Flash, read_flash
from knowledge_base.forms import from_form, to_form
from knowledge_base.history_screen import HistoryScreen
from knowledge_base.listing import Completeness, Filters, categories, narrow, rows
from knowledge_base.previews import Previewer, to_html
from knowledge_base.publishing import Publisher, Refused, StaleEdit, TrainingState
from knowledge_base.reviewing import Reviewing
from knowledge_base.search.index import KnowledgeIndex
from knowledge_base.signed_in import editor_of, number_in
from knowledge_base.snippets.going import going_live
from knowledge_base.snippets.storage import Snippets
from knowledge_base.storage import Articles, Saved

USAGE_DAYS = 30
ASK_LIMIT = 500
FOUND = 1000
"""Articles that a search of the list finds at most."""
NOTE_LIMIT = 200
JOINS = 3
"""How often a save is joined with what others save meanwhile."""
SHOWN_INTENTS = 5
SHOWN_FROM = 0.005

_STATUS_OF = {
    "save": Status.DRAFT,
    "check": Status.DRAFT,
    "review": Status.REVIEW,
    "publish": Status.PUBLISHED,
    "archive": Status.ARCHIVED,
}


class EditorScreens:
    """Every page and fragment under `/kb`."""

    def __init__(
        self,
        *,
        database: Database,
        publisher: Publisher,
        knowledge: PublishedKnowledge,
        asker: Asker,
        previewer: Previewer,
        pages: Pages,
        policy: Callable[[], Dialogue],
        clock: Clock,
        reviewing: Reviewing,
        afterwards: Afterwards,
        channel_kinds: Sequence[str] = (),
        trained: Callable[[], int | None] | None = None,
    ) -> None:
        self._database = database
        self._index = KnowledgeIndex(database)
        self._publisher = publisher
        self._knowledge = knowledge
        self._asker = asker
        self._pages = pages
        self._policy = policy
        self._clock = clock
        self._reviewing = reviewing
        self._trained = trained
        self._afterwards = afterwards
        self._article = ArticleScreen(database, publisher, previewer, pages, channel_kinds, clock)
        self._conflict = ConflictScreen(database, self._article)
        self.past = HistoryScreen(database, publisher, self._article, pages)

    # --- the list ------------------------------------------------------------------------------

    async def overview(self, request: StaffRequest) -> Response[str]:
        """The list, or only its rows where htmx asks for them."""
        async with self._database.read() as work:
            stored = Articles(work.connection)
            saved = await stored.all()
            published = await stored.published(await stored.published_revision())
            usage = await stored.usage(self._clock() - timedelta(days=USAGE_DAYS))
            publications = await stored.publications(limit=1)
            base = publications[0].revision if publications else None
            going = await going_live(Snippets(work.connection), base, review=self._publisher.review)
        now, zone = self._clock(), self._pages.zone
        every = rows(
            saved, published, usage, self._pages.language(request), lambda article: article.season_at(now, zone)
        )
        asked = {name: request.query_params.get(name, "").strip() for name in Filters.__struct_fields__}
        filters = Filters(**asked)
        hits = await self._index.find(
            filters.search, self._pages.language(request), limit=FOUND, live=False, every=True
        )
        return self._pages.html(
            request,
            _fragment(request, "rows.html", "list.html"),
            rows=narrow(every, saved, filters, hits),
            total=len(every),
            waiting=[row for row in every if row.waiting],
            snippets_waiting=going.changed,
            review=self._publisher.review,
            filters=filters,
            categories=categories(saved),
            statuses=Status,
            completeness=Completeness,
            publication=publications[0] if publications else None,
            behind=self._behind(),
            usage_days=USAGE_DAYS,
            flash=read_flash(request.query_params),
        )

    def _behind(self) -> bool:
        """Whether the bot understands by an older model than what is published, and no training is under way."""
        training = self._publisher.training
        if self._trained is None or (training and training.state is TrainingState.RUNNING):
            return False
        return self._knowledge.revision is not None and self._trained() != self._knowledge.revision

    async def publish_waiting(self, request: StaffRequest) -> Redirect:
        """Publish everything that is ready, and train."""
        return self._afterwards.to("/kb", await self._publish(request, None))

    async def train_again(self) -> Redirect:
        """Train on what is live: after a training that failed."""
        return self._afterwards.to("/kb", Flash(done=Done.TRAINED))

    async def training(self, request: StaffRequest) -> Response[str]:
        """How far the training is that the last publication began."""
        return self._pages.html(request, "knowledge_base/training.html", training=self._publisher.training)

    # --- one article ---------------------------------------------------------------------------

    async def show(self, request: StaffRequest, article_id: str) -> Response[str]:
        """The article's page. Raises NotFound."""
        place = await self._article.place(request, article_id)
        assert place.saved is not None
        form = to_form(place.saved.article)
        context = await self._article.context(request, place, form, article_id=article_id)
        return self._page(request, context)

    async def show_new(self, request: StaffRequest) -> Response[str]:
        """An empty page for a new article."""
        place = await self._article.place(request, None)
        form = {"category": request.query_params.get("category", "")[:64]}
        return self._page(request, await self._article.context(request, place, form, article_id=""))

    async def save(self, request: StaffRequest, article_id: str | None, form: Mapping[str, str]) -> Response[Any]:
        """Save, show the change, send to review, publish or archive, as the pressed button says.

        Somebody's unsaved words are never lost: faults show them again, and what somebody else saved meanwhile
        is joined with them, or shown beside them where it cannot be.
        """
        deed = form.get("do", "")
        if deed == "edit":
            return await self._go_on(request, article_id, form)
        if deed == "publish" and self._publisher.review:
            deed = "review"
        status = _STATUS_OF.get(deed)
        if status is None:
            raise RequestRefused(400, "say what to do: save, check, review, publish or archive")
        name = article_id or tidy_line(form.get("id", ""))
        based_on = number_in(form.get("based_on", ""))
        article, unread = from_form(form, name, status)
        article = await self._conflict.chosen(form, article, based_on)
        if deed == "check" and not unread and await self._is_saved(article, based_on):
            return Redirect(f"/kb/changes/{name}", status_code=303)
        try:
            if unread:
                raise Refused([*unread, *await self._publisher.problems(article)])
            saved, joined = await self._save(request, article, based_on, form)
        except Refused as refused:
            return await self._refused(request, article_id, form, refused, based_on)
        except StaleEdit as stale:
            return await self._two_texts(request, form, article, based_on, stale.newest)
        return await self._done(request, deed, saved, based_on, joined=joined)

    async def _save(
        self, request: StaffRequest, article: Article, based_on: int | None, form: Mapping[str, str]
    ) -> tuple[Saved, bool]:
        """The saved revision, and whether somebody else's words were joined with it.

        What goes before customers at once is not joined unseen. Raises Refused, StaleEdit.
        """
        note = tidy_line(form.get("note", ""))[:NOTE_LIMIT]
        joined = False
        for _ in range(JOINS):
            try:
                saved = await self._publisher.save(article, editor_of(request), based_on=based_on, note=note)
            except StaleEdit as stale:
                if based_on is None or article.status is Status.PUBLISHED:
                    raise
                merged = await self._conflict.join(article, based_on, stale.newest)
                if merged.collisions:
                    raise
                article, based_on, joined = merged.article, stale.newest.revision, True
            else:
                return saved, joined
        raise Conflict("others save faster than this could be joined; try again")

    async def _done(
        self, request: StaffRequest, deed: str, saved: Saved, based_on: int | None, *, joined: bool
    ) -> Redirect:
        name = saved.article.id
        path = f"/kb/articles/{name}"
        if deed == "check":
            return Redirect(f"/kb/changes/{name}", status_code=303)
        if deed in ("publish", "archive"):
            return self._afterwards.to(path, await self._publish(request, name))
        if deed == "review" and saved.revision != based_on:
            await self._reviewing.requested(saved, editor_of(request))
        if joined:
            return self._afterwards.to(path, Flash(done=Done.JOINED, revision=saved.revision))
        if saved.revision == based_on:
            return self._afterwards.to(path, Flash(done=Done.UNCHANGED))
        return self._afterwards.to(path, Flash(done=Done.REVIEW if deed == "review" else Done.SAVED))

    async def _is_saved(self, article: Article, based_on: int | None) -> bool:
        """Whether these words are the newest revision already."""
        try:
            async with self._database.read() as work:
                newest = await Articles(work.connection).get(article.id)
        except NotFound:
            return False
        return newest.revision == based_on and same_words(newest.article, article)

    async def _refused(
        self,
        request: StaffRequest,
        article_id: str | None,
        form: Mapping[str, str],
        refused: Refused,
        based_on: int | None,
    ) -> Response[str]:
        place = await self._article.place(request, article_id)
        context = await self._article.context(
            request, place, form, article_id=article_id or "", problems=refused.problems, based_on=based_on
        )
        return self._page(request, context, status=422)

    async def _two_texts(
        self,
        request: StaffRequest,
        form: Mapping[str, str],
        article: Article,
        based_on: int | None,
        newest: Saved,
    ) -> Response[str]:
        """What was joined, and both texts where a person must decide."""
        merged = None if based_on is None else await self._conflict.join(article, based_on, newest)
        context = self._conflict.context(request, form, merged, newest)
        return self._pages.html(request, "knowledge_base/conflict.html", status=409, **context)

    async def _go_on(self, request: StaffRequest, article_id: str | None, form: Mapping[str, str]) -> Response[str]:
        """The page with somebody's unsaved words in it, to go on after a conflict."""
        place = await self._article.place(request, article_id)
        based_on = number_in(form.get("based_on", ""))
        name = article_id or tidy_line(form.get("id", ""))
        words = dict(form)
        if self._conflict.chooses(form):
            article = await self._conflict.chosen(form, from_form(form, name, Status.DRAFT)[0], based_on)
            words = {**to_form(article), "note": form.get("note", "")}
        context = await self._article.context(request, place, words, article_id=article_id or "", based_on=based_on)
        return self._page(request, {**context, "unsaved": True})

    async def preview(self, request: StaffRequest, form: Mapping[str, str]) -> Response[str]:
        """Bubbles and faults of what is being typed, each put where it belongs."""
        article_id = tidy_line(form.get("article_id", "")) or tidy_line(form.get("id", ""))
        new = not form.get("article_id")
        context = await self._article.preview(request, form, article_id or "new-article", new=new)
        return self._pages.html(request, "knowledge_base/preview.html", **context)

    # --- asking the bot ------------------------------------------------------------------------

    async def ask(self, request: StaffRequest, form: Mapping[str, str]) -> Response[str]:
        """What the published bot would answer, and why."""
        text = clean_text(form.get("text", "")).strip()[:ASK_LIMIT]
        language = form.get("language")
        asked = None
        if text:
            asked = await self._asker.ask(text, language if language in LANGUAGES else None)
        reader = self._pages.language(request)
        ranking = asked.ranking if asked and self._knowledge.revision is not None else ()
        likely = [ranked for ranked in ranking if ranked.confidence >= SHOWN_FROM]
        return self._pages.html(
            request,
            "knowledge_base/asked.html",
            asked=asked,
            answer=to_html(asked.answer) if asked else "",
            ranking=[
                (ranked, self._knowledge.title(ranked.intent, reader) or ranked.intent)
                for ranked in likely[:SHOWN_INTENTS]
            ],
            title=self._knowledge.title(asked.article, reader) if asked and asked.article else None,
            policy=self._policy(),
            revision=self._knowledge.revision,
            choices=sorted(self._knowledge.titles(reader), key=lambda pair: pair[1].casefold()),
        )

    # --- parts ---------------------------------------------------------------------------------

    async def _publish(self, request: StaffRequest, article_id: str | None) -> Flash:
        ids = None if article_id is None else [article_id]
        return published_flash(await self._publisher.publish(editor_of(request), ids), article_id)

    def _page(self, request: StaffRequest, context: Mapping[str, Any], *, status: int = 200) -> Response[str]:
        return self._pages.html(
            request,
            "knowledge_base/article.html",
            status=status,
            flash=read_flash(request.query_params),
            policy=self._policy(),
            review=self._publisher.review,
            **{"unsaved": status != 200, **context},
        )


def _fragment(request: StaffRequest, fragment: str, page: str) -> str:
    """The fragment where htmx asks for it (not for a page it boosts or restores)."""
    swapped = request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
    return f"knowledge_base/{fragment if swapped else page}"
