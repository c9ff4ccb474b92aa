"""Reviews: asking for one, speaking about it, signing, sending back; and what waits for whom.

Where signatures are asked for (`[knowledge] review`), an article goes live when each of those who wrote what
is not live yet has been read, and signed, by somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec
import structlog

from gateway.errors import Conflict
from gateway.messages import Value
from gateway.ports import Clock
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.storage.work import Work
from knowledge_base.articles import Status
from knowledge_base.changes import same_words
from knowledge_base.publishing import LIVE_TOPIC, Publisher, StaleEdit
from knowledge_base.storage import Articles, Editor, Publication, Saved
from knowledge_base.storage_reviews import Deed, Entry, Reviews

log = structlog.get_logger()

Person = int | str
"""A member of staff by number; a command, which has none, by name."""


class Standing(Value, frozen=True, kw_only=True):
    """Where an article's review stands. `authors` wrote what is not live yet (`names` them), `signers` have
    signed just this revision; `open` says that it waits for a verdict."""

    saved: Saved
    live: int | None
    open: bool
    entries: tuple[Entry, ...] = ()
    authors: frozenset[Person] = frozenset()
    signers: frozenset[Person] = frozenset()
    names: tuple[str, ...] = ()

    def may_sign(self, staff: Staff) -> bool:
        """Whether `staff` may sign: a reviewer who has not yet, and who does not stand for their own words alone."""
        return self.open and staff.may(Role.REVIEWER) and staff.id not in self.signers and self.authors != {staff.id}

    @property
    def returned(self) -> Entry | None:
        """The reason why it was sent back, where nobody has asked for a review again."""
        last = next((entry for entry in reversed(self.entries) if entry.deed is not Deed.COMMENTED), None)
        return last if last and last.deed is Deed.RETURNED and not self.open else None


def enough(authors: Collection[Person], signers: Collection[Person]) -> bool:
    """Whether everybody's words were signed by somebody else."""
    return bool(signers) and all(any(signer != author for signer in signers) for author in authors)


def writers(history: Sequence[Saved], live: int | None, entries: Iterable[Entry]) -> list[Saved]:
    """The revisions (of `history`, newest first) whose words nobody has let go live yet: those after what is live,
    or after the last signature where nothing is. Revisions that only changed the status wrote nothing."""
    newest = history[0].revision if history else 0
    signed = [entry.revision for entry in entries if entry.deed is Deed.SIGNED and entry.revision < newest]
    # A signature is followed by the revision that went live with it, or counts for nothing any more.
    went_live = {one.revision for one in history if one.article.status is Status.PUBLISHED}
    known = live if live is not None else max((number for number in signed if number + 1 in went_live), default=0)
    before: list[Saved | None] = [*history[1:], None]
    return [
        saved
        for saved, old in zip(history, before, strict=True)
        if saved.revision > known and (old is None or not same_words(old.article, saved.article))
    ]


def standing(history: Sequence[Saved], live: int | None, entries: Sequence[Entry]) -> Standing:
    """Where the article with this `history` (newest first) stands."""
    saved = history[0]
    wrote = writers(history, live, entries)
    return Standing(
        saved=saved,
        live=live,
        open=saved.article.status is Status.REVIEW,
        entries=tuple(entries),
        authors=frozenset(_person(one) for one in wrote),
        signers=frozenset(
            _person(entry) for entry in entries if entry.deed is Deed.SIGNED and entry.revision == saved.revision
        ),
        names=tuple(dict.fromkeys(one.author for one in reversed(wrote))),
    )


def _person(one: Saved | Entry | Editor) -> Person:
    if one.staff_id is not None:
        return one.staff_id
    return one.name if isinstance(one, Editor) else one.author


class Signed(Value, frozen=True, kw_only=True):
    """What a signature did: `saved` went live with `publication` (None: customers had it already); without
    `saved` one more signature is needed."""

    saved: Saved | None = None
    publication: Publication | None = None


