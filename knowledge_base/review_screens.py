"""The pages before publishing: a change and what it does, its review, and what waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from litestar.response import Response

from gateway.errors import Conflict, RequestRefused
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.afterwards import Afterwards, published_flash
from knowledge_base.articles import Status, tidy_line
from knowledge_base.change_screen import ChangeScreen, titles
from knowledge_base.changes import ChangeSet, gather
from knowledge_base.flash import Done, Flash, read_flash
from knowledge_base.problems import N_
from knowledge_base.publishing import Publisher, Refused, StaleEdit, Unsigned
from knowledge_base.reviewing import Reviewing, Standing, enough
from knowledge_base.signed_in import editor_of, number_in, staff_of
from knowledge_base.snippets.going import UnsignedSnippet
from knowledge_base.snippets.keeping import SnippetKeeper
from knowledge_base.storage import Articles, Editor, contents
from knowledge_base.weighing import Weighing

WORDS_LIMIT = 1000


class ReviewScreens:
    """`/kb/changes` and `/kb/reviews`."""

    def __init__(
        self,
        *,
        database: Database,
        publisher: Publisher,
        reviewing: Reviewing,
        weighing: Weighing,
        screen: ChangeScreen,
        snippets: SnippetKeeper,
        pages: Pages,
        afterwards: Afterwards,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._reviewing = reviewing
        self._weighing = weighing
        self._screen = screen
        self._snippets = snippets
        self._pages = pages
        self._afterwards = afterwards

    # --- the change ----------------------------------------------------------------------------

    async def show(
        self, request: StaffRequest, article_id: str, *, problem: str = "", words: str = "", status: int = 200
    ) -> Response[str]:
        """What publishing an article (an empty id: everything that is ready) would do. Raises NotFound."""
        change = await self._change(article_id)
        standing = await self._reviewing.standing(article_id) if article_id else None
        staff = staff_of(request)
        return self._pages.html(
            request,
            "knowledge_base/changes.html",
            status=status,
            article_id=article_id,
            standing=standing,
            may_sign=bool(standing and standing.may_sign(staff)),
            suffices=bool(standing and enough(standing.authors, standing.signers | {staff.id})),
            why_not=_why_not(standing, staff),
            review=self._publisher.review,
            flash=read_flash(request.query_params),
            problem=problem,
            words=words,
            **await self._screen.context(request, change),
        )

    async def effect(self, request: StaffRequest, article_id: str, *, begin: bool, again: bool) -> Response[str]:
        """What is known of the consequences by now; `begin` has them found out where nobody is at it yet."""
        change = await self._change(article_id)
        look = await self._weighing.look(change)
        if again:
            await self._weighing.again(look)
        ours = begin and await self._weighing.begin(look)
        if begin:
            look = await self._weighing.look(change)
        response = self._pages.html(
            request,
            "knowledge_base/effect.html",
            article_id=article_id,
            **await self._screen.effect(request, change, look),
        )
        if ours:
            response.background = self._afterwards.doing(partial(self._weighing.run, change, look))
        return response

    async def publish(self, request: StaffRequest, form: Mapping[str, str]) -> Response[Any]:
        """Publish from the page of the change. Where signatures are asked for this is refused in words."""
        article_id, editor = form.get("article", ""), editor_of(request)
        try:
            if article_id:
                await self._make_ready(article_id, _revision(form), editor)
            publication = await self._publisher.publish(editor, [article_id] if article_id else None)
        except (Refused, StaleEdit, Unsigned, UnsignedSnippet) as refused:
            return await self._refused(request, article_id, refused, form)
        return self._afterwards.to(_page(article_id), published_flash(publication, article_id or None))

    async def _make_ready(self, article_id: str, revision: int, editor: Editor) -> None:
        """Mark the revision as one to publish; an archived one is ready as it is."""
        async with self._database.read() as work:
            saved = await Articles(work.connection).get(article_id)
        if self._publisher.must_sign(editor) and saved.article.status is not Status.ARCHIVED:
            raise Unsigned(article_id)
        if saved.article.status is not Status.ARCHIVED:
            ready = msgspec.structs.replace(saved.article, status=Status.PUBLISHED)
            await self._publisher.save(ready, editor, based_on=revision)

    async def _change(self, article_id: str) -> ChangeSet:
        wanted = [article_id] if article_id else None
        return await gather(self._database, wanted, review=self._publisher.review)

    # --- the review ----------------------------------------------------------------------------

    async def act(self, request: StaffRequest, article_id: str, form: Mapping[str, str]) -> Response[Any]:
        """Ask for a review, speak, sign or send back, as the pressed button says."""
        words, editor = tidy_line(form.get("words", ""))[:WORDS_LIMIT], editor_of(request)
        revision, deed = _revision(form), form.get("do", "")
        if deed in ("return", "comment") and not words:
            _ = self._gettext(request)
            return await self.show(request, article_id, problem=_(N_("Write a word for the others first.")), status=422)
        try:
            flash = await self._do(deed, request, article_id, revision, editor, words)
        except (Refused, Conflict) as refused:
            return await self._refused(request, article_id, refused, form)
        # Who spoke goes on reading; who published sees the article.
        stays = flash.done in (Done.COMMENTED, Done.SIGNED)
        return self._afterwards.to(f"/kb/changes/{article_id}" if stays else _page(article_id), flash)

    async def _do(
        self, deed: str, request: StaffRequest, article_id: str, revision: int, editor: Editor, words: str
    ) -> Flash:
        match deed:
            case "request":
                await self._reviewing.request(article_id, revision, editor, words)
                return Flash(done=Done.REVIEW)
            case "comment":
                await self._reviewing.comment(article_id, revision, editor, words)
                return Flash(done=Done.COMMENTED)
            case "return":
                await self._reviewing.send_back(article_id, revision, editor, words)
                return Flash(done=Done.RETURNED)
            case "sign":
                note = self._gettext(request)(N_("Signed revision {revision}")).format(revision=revision)
                signed = await self._reviewing.sign(article_id, revision, staff_of(request), words, note)
                if signed.saved is None:
                    return Flash(done=Done.SIGNED)
                return published_flash(signed.publication, article_id)
        raise RequestRefused(400, "say what to do: request, comment, return or sign")

    async def _refused(
        self, request: StaffRequest, article_id: str, refused: Exception, form: Mapping[str, str]
    ) -> Response[str]:
        """The page again, with the reason and the words that were written."""
        _ = self._gettext(request)
        match refused:
            case Refused(problems=problems):
                reason = "; ".join(problem.text(_) for problem in problems)
            case StaleEdit(newest=newest):
                said = _(N_("{name} has saved revision {number} meanwhile. This is what it would do now: look again."))
                reason = said.format(name=newest.author, number=newest.revision)
            case UnsignedSnippet(name=name):
                reason = _(N_("the snippet “{name}” must be signed by a reviewer first")).format(name=name)
            case Unsigned():
                reason = _(N_("It needs the signature of a reviewer before it goes live."))
            case _:
                reason = _(N_("This cannot be done any more: somebody was faster. Here is how it stands now."))
        status = 422 if isinstance(refused, Refused) else 409
        return await self.show(request, article_id, problem=reason, words=form.get("words", ""), status=status)

    async def waiting(self, request: StaffRequest) -> Response[str]:
        """What waits for the reader, what was sent back to them, and what waits for others."""
        found, staff = await self._reviewing.waiting(), staff_of(request)
        async with self._database.read() as work:
            everything = contents(await Articles(work.connection).all())
        # Without signatures a snippet goes live with the next publication, and waits for nobody.
        snippets = await self._snippets.waiting() if self._publisher.review else []
        mine = [one for one in found if one.open and self._for(one, staff)]
        returned = [one for one in found if one.returned]
        return self._pages.html(
            request,
            "knowledge_base/reviews.html",
            mine=mine,
            returned=sorted(returned, key=lambda one: staff.id not in one.authors),
            others=[one for one in found if one.open and one not in mine],
            my_snippets=[one for one in snippets if one.may_sign(staff)],
            other_snippets=[one for one in snippets if not one.may_sign(staff)],
            titles=titles(everything, self._pages.language(request)),
            review=self._publisher.review,
        )

    def _for(self, standing: Standing, staff: Staff) -> bool:
        """Whether it waits for `staff`: without signatures any other editor may look it over."""
        return standing.may_sign(staff) if self._publisher.review else standing.authors != {staff.id}

    def _gettext(self, request: StaffRequest) -> Callable[[str], str]:
        return self._pages.texts.translator(self._pages.language(request)).gettext


def _why_not(standing: Standing | None, staff: Staff) -> str:
    """A word for why the reader may not sign; empty where they may or there is nothing to sign."""
    if standing is None or not standing.open or standing.may_sign(staff):
        return ""
    if not staff.may(Role.REVIEWER):
        return "role"
    return "signed" if staff.id in standing.signers else "author"


def _page(article_id: str) -> str:
    return f"/kb/articles/{article_id}" if article_id else "/kb"


def _revision(form: Mapping[str, str]) -> int:
    number = number_in(form.get("revision", ""))
    if number is None:
        raise RequestRefused(400, "say which revision this is about")
    return number
