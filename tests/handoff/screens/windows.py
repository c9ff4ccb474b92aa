"""An agent's browser window on the desk, and what came of it in the database."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Browser, Page

from gateway.messages import Direction, Text
from tests.handoff.screens.app import PASSWORD, DeskApp
from tests.handoff.screens.samples import Story
from tests.standins.browser import AXE

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Window:
    """One agent's browser window, and what went wrong in it."""

    page: Page
    faults: list[str]

    async def sign_in(self, base: str, email: str) -> None:
        await self.page.goto(f"{base}/login?next=/desk")
        await self.page.fill("#email", email)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("button.primary")
        await self.page.wait_for_url("**/desk")

    async def is_accessible(self) -> None:
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
        assert [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found] == []


async def window(browser: Browser, base: str, email: str, size: dict[str, int]) -> Window:
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, has_touch=size is PHONE, locale="en-GB"
    )
    page = await context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    opened = Window(page, faults)
    await opened.sign_in(base, email)
    return opened


async def said(app: DeskApp, story: Story) -> list[tuple[Direction, str]]:
    async with app.database.read() as work:
        messages = await work.messages.before(story.id, limit=50)
    return [(one.direction, part.text) for one in messages for part in one.parts if isinstance(part, Text)]
