"""What is about to be published: which articles would come, change and go, seen before it happens."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import msgspec

from gateway.errors import NotFound
from gateway.messages import Value
from gateway.storage.engine import Database
from knowledge_base.articles import Article, Status
from knowledge_base.snippets.going import choose
from knowledge_base.snippets.storage import SavedSnippet, Snippets, texts_of
from knowledge_base.snippets.values import inlined, users
from knowledge_base.storage import Articles, Saved, contents


class Change(Value, frozen=True, kw_only=True):
    """One article of a change: `article` is what would be live (what was live, where it is `removed`), `live`
    what is (None: nothing), `saved` the revision it is about."""

    article: Article
    saved: Saved
    live: Article | None
    live_revision: int | None
    removed: bool = False

    @property
    def alters(self) -> bool:
        """Whether customers would notice anything."""
        return self.removed or self.live is None or not same_words(self.live, self.article)


class SnippetChange(Value, frozen=True, kw_only=True):
    """A snippet that goes live with a change: `saved` is its new state, `live` the texts customers get now, and
    `articles` are those that would say it."""

    saved: SavedSnippet
    live: dict[str, str]
    articles: tuple[str, ...]


class ChangeSet(Value, frozen=True, kw_only=True):
    """Articles that would be published together, on top of publication `base` (None: the first).

    `before` and `after` are what customers get, with the words of snippets in them; `working` is the newest of
    every article. `texts` are the snippets there would be, `unsigned` those that wait for a signature first.
    """

    base: int | None
    changes: tuple[Change, ...]
    before: dict[str, Article]
    after: dict[str, Article]
    working: dict[str, Article]
    snippets: tuple[SnippetChange, ...] = ()
    texts: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    unsigned: tuple[str, ...] = ()

    def key(self, *more: object) -> str:
        """The same for equal changes on the same publication; `more` is what else a verdict hangs on."""
        parts = [self.base, [(change.article.id, change.saved.revision) for change in self.changes], more]
        parts += [(one.saved.snippet.name, one.saved.revision) for one in self.snippets]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def same_words(one: Article, other: Article) -> bool:
    """Whether the two differ in nothing but their status."""
    return msgspec.structs.replace(one, status=other.status) == other


def change_set(
    saved: Mapping[str, Saved],
    entries: Mapping[str, int],
    live: Mapping[str, Article],
    base: int | None,
    wanted: Collection[str] | None,
) -> ChangeSet:
    """The change that publishing `wanted` would be: whatever their status they are taken as published, archived
    ones as taken away. None takes all that are ready."""
    changes = []
    for article_id, one in saved.items():
        revision = entries.get(article_id)
        if article_id not in wanted if wanted is not None else not _waits(one, revision):
            continue
        removed = one.article.status is Status.ARCHIVED
        changes.append(
            Change(
                article=one.article if removed else msgspec.structs.replace(one.article, status=Status.PUBLISHED),
                saved=one,
                live=live.get(article_id),
                live_revision=revision,
                removed=removed,
            )
        )
    gone = {change.article.id for change in changes if change.removed}
    come = {change.article.id: change.article for change in changes if not change.removed}
    return ChangeSet(
        base=base,
        changes=tuple(changes),
        before=dict(live),
        after={article_id: one for article_id, one in {**live, **come}.items() if article_id not in gone},
        working=contents(saved),
    )


def _waits(saved: Saved, live_revision: int | None) -> bool:
    """Whether a publication of everything would take it."""
    if saved.article.status is Status.ARCHIVED:
        return live_revision is not None
    return saved.article.status is Status.PUBLISHED and live_revision != saved.revision


async def gather(database: Database, wanted: Collection[str] | None, *, review: bool = False) -> ChangeSet:
    """The change as it is stored now; with `review` snippets go by signatures of their own. Raises NotFound for an
    article that is not there."""
    async with database.read() as work:
        stored = Articles(work.connection)
        saved = await stored.all()
        base = await stored.published_revision()
        entries = await stored.published(base)
        live = [] if base is None else await stored.published_articles(base)
        snippets = Snippets(work.connection)
        newest, held = await snippets.all(), await snippets.published(base)
        texts = await snippets.published_texts(base)
    unknown = sorted(set(wanted or ()) - saved.keys())
    if unknown:
        raise NotFound(f"article {unknown[0]}")
    change = change_set(saved, entries, {article.id: article for article in live}, base, wanted)
    going = choose(held, newest, review=review)
    return with_snippets(change, texts, texts if review else texts_of(newest), newest, going.changed)


def with_snippets(
    change: ChangeSet,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    newest: Mapping[str, SavedSnippet],
    changed: Collection[str],
) -> ChangeSet:
    """`change` with snippets: their texts `before` and `after` it, by name, and those `changed` by it."""
    using = users(change.after.values())
    return msgspec.structs.replace(
        change,
        before={name: inlined(one, before) for name, one in change.before.items()},
        after={name: inlined(one, after) for name, one in change.after.items()},
        snippets=tuple(
            SnippetChange(saved=newest[name], live=before.get(name, {}), articles=tuple(using.get(name, ())))
            for name in changed
        ),
        texts=after,
        unsigned=tuple(sorted(texts_of(newest).keys() - after.keys())),
    )
