"""The search index in the database: the words of each article and language, and keys to mend mistyped ones.

The tables are the same in both databases. What makes them quick is made by the migration and kept by the
database itself: in SQLite an FTS5 table behind triggers (https://sqlite.org/fts5.html), in PostgreSQL stored
tsvector columns with GIN indexes (no extension is needed). Their names begin with `fts_`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import Boolean, Column, Index, String, Table, Text, delete, exists, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.dialect import if_new
from gateway.storage.schema import Id, metadata
from knowledge_base.articles import Article
from knowledge_base.exchange.tables import languages_of
from knowledge_base.search.words import LONGEST, SURE, keys_asked, keys_of, words_of

_AT_ONCE = 500
_MANY = 50
_RANKED = 400
"""Rows that are put in order at most: a word that is everywhere says nothing about any article."""

entries = Table(
    "knowledge_search",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article_id", String(64), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("language", String(8), nullable=False),
    Column("title", Text, nullable=False),
    Column("phrasings", Text, nullable=False),
    Column("answers", Text, nullable=False),
)
"""The words of what customers get (`live`) and of what editors work on, a row for each language."""

Index("ix_knowledge_search_article", entries.c.article_id, entries.c.live)

words = Table(
    "knowledge_words",
    metadata,
    Column("key", String(LONGEST), primary_key=True),
    Column("word", String(LONGEST), primary_key=True),
)
"""Every word there is or was, under each of its keys."""

_entry = entries.c


class Where(StrEnum):
    """Where the words must all be: the nearer, the better the find."""

    TITLE = "title"
    ASKED = "asked"
    ANYWHERE = "anywhere"


_COLUMNS = {Where.TITLE: "title", Where.ASKED: "title phrasings", Where.ANYWHERE: "title phrasings answers"}

_SQLITE = """
SELECT article_id FROM (
  SELECT e.article_id AS article_id, f.rank AS far FROM fts_knowledge f JOIN knowledge_search e ON e.id = f.rowid
  WHERE fts_knowledge MATCH :sought AND e.live = :live AND (e.language = :language) = :same LIMIT :ranked
) GROUP BY article_id ORDER BY min(far), article_id LIMIT :limit
"""
_POSTGRESQL = """
SELECT article_id FROM (
  SELECT article_id, {column} AS terms FROM knowledge_search
  WHERE {column} @@ to_tsquery('simple', :sought) AND live = :live AND (language = :language) = :same LIMIT :ranked
) AS found GROUP BY article_id
ORDER BY max(ts_rank(terms, to_tsquery('simple', :sought), 1)) DESC, article_id LIMIT :limit
"""
_SQLITE_ANY = """
SELECT 1 FROM fts_knowledge f JOIN knowledge_search e ON e.id = f.rowid
WHERE fts_knowledge MATCH :sought AND e.live = :live LIMIT 1
"""
_POSTGRESQL_ANY = """
SELECT 1 FROM knowledge_search WHERE fts_anywhere @@ to_tsquery('simple', :sought) AND live = :live LIMIT 1
"""


class SearchTable:
    """The index over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    async def put(self, articles: Sequence[Article], *, live: bool) -> None:
        """Index these articles in place of what the index had of them."""
        await self.remove([article.id for article in articles], live=live)
        fresh: set[str] = set()
        for begin in range(0, len(articles), _AT_ONCE):
            rows = [row for article in articles[begin : begin + _AT_ONCE] for row in _rows(article, live)]
            if rows:
                await self._connection.execute(insert(entries), rows)
                fresh |= {word for row in rows for part in _PARTS for word in str(row[part]).split()}
        await self._learn(fresh)
        if not self._is_sqlite and len(articles) > _MANY:
            # What is new lies unsorted beside a GIN index until it is vacuumed, and every search reads all of it.
            for index in ("fts_title", "fts_asked", "fts_anywhere"):
                await self._connection.execute(text(f"SELECT gin_clean_pending_list('{index}'::regclass)"))

    async def remove(self, article_ids: Sequence[str], *, live: bool) -> None:
        """Take these articles out of the index."""
        for begin in range(0, len(article_ids), _AT_ONCE):
            some = article_ids[begin : begin + _AT_ONCE]
            await self._connection.execute(delete(entries).where(_entry.article_id.in_(some), _entry.live == live))

    async def clear(self) -> None:
        """Empty the index."""
        await self._connection.execute(delete(entries))
        await self._connection.execute(delete(words))

    async def is_empty(self) -> bool:
        """Whether nothing is indexed."""
        return not (await self._connection.execute(select(exists(select(_entry.id))))).scalar_one()

    async def alike(self, asked: Sequence[str]) -> dict[str, list[str]]:
        """For each of the words `asked` the indexed words that share a key with it."""
        keys = {word: keys_asked(word) if len(word) >= SURE else {word} for word in asked}
        every = sorted(set().union(*keys.values())) if keys else []
        rows = await self._connection.execute(select(words.c.key, words.c.word).where(words.c.key.in_(every)))
        by_key: dict[str, list[str]] = {}
        for row in rows:
            by_key.setdefault(row.key, []).append(row.word)
        return {word: sorted({found for key in own for found in by_key.get(key, [])}) for word, own in keys.items()}

    async def prepare(self) -> None:
        """Before searching: PostgreSQL must not guess for itself. What a beginning of a word will match it cannot
        know, and reading the whole table for the first few rows takes half a second."""
        if not self._is_sqlite:
            await self._connection.execute(text("SET LOCAL enable_seqscan = off"))

    async def has(self, sought: Sequence[Sequence[str]], *, live: bool) -> bool:
        """Whether an article has one of each group of `sought` in one of its languages."""
        query = _SQLITE_ANY if self._is_sqlite else _POSTGRESQL_ANY
        given = {"sought": self._match(sought, Where.ANYWHERE), "live": live}
        return (await self._connection.execute(text(query), given)).first() is not None

    async def find(
        self, sought: Sequence[Sequence[str]], where: Where, *, live: bool, language: str, same: bool, limit: int
    ) -> list[str]:
        """Ids of articles, best first, that have one of each group of `sought` beginnings of words in
        `where`, in `language` (or, where not `same`, in any other)."""
        query = _SQLITE if self._is_sqlite else _POSTGRESQL.format(column=f"fts_{where}")
        given = {"sought": self._match(sought, where), "live": live, "language": language, "same": same}
        rows = await self._connection.execute(text(query), {**given, "ranked": _RANKED, "limit": limit})
        return [row.article_id for row in rows]

    def _match(self, sought: Sequence[Sequence[str]], where: Where) -> str:
        """The query in the database's own language; words are letters and digits only."""
        if self._is_sqlite:
            groups = " AND ".join("(" + " OR ".join(f'"{word}"*' for word in group) + ")" for group in sought)
            return f"{{{_COLUMNS[where]}}} : ({groups})"
        return " & ".join("(" + " | ".join(f"'{word}':*" for word in group) + ")" for group in sought)

    async def _learn(self, fresh: set[str]) -> None:
        rows = [{"key": key, "word": word} for word in sorted(fresh) for key in sorted(keys_of(word))]
        for begin in range(0, len(rows), _AT_ONCE):
            statement = if_new(self._connection.dialect.name, words)
            await self._connection.execute(statement, rows[begin : begin + _AT_ONCE])


_PARTS = ("title", "phrasings", "answers")


def _rows(article: Article, live: bool) -> Iterable[Mapping[str, object]]:
    for language in languages_of(article):
        texts = {
            "title": [article.title.get(language, ""), article.id.replace("-", " ")],
            "phrasings": article.phrasings.get(language, ()),
            "answers": article.answers.get(language, {}).values(),
        }
        indexed = {part: " ".join(dict.fromkeys(words_of("\n".join(said)))) for part, said in texts.items()}
        yield {"article_id": article.id, "live": live, "language": language, **indexed}
