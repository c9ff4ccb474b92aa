"""An article's past: every revision, the differences between any two, and bringing one back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from litestar.response import Redirect, Response

from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.article_screen import ArticleScreen
from knowledge_base.flash import Done, Flash
from knowledge_base.problems import N_, Problem
from knowledge_base.publishing import Publisher, Refused, StaleEdit
from knowledge_base.signed_in import editor_of, number_in
from knowledge_base.storage import Articles, Saved


class HistoryScreen:
    """`/kb/articles/ID/history` and what belongs to it."""

    def __init__(self, database: Database, publisher: Publisher, screen: ArticleScreen, pages: Pages) -> None:
        self._database = database
        self._publisher = publisher
        self._screen = screen
        self._pages = pages

    async def show(self, request: StaffRequest, article_id: str, *, problems: Sequence[Problem] = ()) -> Response[str]:
        """Every revision with what it changed, and why one could not be brought back. Raises NotFound."""
        place = await self._screen.place(request, article_id)
        history = await self._history(article_id)
        older: list[Saved | None] = [*history[1:], None]
        entries = [
            {"saved": saved, "changes": self._screen.changes(request, old.article, saved.article) if old else []}
            for saved, old in zip(history, older, strict=True)
        ]
        return self._pages.html(
            request,
            "knowledge_base/history.html",
            place=place,
            article_id=article_id,
            entries=entries,
            history=history,
            compared=next(((old.revision, new.revision) for new, old in pairwise(history)), (1, 1)),
            problems=[problem.text(self._gettext(request)) for problem in problems],
            status=422 if problems else 200,
        )

    async def compare(self, request: StaffRequest, article_id: str) -> Response[str]:
        """From one revision to another, whichever two. Raises NotFound."""
        history = await self._history(article_id)
        by_number = {saved.revision: saved for saved in history}
        asked = [number_in(request.query_params.get(name, "")) for name in ("old", "new")]
        if not all(number in by_number for number in asked):
            raise NotFound(f"a revision of article {article_id}")
        old, new = (by_number[number or 0] for number in asked)
        return self._pages.html(
            request,
            "knowledge_base/compare.html",
            article_id=article_id,
            history=history,
            compared=(old.revision, new.revision),
            old=old,
            new=new,
            changes=self._screen.changes(request, old.article, new.article),
        )

    async def roll_back(self, request: StaffRequest, article_id: str, form: Mapping[str, str]) -> Response[Any]:
        """An old revision as a new draft."""
        revision, based_on = number_in(form.get("revision", "")), number_in(form.get("based_on", ""))
        if revision is None or based_on is None:
            raise RequestRefused(400, "say which revision to bring back")
        note = self._gettext(request)(N_("Brought back from revision {revision}")).format(revision=revision)
        try:
            await self._publisher.roll_back(article_id, revision, editor_of(request), based_on=based_on, note=note)
        except StaleEdit as stale:
            raise Conflict(str(stale)) from None
        except Refused as refused:
            return await self.show(request, article_id, problems=refused.problems)
        flash = Flash(done=Done.ROLLED_BACK, revision=revision)
        return Redirect(flash.after(f"/kb/articles/{article_id}"), status_code=303)

    async def _history(self, article_id: str) -> list[Saved]:
        async with self._database.read() as work:
            return await Articles(work.connection).history(article_id)

    def _gettext(self, request: StaffRequest) -> Callable[[str], str]:
        return self._pages.texts.translator(self._pages.language(request)).gettext
