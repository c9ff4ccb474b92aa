"""`make pictures`: the README's pictures, taken of the real screens over the demo's knowledge base."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import DEMO, PASSWORD, Customer, run, sign_in, write_config
from tests.standins.browser import chromium
from tests.standins.program import Program

PICTURES = Path(__file__).parent / "pictures"
DESKTOP = {"width": 1440, "height": 900}
WIDGET = {"width": 420, "height": 760}


def main() -> None:
    """Play the scene and take the pictures."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        write_config(folder)
        run(folder, "migrate")
        run(folder, "import", str(DEMO))
        roles = [word for role in ("agent", "editor", "supervisor") for word in ("--role", role)]
        run(folder, "add-staff", "olena@example.com", "--name", "Олена", *roles, FRONTDESK_PASSWORD=PASSWORD)
        with Program("serve", folder=folder) as program:
            _take(browser, program.base)


def _take(browser: Browser, base: str) -> None:
    angry = Customer(_page(browser, WIDGET), base, "ru")
    angry.says("Вы издеваетесь?! Третью неделю жду посылку, это безобразие!!!")
    angry.says("позовите человека")
    angry.sees("очереди")
    curious = Customer(_page(browser, WIDGET), base, "en")
    curious.says("I want to talk to a person")
    curious.sees("in line")
    customer = Customer(_page(browser, WIDGET), base)
    customer.says("добрий вечір")
    customer.says("прийшла посилка ZH123456789UA, а чашка розбита")
    customer.sees("протягом 24 годин")
    customer.says("покличте людину, будь ласка")
    customer.sees("Ваше місце в черзі")

    desk = _page(browser, DESKTOP)
    sign_in(desk, base)
    desk.goto(f"{base}/desk?list=all")
    desk.get_by_role("link").filter(has_text="Відвідувач 3").first.click()
    desk.get_by_role("button", name="Взяти").click()
    customer.sees("Тепер з вами Олена")
    words = desk.locator("textarea[name='text']")
    words.fill("Добрий вечір! Бачу вашу посилку. Мені дуже шкода чашку, зараз оформимо заяву.")
    words.press("Enter")
    customer.sees("оформимо заяву")
    customer.says("дякую, фото надішлю")
    expect(desk.locator("#main")).to_contain_text("фото надішлю")
    desk.mouse.move(700, 500)
    _save(desk, "desk")
    _save(customer.page, "widget")
    desk.goto(f"{base}/kb/articles/payment-methods")
    _save(desk, "editor")


def _page(browser: Browser, size: dict[str, int]) -> Page:
    page = browser.new_context(viewport=size, locale="uk-UA", timezone_id="Europe/Kyiv").new_page()
    page.set_default_timeout(30_000)
    return page


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(1000)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
