"""The widget's HTTP side: tokens, origins, saying, long polls, configuration, the script and the demo page."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Request

from bots.webchat.pages import SCRIPT, Script
from bots.webchat.settings import WebchatSettings
from gateway.errors import RequestRefused
from gateway.messages import Outbound, Text
from tests.bots.webchat.client import bearer, new_token
from tests.bots.webchat.house import House, running

SHOP = "https://shop.example"


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.url, timeout=30) as client:
        yield client


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = WebchatSettings(allowed_origins=[SHOP], title={"uk": "Крамниця"}, color="#123456")
    async with running(tmp_path, settings) as house, httpx.AsyncClient(base_url=house.url) as client:
        yield client


def message(text: str) -> dict[str, str]:
    return {"type": "message", "id": str(uuid4()), "text": text}


# --- origins ---


@pytest.mark.parametrize("path", ["visitors", "messages", "files"])
async def test_a_strange_site_may_not_post(shop: httpx.AsyncClient, path: str) -> None:
    answer = await shop.post(f"/channels/site/{path}", headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["config", "messages", f"files/{UUID(int=7)}"])
async def test_a_strange_site_may_not_read(shop: httpx.AsyncClient, path: str) -> None:
    answer = await shop.get(f"/channels/site/{path}", headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_a_listed_site_may(shop: httpx.AsyncClient) -> None:
    made = await shop.post("/channels/site/visitors", headers={"Origin": SHOP})
    assert made.status_code == 201
    assert made.headers["access-control-allow-origin"] == SHOP
    refused = await shop.get("/channels/site/messages", headers={"Origin": SHOP, **bearer("v1.x.y")})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == SHOP, "the widget must be able to read why"


async def test_preflight(shop: httpx.AsyncClient) -> None:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await shop.options("/channels/site/messages", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "authorization" in answer.headers["access-control-allow-headers"]
    strange = await shop.options("/channels/site/messages", headers={**asked, "Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in strange.headers


async def test_an_unknown_channel(http: httpx.AsyncClient) -> None:
    assert (await http.post("/channels/nowhere/visitors")).status_code == 404


async def test_newcomers_are_limited(http: httpx.AsyncClient) -> None:
    answers = [(await http.post("/channels/site/visitors")).status_code for _ in range(40)]
    assert answers.count(201) >= 20
    assert answers[-1] == 429


# --- saying and polling ---


async def test_say_and_poll(house: House, http: httpx.AsyncClient) -> None:
    _, token = await new_token(house)
    http.headers.update(bearer(token))
    empty = (await http.get("/channels/site/messages")).json()
    assert empty["messages"] == []
    said = message("Добрий день")
    answer = await http.post("/channels/site/messages", json=said)
    assert answer.json() == {"type": "ack", "id": said["id"]}
    got = (await http.get("/channels/site/messages", params={"after": "", "wait": 5})).json()
    while len(got["messages"]) < 2:
        more = (await http.get("/channels/site/messages", params={"after": got["cursor"], "wait": 5})).json()
        got = {"messages": got["messages"] + more["messages"], "cursor": more["cursor"]}
    assert [m["author"] for m in got["messages"]] == ["contact", "bot"]
    assert got["messages"][0]["key"] == said["id"]


async def test_a_poll_waits_for_news(house: House, http: httpx.AsyncClient) -> None:
    visitor, token = await new_token(house)
    http.headers.update(bearer(token))
    await http.post("/channels/site/messages", json=message("тихо"))
    got = (await http.get("/channels/site/messages", params={"after": "", "wait": 5})).json()

    async def later() -> None:
        await asyncio.sleep(0.3)
        await house.say(visitor, Outbound(parts=(Text(text="новина"),)))

    began = time.monotonic()
    news, _ = await asyncio.gather(
        http.get("/channels/site/messages", params={"after": got["cursor"], "wait": 20}), later()
    )
    assert [m["parts"][0]["text"] for m in news.json()["messages"]] == ["новина"]
    assert 0.25 < time.monotonic() - began < 3


async def test_a_poll_without_news_ends_in_time(house: House, http: httpx.AsyncClient) -> None:
    _, token = await new_token(house)
    answer = await http.get("/channels/site/messages", params={"after": "", "wait": 0.3}, headers=bearer(token))
    assert answer.json() == {
        "type": "messages",
        "messages": [],
        "cursor": "",
        "snapshot": False,
        "earlier": False,
        "typing": False,
    }


async def test_a_poll_tells_of_typing(house: House, http: httpx.AsyncClient) -> None:
    visitor, token = await new_token(house)
    poll = asyncio.create_task(
        http.get("/channels/site/messages", params={"after": "", "wait": 20}, headers=bearer(token))
    )
    await asyncio.sleep(0.3)
    await house.channel.typing(visitor)
    assert (await poll).json()["typing"] is True


async def test_polls_let_go_at_shutdown(tmp_path: Path) -> None:
    async with running(tmp_path) as house, httpx.AsyncClient(base_url=house.url, timeout=30) as http:
        _, token = await new_token(house)
        poll = asyncio.create_task(
            http.get("/channels/site/messages", params={"after": "", "wait": 25}, headers=bearer(token))
        )
        await asyncio.sleep(0.3)
        house._server.should_exit = True
        async with asyncio.timeout(20):
            assert (await poll).status_code == 200


@pytest.mark.parametrize("token", ["v1.e30.x", "nonsense"])
async def test_without_a_good_token_nothing(http: httpx.AsyncClient, token: str) -> None:
    assert (await http.get("/channels/site/messages", headers=bearer(token))).status_code == 401
    assert (await http.post("/channels/site/messages", headers=bearer(token), json=message("x"))).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "malformed"),
        (b'{"type":"hello","token":"x"}', 400, "malformed"),
        (b'{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":" "}', 400, "empty"),
        (
            b'{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":"' + b"x" * 20001 + b'"}',
            400,
            "too_long",
        ),
        (
            b'{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","files":["'
            + str(uuid4()).encode()
            + b'"]}',
            400,
            "unknown_file",
        ),
    ],
)
async def test_bad_bodies(house: House, http: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    _, token = await new_token(house)
    answer = await http.post("/channels/site/messages?lang=uk", content=body, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert re.search("[а-яіїє]", answer.json()["message"]), "said in the visitor's language"


async def test_a_body_too_large(house: House, http: httpx.AsyncClient) -> None:
    _, token = await new_token(house)
    answer = await http.post("/channels/site/messages", content=b"x" * 100_000, headers=bearer(token))
    assert answer.status_code == 413


@pytest.mark.parametrize("params", [{"after": "x"}, {"before": "x"}, {"before": "0"}, {"after": "", "wait": "x"}])
async def test_bad_queries(house: House, http: httpx.AsyncClient, params: dict[str, str]) -> None:
    _, token = await new_token(house)
    answer = await http.get("/channels/site/messages", params=params, headers=bearer(token))
    assert answer.status_code == 400


async def test_a_flood_is_slowed(house: House, http: httpx.AsyncClient) -> None:
    _, token = await new_token(house)
    http.headers.update(bearer(token))
    answers = [(await http.post("/channels/site/messages", json=message("тихо"))).status_code for _ in range(45)]
    assert answers[:25] == [200] * 25
    assert 429 in answers


async def test_a_stranger_sees_nothing_of_others(house: House, http: httpx.AsyncClient) -> None:
    _, mine = await new_token(house)
    _, other = await new_token(house)
    await http.post("/channels/site/messages", json=message("тихо"), headers=bearer(mine))
    await http.get("/channels/site/messages", params={"after": "", "wait": 3}, headers=bearer(mine))
    seen = (await http.get("/channels/site/messages", params={"after": "1.0"}, headers=bearer(other))).json()
    assert seen["messages"] == []


# --- what a site loads ---


async def test_the_configuration(shop: httpx.AsyncClient) -> None:
    uk = (await shop.get("/channels/site/config", params={"lang": "uk"})).json()
    ru = (await shop.get("/channels/site/config", params={"lang": "ru"})).json()
    assert (uk["title"], ru["title"], uk["color"]) == ("Крамниця", "Крамниця", "#123456")
    assert uk["greeting"] != ru["greeting"]
    assert uk["texts"].keys() == ru["texts"].keys()
    assert uk["suggestions"][0] == {"label": "Де моя посилка?", "payload": "a:track-parcel"}


async def test_the_configuration_in_no_known_language(http: httpx.AsyncClient) -> None:
    assert (await http.get("/channels/site/config", params={"lang": "de"})).json()["language"] == "uk"


async def test_the_script(http: httpx.AsyncClient) -> None:
    answer = await http.get("/widget.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert "max-age" in answer.headers["cache-control"]
    again = await http.get("/widget.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = await http.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content


def test_a_script_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="run make setup") as refused:
        Script(tmp_path / "widget.js").response(Request({"type": "http", "headers": []}))  # type: ignore[typeddict-item]
    assert refused.value.status == 404


def test_the_script_is_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes())) <= 16_000


@pytest.mark.parametrize(("language", "word"), [("uk", "Посилки"), ("ru", "Посылки"), ("en", "Parcels")])
async def test_the_demo_page(http: httpx.AsyncClient, language: str, word: str) -> None:
    page = (await http.get("/", params={"lang": language})).text
    assert f'<html lang="{language}">' in page
    assert word in page
    assert 'href="/desk"' in page
    assert 'href="/kb"' in page
    assert f'data-channel="site" data-lang="{language}"' in page
