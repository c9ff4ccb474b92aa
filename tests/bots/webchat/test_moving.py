"""The widget's ways to be known and to go on elsewhere, over HTTP and in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from playwright.async_api import BrowserContext, async_playwright, expect

from bots.webchat.settings import WebchatSettings
from tests.bots.webchat.client import until
from tests.bots.webchat.house import House, running
from tests.bots.webchat.test_browser import open_page, say
from tests.gateway.people_room import Linked
from tests.standins.browser import ARGUMENTS, CHROMIUM


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    house.others["shop_telegram"] = telegram = Linked("shop_telegram")
    telegram.kind = "telegram"
    await house.start()
    yield house
    await house.stop()


def token(house: House, sub: str = "42", **more: Any) -> str:
    claims = {"sub": sub, "aud": "frontdesk", "exp": datetime.now(UTC) + timedelta(minutes=5), "jti": str(uuid4())}
    return jwt.encode(claims | more, house.tokens_settings.key, algorithm="HS256")


async def visitor(client: httpx.AsyncClient) -> dict[str, str]:
    made = (await client.post("/channels/site/visitors")).json()
    return {"authorization": f"Bearer {made['token']}", "visitor": made["visitor"]}


async def contact_of(house: House, who: dict[str, str]) -> int:
    async with house.database.read() as work:
        return (await work.contacts.find([("site", who["visitor"])]))["site", who["visitor"]].contact_id


async def test_identified_once_or_twice_is_the_same(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        one, other = await visitor(client), await visitor(client)
        made = token(house)
        for _ in range(2):
            answer = await client.post("/channels/site/identify", json={"token": made}, headers=one)
            assert answer.status_code == 204
        await client.post("/channels/site/identify", json={"token": token(house)}, headers=other)
        assert await contact_of(house, one) == await contact_of(house, other)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"token": 5}', b'{"token": ""}', b"\xff"])
async def test_what_is_no_token_is_refused(house: House, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        who = await visitor(client)
        assert (await client.post("/channels/site/identify", content=body, headers=who)).status_code == 400


async def test_forged_and_foreign_tokens_and_strangers(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        who = await visitor(client)
        forged = jwt.encode({"sub": "42", "aud": "frontdesk", "exp": 2_000_000_000}, "x" * 40, algorithm="HS256")
        answer = await client.post("/channels/site/identify", json={"token": forged}, headers=who)
        assert answer.status_code == 401
        assert "signature" in answer.text
        for path, body in (("identify", {"token": token(house)}), ("continue", {})):
            assert (await client.post(f"/channels/site/{path}", json=body)).status_code == 401


async def test_another_customer_in_the_same_browser_is_told_apart(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        who = await visitor(client)
        await client.post("/channels/site/identify", json={"token": token(house, "1")}, headers=who)
        answer = await client.post("/channels/site/identify", json={"token": token(house, "2")}, headers=who)
        assert answer.status_code == 409


async def test_a_code_with_links_and_pictures(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        who = await visitor(client)
        config = (await client.get("/channels/site/config?lang=uk")).json()
        assert config["elsewhere"] == ["Telegram"]
        found = (await client.post("/channels/site/continue?lang=uk", headers=who)).json()
        [link] = found["links"]
        assert link["url"].endswith(found["code"])
        assert link["path"].startswith("M4 4h7")
        assert link["size"] >= 29
        assert found["minutes"] == 10
        for _ in range(30):
            answer = await client.post("/channels/site/continue", headers=who)
        assert answer.status_code == 429


# --- in the browser ------------------------------------------------------------------------------


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield await browser.new_context(viewport={"width": 1280, "height": 800}, locale="uk-UA")
        await browser.close()


async def test_a_link_back_opens_the_chat_and_leaves_the_address(house: House, context: BrowserContext) -> None:
    code = "go-" + "x" * 24
    page = await open_page(context, house, f"/?lang=uk#frontdesk={code}", chat=False)
    await expect(page.locator("frontdesk-chat textarea")).to_be_visible()
    assert "frontdesk=" not in page.url
    await expect(page.locator("frontdesk-chat .list .m.me")).to_have_count(0)
    await until(lambda: house.heard)
    assert [part.payload for inbound in house.heard for part in inbound.parts if hasattr(part, "payload")] == [code]


async def test_the_site_says_who_it_is_and_who_it_is_no_more(house: House, context: BrowserContext) -> None:
    page = await open_page(context, house)
    await say(page, "раз")
    await expect(page.locator("frontdesk-chat .list .m.bot")).to_have_count(1)
    assert await page.evaluate("token => Frontdesk.identify(token)", token(house, "1")) is True
    await expect(page.locator("frontdesk-chat .list .m.me")).to_have_count(1)
    # Another customer signs in at the same computer: nothing of the first is theirs to see.
    assert await page.evaluate("token => Frontdesk.identify(token)", token(house, "2")) is True
    await expect(page.locator("frontdesk-chat .list .m")).to_have_count(0)
    await say(page, "два")
    await expect(page.locator("frontdesk-chat .list .m.bot")).to_have_count(1)
    assert len({inbound.sender.address for inbound in house.heard}) == 2
    await page.evaluate("Frontdesk.forget()")
    await expect(page.locator("frontdesk-chat .list .m")).to_have_count(0)
    assert await page.evaluate("Frontdesk.identify('nonsense')") is False


async def test_links_lead_to_the_page_that_the_settings_name(tmp_path: Path) -> None:
    settings = WebchatSettings(page="https://shop.example/help")
    async with running(tmp_path, settings) as house:
        assert house.channel.link("go-1") == "https://shop.example/help#frontdesk=go-1"
    async with running(tmp_path) as house:
        assert house.channel.link("go-1") is None
