"""What is said of a change before it goes live, in the database: reviews, test questions, and checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.dialect import upsert
from gateway.storage.schema import Id, Instant, Json, metadata
from knowledge_base.storage import Editor

article_reviews = Table(
    "article_reviews",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article_id", String(64), ForeignKey("articles.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("deed", String(16), nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_article_reviews_article", "article_id", "id"),
)
"""Who asked for a review, said something, signed or sent back, and of which revision."""

test_questions = Table(
    "test_questions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("text", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("article_id", String(64), ForeignKey("articles.id")),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("language", "text"),
)
"""Questions whose right answer editors settled; an article of none means that nothing may answer."""

change_checks = Table(
    "change_checks",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("result", Json),
    Column("reason", Text),
    Column("started_at", Instant, nullable=False),
)
"""What a change would do, found out once: the newest few. Messages are named by their turn, never quoted."""

KEPT = 20
"""Checks kept: of changes that were published or changed again nobody asks."""
QUESTIONS_LIMIT = 500
"""Test questions at most: each is asked twice for every check."""
_SCANNED = 20_000
"""Turns that are looked through for different texts, newest first."""
_UNASKED = ("step", "wait", "listen", "leave")
"""What the bot does with words that it was not asked: a form's, or said to a person."""
_AT_ONCE = 500

_review = article_reviews.c
_question = test_questions.c
_check = change_checks.c
_turn = tables.turns.c


class Deed(StrEnum):
    """What somebody did in a review."""

    REQUESTED = "requested"
    COMMENTED = "commented"
    SIGNED = "signed"
    RETURNED = "returned"


class Entry(Value, frozen=True, kw_only=True):
    """One thing done in an article's review, of its `revision`."""

    deed: Deed
    revision: int
    author: str
    staff_id: int | None
    words: str
    created_at: datetime


class Reviews:
    """The `article_reviews` table: nothing in it is ever changed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, article_id: str, revision: int, deed: Deed, editor: Editor, now: datetime, words: str = ""
    ) -> None:
        """Note what `editor` did."""
        await self._connection.execute(
            insert(article_reviews).values(
                article_id=article_id,
                revision=revision,
                deed=deed,
                staff_id=editor.staff_id,
                author=editor.name,
                words=words,
                created_at=now,
            )
        )

    async def of(self, article_ids: Iterable[str]) -> dict[str, list[Entry]]:
        """What was done of each article, oldest first; articles of which nothing was are left out."""
        query = select(article_reviews).where(_review.article_id.in_(list(article_ids))).order_by(_review.id)
        found: dict[str, list[Entry]] = {}
        for row in await self._connection.execute(query):
            found.setdefault(row.article_id, []).append(_to_entry(row))
        return found

    async def newest(self) -> dict[str, Entry]:
        """The last thing done of each article that was ever reviewed."""
        last = select(func.max(_review.id)).group_by(_review.article_id)
        rows = await self._connection.execute(select(article_reviews).where(_review.id.in_(last)))
        return {row.article_id: _to_entry(row) for row in rows}


def _to_entry(row: Row[Any]) -> Entry:
    return Entry(
        deed=Deed(row.deed),
        revision=row.revision,
        author=row.author,
        staff_id=row.staff_id,
        words=row.words,
        created_at=row.created_at,
    )


class TestQuestion(Value, frozen=True, kw_only=True):
    """A question and the article that must answer it; None where nothing may."""

    __test__ = False  # pytest, this is none of yours

    id: int
    text: str
    language: str
    article: str | None
    author: str


class TestQuestions:
    """The `test_questions` table."""

    __test__ = False

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[TestQuestion]:
        """Every question, newest first."""
        rows = await self._connection.execute(select(test_questions).order_by(_question.id.desc()))
        return [
            TestQuestion(id=row.id, text=row.text, language=row.language, article=row.article_id, author=row.author)
            for row in rows
        ]

    async def count(self) -> int:
        """How many there are."""
        return int((await self._connection.execute(select(func.count()).select_from(test_questions))).scalar_one())

    async def put(self, text: str, language: str, article: str | None, editor: Editor, now: datetime) -> None:
        """Keep a question; the same one kept again gets the new answer."""
        row = {"article_id": article, "staff_id": editor.staff_id, "author": editor.name, "created_at": now}
        await self._connection.execute(
            upsert(self._connection, test_questions)
            .values(text=text, language=language, **row)
            .on_conflict_do_update(index_elements=["language", "text"], set_=row)
        )

    async def remove(self, question_id: int) -> bool:
        """Forget a question; whether there was one."""
        done = await self._connection.execute(delete(test_questions).where(_question.id == question_id))
        return bool(done.rowcount)


class CheckState(StrEnum):
    """How far a check is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StoredCheck(Value, frozen=True, kw_only=True):
    """A check as it is kept: `result` is JSON where it is done, `reason` says why it failed."""

    state: CheckState
    result: str | None
    reason: str | None
    started_at: datetime


