"""A customer in one window, an agent in another: asked, answered, handed over, closed, rated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import Customer, sign_in
from tests.standins.browser import violations
from tests.standins.program import Program

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def window(browser: Browser, size: dict[str, int]) -> Page:
    page = browser.new_context(viewport=size, locale="uk-UA", has_touch=size is PHONE).new_page()
    page.set_default_timeout(30_000)
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_the_first_question_to_the_rating(staffed: Path, browser: Browser, size: dict[str, int]) -> None:
    with Program("serve", folder=staffed) as program:
        customer = Customer(window(browser, size), program.base)
        customer.says("скільки коштує доставка")
        customer.sees("70 грн")
        assert violations(customer.page) == []

        agent = window(browser, size)
        sign_in(agent, program.base)
        customer.says("покличте людину")
        row = agent.locator("a.row").first
        expect(row).to_be_visible(timeout=30_000)
        assert violations(agent) == []
        row.click()
        transcript = agent.locator("#transcript")
        expect(transcript).to_contain_text("скільки коштує доставка")
        expect(transcript).to_contain_text("70 грн")
        agent.locator("[data-action=claim]:visible").first.click()
        customer.sees("Олена")

        agent.locator("#text").fill("Вітаю! Бачу вашу посилку, вже перевіряю.")
        agent.keyboard.press("Enter")
        customer.sees("вже перевіряю")
        customer.says("дякую")
        expect(transcript).to_contain_text("дякую", timeout=30_000)
        assert violations(agent) == []

        close(agent)
        customer.presses("5")
        expect(customer.log).to_contain_text(re.compile("[Дд]якуємо"), timeout=30_000)


def close(agent: Page) -> None:
    """Close the open conversation from whichever place the width offers."""
    button = agent.locator("button[data-dialog=close]:visible")
    if not button.count():
        agent.locator("details.menu summary").click()
    button.first.click()
    agent.locator("dialog[open] button.primary").click()


def test_two_agents_one_conversation(staffed: Path, browser: Browser) -> None:
    with Program("serve", folder=staffed) as program:
        customer = Customer(window(browser, DESKTOP), program.base)
        customer.says("покличте людину")
        agents = [window(browser, DESKTOP) for _ in range(2)]
        for page, email in zip(agents, ("olena@example.com", "taras@example.com"), strict=True):
            sign_in(page, program.base, email)
            page.locator("a.row").first.click()
        agents[0].locator("[data-action=claim]:visible").first.click()
        customer.sees("Олена")
        # The other desk learns it without a reload, and has nothing to claim any more.
        expect(agents[1].locator("[data-action=claim]:visible")).to_have_count(0)


def test_a_restart_loses_and_doubles_nothing(staffed: Path, browser: Browser) -> None:
    with Program("serve", folder=staffed) as program:
        customer = Customer(window(browser, DESKTOP), program.base)
        customer.says("скільки коштує доставка")
        customer.sees("70 грн")
        program.kill()
        customer.says("а де моя посилка ZH123456789UA?")
        program.start()
        expect(customer.log).to_contain_text("zhuravlyk.example/track", timeout=30_000)
        words = customer.log.inner_text()
        assert words.count("а де моя посилка") == 1
        assert words.count("Тариф між відділеннями") == 1