class Reviewing:
    """Carries reviews out. Every deed names the revision it is about; StaleEdit says that there is a newer one."""

    def __init__(self, database: Database, publisher: Publisher, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock

    async def standing(self, article_id: str) -> Standing:
        """Where its review stands. Raises NotFound."""
        async with self._database.read() as work:
            return await self._standing(work, article_id)

    async def waiting(self) -> list[Standing]:
        """Every article that is in review or was sent back, the longest waiting first."""
        async with self._database.read() as work:
            stored = Articles(work.connection)
            newest = await Reviews(work.connection).newest()
            concerned = [
                saved
                for article_id, saved in (await stored.all()).items()
                if saved.article.status is Status.REVIEW
                or (saved.article.status is Status.DRAFT and article_id in newest)
            ]
            found = [await self._standing(work, saved.article.id) for saved in concerned]
        told = [one for one in found if one.open or one.returned]
        return sorted(told, key=lambda one: one.saved.created_at)

    async def _standing(self, work: Work, article_id: str) -> Standing:
        stored = Articles(work.connection)
        await stored.get(article_id)
        history = await stored.history(article_id)
        live = (await stored.published(await stored.published_revision())).get(article_id)
        entries = (await Reviews(work.connection).of([article_id])).get(article_id, [])
        return standing(history, live, entries)

    # --- deeds ---------------------------------------------------------------------------------

    async def request(self, article_id: str, revision: int, editor: Editor, words: str = "") -> Saved:
        """Ask for a review of `revision`, of which the article must be fit to go live. Raises NotFound, Refused,
        StaleEdit."""
        async with self._database.read() as work:
            saved = await Articles(work.connection).get(article_id)
        article = msgspec.structs.replace(saved.article, status=Status.REVIEW)
        saved = await self._publisher.save(article, editor, based_on=revision)
        await self.requested(saved, editor, words)
        return saved

    async def requested(self, saved: Saved, editor: Editor, words: str = "") -> None:
        """Note that `saved`, which is in review, was sent there by `editor`."""
        await self._note(saved.article.id, saved.revision, Deed.REQUESTED, editor, words or saved.note)

    async def comment(self, article_id: str, revision: int, editor: Editor, words: str) -> None:
        """Say something about it. Raises NotFound."""
        async with self._database.read() as work:
            await Articles(work.connection).get(article_id)
        await self._note(article_id, revision, Deed.COMMENTED, editor, words)

    async def send_back(self, article_id: str, revision: int, editor: Editor, words: str) -> Saved:
        """Make it a draft again, with the reason. Raises NotFound, StaleEdit, Conflict where it is not in review."""
        async with self._database.write() as work:
            saved = await self._in_review(work, article_id, revision)
            draft = msgspec.structs.replace(saved.article, status=Status.DRAFT)
            stored = Articles(work.connection)
            made = await stored.save(draft, editor, self._clock(), based_on=revision, note="")
            reviews = Reviews(work.connection)
            await reviews.add(article_id, revision, Deed.RETURNED, editor, self._clock(), words)
            work.announce(LIVE_TOPIC, "article", article=article_id, revision=made.revision)
        log.info("review_returned", article=article_id, revision=revision)
        return made

    async def sign(self, article_id: str, revision: int, staff: Staff, words: str = "", note: str = "") -> Signed:
        """Sign `revision`, and publish it where that suffices; train afterwards (`Publisher.train`).

        Raises NotFound, StaleEdit, and Conflict where it is not in review or `staff` may not sign it.
        """
        editor = Editor(name=staff.name, staff_id=staff.id)
        async with self._database.write() as work:
            saved = await self._in_review(work, article_id, revision)
            stands = await self._standing(work, article_id)
            if not stands.may_sign(staff):
                raise Conflict(f"{staff.name} may not sign {article_id}: somebody else must")
            await Reviews(work.connection).add(article_id, revision, Deed.SIGNED, editor, self._clock(), words)
            done = enough(stands.authors, stands.signers | {staff.id})
            made = await self._put_live(work, saved, editor, note) if done else Signed()
            work.announce(LIVE_TOPIC, "review", article=article_id)
        log.info("review_signed", article=article_id, revision=revision, published=done)
        await self._publisher.went_live(made.publication)
        return made

    async def _put_live(self, work: Work, saved: Saved, editor: Editor, note: str) -> Signed:
        article = msgspec.structs.replace(saved.article, status=Status.PUBLISHED)
        stored = Articles(work.connection)
        made = await stored.save(article, editor, self._clock(), based_on=saved.revision, note=note)
        publication = await self._publisher.publish_within(work, editor, [article.id], signed=True)
        return Signed(saved=made, publication=publication)

    async def _in_review(self, work: Work, article_id: str, revision: int) -> Saved:
        stored = Articles(work.connection)
        await stored.lock()
        saved = await stored.get(article_id)
        if saved.revision != revision:
            raise StaleEdit(saved)
        if saved.article.status is not Status.REVIEW:
            raise Conflict(f"article {article_id} is not in review")
        return saved

    async def _note(self, article_id: str, revision: int, deed: Deed, editor: Editor, words: str) -> None:
        async with self._database.write() as work:
            await Reviews(work.connection).add(article_id, revision, deed, editor, self._clock(), words)
            work.announce(LIVE_TOPIC, "review", article=article_id)
        log.info("review_noted", article=article_id, revision=revision, deed=deed)
