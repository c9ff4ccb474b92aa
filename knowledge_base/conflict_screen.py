"""Two editors at once: what is joined by itself, and the page on which somebody decides the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import NotFound
from gateway.storage.engine import Database
from gateway.web.pages import StaffRequest
from knowledge_base.article_screen import ArticleScreen
from knowledge_base.articles import Article
from knowledge_base.forms import to_form
from knowledge_base.merging import Merged, merge, take_theirs
from knowledge_base.storage import Articles, Saved

_TAKE = "take."
_NOT_WORDS = ("_csrf_token", "do", "based_on")


class ConflictScreen:
    """Joins what can be joined; writes nothing."""

    def __init__(self, database: Database, screen: ArticleScreen) -> None:
        self._database = database
        self._screen = screen

    async def join(self, mine: Article, based_on: int, newest: Saved) -> Merged:
        """`mine`, made from revision `based_on`, and what was saved meanwhile, as one."""
        base = await self._revision(mine.id, based_on)
        return merge(base or Article(id=mine.id), mine, newest.article)

    def chooses(self, form: Mapping[str, str]) -> bool:
        """Whether the other one's words were chosen anywhere."""
        return any(_wanted(name, value) for name, value in form.items())

    async def chosen(self, form: Mapping[str, str], article: Article, based_on: int | None) -> Article:
        """`article` with the other one's words where the page of two texts was told to take them."""
        paths = [tuple(name.removeprefix(_TAKE).split(".")) for name, value in form.items() if _wanted(name, value)]
        theirs = await self._revision(article.id, based_on) if paths and based_on is not None else None
        for path in paths if theirs else ():
            assert theirs is not None
            article = take_theirs(article, theirs, path)
        return article

    def context(
        self, request: StaffRequest, form: Mapping[str, str], merged: Merged | None, newest: Saved
    ) -> dict[str, Any]:
        """All that `conflict.html` needs; without `merged` the article is a new one whose id is taken."""
        words = {name: value for name, value in form.items() if name not in _NOT_WORDS and not name.startswith(_TAKE)}
        shared = {"newest": newest, "article_id": newest.article.id, "is_new": merged is None}
        if merged is None:
            places = self._screen.conflict(request, form, newest)
            return {**shared, "form": words, "places": places, "collisions": [], "joined": []}
        joined = {**to_form(merged.article), "note": words.get("note", "")}
        by_path = {
            place["difference"].path: place for place in self._screen.changes(request, newest.article, merged.article)
        }
        collisions = [
            {**by_path[one.path], "path": ".".join(one.path), "text": _text(one.path, joined)}
            for one in merged.collisions
            if one.path in by_path
        ]
        edited = {one["path"] for one in collisions if one["text"] is not None}
        mine, _ = self._screen.read(form, newest.article.id, newest.article.status)
        return {
            **shared,
            "form": {name: value for name, value in joined.items() if name not in edited},
            "places": [],
            "collisions": collisions,
            "joined": [
                place
                for place in self._screen.changes(request, mine, merged.article)
                if place["difference"].path != ("status",)
            ],
        }

    async def _revision(self, article_id: str, revision: int) -> Article | None:
        try:
            async with self._database.read() as work:
                return (await Articles(work.connection).get_revision(article_id, revision)).article
        except NotFound:
            return None


def _wanted(name: str, value: str) -> bool:
    return name.startswith(_TAKE) and value == "theirs"


def _text(path: tuple[str, ...], form: Mapping[str, str]) -> str | None:
    """The words of a collision that can be mended by hand; None for a choice of two."""
    return form.get(".".join(path), "") if path[0] in ("title", "answers", "notes") else None
