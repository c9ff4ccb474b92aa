"""Which snippets go live with a publication: the newest of each, or, where reviewers sign, those that were signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.errors import Conflict
from gateway.messages import Value
from knowledge_base.articles import Article
from knowledge_base.snippets.storage import SavedSnippet, Snippets
from knowledge_base.snippets.values import used_by


class UnsignedSnippet(Conflict):
    """An article that may not go live yet: a snippet of it has never been signed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the snippet {name} needs the signature of a reviewer before an article with it goes live")
        self.name = name


class Going(Value, frozen=True, kw_only=True):
    """The snippets of a publication, name → revision: as they were `before`, and `after` it."""

    before: dict[str, int]
    after: dict[str, int]

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of those that customers get otherwise, or no more."""
        names = self.before.keys() | self.after.keys()
        return tuple(sorted(name for name in names if self.before.get(name) != self.after.get(name)))

    def lacking(self, article: Article) -> list[str]:
        """The snippets that `article` uses and nobody would get."""
        return sorted(used_by(article) - self.after.keys())


async def going_live(snippets: Snippets, base: int | None, *, review: bool, let: Collection[str] = ()) -> Going:
    """What a publication on top of `base` would hold. With `review` only the snippets that `let` names change."""
    return choose(await snippets.published(base), await snippets.all(), review=review, let=let)


def choose(
    before: Mapping[str, int], newest: Mapping[str, SavedSnippet], *, review: bool, let: Collection[str] = ()
) -> Going:
    """`going_live` for what is stored. Pure."""
    after = dict(before)
    for name, saved in newest.items():
        if review and name not in let:
            continue
        if saved.removed:
            after.pop(name, None)
        else:
            after[name] = saved.revision
    return Going(before=dict(before), after=after)
