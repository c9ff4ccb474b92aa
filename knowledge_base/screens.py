"""The editor's pages: what each request does. What pages show is gathered in `article_screen` and `listing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from litestar.background_tasks import BackgroundTask
from litestar.response import Redirect, Response

from gateway.asking import Asker
from gateway.errors import Conflict, FrontdeskError, RequestRefused
from gateway.messages import clean_text
from gateway.ports import Clock
from gateway.settings import LANGUAGES, Dialogue
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.article_screen import ArticleScreen
from knowledge_base.articles import Status, tidy_line
from knowledge_base.base import PublishedKnowledge
from knowledge_base.flash import TRAINS, Done, Flash, read_flash
from knowledge_base.forms import from_form, to_form
from knowledge_base.listing import Completeness, Filters, categories, narrow, rows
from knowledge_base.previews import Previewer, to_html
from knowledge_base.problems import N_, Problem
from knowledge_base.publishing import Publisher, Refused, StaleEdit
from knowledge_base.storage import Articles, Editor

log = structlog.get_logger()

USAGE_DAYS = 30
ASK_LIMIT = 500
NOTE_LIMIT = 200
SHOWN_INTENTS = 5
SHOWN_FROM = 0.005

_STATUS_OF = {
    "save": Status.DRAFT,
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
        policy: Dialogue,
        clock: Clock,
        channel_kinds: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._knowledge = knowledge
        self._asker = asker
        self._pages = pages
        self._policy = policy
        self._clock = clock
        self._article = ArticleScreen(database, publisher, previewer, pages, channel_kinds)

    # --- the list ------------------------------------------------------------------------------

    async def overview(self, request: StaffRequest) -> Response[str]:
        """The list, or only its rows where htmx asks for them."""
        async with self._database.read() as work:
            stored = Articles(work.connection)
            saved = await stored.all()
            published = await stored.published(await stored.published_revision())
            usage = await stored.usage(self._clock() - timedelta(days=USAGE_DAYS))
            publications = await stored.publications(limit=1)
        every = rows(saved, published, usage, self._pages.language(request))
        asked = {name: request.query_params.get(name, "").strip() for name in Filters.__struct_fields__}
        filters = Filters(**asked)
        return self._pages.html(
            request,
            _fragment(request, "rows.html", "list.html"),
            rows=narrow(every, saved, filters),
            total=len(every),
            waiting=[row for row in every if row.waiting],
            filters=filters,
            categories=categories(saved),
            statuses=Status,
            completeness=Completeness,
            publication=publications[0] if publications else None,
            usage_days=USAGE_DAYS,
            flash=read_flash(request.query_params),
        )

    async def publish_waiting(self, request: StaffRequest) -> Redirect:
        """Publish everything that is ready, and train."""
        return self._redirect("/kb", await self._publish(request, None))

    async def train_again(self) -> Redirect:
        """Train on what is live: after a training that failed."""
        return self._redirect("/kb", Flash(done=Done.TRAINED))

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
        """Save, send to review, publish or archive, as the pressed button says.

        Somebody's unsaved words are never lost: faults and conflicts show them again.
        """
        if form.get("do") == "edit":
            return await self._go_on(request, article_id, form)
        status = _STATUS_OF.get(form.get("do", ""))
        if status is None:
            raise RequestRefused(400, "say what to do: save, review, publish or archive")
        name = article_id or tidy_line(form.get("id", ""))
        based_on = _number(form.get("based_on", ""))
        article, unread = from_form(form, name, status)
        try:
            if unread:
                raise Refused([*unread, *await self._publisher.problems(article)])
            saved = await self._publisher.save(
                article, self._editor(request), based_on=based_on, note=tidy_line(form.get("note", ""))[:NOTE_LIMIT]
            )
        except Refused as refused:
            place = await self._article.place(request, article_id)
            context = await self._article.context(
                request, place, form, article_id=article_id or "", problems=refused.problems, based_on=based_on
            )
            return self._page(request, context, status=422)
        except StaleEdit as stale:
            return self._conflict(request, form, stale)
        if status in (Status.PUBLISHED, Status.ARCHIVED):
            flash = await self._publish(request, name)
        elif saved.revision == based_on:
            flash = Flash(done=Done.UNCHANGED)
        else:
            flash = Flash(done=Done.REVIEW if status is Status.REVIEW else Done.SAVED)
        return self._redirect(f"/kb/articles/{name}", flash)

    async def _go_on(self, request: StaffRequest, article_id: str | None, form: Mapping[str, str]) -> Response[str]:
        """The page with somebody's unsaved words in it, to go on after a conflict."""
        place = await self._article.place(request, article_id)
        based_on = _number(form.get("based_on", ""))
        context = await self._article.context(request, place, form, article_id=article_id or "", based_on=based_on)
        return self._page(request, {**context, "unsaved": True})

    async def preview(self, request: StaffRequest, form: Mapping[str, str]) -> Response[str]:
        """Bubbles and faults of what is being typed, each put where it belongs."""
        article_id = tidy_line(form.get("article_id", "")) or tidy_line(form.get("id", ""))
        new = not form.get("article_id")
        context = await self._article.preview(request, form, article_id or "new-article", new=new)
        return self._pages.html(request, "knowledge_base/preview.html", **context)

    # --- history -------------------------------------------------------------------------------

    async def history(
        self, request: StaffRequest, article_id: str, *, problems: Sequence[Problem] = ()
    ) -> Response[str]:
        """Every revision with what it changed, and why one could not be brought back. Raises NotFound."""
        place = await self._article.place(request, article_id)
        async with self._database.read() as work:
            history = await Articles(work.connection).history(article_id)
        before = [*history[1:], None]
        entries = [
            {"saved": saved, "changes": self._article.changes(request, old.article, saved.article) if old else []}
            for saved, old in zip(history, before, strict=True)
        ]
        return self._pages.html(
            request,
            "knowledge_base/history.html",
            place=place,
            article_id=article_id,
            entries=entries,
            problems=[problem.text(self._gettext(request)) for problem in problems],
            status=422 if problems else 200,
        )

    async def roll_back(self, request: StaffRequest, article_id: str, form: Mapping[str, str]) -> Response[Any]:
        """An old revision as a new draft."""
        revision, based_on = _number(form.get("revision", "")), _number(form.get("based_on", ""))
        if revision is None or based_on is None:
            raise RequestRefused(400, "say which revision to bring back")
        note = self._gettext(request)(N_("Brought back from revision {revision}")).format(revision=revision)
        try:
            await self._publisher.roll_back(article_id, revision, self._editor(request), based_on=based_on, note=note)
        except StaleEdit as stale:
            raise Conflict(str(stale)) from None
        except Refused as refused:
            return await self.history(request, article_id, problems=refused.problems)
        return self._redirect(f"/kb/articles/{article_id}", Flash(done=Done.ROLLED_BACK, revision=revision))

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
            policy=self._policy,
            revision=self._knowledge.revision,
        )

    # --- parts ---------------------------------------------------------------------------------

    async def _publish(self, request: StaffRequest, article_id: str | None) -> Flash:
        ids = None if article_id is None else [article_id]
        publication = await self._publisher.publish(self._editor(request), ids)
        if publication is None:
            return Flash(done=Done.NOTHING)
        removed = article_id in publication.changes.removed
        return Flash(done=Done.REMOVED if removed else Done.PUBLISHED, revision=publication.revision)

    def _redirect(self, path: str, flash: Flash) -> Redirect:
        """To `path`, which says what was done; a training that is due runs when the answer is out."""
        if flash.done not in TRAINS:
            return Redirect(flash.after(path), status_code=303)
        self._publisher.begin_training()
        return Redirect(flash.after(path), status_code=303, background=BackgroundTask(self._train))

    async def _train(self) -> None:
        try:
            await self._publisher.train()
        except FrontdeskError as error:
            log.warning("training_failed", reason=str(error))

    def _conflict(self, request: StaffRequest, form: Mapping[str, str], stale: StaleEdit) -> Response[str]:
        return self._pages.html(
            request,
            "knowledge_base/conflict.html",
            status=409,
            newest=stale.newest,
            article_id=stale.newest.article.id,
            form={name: value for name, value in form.items() if name not in ("_csrf_token", "do", "based_on")},
            is_new=not form.get("based_on"),
            places=self._article.conflict(request, form, stale.newest),
        )

    def _page(self, request: StaffRequest, context: Mapping[str, Any], *, status: int = 200) -> Response[str]:
        return self._pages.html(
            request,
            "knowledge_base/article.html",
            status=status,
            flash=read_flash(request.query_params),
            policy=self._policy,
            **{"unsaved": status != 200, **context},
        )

    def _editor(self, request: StaffRequest) -> Editor:
        staff = request.scope["user"]
        return Editor(name=staff.name, staff_id=staff.id)

    def _gettext(self, request: StaffRequest) -> Callable[[str], str]:
        return self._pages.texts.translator(self._pages.language(request)).gettext


def _fragment(request: StaffRequest, fragment: str, page: str) -> str:
    """The fragment where htmx asks for it (not for a page it boosts or restores)."""
    swapped = request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
    return f"knowledge_base/{fragment if swapped else page}"


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None
