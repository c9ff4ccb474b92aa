"""The knowledge base in the database: working copies, their whole history, and what was published when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.improving.usefulness import Usage
from gateway.messages import Author, Value
from gateway.storage import tables
from gateway.storage.schema import Id, Instant, Json, metadata
from gateway.storage.votes import Votes
from knowledge_base.articles import Article, decode_article, encode_article

articles = Table(
    "articles",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("category", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""The working copies: which revision of each article is the newest."""

article_revisions = Table(
    "article_revisions",
    metadata,
    Column("article_id", String(64), ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("based_on", Integer),
    Column("created_at", Instant, nullable=False),
)
"""Every saved state of every article, for ever."""

knowledge_revisions = Table(
    "knowledge_revisions",
    metadata,
    Column("revision", Id, primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("changes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""One row a publication."""

knowledge_entries = Table(
    "knowledge_entries",
    metadata,
    Column("knowledge_revision", Id, ForeignKey("knowledge_revisions.revision"), primary_key=True),
    Column("article_id", String(64), primary_key=True),
    Column("article_revision", Integer, nullable=False),
    ForeignKeyConstraint(
        ["article_id", "article_revision"],
        ["article_revisions.article_id", "article_revisions.revision"],
        name="fk_knowledge_entries_article_revision",
    ),
)
"""Which revision of which article each publication holds."""

Index(
    "ix_messages_article",
    tables.messages.c.article,
    tables.messages.c.created_at,
    sqlite_where=text("article is not null"),
    postgresql_where=text("article is not null"),
)
"""For the use figures: partial, since few messages are answers."""


class Editor(Value, frozen=True, kw_only=True):
    """Who changes the knowledge base: a member of staff, or a command (`staff_id` None) by its name."""

    name: str
    staff_id: int | None = None


class Saved(Value, frozen=True, kw_only=True):
    """One saved state of an article; `based_on` is the revision its editor had before them."""

    article: Article
    revision: int
    author: str
    note: str
    created_at: datetime
    based_on: int | None = None
    staff_id: int | None = None


class Changes(Value, frozen=True, kw_only=True):
    """What a publication changed, as article ids; of `snippets` as names."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    snippets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.snippets)


class Publication(Value, frozen=True, kw_only=True):
    """A published state of the whole knowledge base."""

    revision: int
    author: str
    changes: Changes
    created_at: datetime


_article = articles.c
_revision = article_revisions.c
_entry = knowledge_entries.c


class Articles:
    """Articles, their revisions, and publications, over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Let one writer at a time change the knowledge base (SQLite has one writer anyway)."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("LOCK TABLE knowledge_revisions IN SHARE ROW EXCLUSIVE MODE"))

    # --- working copies ----------------------------------------------------------------------

    async def get(self, article_id: str) -> Saved:
        """The newest state. Raises NotFound."""
        query = _saved().where(_article.id == article_id, _revision.revision == _article.revision)
        return await self._one(query, article_id)

    async def get_revision(self, article_id: str, revision: int) -> Saved:
        """An earlier state. Raises NotFound."""
        query = _saved().where(_article.id == article_id, _revision.revision == revision)
        return await self._one(query, f"{article_id} revision {revision}")

    async def all(self) -> dict[str, Saved]:
        """The newest state of every article, by id, in the order of ids."""
        query = _saved().where(_revision.revision == _article.revision).order_by(_article.id)
        return {row.article_id: _to_saved(row) for row in await self._connection.execute(query)}

    async def history(self, article_id: str) -> list[Saved]:
        """Every state of an article, newest first; empty where there is no such article."""
        query = _saved().where(_article.id == article_id).order_by(_revision.revision.desc())
        return [_to_saved(row) for row in await self._connection.execute(query)]

    async def save(self, article: Article, editor: Editor, now: datetime, *, based_on: int | None, note: str) -> Saved:
        """Append a revision and make it the newest; the caller has compared `based_on` under `lock`."""
        revision = await self._next_revision(article.id)
        columns = {"revision": revision, "status": article.status, "category": article.category, "updated_at": now}
        if revision == 1:
            await self._connection.execute(insert(articles).values(id=article.id, created_at=now, **columns))
        else:
            await self._connection.execute(update(articles).where(_article.id == article.id).values(**columns))
        await self._connection.execute(
            insert(article_revisions).values(
                article_id=article.id,
                revision=revision,
                content=encode_article(article),
                staff_id=editor.staff_id,
                author=editor.name,
                note=note,
                based_on=based_on,
                created_at=now,
            )
        )
        return Saved(
            article=article,
            revision=revision,
            author=editor.name,
            note=note,
            created_at=now,
            based_on=based_on,
            staff_id=editor.staff_id,
        )

    async def _next_revision(self, article_id: str) -> int:
        result = await self._connection.execute(select(_article.revision).where(_article.id == article_id))
        newest: int | None = result.scalar_one_or_none()
        return 1 if newest is None else newest + 1

    async def _one(self, query: Any, name: str) -> Saved:
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"article {name}")
        return _to_saved(row)

    # --- publications ------------------------------------------------------------------------

    async def published_revision(self) -> int | None:
        """The newest publication's number; None where nothing was ever published."""
        newest: int | None = (
            await self._connection.execute(select(func.max(knowledge_revisions.c.revision)))
        ).scalar_one()
        return newest

    async def published(self, revision: int | None) -> dict[str, int]:
        """Which article revisions publication `revision` holds (None: nothing)."""
        query = select(_entry.article_id, _entry.article_revision).where(_entry.knowledge_revision == revision)
        return {row.article_id: row.article_revision for row in await self._connection.execute(query)}

    async def published_articles(self, revision: int) -> list[Article]:
        """The articles of publication `revision`, in the order of ids."""
        query = (
            select(_revision.content)
            .join(
                knowledge_entries,
                and_(_entry.article_id == _revision.article_id, _entry.article_revision == _revision.revision),
            )
            .where(_entry.knowledge_revision == revision)
            .order_by(_revision.article_id)
        )
        return [decode_article(row.content) for row in await self._connection.execute(query)]

    async def publish(self, entries: Mapping[str, int], changes: Changes, editor: Editor, now: datetime) -> Publication:
        """A new publication that holds `entries` (article id → revision)."""
        revision = (await self.published_revision() or 0) + 1
        await self._connection.execute(
            insert(knowledge_revisions).values(
                revision=revision,
                staff_id=editor.staff_id,
                author=editor.name,
                changes=msgspec.json.encode(changes).decode(),
                created_at=now,
            )
        )
        if entries:
            await self._connection.execute(
                insert(knowledge_entries),
                [
                    {"knowledge_revision": revision, "article_id": article_id, "article_revision": number}
                    for article_id, number in entries.items()
                ],
            )
        return Publication(revision=revision, author=editor.name, changes=changes, created_at=now)

    async def publications(self, limit: int = 50) -> list[Publication]:
        """The newest publications first."""
        query = select(knowledge_revisions).order_by(knowledge_revisions.c.revision.desc()).limit(limit)
        return [
            Publication(
                revision=row.revision,
                author=row.author,
                changes=msgspec.json.decode(row.changes, type=Changes),
                created_at=row.created_at,
            )
            for row in await self._connection.execute(query)
        ]

    # --- use ---------------------------------------------------------------------------------

    async def usage(self, since: datetime, until: datetime | None = None) -> dict[str, Usage]:
        """How each article was used from `since` on (and before `until`), by id."""
        said = tables.messages.c
        person = tables.messages.alias()
        # A conversation that a person had to join says that the answer was not enough.
        joined = (
            select(person.c.id)
            .where(person.c.conversation_id == said.conversation_id, person.c.author == Author.AGENT)
            .exists()
        )
        query = (
            select(
                said.article,
                func.count().label("used"),
                func.count(said.conversation_id.distinct()).label("conversations"),
            )
            .where(said.article.is_not(None), said.created_at >= since)
            .group_by(said.article)
        )
        if until is not None:
            query = query.where(said.created_at < until)
        everywhere = {row.article: row for row in await self._connection.execute(query)}
        alone = {row.article: row.conversations for row in await self._connection.execute(query.where(~joined))}
        found = {
            article: Usage(used=row.used, conversations=row.conversations, helped=alone.get(article, 0))
            for article, row in everywhere.items()
        }
        for article, (yes, no) in (await Votes(self._connection).counts(since, until)).items():
            found[article] = msgspec.structs.replace(found.get(article, Usage()), yes=yes, no=no)
        return found


def _saved() -> Any:
    return select(article_revisions).join(articles, _article.id == _revision.article_id)


def _to_saved(row: Row[Any]) -> Saved:
    return Saved(
        article=decode_article(row.content),
        revision=row.revision,
        author=row.author,
        note=row.note,
        created_at=row.created_at,
        based_on=row.based_on,
        staff_id=row.staff_id,
    )


def contents(saved: Mapping[str, Saved]) -> dict[str, Article]:
    """The articles of `saved`, by id."""
    return {article_id: one.article for article_id, one in saved.items()}


def compare(before: Mapping[str, int], after: Mapping[str, int]) -> Changes:
    """What changed between two publications' entries."""
    return Changes(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(one for one in after.keys() & before.keys() if after[one] != before[one])),
        removed=tuple(sorted(before.keys() - after.keys())),
    )
