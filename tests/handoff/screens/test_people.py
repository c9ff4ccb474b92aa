"""Who somebody is, at the desk: found, joined with a reason, taken apart, undone, and gone on with elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import MethodType

import pytest
from playwright.async_api import Browser, expect

from gateway.conversations import State
from gateway.identity import Proof, Thing, shelf
from gateway.messages import Direction, plain_text
from gateway.staff import Staff
from gateway.storage.engine import Database
from gateway.storage.joins import Join, Joins
from tests.conftest import SteppingClock
from tests.handoff.screens.app import DeskApp, served
from tests.handoff.screens.conftest import Agent
from tests.handoff.screens.samples import Story
from tests.handoff.screens.test_routes import words
from tests.handoff.screens.windows import Window, window


def linked(app: DeskApp) -> None:
    """Let a link open the Telegram stand-in."""

    async def prepare(self: object) -> None:
        return None

    def link(self: object, payload: str) -> str:
        return f"https://t.me/shop?start={payload}"

    channel = app.channels["shop_telegram"]
    channel.prepare = MethodType(prepare, channel)  # type: ignore[attr-defined]
    channel.link = MethodType(link, channel)  # type: ignore[attr-defined]


async def two(app: DeskApp) -> tuple[Story, Story]:
    """Олена of Telegram, and a visitor of the site who may be her."""
    telegram = await Story.begin(app, "Олена Кравець", "shop_telegram", "uk", address="5", phone="+380671234567")
    await telegram.hear("Де моя посилка?")
    site = await Story.begin(app, "Олена", "site", "uk", address="v1")
    await site.hear("Скільки коштує доставка?")
    return telegram, site


async def log(app: DeskApp, story: Story) -> list[Join]:
    async with app.database.read() as work:
        conversation = await work.conversations.get(story.id)
        return await Joins(work.connection).of(conversation.contact_id)


async def contact_of(app: DeskApp, story: Story) -> int:
    async with app.database.read() as work:
        return (await work.conversations.get(story.id)).contact_id


@pytest.mark.parametrize("asked", ["кравець", "067 123 45 67", "380671234567", "Олена К", "#{id}"])
async def test_people_are_found_by_what_one_knows(app: DeskApp, agent: Agent, asked: str) -> None:
    telegram, site = await two(app)
    found = await agent.get(f"/desk/{site.id}/people", htmx=True, q=asked.format(id=telegram.id))
    assert "Олена Кравець" in words(found)
    assert f'value="{telegram.contact.id}"' in found.text
    assert f'value="{site.contact.id}"' not in found.text


async def test_nobody_is_found_by_nothing(app: DeskApp, agent: Agent) -> None:
    _, site = await two(app)
    assert "value=" not in (await agent.get(f"/desk/{site.id}/people", htmx=True, q="")).text
    assert "Nobody found" in words(await agent.get(f"/desk/{site.id}/people", htmx=True, q="ніхто такий"))


async def test_joined_with_a_reason_and_undone(app: DeskApp, agent: Agent) -> None:
    telegram, site = await two(app)
    refused = await agent.post(f"/desk/{site.id}/join", other=telegram.contact.id, reason=" ")
    assert refused.status_code == 400
    assert (await agent.post(f"/desk/{site.id}/join", reason="one voice")).status_code == 400
    assert await contact_of(app, site) != await contact_of(app, telegram)

    done = await agent.post(f"/desk/{site.id}/join", other=telegram.contact.id, reason="той самий голос")
    assert done.status_code == 204
    assert await contact_of(app, site) == await contact_of(app, telegram)
    page = await agent.get(f"/desk/{telegram.id}", lang="en")
    for text in ("Joined with another person", "Oksana", "той самий голос", "Web chat", "Telegram"):
        assert text in words(page)
    [entry] = await log(app, telegram)
    assert f"/desk/{telegram.id}/unjoin/{entry.id}" in page.text

    assert (await agent.post(f"/desk/{telegram.id}/unjoin/{entry.id}")).status_code == 204
    assert await contact_of(app, site) != await contact_of(app, telegram)
    again = await agent.post(f"/desk/{telegram.id}/unjoin/{entry.id}")
    assert again.status_code == 409
    assert "undone" in again.text
    page = await agent.get(f"/desk/{telegram.id}", lang="en")
    assert "undone by Oksana" in words(page)
    assert "/unjoin/" not in page.text


async def test_taken_apart_with_a_reason(app: DeskApp, agent: Agent) -> None:
    telegram, site = await two(app)
    await agent.post(f"/desk/{site.id}/join", other=telegram.contact.id, reason="x")
    async with app.database.read() as work:
        identities = await work.contacts.identities(await contact_of(app, telegram))
    [of_site] = [one.id for one in identities if one.channel == "site"]
    sheet = await agent.get(f"/desk/{telegram.id}/dialog/split", htmx=True, lang="en")
    assert f'value="{of_site}"' in sheet.text
    for fields in ({"reason": "x"}, {"identity": of_site}, {"identity": 0, "reason": "x"}):
        assert (await agent.post(f"/desk/{telegram.id}/split", **fields)).status_code in (400, 409)
    done = await agent.post(f"/desk/{telegram.id}/split", identity=of_site, reason="брат")
    assert done.status_code == 204
    assert await contact_of(app, site) != await contact_of(app, telegram)


async def test_a_link_is_sent_and_the_answer_moved(app: DeskApp, agent: Agent, me: Staff) -> None:
    linked(app)
    telegram, site = await two(app)
    await site.claim(me)
    sheet = await agent.get(f"/desk/{site.id}/dialog/continue", htmx=True, lang="en")
    assert 'value="channel:shop_telegram"' in sheet.text
    assert (await agent.post(f"/desk/{site.id}/continue", where="channel:shop_telegram")).status_code == 204
    async with app.database.read() as work:
        said = (await work.messages.before(site.id))[-1]
    [button] = said.buttons
    assert re.fullmatch(r"https://t\.me/shop\?start=go-[\w-]{24}", button.url or "")
    assert (await agent.post(f"/desk/{site.id}/continue", where="channel:post")).status_code == 404
    assert (await agent.post(f"/desk/{site.id}/continue", where="")).status_code == 400

    await agent.post(f"/desk/{site.id}/join", other=telegram.contact.id, reason="x")
    async with app.database.read() as work:
        identities = await work.contacts.identities(await contact_of(app, site))
    [there] = [one for one in identities if one.channel == "shop_telegram"]
    assert (await agent.post(f"/desk/{site.id}/continue", where=f"identity:{there.id}")).status_code == 204
    async with app.database.read() as work:
        talk = await work.conversations.get(site.id)
        why = (await work.messages.before(site.id))[-1]
    assert (talk.channel, talk.state) == ("shop_telegram", State.AGENT)
    assert (why.channel, why.direction) == ("shop_telegram", Direction.OUTBOUND)
    assert "веб" in plain_text(why.parts)


async def test_where_the_channel_is_gone_a_link_is_refused_in_words(app: DeskApp, agent: Agent, me: Staff) -> None:
    linked(app)
    _, site = await two(app)
    await site.claim(me)
    del app.channels["site"]
    refused = await agent.post(f"/desk/{site.id}/continue", where="channel:shop_telegram")
    assert (refused.status_code, refused.json()["detail"]) == (409, "This channel is not connected any more.")


async def test_only_who_has_the_conversation_moves_it(app: DeskApp, agent: Agent, other: Staff) -> None:
    linked(app)
    _, site = await two(app)
    await site.claim(other)
    assert (await agent.post(f"/desk/{site.id}/continue", where="channel:shop_telegram")).status_code == 409


# --- in the browser ------------------------------------------------------------------------------


@pytest.fixture
def todays(sqlite_database: Database, tmp_path: Path) -> DeskApp:
    """The browser tells the time by itself, so the desk's clock is today's."""
    return DeskApp(sqlite_database, SteppingClock(datetime.now(UTC)), tmp_path / "media")


@pytest.mark.parametrize("width", [1280, 390])
async def test_an_agent_joins_and_undoes_by_hand(
    todays: DeskApp, browser: Browser, unused_tcp_port: Callable[[], int], width: int
) -> None:
    app = todays
    linked(app)
    oksana = await app.hire("me@x.example", "Оксана", language="uk")
    telegram, _ = await two(app)
    async with app.database.write() as work:
        for thing, value, proof in (
            (Thing.PHONE, "+380671234567", Proof.CARD),
            (Thing.EMAIL, "olena@example.org", Proof.TOKEN),
        ):
            await work.contacts.keep_proof(telegram.contact.id, (shelf(thing), value), proof, app.clock())
    await telegram.claim(oksana)
    async with served(app.web, unused_tcp_port) as base:
        desk = await window(browser, base, "me@x.example", {"width": width, "height": 844})
        page = desk.page
        await page.goto(f"{base}/desk/{telegram.id}?lang=uk")
        await about(desk, width)
        await page.get_by_role("button", name="Об’єднати з…").click()
        await page.locator("#join-search").fill("Скільки")
        await expect(page.locator("#join-found")).to_contain_text("Нікого не знайдено")
        await page.locator("#join-search").fill("олена")
        await page.locator("#join-found label", has_text="Олена").click()
        await page.locator("#join-reason").fill("Назвала номер посилки з вебчату")
        await desk.is_accessible()
        await page.locator("#dialog button.primary").click()
        await expect(page.locator("#about-joins summary")).to_contain_text("1 запис")
        await page.locator("#about-joins summary").click()
        await desk.is_accessible()
        await page.get_by_role("button", name="Роз’єднати…").click()
        await expect(page.locator("#dialog .option")).to_have_count(4)
        await desk.is_accessible()
        await page.locator("#dialog [data-close]").click()
        await page.locator("#about-joins button").click()
        await expect(page.locator("#about-joins .undone")).to_be_visible()
        await back(desk, width)
        await page.locator("[data-dialog=continue]").click()
        await expect(page.locator("#dialog .option")).to_have_count(0)
        await desk.is_accessible()
    assert desk.faults == []


async def about(desk: Window, width: int) -> None:
    if width < 1240:
        await desk.page.locator("#context-toggle").click()


async def back(desk: Window, width: int) -> None:
    if width < 1240:
        await desk.page.locator("#context [data-pane-to=talk]").click()
