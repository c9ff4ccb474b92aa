"""`/api/v1`: the knowledge base and the bot for a firm's own programs, behind one bearer token."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from gateway.asking import Asked, Asker
from gateway.errors import NotFound
from gateway.messages import Value
from gateway.ports import Knowledge
from gateway.replies import Replies

Language = Annotated[str, Meta(pattern="^(uk|ru|en)$", description="uk, ru or en")]
LanguageQuery = Annotated[str, QueryParameter(name="language", pattern="^(uk|ru|en)$")]


class Ask(Value, frozen=True, kw_only=True):
    """A question to the bot; without a language the bot guesses it."""

    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    language: Language | None = None


class ArticleTitle(Value, frozen=True, kw_only=True):
    """A published article."""

    id: str
    title: str


class ArticleAnswer(Value, frozen=True, kw_only=True):
    """What the bot says of an article to somebody it knows nothing of."""

    id: str
    title: str
    answer: str


def api_router(asker: Asker, knowledge: Knowledge, replies: Replies, token: str) -> Router:
    """The API; with an empty `token` it is closed to everybody."""

    async def bearer(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        given = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token or not hmac.compare_digest(given.encode(), token.encode()):
            raise NotAuthorizedException("give Authorization: Bearer with the gateway's api_token")

    @post("/ask", status_code=200)
    async def ask(data: Ask) -> Asked:
        """What the bot would answer, and why."""
        return await asker.ask(data.text, data.language)

    @get("/articles")
    async def articles(language: LanguageQuery = "uk") -> list[ArticleTitle]:
        """Every published article."""
        return [ArticleTitle(id=article, title=title) for article, title in knowledge.titles(language)]

    @get("/articles/{article_id:str}")
    async def article(article_id: FromPath[str], language: LanguageQuery = "uk") -> ArticleAnswer:
        """One article's answer."""
        title = dict(knowledge.titles(language)).get(article_id)
        text = replies.text_of(article_id, language=language)
        if title is None or text is None:
            raise NotFound(f"article {article_id}")
        return ArticleAnswer(id=article_id, title=title, answer=text)

    return Router(path="/api/v1", route_handlers=[ask, articles, article], guards=[bearer], tags=["v1"])
