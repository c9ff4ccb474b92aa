"""The read API: what is published, searched and paged; unchanged answers cost nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, time

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from gateway.asking import Asker
from gateway.ports import Clock
from gateway.replies import Replies
from gateway.settings import Company, Dialogue
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.api import api_router
from gateway.web.faults import FaultPages
from gateway.web.pages import Pages
from knowledge_base.articles import ArticleButton, ButtonAction, Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.publishing import Publisher
from knowledge_base.search.index import KnowledgeIndex
from knowledge_base.search.library import PublishedLibrary
from knowledge_base.storage import Editor
from tests.conftest import SteppingClock
from tests.knowledge_base.app import GuessingEngine
from tests.knowledge_base.fakes import an_article

DELIVERY = an_article(
    title={"uk": "Вартість доставки", "en": "Delivery cost"},
    buttons=(ArticleButton(label={"en": "A person"}, action=ButtonAction.HANDOFF),),
)
REFUND = an_article("refund", category="money", answers={"uk": {"default": "Так"}}, notes="for us alone")
HIDDEN = [
    an_article("a-draft", status=Status.DRAFT),
    an_article("past", valid_until=date(2026, 11, 20)),
]
"""Neither published nor valid."""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def api(
    database: Database,
    publisher: Publisher,
    knowledge: PublishedKnowledge,
    company: Company,
    clock: Clock,
    editor: Editor,
) -> Callable[[str], Litestar]:
    """The API behind a token, over a published knowledge base."""
    await publisher.take_over([DELIVERY, REFUND, *HIDDEN], editor)
    await knowledge.refresh()
    replies = Replies(knowledge, Texts(), company, {})
    asker = Asker(GuessingEngine({}), knowledge, replies, Dialogue, company, clock)
    library, index = PublishedLibrary(knowledge, clock), KnowledgeIndex(database)
    faults = FaultPages(Pages(Texts(), company, []))

    def build(token: str) -> Litestar:
        router = api_router(asker, knowledge, replies, token, library=library, index=index)
        return Litestar(route_handlers=[router], exception_handlers=faults.handlers(), logging_config=None)

    return build


@pytest.fixture
async def client(api: Callable[[str], Litestar]) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(api("a-token")) as opened:
        opened.headers["authorization"] = "Bearer a-token"
        yield opened


@pytest.fixture
async def closed(api: Callable[[str], Litestar]) -> AsyncIterator[AsyncTestClient]:
    """No token is set."""
    async with AsyncTestClient(api("")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["delivery-cost", "refund"]),
        ({"q": "вартості достваки"}, ["delivery-cost"]),
        ({"q": "past"}, []),
        ({"q": "draft", "language": "en"}, []),
        ({"category": "money"}, ["refund"]),
        ({"answers_in": "en"}, ["delivery-cost"]),
        ({"limit": "1"}, ["delivery-cost"]),
        ({"limit": "1", "offset": "1"}, ["refund"]),
        ({"offset": "2"}, []),
    ],
)
async def test_lists(client: AsyncTestClient, query: dict[str, str], ids: list[str]) -> None:
    response = await client.get("/api/v1/articles", params=query)
    assert [one["id"] for one in response.json()] == ids


async def test_pages_lead_on(client: AsyncTestClient) -> None:
    response = await client.get("/api/v1/articles", params={"limit": 1, "language": "en"})
    assert response.headers["x-total-count"] == "2"
    assert response.json() == [
        {
            "id": "delivery-cost",
            "title": "Delivery cost",
            "category": "delivery",
            "action": "answer",
            "languages": ["en", "uk"],
        }
    ]
    assert response.headers["link"] == '</api/v1/articles?limit=1&language=en&offset=1>; rel="next"'
    assert "link" not in (await client.get("/api/v1/articles")).headers


async def test_one_article_in_all_languages(client: AsyncTestClient) -> None:
    found = (await client.get("/api/v1/articles/delivery-cost", params={"language": "en"})).json()
    assert (found["title"], found["answer"]) == ("Delivery cost", "Answer delivery-cost")
    assert found["titles"] == DELIVERY.title
    assert found["phrasings"] == {language: list(texts) for language, texts in DELIVERY.phrasings.items()}
    assert found["answers"] == DELIVERY.answers
    assert found["buttons"] == [{"label": {"en": "A person"}, "action": "handoff"}]
    assert "for us alone" not in (await client.get("/api/v1/articles/refund")).text
    for hidden in HIDDEN:
        assert (await client.get(f"/api/v1/articles/{hidden.id}")).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/articles", "/api/v1/articles/refund"])
async def test_what_has_not_changed_is_not_sent_again(
    client: AsyncTestClient, publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge, path: str
) -> None:
    tag = (await client.get(path)).headers["etag"]
    again = await client.get(path, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await publisher.take_over([an_article("refund", title={"uk": "Інша"}, category="money")], editor)
    await knowledge.refresh()
    assert (await client.get(path, headers={"if-none-match": tag})).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/articles", "/api/v1/articles/refund"])
async def test_what_has_not_changed_since_is_not_sent_again(
    client: AsyncTestClient,
    publisher: Publisher,
    editor: Editor,
    knowledge: PublishedKnowledge,
    clock: SteppingClock,
    path: str,
) -> None:
    assert "last-modified" not in (await client.get(path)).headers, "it may change again within the second"
    clock.advance(seconds=2)
    changed = (await client.get(path)).headers["last-modified"]
    assert changed == "Sat, 21 Nov 2026 08:00:00 GMT"
    again = await client.get(path, headers={"if-modified-since": changed})
    assert (again.status_code, again.content, again.headers["last-modified"]) == (304, b"", changed)
    for other in ("Sat, 21 Nov 2026 07:59:59 GMT", "yesterday", "", "Sat, 21 Nov 2026 08:00:00 -0000"):
        assert (await client.get(path, headers={"if-modified-since": other})).status_code == 200
    # A tag says more than a time, so it alone counts where both are given (RFC 9110, section 13.2.2).
    both = {"if-modified-since": changed, "if-none-match": '"other"'}
    assert (await client.get(path, headers=both)).status_code == 200
    await publisher.take_over([an_article("refund", title={"uk": "Інша"}, category="money")], editor)
    await knowledge.refresh()
    clock.advance(seconds=2)
    renewed = await client.get(path, headers={"if-modified-since": changed})
    assert (renewed.status_code, renewed.headers["last-modified"]) == (200, "Sat, 21 Nov 2026 08:00:02 GMT")


async def test_what_begins_or_ends_has_changed_then(
    client: AsyncTestClient, publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge, clock: SteppingClock
) -> None:
    days = {"valid_from": date(2026, 11, 21), "valid_until": date(2026, 11, 21)}
    sale = an_article("sale", from_time=time(10, 30), until_time=time(11), **days, title={"uk": "Продаж"}, phrasings={})
    await publisher.take_over([sale], editor)
    await knowledge.refresh()
    seen = []
    for minutes in (29, 2, 28, 2):
        clock.advance(minutes=minutes)
        response = await client.get("/api/v1/articles")
        seen.append(("sale" in response.text, response.headers["last-modified"][17:25]))
    assert seen == [(False, "08:00:00"), (True, "08:30:00"), (True, "08:30:00"), (False, "09:00:00")]
    clock.advance(minutes=-30)
    (found,) = [one for one in (await client.get("/api/v1/articles/sale")).json().items() if one[0] == "valid_from"]
    assert found == ("valid_from", "2026-11-21T10:30")


async def test_what_was_searched_for_has_a_tag_alone(client: AsyncTestClient, clock: SteppingClock) -> None:
    clock.advance(seconds=2)
    headers = (await client.get("/api/v1/articles", params={"q": "доставка"})).headers
    assert "etag" in headers
    assert "last-modified" not in headers


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"language": "de"}, {"q": "x" * 201}]
)
async def test_odd_questions_are_refused(client: AsyncTestClient, query: dict[str, str]) -> None:
    assert (await client.get("/api/v1/articles", params=query)).status_code == 400


async def test_strangers_stay_out(client: AsyncTestClient) -> None:
    for path in ("/api/v1/articles", "/api/v1/articles/refund"):
        assert (await client.get(path, headers={"authorization": "Bearer x"})).status_code == 401


# --- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body is not JSON in UTF-8"),
        (b"{", "the body is not JSON in UTF-8"),
        (b'{"text":"\xff"}', "the body is not JSON in UTF-8"),
        (b'{"text":"\\ud800"}', "the body is not JSON in UTF-8"),
        (b"[" * 100_000, "the body is not JSON in UTF-8"),
        (b"[]", "must be a table, not a list"),
        (b"{}", "object missing required field `text`"),
        (b'{"text":5}', "text: must be text, not a whole number"),
        (b'{"text":""}', "text: must not be empty"),
        (b'{"text":" \\n\\u0000"}', "text: must not be empty"),
        (b'{"text":"hi","language":"de"}', "language: must be one of uk, ru, en"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(client: AsyncTestClient, body: bytes, detail: str) -> None:
    response = await client.post("/api/v1/ask", content=body, headers={"content-type": "application/json"})
    told = response.json()
    assert (response.status_code, told["status"], set(told)) == (400, 400, {"status", "detail"})
    assert told["detail"].startswith(detail)


async def test_an_article_that_is_not_published(client: AsyncTestClient) -> None:
    told = await client.get("/api/v1/articles/nothing")
    assert (told.status_code, told.json()["detail"]) == (404, "no published article has this id")


async def test_every_wrong_parameter_is_named(client: AsyncTestClient) -> None:
    response = await client.get("/api/v1/articles", params={"limit": "x", "offset": "-1"})
    assert response.json() == {
        "status": 400,
        "detail": "limit: must be a whole number, not text; offset: must be 0 or more",
    }


@pytest.mark.parametrize(
    ("given", "status"),
    [("bearer a-token", 200), ("BEARER  a-token", 200), ("a-token", 401), ("Basic a-token", 401), ("Bearer", 401)],
)
async def test_who_may_ask(client: AsyncTestClient, given: str, status: int) -> None:
    headers = {"authorization": given, "accept": "text/html"}
    response = await client.get("/api/v1/articles", headers=headers)
    assert response.status_code == status
    assert response.headers.get("www-authenticate") == (None if status == 200 else "Bearer")


async def test_without_a_token_it_is_closed_and_says_how_to_open_it(closed: AsyncTestClient) -> None:
    for given in ("Bearer", "Bearer ", "Bearer x"):
        response = await closed.get("/api/v1/articles", headers={"authorization": given})
        assert response.status_code == 401
        assert "FRONTDESK_API_TOKEN" in response.json()["detail"]


async def test_the_schema_tells_every_refusal_as_it_is(client: AsyncTestClient) -> None:
    schema = (await client.get("/schema/openapi.json")).json()
    assert schema["components"]["schemas"]["Refusal"]["required"] == ["detail", "status"]
    for path, calls in schema["paths"].items():
        for call in calls.values():
            assert call["security"] == [{"bearer": []}], path
            for status in ("400", "401", "500", "503"):
                content = call["responses"][status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Refusal"}, (path, status)
    article = schema["paths"]["/api/v1/articles/{article_id}"]["get"]["responses"]
    assert {"304", "404"} <= set(article)
    assert set(article["200"]["headers"]) == {"ETag", "Last-Modified"}
