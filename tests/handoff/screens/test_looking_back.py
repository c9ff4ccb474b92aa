"""Years of closed conversations: words are looked for in the newest, and further back when asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import insert

from gateway.conversations import State
from gateway.staff import Staff
from gateway.storage.tables import conversations
from handoff.handoffs import HandoffOutcome
from handoff.screens.lists import REACH
from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.conftest import Agent
from tests.handoff.screens.samples import Story
from tests.handoff.screens.test_routes import words
from tests.handoff.screens.windows import DESKTOP, window


@pytest.fixture
async def old(app: DeskApp, me: Staff) -> Story:
    """A matter that was closed before as many others as are looked through at first."""
    story = await Story.begin(app, "Олена", "shop_telegram", "uk", address="5", phone="+380671234567")
    await story.hear("Де моя посилка?")
    await story.queue()
    await story.claim(me)
    await app.desk.close(story.id, me, HandoffOutcome.RESOLVED)
    since = app.clock() + timedelta(seconds=1)
    row = {
        "contact_id": story.conversation.contact_id,
        "identity_id": story.conversation.identity_id,
        "state": State.CLOSED,
        "created_at": since,
    }
    async with app.database.write() as work:
        later = [{**row, "updated_at": since + timedelta(milliseconds=number)} for number in range(REACH)]
        await work.connection.execute(insert(conversations), later)
    app.clock.advance(minutes=1)
    return story


async def test_what_lies_further_back_is_found_when_asked(agent: Agent, old: Story) -> None:
    first = await agent.get("/desk/list", htmx=True, list="closed", q="посилка")
    assert f'id="row-{old.id}"' not in first.text
    assert "Nothing found" in words(first)
    assert "Words were looked for in conversations since" in words(first)
    further = await agent.get("/desk/list", htmx=True, list="closed", q="посилка", reach=REACH + 1)
    assert f'id="row-{old.id}"' in further.text
    assert "looked for" not in words(further), "there is nothing further back"


async def test_nobody_is_asked_to_look_further_where_nothing_was_looked_for(agent: Agent, old: Story) -> None:
    for asked in ({"list": "closed"}, {"list": "all", "q": "посилка"}, {"list": "closed", "q": "Олена"}):
        assert "looked for" not in words(await agent.get("/desk/list", htmx=True, **asked)), asked
    nonsense = await agent.get("/desk/list", htmx=True, list="closed", q="посилка", reach="-1")
    assert "looked for" in words(nonsense)


async def test_the_button_looks_further_and_other_words_begin_anew(
    base: str, browser: Browser, me: Staff, old: Story
) -> None:
    agent = await window(browser, base, me.email, DESKTOP)
    page = agent.page
    await page.click("#tab-closed")
    await page.fill("#search", "посилка")
    await expect(page.locator("#look-further")).to_be_visible()
    await agent.is_accessible()
    await page.click("#look-further")
    await expect(page.locator(f"#row-{old.id}")).to_be_visible()
    await expect(page.locator("#look-further")).to_have_count(0)
    await page.fill("#search", "листа")
    await expect(page.locator("#look-further")).to_be_visible()
    assert agent.faults == []