class Checked(Value, frozen=True, kw_only=True):
    """A text that customers wrote: the newest turn with it, how often, and what was understood then."""

    turn: int
    text: str
    times: int
    understanding: str


class Checks:
    """The `change_checks` table, and the past messages that checks ask."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, key: str) -> StoredCheck | None:
        """The check of this change."""
        row = (await self._connection.execute(select(change_checks).where(_check.key == key))).one_or_none()
        if row is None:
            return None
        return StoredCheck(state=CheckState(row.state), result=row.result, reason=row.reason, started_at=row.started_at)

    async def begin(self, key: str, now: datetime, patience: timedelta) -> bool:
        """Take it upon oneself to check; False where somebody is at it (and not for longer than `patience`) or it
        is done."""
        row = {"state": CheckState.RUNNING, "result": None, "reason": None, "started_at": now}
        free = or_(_check.state == CheckState.FAILED, _check.started_at < now - patience)
        done = await self._connection.execute(
            upsert(self._connection, change_checks)
            .values(key=key, **row)
            .on_conflict_do_update(index_elements=["key"], set_=row, where=free & (_check.state != CheckState.DONE))
        )
        return bool(done.rowcount)

    async def end(self, key: str, *, result: str | None = None, reason: str | None = None) -> None:
        """What came of it; the oldest checks are forgotten."""
        state = CheckState.FAILED if result is None else CheckState.DONE
        await self._connection.execute(
            update(change_checks).where(_check.key == key).values(state=state, result=result, reason=reason)
        )
        kept = select(_check.key).order_by(_check.started_at.desc()).limit(KEPT)
        keys = (await self._connection.execute(kept)).scalars().all()
        await self._connection.execute(delete(change_checks).where(_check.key.not_in(keys)))

    async def forget(self, key: str) -> None:
        """So that it is checked anew."""
        await self._connection.execute(delete(change_checks).where(_check.key == key))

    async def asked(self, since: datetime, limit: int) -> list[Checked]:
        """The `limit` newest different texts that customers wrote to the bot from `since` on.

        Reads by number, newest first, and `_SCANNED` rows at most, however many there are.
        """
        newest = select(_turn.id, _turn.text, _turn.did, _turn.created_at).order_by(_turn.id.desc()).limit(_SCANNED)
        rows = newest.subquery().c
        query = select(rows.id, rows.text).where(rows.created_at >= since, rows.did.not_in(_UNASKED))
        times: Counter[str] = Counter()
        first: dict[str, int] = {}
        for row in await self._connection.execute(query.order_by(rows.id.desc())):
            text = row.text.casefold()
            if text in first or len(first) < limit:
                times[text] += 1
                first.setdefault(text, row.id)
        understood = await self.texts(list(first.values()))
        return [
            Checked(turn=turn, text=understood[turn][0], times=times[text], understanding=understood[turn][1])
            for text, turn in first.items()
            if turn in understood
        ]

    async def texts(self, turns: Sequence[int]) -> dict[int, tuple[str, str]]:
        """The text and what was understood of it, of these turns by number; what was erased is not among them."""
        found: dict[int, tuple[str, str]] = {}
        for some in batched(turns, _AT_ONCE):
            query = select(_turn.id, _turn.text, _turn.understanding).where(_turn.id.in_(some))
            rows = await self._connection.execute(query.where(_turn.understanding.is_not(None)))
            found |= {row.id: (row.text, row.understanding) for row in rows}
        return found


def batched(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """`numbers` in pieces that fit one statement."""
    return (numbers[begin : begin + size] for begin in range(0, len(numbers), size))
