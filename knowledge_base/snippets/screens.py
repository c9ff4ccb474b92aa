"""The pages of snippets: the list with where each is used, and one snippet with its previews and its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar.response import Response

from gateway.errors import Conflict, RequestRefused
from gateway.messages import Value
from gateway.settings import LANGUAGES
from gateway.storage.engine import Database
from gateway.texts import Translator
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.afterwards import Afterwards, published_flash
from knowledge_base.article_screen import place_name
from knowledge_base.articles import DEFAULT, Article, Status, tidy_line, tidy_text
from knowledge_base.checking import TemplateChecker
from knowledge_base.differences import text_differences
from knowledge_base.flash import Done, Flash, read_flash
from knowledge_base.listing import title_in
from knowledge_base.previews import Bubble, Previewer
from knowledge_base.problems import N_, Problem
from knowledge_base.publishing import Publisher
from knowledge_base.signed_in import editor_of, number_in, staff_of
from knowledge_base.snippets.keeping import SnippetInUse, SnippetKeeper, SnippetRefused, StaleSnippet, may_sign, writers
from knowledge_base.snippets.rules import snippet_problems
from knowledge_base.snippets.storage import SavedSnippet, Snippets
from knowledge_base.snippets.values import Snippet, users
from knowledge_base.storage import Articles, contents

TEXT = "text."
"""How the names of the form's fields with texts begin."""


class Line(Value, frozen=True, kw_only=True):
    """A snippet of the list: its newest state, what of it is live, and the articles that use it."""

    saved: SavedSnippet
    live: int | None
    articles: tuple[tuple[str, str], ...]

    @property
    def waiting(self) -> bool:
        """Whether customers get something else than is written here."""
        return self.live != self.saved.revision


