"""`/api/v1`: the knowledge base and the bot for a firm's own programs, behind one bearer token."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import ResponseHeader
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from gateway.asking import Asked, Asker
from gateway.errors import RequestRefused
from gateway.improving.searching import Library, PublishedArticle, PublishedButton, Searching
from gateway.messages import Value, clean_text
from gateway.ports import Action, Knowledge
from gateway.replies import Replies
from gateway.web.refusals import SECURITY, refusals

PAGE = 1000
"""Articles of a page at most, and where no limit is asked for."""
_WORDS_LIMIT = 200

Language = Annotated[str, Meta(pattern="^(uk|ru|en)$", description="uk, ru or en")]
LanguageQuery = Annotated[str, QueryParameter(name="language", pattern="^(uk|ru|en)$")]
Words = Annotated[
    str,
    QueryParameter(
        name="q",
        max_length=_WORDS_LIMIT,
        description="Words to search for, whatever their endings and small mistakes; the best find comes first.",
    ),
]
Category = Annotated[str, QueryParameter(name="category", max_length=64, description="Only of this category.")]
InLanguage = Annotated[
    str,
    QueryParameter(name="answers_in", pattern="^(|uk|ru|en)$", description="Only those that answer in this language."),
]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE, description="Articles of a page.")]
Offset = Annotated[
    int, QueryParameter(name="offset", ge=0, le=1_000_000, description="Articles to leave out before it.")
]

TAGS = [
    ResponseHeader(name="ETag", documentation_only=True, description="For If-None-Match."),
    ResponseHeader(name="Last-Modified", documentation_only=True, description="For If-Modified-Since."),
]
PAGES = [
    ResponseHeader(name="X-Total-Count", documentation_only=True, description="How many there are in all."),
    ResponseHeader(name="Link", documentation_only=True, description='The next page, rel="next", where there is one.'),
]


class Ask(Value, frozen=True, kw_only=True):
    """A question to the bot; without a language the bot guesses it."""

    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    language: Language | None = None


class ArticleTitle(Value, frozen=True, kw_only=True):
    """A published article: its title in the language asked for or the nearest, and the languages it answers in."""

    id: str
    title: str
    category: str
    action: Action
    languages: tuple[str, ...]


class ArticleAnswer(Value, frozen=True, kw_only=True):
    """A published article: in `answer` what the bot says of it to somebody it knows nothing of, and all that its
    editors wrote, by language."""

    id: str
    title: str
    answer: str
    category: str
    action: Action
    languages: tuple[str, ...]
    titles: dict[str, str]
    phrasings: dict[str, tuple[str, ...]]
    answers: dict[str, dict[str, str]]
    buttons: tuple[PublishedButton, ...]
    valid_from: str | None
    valid_until: str | None


def api_router(
    asker: Asker, knowledge: Knowledge, replies: Replies, token: str, *, library: Library, index: Searching
) -> Router:
    """The API; with an empty `token` it is closed to everybody."""

    async def bearer(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        # Its name in any case (RFC 9110, section 11.1).
        scheme, given = [*connection.headers.get("authorization", "").split(maxsplit=1), "", ""][:2]
        fits = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
        if not token:
            raise _unauthorized("the API is closed: set api_token, as by FRONTDESK_API_TOKEN, and start again")
        if not fits:
            raise _unauthorized("give Authorization: Bearer with the gateway's api_token")

    @post("/ask", status_code=200, responses=refusals(413), before_request=_readable)
    async def ask(data: JSONBody[Ask]) -> Asked:
        """What the bot would answer, and why."""
        if not clean_text(data.text).strip():
            raise RequestRefused(400, "text: must not be empty")
        return await asker.ask(data.text, data.language)

    @get("/articles", responses=refusals(unchanged=True), response_headers=[*TAGS, *PAGES])
    async def articles(
        request: Request[Any, Any, Any],
        language: LanguageQuery = "uk",
        q: Words = "",
        category: Category = "",
        answers_in: InLanguage = "",
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response[list[ArticleTitle]]:
        """The published articles, by their ids, or by how well they fit what is searched for.

        X-Total-Count tells how many there are in all, Link leads to the next page. If-None-Match with an earlier
        ETag, or If-Modified-Since with an earlier Last-Modified (not where something is searched for), is answered
        with 304 where nothing has changed.
        """
        shelf = library.shelf()
        if q.strip():
            by_id = {one.id: one for one in shelf}
            found = await index.find(q, language, limit=PAGE)
            shelf = [by_id[article] for article in found if article in by_id]
        fitting = [
            one for one in shelf if category in ("", one.category) and (not answers_in or answers_in in one.answers)
        ]
        page = [_title(one, knowledge, language) for one in fitting[offset : offset + limit]]
        response = _tagged(request, page, None if q.strip() else library.changed())
        response.set_header("x-total-count", str(len(fitting)))
        if offset + limit < len(fitting):
            asked = {name: value for name, value in request.query_params.items() if name != "offset"}
            query = urlencode({**asked, "offset": offset + limit})
            response.set_header("link", f'<{request.url.path}?{query}>; rel="next"')
        return response

    @get("/articles/{article_id:str}", responses=refusals(404, unchanged=True), response_headers=TAGS)
    async def article(
        request: Request[Any, Any, Any], article_id: FromPath[str], language: LanguageQuery = "uk"
    ) -> Response[ArticleAnswer]:
        """One article: its answer, and all of it in every language. ETag and Last-Modified as above."""
        found = library.take(article_id)
        text = replies.text_of(article_id, language=language)
        if found is None or text is None:
            raise RequestRefused(404, "no published article has this id")
        content = _answer(found, knowledge.title(article_id, language) or article_id, text)
        return _tagged(request, content, library.changed())

    return Router(
        path="/api/v1",
        route_handlers=[ask, articles, article],
        guards=[bearer],
        security=SECURITY,
        tags=["v1"],
    )


def _unauthorized(words: str) -> NotAuthorizedException:
    return NotAuthorizedException(words, headers={"WWW-Authenticate": "Bearer"})


async def _readable(request: Request[Any, Any, Any]) -> None:
    """Raises RequestRefused(400) for a body that no JSON parser takes: the framework would break on bytes that
    are no UTF-8, and on lists within lists without end."""
    try:
        msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestRefused(400, 'the body is not JSON in UTF-8: give {"text": "…"}') from None


def _title(article: PublishedArticle, knowledge: Knowledge, language: str) -> ArticleTitle:
    return ArticleTitle(
        id=article.id,
        title=knowledge.title(article.id, language) or article.id,
        category=article.category,
        action=article.action,
        languages=_languages(article),
    )


def _answer(article: PublishedArticle, title: str, text: str) -> ArticleAnswer:
    return ArticleAnswer(
        id=article.id,
        title=title,
        answer=text,
        category=article.category,
        action=article.action,
        languages=_languages(article),
        titles=article.titles,
        phrasings=article.phrasings,
        answers=article.answers,
        buttons=article.buttons,
        valid_from=article.valid_from,
        valid_until=article.valid_until,
    )


def _languages(article: PublishedArticle) -> tuple[str, ...]:
    return tuple(sorted(article.answers))


def _tagged(request: Request[Any, Any, Any], content: Any, changed: datetime | None) -> Response[Any]:
    """`content` under a tag made of it; without it where the asker has just this (RFC 9110, section 13.2.2)."""
    tag = f'"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:24]}"'
    known = _tags(request.headers.get("if-none-match", ""))
    has = _is_since(request.headers.get("if-modified-since", ""), changed) if known == [""] else tag in known
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "authorization"}
    if changed is not None:
        headers["last-modified"] = format_datetime(changed, usegmt=True)
    if has or "*" in known:
        return Response(None, status_code=304, headers=headers)
    return Response(content, headers=headers)


def _is_since(header: str, changed: datetime | None) -> bool:
    """Whether nothing has changed since the date in If-Modified-Since; what is no HTTP date says nothing."""
    try:
        asked = parsedate_to_datetime(header)
    except ValueError:
        return False
    return changed is not None and asked.tzinfo is not None and changed.replace(microsecond=0) <= asked


def _tags(header: str) -> Sequence[str]:
    return [one.strip().removeprefix("W/") for one in header.split(",")]
