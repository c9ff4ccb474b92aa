"""Changing snippets: saving, taking out, and the signature where reviewers must sign."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.errors import Conflict, FrontdeskError
from gateway.messages import Value
from gateway.ports import Clock
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.storage.work import Work
from knowledge_base.articles import Status
from knowledge_base.checking import TemplateChecker
from knowledge_base.problems import Problem
from knowledge_base.publishing import LIVE_TOPIC, Publisher
from knowledge_base.snippets.rules import snippet_problems
from knowledge_base.snippets.storage import SavedSnippet, Snippets
from knowledge_base.snippets.taking import take_snippets
from knowledge_base.snippets.values import Snippet, used_by
from knowledge_base.storage import Articles, Editor, Publication, contents

log = structlog.get_logger()


class SnippetRefused(FrontdeskError):
    """A snippet that was not saved; `problems` says why, place by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems = tuple(problems)


class StaleSnippet(Conflict):
    """Somebody saved the snippet after it was opened; nothing was written."""

    def __init__(self, newest: SavedSnippet) -> None:
        super().__init__(f"snippet {newest.snippet.name} is at revision {newest.revision} now")
        self.newest = newest


class SnippetInUse(Conflict):
    """A snippet that cannot be taken out: `articles` use it."""

    def __init__(self, name: str, articles: Sequence[str]) -> None:
        super().__init__(f"snippet {name} is used by {', '.join(articles)}")
        self.articles = tuple(articles)


class WaitingSnippet(Value, frozen=True, kw_only=True):
    """A snippet of which customers do not get the newest state: its `history`, newest first, and what is live."""

    history: tuple[SavedSnippet, ...]
    live: int | None

    @property
    def saved(self) -> SavedSnippet:
        """The newest state."""
        return self.history[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Who wrote what customers have not got."""
        return tuple(dict.fromkeys(one.author for one in reversed(writers(self.history, self.live))))

    def may_sign(self, staff: Staff) -> bool:
        """See `may_sign`."""
        return may_sign(staff, self.history, self.live)


class SnippetKeeper:
    """Changes snippets."""

    def __init__(self, database: Database, publisher: Publisher, checker: TemplateChecker, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._checker = checker
        self._clock = clock

    async def save(self, snippet: Snippet, editor: Editor, *, based_on: int | None) -> SavedSnippet:
        """Save `snippet`; without texts it is taken out. Customers get it with the next publication.

        `based_on` is the revision that was being edited, None for a new one. Raises SnippetRefused, StaleSnippet
        (for a new one: the name is taken), SnippetInUse.
        """
        (problems,) = await snippet_problems([snippet], self._checker)
        if problems:
            raise SnippetRefused(problems)
        async with self._database.write() as work:
            await Articles(work.connection).lock()
            newest = (await Snippets(work.connection).all()).get(snippet.name)
            if newest is not None and newest.revision != based_on and not (newest.removed and based_on is None):
                raise StaleSnippet(newest)
            if not snippet.texts:
                await _must_be_free(work, snippet.name)
            await take_snippets(work, [snippet], editor, self._clock())
            saved = (await Snippets(work.connection).all())[snippet.name]
            work.announce(LIVE_TOPIC, "snippet", name=snippet.name)
        log.info("snippet_saved", name=snippet.name, revision=saved.revision)
        return saved

    async def waiting(self) -> list[WaitingSnippet]:
        """The snippets that differ from what customers get, the longest waiting first."""
        async with self._database.read() as work:
            snippets, live = Snippets(work.connection), await self._live(work)
            # A state without texts is live where no publication holds the snippet.
            names = [
                name
                for name, one in (await snippets.all()).items()
                if one.revision != live.get(name, one.revision if one.removed else None)
            ]
            found = [WaitingSnippet(history=tuple(await snippets.history(name)), live=live.get(name)) for name in names]
        return sorted(found, key=lambda one: one.saved.created_at)

    async def sign(self, name: str, revision: int, staff: Staff) -> Publication | None:
        """Sign `revision` and bring it before customers; train afterwards (`Publisher.train`).

        Raises NotFound, StaleSnippet, and Conflict where `staff` wrote some of what is not live yet.
        """
        async with self._database.write() as work:
            await Articles(work.connection).lock()
            history = await Snippets(work.connection).history(name)
            if history[0].revision != revision:
                raise StaleSnippet(history[0])
            live = (await self._live(work)).get(name)
            if not may_sign(staff, history, live):
                raise Conflict(f"{staff.name} may not sign the snippet {name}: somebody else must")
            publication = await self._publisher.publish_within(
                work, Editor(name=staff.name, staff_id=staff.id), [], signed=True, snippets=[name]
            )
            work.announce(LIVE_TOPIC, "snippet", name=name)
        log.info("snippet_signed", name=name, revision=revision)
        return await self._publisher.went_live(publication)

    async def _live(self, work: Work) -> dict[str, int]:
        base = await Articles(work.connection).published_revision()
        return await Snippets(work.connection).published(base)


def writers(history: Sequence[SavedSnippet], live: int | None) -> list[SavedSnippet]:
    """The states (of `history`, newest first) that customers have not got yet."""
    return [one for one in history if one.revision > (live or 0)]


def may_sign(staff: Staff, history: Sequence[SavedSnippet], live: int | None) -> bool:
    """Whether `staff` may sign the newest state: a reviewer, and of none of the words themselves."""
    waiting = writers(history, live)
    return bool(waiting) and staff.may(Role.REVIEWER) and staff.id not in {one.staff_id for one in waiting}


async def _must_be_free(work: Work, name: str) -> None:
    """Raise SnippetInUse where an article needs `name`: as it is edited, or as customers get it."""
    stored = Articles(work.connection)
    base = await stored.published_revision()
    live = [] if base is None else await stored.published_articles(base)
    working = [one for one in contents(await stored.all()).values() if one.status is not Status.ARCHIVED]
    found = sorted({one.id for one in [*working, *live] if name in used_by(one)})
    if found:
        raise SnippetInUse(name, found)
