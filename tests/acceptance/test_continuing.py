"""A person begins in the widget, goes on in Telegram by the link, and comes back by another: one thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import Customer, sign_in, write_config
from tests.standins.browser import violations
from tests.standins.program import Program
from tests.standins.telegram import TelegramStandin

CHANNELS = """
[channels.site]
kind = "webchat"

[channels.shop_telegram]
kind = "telegram"
mode = "polling"
poll_timeout = 1
token = "{token}"
api_base = "{base}"
"""


class Messenger:
    """The Telegram stand-in in a loop of its own: the browser keeps one running in this thread."""

    def __init__(self, standin: TelegramStandin, loop: Any) -> None:
        self.standin = standin
        self._loop = loop
        self._count = 0

    def writes(self, text: str, chat: int = 77) -> None:
        self._count += 1
        person = {"id": chat, "is_bot": False, "first_name": "Оля", "language_code": "uk"}
        message = {
            "message_id": self._count,
            "date": 1_790_000_000,
            "chat": {"id": chat, "type": "private", "first_name": "Оля"},
            "from": person,
            "text": text,
        }
        self._loop.call_soon_threadsafe(self.standin.push, {"message": message})

    def hears(self, count: int) -> list[str]:
        import asyncio  # noqa: PLC0415

        waiting: Future[Any] = asyncio.run_coroutine_threadsafe(
            self.standin.wait_for("sendMessage", count, 15), self._loop
        )
        return [str(call.params["text"]) for call in waiting.result()]


@contextmanager
def messenger() -> Iterator[Messenger]:
    import asyncio  # noqa: PLC0415

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    standin = TelegramStandin()
    asyncio.run_coroutine_threadsafe(standin.__aenter__(), loop).result()
    try:
        yield Messenger(standin, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_leave(standin), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _leave(standin: TelegramStandin) -> None:
    import asyncio  # noqa: PLC0415

    await standin.__aexit__(None, None, None)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def window(browser: Browser, width: int = 1280) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 860}, locale="uk-UA").new_page()
    page.set_default_timeout(30_000)
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_widget_to_telegram_and_back(staffed: Path, browser: Browser, width: int) -> None:
    with messenger() as telegram:
        standin = telegram.standin
        write_config(
            staffed,
            channels=CHANNELS.format(token=standin.token, base=standin.base),
            top='public_url = "http://127.0.0.1:1"',
        )
        with Program("serve", folder=staffed) as program:
            customer = Customer(window(browser, width), program.base)
            customer.says("скільки коштує доставка")
            customer.sees("70 грн")
            customer.says("де посилка ZH123456789UA")
            customer.sees("Посилка ZH123456789UA")
            chat = customer.page.locator("frontdesk-chat")
            chat.get_by_role("button", name="Продовжити в іншому месенджері").click()
            link = chat.get_by_role("link", name=re.compile("Telegram"))
            expect(link).to_be_visible()
            expect(chat.locator("svg.qr path")).to_have_attribute("d", re.compile("^M"))
            assert violations(customer.page) == []
            href = link.get_attribute("href") or ""
            found = re.fullmatch(r"https://t\.me/standin_bot\?start=(go-[\w-]{24})", href)
            assert found
            telegram.writes(f"/start {found[1]}")
            assert telegram.hears(1) == ["Продовжуємо тут: повторювати нічого не треба."]
            telegram.writes("скільки коштує доставка")
            assert "70 грн" in telegram.hears(2)[1]
            telegram.writes("а де моя посилка?")
            assert "ZH123456789UA" in telegram.hears(3)[2], "the number that was named in the widget"

            agent = window(browser)
            sign_in(agent, program.base, to="/desk?list=all")
            rows = agent.locator("a.row")
            expect(rows).to_have_count(1)
            rows.first.click()
            transcript = agent.locator("#transcript")
            expect(transcript).to_contain_text("Далі — Telegram")