class SnippetScreens:
    """Everything under `/kb/snippets`."""

    def __init__(
        self,
        *,
        database: Database,
        publisher: Publisher,
        keeper: SnippetKeeper,
        previewer: Previewer,
        checker: TemplateChecker,
        pages: Pages,
        afterwards: Afterwards,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._keeper = keeper
        self._previewer = previewer
        self._checker = checker
        self._pages = pages
        self._afterwards = afterwards

    # --- looking -------------------------------------------------------------------------------

    async def overview(self, request: StaffRequest) -> Response[str]:
        """The list; what was taken out is not in it, unless customers still get it."""
        lines = await self._lines(self._pages.language(request))
        return self._pages.html(
            request,
            "knowledge_base/snippets.html",
            lines=[line for line in lines if not line.saved.removed],
            waiting=[line for line in lines if line.waiting],
            gone=[line for line in lines if line.saved.removed],
            review=self._publisher.review,
            codes=LANGUAGES,
            flash=read_flash(request.query_params),
        )

    async def show_new(self, request: StaffRequest) -> Response[str]:
        """An empty page."""
        return await self._page(request, None, {}, based_on=None)

    async def show(self, request: StaffRequest, name: str) -> Response[str]:
        """One snippet, or an earlier state of it to look over and save again. Raises NotFound."""
        history = await self._history(name)
        wanted = number_in(request.query_params.get("revision", ""))
        shown = next((one for one in history if one.revision == wanted), history[0])
        form = {TEXT + language: text for language, text in shown.snippet.texts.items()}
        return await self._page(
            request, name, form, based_on=history[0].revision, brought=shown if shown is not history[0] else None
        )

    async def preview(self, request: StaffRequest, form: Mapping[str, str]) -> Response[str]:
        """Bubbles and faults of what is being typed."""
        snippet = _read(form, tidy_line(form.get("of", "")) or tidy_line(form.get("name", "")) or "new")
        (problems,) = await snippet_problems([snippet], self._checker)
        return self._pages.html(
            request,
            "knowledge_base/snippet_preview.html",
            codes=LANGUAGES,
            surfaces=self._previewer.surfaces,
            bubbles=await self._bubbles(snippet),
            faults=_faults(self._translator(request), problems),
        )

    # --- doing ---------------------------------------------------------------------------------

    async def act(self, request: StaffRequest, name: str | None, form: Mapping[str, str]) -> Response[Any]:
        """Save, publish, sign or take out, as the pressed button says. Words that are not saved are shown again."""
        deed, based_on = form.get("do", ""), number_in(form.get("based_on", ""))
        if deed not in ("save", "publish", "remove", "sign"):
            raise RequestRefused(400, "say what to do: save, publish, sign or remove")
        given = _read(form, name or tidy_line(form.get("name", "")))
        if deed == "sign":
            return await self._sign(request, given, form, based_on)
        wanted = Snippet(name=given.name, texts={}) if deed == "remove" else given
        if not wanted.texts and deed != "remove":
            problem = Problem(message=N_("a snippet needs a text in at least one language"), path=("name",))
            return await self._page(request, name, form, based_on=based_on, problems=[problem], status=422)
        try:
            saved = await self._keeper.save(wanted, editor_of(request), based_on=based_on)
        except SnippetRefused as refused:
            return await self._page(request, name, form, based_on=based_on, problems=refused.problems, status=422)
        except SnippetInUse as used:
            problem = Problem(
                message=N_("articles say it: {articles}. Take it out of them first, and publish them"),
                path=("name",),
                values={"articles": ", ".join(used.articles)},
            )
            return await self._page(request, name, form, based_on=based_on, problems=[problem], status=409)
        except StaleSnippet as stale:
            return await self._stale(request, form, stale.newest)
        return await self._done(request, deed, saved, based_on)

    async def _sign(
        self, request: StaffRequest, given: Snippet, form: Mapping[str, str], based_on: int | None
    ) -> Response[Any]:
        """Sign what stands there, texts or that they were taken out. Nothing is saved by it: who signs has written
        none of it."""
        newest = (await self._history(given.name))[0]
        if newest.revision != based_on:
            return await self._stale(request, form, newest)
        if given.texts != newest.snippet.texts:
            message = N_("You changed words, so somebody else must sign them: save them, or load the page again.")
            problem = Problem(message=message, path=("name",))
            return await self._page(request, given.name, form, based_on=based_on, problems=[problem], status=422)
        try:
            publication = await self._keeper.sign(given.name, newest.revision, staff_of(request))
        except StaleSnippet as stale:
            return await self._stale(request, form, stale.newest)
        except Conflict:
            message = N_("This cannot be done any more: somebody was faster. Here is how it stands now.")
            problem = Problem(message=message, path=("name",))
            return await self._page(request, given.name, form, based_on=based_on, problems=[problem], status=409)
        return self._afterwards.to(_path(given.name), published_flash(publication))

    async def _stale(self, request: StaffRequest, form: Mapping[str, str], newest: SavedSnippet) -> Response[str]:
        """Both texts, to choose from."""
        return await self._page(request, newest.snippet.name, form, based_on=newest.revision, theirs=newest, status=409)

    async def _done(self, request: StaffRequest, deed: str, saved: SavedSnippet, based_on: int | None) -> Response[Any]:
        path = _path(saved.snippet.name)
        if deed == "publish" and not self._publisher.review:
            return self._afterwards.to(path, published_flash(await self._publisher.publish(editor_of(request), [])))
        if deed == "remove":
            return self._afterwards.to("/kb/snippets", Flash(done=Done.FORGOTTEN))
        return self._afterwards.to(path, Flash(done=Done.UNCHANGED if saved.revision == based_on else Done.SAVED))

    # --- parts ---------------------------------------------------------------------------------

    async def _page(
        self,
        request: StaffRequest,
        name: str | None,
        form: Mapping[str, str],
        *,
        based_on: int | None,
        problems: Sequence[Problem] = (),
        theirs: SavedSnippet | None = None,
        brought: SavedSnippet | None = None,
        status: int = 200,
    ) -> Response[str]:
        translator = self._translator(request)
        lines = await self._lines(translator.language)
        line = next((one for one in lines if one.saved.snippet.name == name), None)
        history = await self._history(name) if name else []
        given = _read(form, name or "new")
        live = line.live if line else None
        return self._pages.html(
            request,
            "knowledge_base/snippet.html",
            status=status,
            name=name,
            form=form,
            line=line,
            based_on=based_on,
            theirs=theirs,
            brought=brought,
            between=_changes(translator, theirs.snippet.texts, given.texts) if theirs else [],
            faults=_faults(translator, problems),
            past=_past(translator, history),
            bubbles=await self._bubbles(given),
            surfaces=self._previewer.surfaces,
            variables=self._previewer.variables(translator.language),
            codes=LANGUAGES,
            review=self._publisher.review,
            may_sign=may_sign(staff_of(request), history, live),
            names=list(dict.fromkeys(one.author for one in writers(history, live))),
            unsaved=status != 200,
            flash=read_flash(request.query_params),
        )

    async def _lines(self, language: str) -> list[Line]:
        async with self._database.read() as work:
            stored = Articles(work.connection)
            articles = contents(await stored.all())
            snippets = Snippets(work.connection)
            saved = await snippets.all()
            live = await snippets.published(await stored.published_revision())
        using = users(one for one in articles.values() if one.status is not Status.ARCHIVED)
        return [
            Line(
                saved=one,
                # A state without texts is live where no publication holds the snippet.
                live=live.get(name, one.revision if one.removed else None),
                articles=tuple((article, title_in(articles[article], language)) for article in using.get(name, ())),
            )
            for name, one in saved.items()
        ]

    async def _history(self, name: str) -> list[SavedSnippet]:
        async with self._database.read() as work:
            return await Snippets(work.connection).history(name)

    async def _bubbles(self, snippet: Snippet) -> dict[str, list[Bubble]]:
        answers = {language: {DEFAULT: text} for language, text in snippet.texts.items()}
        return await self._previewer.bubbles(Article(id=snippet.name, answers=answers), customer_known=True)

    def _translator(self, request: StaffRequest) -> Translator:
        return self._pages.texts.translator(self._pages.language(request))


def _read(form: Mapping[str, str], name: str) -> Snippet:
    """The snippet that `form` describes; an empty field leaves its language out."""
    texts = {language: tidy_text(form.get(TEXT + language, "")) for language in LANGUAGES}
    return Snippet(name=name, texts={language: text for language, text in texts.items() if text})


def _faults(translator: Translator, problems: Sequence[Problem]) -> dict[str, list[str]]:
    """Each field's faults in words."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        place = problem.path[0] if problem.path else "name"
        line = translator.gettext("line {line}").format(line=problem.line) + ": " if problem.line > 1 else ""
        field = TEXT + place if place in LANGUAGES else place
        found.setdefault(field, []).append(line + problem.text(translator.gettext))
    return found


def _changes(translator: Translator, old: Mapping[str, str], new: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"place": place_name(translator, difference.path), "difference": difference}
        for difference in text_differences(old, new)
    ]


def _past(translator: Translator, history: Sequence[SavedSnippet]) -> list[dict[str, Any]]:
    """Every state, newest first, with what it changed."""
    before: list[Mapping[str, str]] = [*(one.snippet.texts for one in history[1:]), {}]
    # Where there is no history yet there is nothing before it either.
    return [
        {"saved": one, "changes": _changes(translator, old, one.snippet.texts)}
        for one, old in zip(history, before, strict=False)
    ]


def _path(name: str) -> str:
    return f"/kb/snippets/{name}"
