"""The desk in a real browser on a slow line: what comes late never stands, and is never said, in the wrong place."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from gateway.staff import Staff
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.samples import Story
from tests.handoff.screens.windows import DESKTOP, PHONE, said, window
from tests.standins.browser import CHROMIUM

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> DeskApp:
    """The browser tells the time by itself, so the desk's clock is today's."""
    return DeskApp(sqlite_database, SteppingClock(datetime.now(UTC)), tmp_path / "media")


@asynccontextmanager
async def held_back(page: Page, address: str | re.Pattern[str]) -> AsyncIterator[asyncio.Event]:
    """Answers from `address` come when the event is set, and have come when the block ends."""
    late, answered = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        await late.wait()
        await route.continue_()
        answered.set()

    await page.route(address, hold)
    yield late
    await asyncio.wait_for(answered.wait(), 30)
    await page.wait_for_timeout(500)


WATCHING = """
window.shown = [];
new MutationObserver(() => window.shown.push(document.getElementById("talk").textContent))
  .observe(document.getElementById("talk"), {childList: true, subtree: true, characterData: true});
"""
"""Whatever stands in the pane from now on, however shortly."""


async def test_words_never_go_to_somebody_who_was_left_before_the_page_had_come(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.click("#tab-mine")
    async with held_back(page, f"**/desk/{waiting.id}?list=mine") as late:
        await page.click(f"#row-{waiting.id}")
        await page.click(f"#row-{ivan.id}")
        await expect(page.locator("#talk-head")).to_contain_text("Ivan")
        await page.type("#text", "Your code ")
        late.set()
    await page.keyboard.type("is 4711")
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")
    await expect(page.locator("#text")).to_have_value("Your code is 4711")
    await expect(page.locator(".row[aria-current]")).to_contain_text("Ivan")
    assert page.url.endswith(f"/desk/{ivan.id}?list=mine")


async def test_news_of_somebody_who_was_left_do_not_stand_under_another_name(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.wait_for_timeout(500)
    async with held_back(page, re.compile(rf"/desk/{waiting.id}/fresh")) as late:
        async with page.expect_request(re.compile(rf"/desk/{waiting.id}/fresh")):
            await waiting.hear("Мій пароль 4711")
        await page.click(f"#row-{ivan.id}")
        await expect(page.locator("#talk-head")).to_contain_text("Ivan")
        await page.evaluate(WATCHING)
        late.set()
    await expect(page.locator("#transcript")).to_contain_text("hello")
    assert not [one for one in await page.evaluate("window.shown") if "4711" in one or "Олена" in one]


async def test_a_key_after_opening_somebody_is_meant_for_them(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.wait_for_timeout(500)
    async with held_back(page, f"**/desk/{ivan.id}?list=mine") as late:
        await page.focus(f"#row-{ivan.id}")
        await page.keyboard.press("Enter")
        await page.keyboard.press("b")
        await page.wait_for_timeout(300)
        await expect(page.locator("#dialog")).to_be_hidden()
        late.set()
    await expect(page.locator("#dialog")).to_contain_text("Phone of Ivan")


async def test_a_sheet_that_came_late_is_not_shown_beside_somebody_else(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.wait_for_timeout(500)
    async with held_back(page, f"**/desk/{waiting.id}/dialog/close") as late:
        await page.click("#talk-head [data-action=close]")
        await page.click(f"#row-{ivan.id}")
        await expect(page.locator("#talk-head")).to_contain_text("Ivan")
        late.set()
    await expect(page.locator("#dialog")).to_be_hidden()


async def test_who_could_not_be_opened_is_not_marked_as_the_one_in_the_pane(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.wait_for_timeout(500)
    await page.route(f"**/desk/{ivan.id}?list=mine", lambda route: route.abort())
    await page.click(f"#row-{ivan.id}")
    await expect(page.locator("#toasts")).not_to_be_empty()
    await expect(page.locator("#talk-head")).to_contain_text("Олена")
    await expect(page.locator(".row[aria-current]")).to_contain_text("Олена")


async def test_what_is_written_while_the_last_words_are_on_their_way_is_the_next_message(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    say = f"**/desk/{waiting.id}/say"
    async with held_back(page, say) as late:
        await page.fill("#text", "Перше")
        await page.keyboard.press("Enter")
        await page.keyboard.type(" друге")
        await page.keyboard.press("Enter")
        late.set()
    await expect(page.locator(".said.agent .words")).to_have_text(["Перше", "друге"])
    await expect(page.locator("#text")).to_have_value("")
    await page.unroute(say)
    async with held_back(page, say) as late:
        await page.fill("#text", "Третє")
        await page.keyboard.press("Enter")
        await page.keyboard.type(" і недописане")
        late.set()
    await expect(page.locator(".said.agent .words")).to_have_text(["Перше", "друге", "Третє"])
    await expect(page.locator("#text")).to_have_value("і недописане")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("і недописане")


async def test_a_late_answer_does_not_call_back_who_has_left_the_words(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    async with held_back(page, f"**/desk/{waiting.id}/say") as late:
        await page.fill("#text", "Дивлюся")
        await page.click("#composer .send")
        await expect(page.locator("#text")).to_be_focused()
        await page.keyboard.press("Escape")
        late.set()
    await expect(page.locator(".said.agent .words")).to_have_text(["Дивлюся"])
    await page.keyboard.press("b")
    await expect(page.locator("#dialog h2")).to_contain_text("callback")
    await page.keyboard.press("Escape")
    await expect(page.locator("#text")).to_have_value("")


async def test_files_wait_for_the_return_to_the_conversation_they_were_chosen_in(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.set_input_files("#file", {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"paid"})
    await page.click(f"#row-{ivan.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")
    await expect(page.locator("#files")).to_be_hidden()
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#files")).to_contain_text("receipt.txt")
    await page.fill("#text", "Ось чек")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent .file-name")).to_have_text("receipt.txt")
    await expect(page.locator("#files")).to_be_hidden()


@pytest.mark.parametrize("reloading", [False, True], ids=["at once", "after a reload"])
async def test_words_whose_answer_was_lost_are_said_once_though_sent_again(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story, reloading: bool
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    await page.route("**/say", lose)
    await page.fill("#text", "Вже їде")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).not_to_be_empty()
    await page.unroute("**/say")
    if reloading:
        await page.reload()
    await expect(page.locator("#text")).to_have_value("Вже їде")
    await page.press("#text", "Enter")
    await expect(page.locator("#text")).to_have_value("")
    await page.fill("#text", "Вже їде")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("")
    assert [text for _, text in await said(app, waiting)].count("Вже їде") == 2


async def test_words_that_were_sent_from_another_screen_are_no_draft_here(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    async with page.expect_response("**/draft"):
        await page.fill("#text", "Вже їде")
    await page.wait_for_timeout(300)
    telephone = (await window(browser, base, me.email, PHONE)).page
    await telephone.goto(f"{base}/desk/{waiting.id}?list=mine")
    await expect(telephone.locator("#text")).to_have_value("Вже їде")
    await telephone.press("#text", "Enter")
    await expect(telephone.locator(".said.agent")).to_contain_text("Вже їде")
    await page.click(f"#row-{ivan.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator(".said.agent")).to_contain_text("Вже їде")
    await expect(page.locator("#text")).to_have_value("")


async def test_who_signs_in_next_at_this_machine_finds_no_words_of_the_one_before(
    base: str, browser: Browser, me: Staff, other: Staff, waiting: Story, ivan: Story
) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.fill("#text", "Моє слово")
    await page.context.clear_cookies()
    await agent.sign_in(base, other.email)
    await page.goto(f"{base}/desk/{waiting.id}?list=all")
    await expect(page.locator("#text")).to_have_value("")
    await page.context.clear_cookies()
    await agent.sign_in(base, me.email)
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await expect(page.locator("#text")).to_have_value("Моє слово")


@pytest.mark.parametrize("answer", ["none", "busy"])
async def test_news_whose_answer_was_lost_are_asked_for_once_more(
    base: str, browser: Browser, me: Staff, waiting: Story, ivan: Story, answer: str
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.wait_for_timeout(800)
    lost = asyncio.Event()

    async def lose(route: Route) -> None:
        lost.set()
        await (route.abort() if answer == "none" else route.fulfill(status=503, body="{}"))

    news = re.compile(r"/desk/(list|\d+/fresh|\d+/read)")
    await page.route(news, lose)
    await waiting.hear("Ви ще тут?")
    await asyncio.wait_for(lost.wait(), 30)
    await page.wait_for_timeout(500)
    await page.unroute(news)
    await expect(page.locator("#transcript")).to_contain_text("Ви ще тут?")
    await expect(page.locator(f"#row-{waiting.id}")).to_contain_text("Ви ще тут?")


async def test_what_was_claimed_stays_in_sight_though_its_news_come_before_the_answer(
    base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.click("#tab-queue")
    await page.click(f"#row-{waiting.id}")
    seen = asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        await seen.wait()
        await route.fulfill(response=answer)

    await page.route("**/claim", hold)
    await page.locator("#talk-head [data-action=claim]").click()
    await expect(page.locator("#talk-head")).to_have_attribute("data-mine", "yes")
    seen.set()
    await expect(page.locator("#tab-mine")).to_have_attribute("aria-current", "page")
    await expect(page.locator(f"#row-{waiting.id}")).to_be_visible()
    assert agent.faults == []


async def test_who_waits_too_long_is_marked_though_nothing_happens(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.clock.install()
    await page.goto(f"{base}/desk?list=queue")
    await page.wait_for_timeout(800)
    await expect(page.locator(f"#row-{waiting.id} .wait.bad")).to_have_count(0)
    app.clock.advance(hours=2)
    await page.wait_for_timeout(800)
    await expect(page.locator(f"#row-{waiting.id} .wait.bad")).to_have_count(0)
    await page.clock.fast_forward(31_000)
    await expect(page.locator(f"#row-{waiting.id} .wait.bad")).to_have_count(1)
