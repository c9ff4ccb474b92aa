"""The widget in a real browser: nothing lost or doubled over reloads, lost networks and restarts; keys; axe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from gateway.messages import Author, Outbound, Text
from tests.bots.webchat.client import until
from tests.bots.webchat.house import House, running
from tests.standins.browser import ARGUMENTS, AXE, CHROMIUM

NO_SOCKETS = """window.WebSocket = class {
    constructor() { setTimeout(() => this.onclose({ code: 1006 }), 10); }
    close() {}
};"""


# One browser for the module, so everything lives on the module's event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="uk-UA")
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, house: House) -> Page:
    return await open_page(context, house)


async def open_page(context: BrowserContext, house: House, path: str = "/?lang=uk", *, chat: bool = True) -> Page:
    page = await context.new_page()
    page.faults = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
    await page.goto(house.url + path)
    await page.wait_for_selector("frontdesk-chat .launch")
    if chat:
        await page.click("frontdesk-chat .launch")
    return page


def writing(page: Page) -> Locator:
    return page.locator("frontdesk-chat textarea")


async def say(page: Page, text: str) -> None:
    await writing(page).fill(text)
    await writing(page).press("Enter")


async def bubbles(page: Page, who: str = ".me") -> list[str]:
    texts: list[str] = await page.locator(f"frontdesk-chat .list .m{who} .b p").all_text_contents()
    return texts


async def settled(page: Page, said: list[str]) -> None:
    """Everything said is shown once, in order, ticked, and answered once."""
    answers = [f"Ви сказали: {text}" for text in said]
    await expect(page.locator("frontdesk-chat .list .m.bot .b p")).to_have_text(answers, timeout=30_000)
    await expect(page.locator("frontdesk-chat .list .m.me .b p")).to_have_text(said)
    await expect(page.locator("frontdesk-chat .i-wait")).to_have_count(0)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_says_hears_and_survives_a_reload(page: Page, house: House) -> None:
    await expect(page.locator("frontdesk-chat .hello .b")).to_contain_text("Вітаємо")
    await say(page, "перше")
    await settled(page, ["перше"])
    await writing(page).fill("чернетка")
    await page.reload()
    await expect(writing(page)).to_have_value("чернетка")
    await settled(page, ["перше"])
    await say(page, "друге")
    await settled(page, ["перше", "друге"])


async def test_looking_leaves_no_trace(page: Page, house: House) -> None:
    await expect(page.locator("frontdesk-chat .hello .c")).to_have_count(2)
    async with house.database.read() as work:
        assert await work.conversations.latest_of(1) is None
    assert await page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith(':token')).length") == 0


async def test_a_lost_network(page: Page, context: BrowserContext, house: House) -> None:
    await say(page, "перше")
    await settled(page, ["перше"])
    await context.set_offline(True)
    await expect(page.locator("frontdesk-chat .lost")).to_contain_text("Немає зв’язку")
    await say(page, "друге")
    await say(page, "третє")
    assert await bubbles(page) == ["перше", "друге", "третє"]
    await expect(page.locator("frontdesk-chat .i-wait")).to_have_count(2)
    await context.set_offline(False)
    await settled(page, ["перше", "друге", "третє"])
    await expect(page.locator("frontdesk-chat .lost")).to_be_empty()


async def test_a_restart_of_the_server(page: Page, house: House) -> None:
    await say(page, "перше")
    await settled(page, ["перше"])
    await house.stop()
    await say(page, "друге")
    await expect(page.locator("frontdesk-chat .lost")).to_contain_text("Немає зв’язку")
    await house.start()
    await settled(page, ["перше", "друге"])
    await expect(page.locator("frontdesk-chat .lost")).to_be_empty()


async def test_said_while_the_server_is_away_and_the_page_reloaded(
    page: Page, context: BrowserContext, house: House
) -> None:
    await say(page, "перше")
    await settled(page, ["перше"])
    await house.stop()
    await say(page, "друге")
    await page.close()
    await house.start()
    again = await open_page(context, house, chat=False)
    await expect(again.locator("frontdesk-chat .n")).to_have_text("1")
    await again.click("frontdesk-chat .launch")
    await settled(again, ["перше", "друге"])


async def test_without_sockets_it_polls(context: BrowserContext, house: House) -> None:
    await context.add_init_script(NO_SOCKETS)
    page = await open_page(context, house)
    await say(page, "перше")
    await settled(page, ["перше"])
    await say(page, "друге")
    await settled(page, ["перше", "друге"])
    await house.say(house.heard[0].sender.address, Outbound(parts=(Text(text="новина"),)))
    await expect(page.locator("frontdesk-chat .list .m.bot").last).to_contain_text("новина")


async def test_two_tabs_keep_step(page: Page, context: BrowserContext, house: House) -> None:
    await say(page, "перше")
    await settled(page, ["перше"])
    other = await open_page(context, house)
    await settled(other, ["перше"])
    await say(other, "друге")
    await settled(page, ["перше", "друге"])
    await settled(other, ["перше", "друге"])
    assert len({inbound.sender.address for inbound in house.heard}) == 1


async def test_quick_replies_are_used_once(page: Page, house: House) -> None:
    await say(page, "меню")
    choice = page.locator("frontdesk-chat .list .c", has_text="Ціна доставки")
    await choice.click()
    await expect(choice).to_be_disabled()
    await expect(page.locator("frontdesk-chat .list .m.bot").last).to_contain_text("Ви сказали: Ціна доставки")
    assert await bubbles(page) == ["меню", "Ціна доставки"]
    outside = page.locator("frontdesk-chat .list a.c")
    await expect(outside).to_have_attribute("rel", "noopener noreferrer")
    await page.reload()
    await expect(choice).to_be_disabled()


async def test_a_vote_can_be_changed_and_uses_nothing_up(page: Page, house: House) -> None:
    await say(page, "корисне")
    helped = page.get_by_role("button", name="Допомогло", exact=True)
    other = page.get_by_role("button", name="Не допомогло")
    for pressed, left in ((helped, other), (other, helped)):
        await pressed.click()
        await expect(pressed).to_have_class("c v on")
        await expect(left).to_have_class("c v")
        await expect(left).to_be_enabled()
    await expect(page.locator("frontdesk-chat .list .c", has_text="Ціна доставки").first).to_be_enabled()
    assert await bubbles(page) == ["корисне", "Допомогло", "Не допомогло"]


async def test_stars(page: Page, house: House) -> None:
    await say(page, "оцінка")
    await page.get_by_role("button", name="Оцінка: 4 з 5").click()
    await expect(page.locator("frontdesk-chat .r .c.on")).to_have_count(4)
    assert await bubbles(page) == ["оцінка", "★★★★"]


async def test_markup_is_shown_and_never_run(page: Page, house: House) -> None:
    hostile = (
        "<img src=x onerror=alert(1)> **жирно** [клац](javascript:alert(1)) [так](https://a.test/) https://b.test/."
    )
    await say(page, "тихо")
    await until(lambda: house.heard)
    await house.say(house.heard[0].sender.address, Outbound(parts=(Text(text=hostile, markdown=True),)))
    bubble = page.locator("frontdesk-chat .list .m.bot .b")
    await expect(bubble.locator("strong")).to_have_text("жирно")
    assert await bubble.locator("img").count() == 0
    hrefs = await bubble.locator("a").evaluate_all("links => links.map((link) => link.href)")
    assert hrefs == ["https://a.test/", "https://b.test/"]
    await expect(bubble).to_contain_text("<img src=x onerror=alert(1)>")


async def test_a_file_goes_up_and_is_shown(page: Page, house: House, tmp_path: Path) -> None:
    picture = tmp_path / "чек.png"
    await page.screenshot(path=str(picture), clip={"x": 0, "y": 0, "width": 60, "height": 40})
    async with page.expect_file_chooser() as chooser:
        await page.locator("frontdesk-chat .at").click()
    await (await chooser.value).set_files(picture)
    await expect(page.locator("frontdesk-chat .list .me img")).to_have_count(1)
    await expect(page.locator("frontdesk-chat .list .m.bot")).to_contain_text("чек.png")
    assert (
        await page.locator("frontdesk-chat .me img").evaluate("image => image.decode().then(() => image.naturalWidth)")
        == 60
    )
    heavy = tmp_path / "відео.mp4"
    heavy.write_bytes(b"\x00" * (11 * 1024 * 1024))
    await page.locator("frontdesk-chat input[type=file]").set_input_files(heavy)
    await expect(page.locator("frontdesk-chat .up.bad")).to_contain_text("до 10 МБ")


@pytest.mark.parametrize("how", ["drop", "paste"])
async def test_a_file_dropped_or_pasted(page: Page, house: House, how: str) -> None:
    await page.locator("frontdesk-chat textarea").evaluate(
        """(field, how) => {
            const carried = new DataTransfer();
            carried.items.add(new File(["рядок"], "нотатки.txt", { type: "text/plain" }));
            const init = { bubbles: true, composed: true, cancelable: true };
            field.dispatchEvent(how === "drop"
                ? new DragEvent("drop", { ...init, dataTransfer: carried })
                : new ClipboardEvent("paste", { ...init, clipboardData: carried }));
        }""",
        how,
    )
    await expect(page.locator("frontdesk-chat .list .m.bot")).to_contain_text("нотатки.txt")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_an_upload_can_be_cancelled(page: Page, context: BrowserContext, house: House) -> None:
    await context.route("**/channels/site/files", lambda route: None)
    file = {"name": "чек.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    await page.locator("frontdesk-chat input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Скасувати завантаження: чек.pdf").click()
    await expect(page.locator("frontdesk-chat .up")).to_have_count(0)
    await context.unroute_all(behavior="ignoreErrors")


async def test_unread_messages_are_counted(page: Page, house: House) -> None:
    await say(page, "перше")
    await settled(page, ["перше"])
    await page.keyboard.press("Escape")
    visitor = house.heard[0].sender.address
    await house.say(visitor, Outbound(parts=(Text(text="новина"),), author=Author.AGENT))
    await expect(page.locator("frontdesk-chat .launch .n")).to_have_text("1")
    assert re.match(r"\(1\) ", await page.title())
    await page.click("frontdesk-chat .launch")
    await expect(page.locator("frontdesk-chat .launch .n")).to_be_hidden()
    assert not (await page.title()).startswith("(")


async def test_keys_and_focus(page: Page, house: House) -> None:
    await expect(writing(page)).to_be_focused()
    await page.keyboard.type("рядок")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("другий")
    await page.keyboard.press("Enter")
    await expect(page.locator("frontdesk-chat .list .me .b p")).to_have_text("рядок\nдругий")
    await page.keyboard.press("Escape")
    await expect(page.locator("frontdesk-chat .panel")).to_be_hidden()
    await expect(page.locator("frontdesk-chat .launch")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(writing(page)).to_be_focused()


async def test_too_long_a_text_is_said_before_sending(page: Page, house: House) -> None:
    await writing(page).fill("я" * 20_003)
    await expect(page.locator("frontdesk-chat .over")).to_contain_text("3")
    await expect(page.locator("frontdesk-chat .go")).to_be_disabled()


async def test_a_phone_has_a_way_out(browser: Browser, house: House) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="ru-RU")
    page = await open_page(context, house, "/?lang=ru")
    panel = await page.locator("frontdesk-chat .panel").bounding_box()
    assert panel == {"x": 0, "y": 0, "width": 390, "height": 844}
    await page.get_by_role("button", name="Закрыть чат").click()
    await expect(page.locator("frontdesk-chat .panel")).to_be_hidden()
    await expect(page.locator("frontdesk-chat .launch")).to_be_focused()
    assert await page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing(browser: Browser, house: House, scheme: Any, width: int) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = await open_page(context, house, chat=False)
    assert await faults(page) == []
    await page.click("frontdesk-chat .launch")
    await say(page, "меню")
    await page.locator("frontdesk-chat .list .c", has_text="Ціна доставки").click()
    await say(page, "оцінка")
    await expect(page.locator("frontdesk-chat .r .c")).to_have_count(5)
    await page.wait_for_timeout(300)
    assert await faults(page) == []
    await context.close()


@pytest.mark.parametrize("color", ["#ffe100", "#8a8a8a", "#000000"])
async def test_any_colour_can_be_read(browser: Browser, house: House, color: str) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 844})
    page = await context.new_page()
    await page.goto(house.url + "/health-of-nothing")
    await page.set_content(
        f'<html lang="en"><title>x</title><main><h1>x</h1></main>'
        f'<script src="{house.url}/widget.js" data-channel="site" data-color="{color}" data-open></script>'
    )
    await say(page, "меню")
    await expect(page.locator("frontdesk-chat .list .c")).to_have_count(3)
    await page.wait_for_timeout(300)
    assert await faults(page) == []
    await context.close()


async def faults(page: Page) -> list[str]:
    """What axe-core finds, shadow roots included."""
    await page.evaluate(AXE.read_text())
    found: list[str] = await page.evaluate(
        """async () => (await axe.run(document)).violations.flatMap(
            (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.flat().join(' ')} ${node.failureSummary}`))"""
    )
    return found
