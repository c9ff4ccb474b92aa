"""The desk in a real browser: the main flow by hand and by keys, live changes, lost lines, drafts, axe."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from gateway.messages import Direction
from gateway.staff import Staff
from gateway.storage.engine import Database
from handoff.bookings import Bookings
from handoff.hours import OpeningHours
from tests.conftest import SteppingClock
from tests.handoff.screens.app import DeskApp, served
from tests.handoff.screens.samples import Story
from tests.handoff.screens.windows import DESKTOP, PHONE, said, window
from tests.standins.browser import CHROMIUM

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> DeskApp:
    """The browser tells the time by itself, so the desk's clock is today's."""
    return DeskApp(sqlite_database, SteppingClock(datetime.now(UTC)), tmp_path / "media")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_claim_reply_note_close(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story, size: dict[str, int]
) -> None:
    agent = await window(browser, base, me.email, size)
    page = agent.page
    await agent.is_accessible()
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#transcript")).to_contain_text("Де моя посилка?")
    await expect(page.locator("#composer .send")).to_be_disabled()
    await agent.is_accessible()

    await page.locator("[data-action=claim]:visible").first.click()
    await expect(page.locator("#composer .send")).to_be_enabled()
    await page.fill("#text", "Шукаю, хвилинку")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent")).to_contain_text("Шукаю, хвилинку")
    await expect(page.locator("#text")).to_have_value("")

    await page.locator("#composer label", has_text="Note").click()
    await expect(page.locator("#composer")).to_have_class("composer is-note")
    await page.fill("#text", "постійна клієнтка")
    await agent.is_accessible()
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.note")).to_contain_text("постійна клієнтка")
    assert (await said(app, waiting))[-2:] == [
        (Direction.OUTBOUND, "Шукаю, хвилинку"),
        (Direction.NOTE, "постійна клієнтка"),
    ]

    if size is PHONE:
        await page.locator("details.menu summary").click()
    await page.locator("button[data-dialog=close]:visible").click()
    await expect(page.locator("#dialog")).to_be_visible()
    await agent.is_accessible()
    await page.locator("#dialog button.primary").click()
    await expect(page.locator("#dialog")).to_be_hidden()
    await expect(page.locator("#composer-state")).to_contain_text("Closed")
    if size is PHONE:
        await page.locator("[data-pane-to=list]").click()
    await page.click("#tab-closed")
    await expect(page.locator(f"#row-{waiting.id}")).to_contain_text("Solved")
    assert agent.faults == []


async def test_by_keys_alone(app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page, keys = agent.page, agent.page.keyboard
    await page.wait_for_timeout(500)  # the live line draws the list anew when it opens
    await keys.press("j")
    await expect(page.locator(f"#row-{waiting.id}")).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("#text")).to_be_focused()
    await keys.press("Escape")
    await keys.press("c")
    await expect(page.locator("#talk-head")).to_have_attribute("data-mine", "yes")
    await page.wait_for_timeout(500)  # and the conversation once more, when its news comes
    await keys.press("r")
    await keys.type("?фото")
    await expect(page.locator("#choices-box [role=option]").first).to_contain_text("три фото")
    await keys.press("Enter")
    await expect(page.locator("#text")).to_have_value(
        f"Надішліть **три фото**: коробку, пошкодження, чек. №{waiting.id}"
    )
    await keys.press("Enter")
    await expect(page.locator(".said.agent strong")).to_have_text("три фото")
    await keys.press("Escape")
    for key, name in (("t", "Transfer"), ("b", "callback"), ("e", "Close"), ("?", "Keyboard")):
        await keys.press(key)
        await expect(page.locator("#dialog h2")).to_contain_text(name)
        await keys.press("Escape")
        await expect(page.locator("#dialog")).to_be_hidden()
    assert agent.faults == []


async def test_the_focus_stays_in_the_conversation_when_its_button_is_gone(
    base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=queue")
    await page.wait_for_timeout(500)
    await page.focus("#talk-head [data-action=claim]")
    await page.keyboard.press("Enter")
    await expect(page.locator("#talk-head")).to_have_attribute("data-mine", "yes")
    await expect(page.locator("#talk :focus")).to_have_count(1)
    await page.focus("#talk-head [data-action=close]")
    await page.keyboard.press("Enter")
    await page.locator("#dialog button.primary").press("Enter")
    await expect(page.locator("#composer-state")).to_contain_text("Closed")
    await expect(page.locator("#talk :focus")).to_have_count(1)


async def test_another_agents_change_and_the_customers_words_come_at_once(
    app: DeskApp, base: str, browser: Browser, me: Staff, other: Staff, waiting: Story
) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#talk-head")).to_contain_text("In the queue")
    await page.wait_for_timeout(500)
    await app.desk.claim(waiting.id, other)
    await expect(page.locator("#talk-head")).to_contain_text("With Taras")
    await waiting.hear("дякую, чекаю")
    await expect(page.locator("#transcript")).to_contain_text("дякую, чекаю")
    await expect(page.locator("#announce")).to_contain_text("дякую, чекаю")
    await page.click("#tab-all")
    await expect(page.locator(f"#row-{waiting.id}")).to_contain_text("дякую, чекаю")


LISTENING = """
window.told = [];
window.Notification = class {
  constructor(text) { window.told.push(text); }
  static permission = "granted";
  static requestPermission() { return Promise.resolve("granted"); }
};
document.hasFocus = () => false;
"""
"""A browser whose notifications can be read, and whose reader looks elsewhere."""


async def told(page: Page, count: int) -> list[str]:
    """The notifications, once there are so many."""
    async with asyncio.timeout(30):
        while len(found := await page.evaluate("told")) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [str(one) for one in found]


async def test_who_wants_to_be_told_hears_of_the_queue_and_of_a_call_that_is_due(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    bookings = Bookings(OpeningHours(app.settings.hours, "Europe/Kyiv"), app.settings.callbacks, app.clock)
    free = await app.desk.calls.free_windows()
    call = await app.desk.calls.book(waiting.id, me, free[0].start, "+380671234567")
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.add_init_script(LISTENING)
    await page.goto(f"{base}/desk/{waiting.id}")
    await page.wait_for_timeout(500)
    async with app.database.write() as work:
        await bookings.ring(work, call, call.starts_at)
    await expect(page.get_by_text("Call now")).to_be_visible()
    assert await page.evaluate("told") == []  # nobody asked for it

    await page.click("#alerts")
    async with app.database.write() as work:
        await bookings.ring(work, call, call.starts_at)
    await told(page, 1)
    other = await Story.begin(app, "Ігор", "shop_telegram", "uk", address="6")
    await other.queue()
    assert await told(page, 2) == ["It is time to call: Олена", "New in the queue: Ігор"]
    assert agent.faults == []


async def test_a_draft_outlives_a_reload_and_another_conversation(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    second = await Story.begin(app, "Ivan", "site", "en", address="v")
    await second.hear("hello")
    await second.queue()
    await waiting.claim(me)
    await second.claim(me)
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.click("#tab-mine")
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Олена")
    await page.fill("#text", "недописане")
    await page.click(f"#row-{second.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")
    await expect(page.locator("#text")).to_have_value("")
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#text")).to_have_value("недописане")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("недописане")
    await page.go_back()
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")


async def test_words_that_were_sent_are_no_draft_though_one_left_at_once(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    second = await Story.begin(app, "Ivan", "site", "en", address="v")
    await second.hear("hello")
    await second.queue()
    await waiting.claim(me)
    await second.claim(me)
    page = (await window(browser, base, me.email, DESKTOP)).page
    late = asyncio.Event()

    async def hold(route: Route) -> None:
        await late.wait()
        await route.continue_()

    await page.route(f"**/desk/{waiting.id}/say", hold)
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.fill("#text", "Вже їде")
    await page.keyboard.press("Enter")
    await page.click(f"#row-{second.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Ivan")
    await page.fill("#text", "hi Ivan")
    async with page.expect_response(f"**/desk/{waiting.id}/say"):
        late.set()
    await page.wait_for_timeout(800)
    await expect(page.locator("#text")).to_have_value("hi Ivan")
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#talk-head")).to_contain_text("Олена")
    await expect(page.locator(".said.agent")).to_contain_text("Вже їде")
    await expect(page.locator("#text")).to_have_value("")
    assert (await app.desk.views.draft(waiting.id, me)).text == ""


async def test_a_draft_remembers_where_its_words_came_from_and_own_words_forget_it(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    await waiting.claim(me)
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.type("#text", "?")
    await page.click("#choice-1")
    await page.reload()
    await expect(page.locator("#text")).to_have_value(re.compile(r"три фото"))
    await page.focus("#text")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent strong")).to_have_text("три фото")
    await page.type("#text", "?")
    await page.click("#choice-1")
    await page.fill("#text", "Своїми *словами*")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent").last).to_contain_text("Своїми *словами*")
    async with app.database.read() as work:
        newest, before = reversed(await work.messages.before(waiting.id, limit=2))
    assert (before.article, newest.article) == ("damaged-parcel", None)


async def test_a_note_leaves_the_files_for_the_customer_where_they_are(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    await waiting.claim(me)
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.set_input_files("#file", {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"paid"})
    await page.click("label[title=N]")
    await page.fill("#text", "Спершу спитаю склад")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.note")).to_contain_text("Спершу спитаю склад")
    await expect(page.locator("#files")).to_contain_text("receipt.txt")
    await page.fill("#text", "Ось чек")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent .file-name")).to_have_text("receipt.txt")


async def test_behind_the_list_of_a_phone_nothing_is_read(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    await waiting.claim(me)
    page = (await window(browser, base, me.email, PHONE)).page
    await page.click("#tab-mine")
    await page.click(f"#row-{waiting.id}")
    await expect(page.locator("#talk-head")).to_be_visible()
    await page.click("#talk-head [data-pane-to=list]")
    await expect(page.locator(f"#row-{waiting.id}")).not_to_have_class(re.compile("unread"))
    await waiting.hear("Ви ще тут?")
    await expect(page.locator(f"#row-{waiting.id}")).to_contain_text("Ви ще тут?")
    await page.wait_for_timeout(1500)
    await expect(page.locator(f"#row-{waiting.id} .count.hot")).to_contain_text("1")
    await page.go_back()
    await expect(page.locator("#talk-head")).to_be_visible()
    await expect(page.locator(f"#row-{waiting.id} .count.hot")).to_have_count(0)


async def test_a_late_answer_about_another_list_changes_nothing(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    await waiting.claim(me)
    page = (await window(browser, base, me.email, DESKTOP)).page
    await page.wait_for_timeout(800)
    late = asyncio.Event()

    async def hold(route: Route) -> None:
        await late.wait()
        await route.continue_()

    await page.route("**/desk/list?list=queue**", hold)
    async with page.expect_request("**/desk/list?list=queue**"):
        await page.click("#tab-queue")
    await page.click("#tab-mine")
    await expect(page.locator(f"#row-{waiting.id}")).to_be_visible()
    async with page.expect_response("**/desk/list?list=queue**"):
        late.set()
    await page.wait_for_timeout(300)
    await expect(page.locator(f"#row-{waiting.id}")).to_be_visible()


async def test_a_blank_in_a_template_is_not_sent(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    await waiting.claim(me)
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.goto(f"{base}/desk/{waiting.id}?list=mine")
    await page.fill("#text", "Ваш номер {{ entities.order }}")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Fill in")
    await page.keyboard.type("ZH1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said.agent")).to_contain_text("Ваш номер ZH1")


async def test_words_to_somebody_in_the_queue_are_kept_and_the_reason_said(
    app: DeskApp, base: str, browser: Browser, me: Staff, waiting: Story
) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.click(f"#row-{waiting.id}")
    await page.fill("#text", "Вітаю!")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Take the conversation first.")
    await expect(page.locator("#text")).to_have_value("Вітаю!")


async def test_a_lost_line_is_told_and_mends_itself(
    app: DeskApp, browser: Browser, me: Staff, waiting: Story, unused_tcp_port: Callable[[], int]
) -> None:
    port = unused_tcp_port()
    async with served(app.web, lambda: port) as base:
        agent = await window(browser, base, me.email, DESKTOP)
        page = agent.page
        await page.click(f"#row-{waiting.id}")
        await expect(page.locator("#transcript")).to_contain_text("Де моя посилка?")
        await page.context.set_offline(True)
        await page.evaluate("frontdesk.listen('desk')")
        await expect(page.locator("#lost")).to_be_visible()
        await waiting.hear("ви тут?")
        await page.context.set_offline(False)
        await page.evaluate(f"frontdesk.listen('desk,conversation:{waiting.id}')")
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("#transcript")).to_contain_text("ви тут?")
