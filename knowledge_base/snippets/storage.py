"""Snippets in the database: every saved text for ever, and which of them each publication holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.messages import Value
from gateway.storage.schema import Id, Instant, Json, metadata
from knowledge_base.snippets.values import Snippet
from knowledge_base.storage import Editor

snippet_revisions = Table(
    "snippet_revisions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("author", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""Every saved state of every snippet; one without texts was taken out."""

knowledge_snippets = Table(
    "knowledge_snippets",
    metadata,
    Column("knowledge_revision", Id, ForeignKey("knowledge_revisions.revision"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("snippet_revision", Integer, nullable=False),
    ForeignKeyConstraint(
        ["name", "snippet_revision"],
        ["snippet_revisions.name", "snippet_revisions.revision"],
        name="fk_knowledge_snippets_snippet_revision",
    ),
)
"""Which revision of which snippet each publication holds."""

_revision = snippet_revisions.c
_held = knowledge_snippets.c


class SavedSnippet(Value, frozen=True, kw_only=True):
    """One saved state of a snippet."""

    snippet: Snippet
    revision: int
    author: str
    created_at: datetime
    staff_id: int | None = None

    @property
    def removed(self) -> bool:
        """Whether this state says that the snippet was taken out."""
        return not self.snippet.texts


class Snippets:
    """Snippets over one connection; whoever saves holds the lock of `Articles`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> dict[str, SavedSnippet]:
        """The newest state of every snippet by name, those that were taken out too."""
        newest = (
            select(_revision.name.label("name"), func.max(_revision.revision).label("revision"))
            .group_by(_revision.name)
            .subquery()
        )
        query = (
            select(snippet_revisions)
            .join(newest, and_(newest.c.name == _revision.name, newest.c.revision == _revision.revision))
            .order_by(_revision.name)
        )
        return {row.name: _to_saved(row) for row in await self._connection.execute(query)}

    async def texts(self) -> dict[str, dict[str, str]]:
        """The newest texts of every snippet that there is, by name."""
        return texts_of(await self.all())

    async def history(self, name: str) -> list[SavedSnippet]:
        """Every state of a snippet, newest first. Raises NotFound."""
        query = select(snippet_revisions).where(_revision.name == name).order_by(_revision.revision.desc())
        found = [_to_saved(row) for row in await self._connection.execute(query)]
        if not found:
            raise NotFound(f"snippet {name}")
        return found

    async def save(self, snippet: Snippet, editor: Editor, now: datetime, *, revision: int) -> SavedSnippet:
        """Append `snippet` as `revision`."""
        await self._connection.execute(
            insert(snippet_revisions).values(
                name=snippet.name,
                revision=revision,
                content=msgspec.json.encode(snippet.texts, order="deterministic").decode(),
                staff_id=editor.staff_id,
                author=editor.name,
                created_at=now,
            )
        )
        return SavedSnippet(
            snippet=snippet, revision=revision, author=editor.name, created_at=now, staff_id=editor.staff_id
        )

    # --- publications ------------------------------------------------------------------------

    async def published(self, knowledge_revision: int | None) -> dict[str, int]:
        """Which revision of each snippet a publication holds (None: nothing)."""
        query = select(_held.name, _held.snippet_revision).where(_held.knowledge_revision == knowledge_revision)
        return {row.name: row.snippet_revision for row in await self._connection.execute(query)}

    async def published_texts(self, knowledge_revision: int | None) -> dict[str, dict[str, str]]:
        """The texts of the snippets that a publication holds, by name."""
        query = (
            select(_revision.name, _revision.content)
            .join(
                knowledge_snippets,
                and_(_held.name == _revision.name, _held.snippet_revision == _revision.revision),
            )
            .where(_held.knowledge_revision == knowledge_revision)
        )
        return {row.name: _texts(row.content) for row in await self._connection.execute(query)}

    async def hold(self, knowledge_revision: int, entries: Mapping[str, int]) -> None:
        """Note which snippets (name → revision) a new publication holds."""
        rows = [
            {"knowledge_revision": knowledge_revision, "name": name, "snippet_revision": revision}
            for name, revision in entries.items()
        ]
        if rows:
            await self._connection.execute(insert(knowledge_snippets), rows)


def texts_of(saved: Mapping[str, SavedSnippet]) -> dict[str, dict[str, str]]:
    """The texts of `saved` by name, without what was taken out."""
    return {name: one.snippet.texts for name, one in saved.items() if not one.removed}


def _texts(content: str) -> dict[str, str]:
    return msgspec.json.decode(content, type=dict[str, str])


def _to_saved(row: Row[Any]) -> SavedSnippet:
    return SavedSnippet(
        snippet=Snippet(name=row.name, texts=_texts(row.content)),
        revision=row.revision,
        author=row.author,
        created_at=row.created_at,
        staff_id=row.staff_id,
    )
