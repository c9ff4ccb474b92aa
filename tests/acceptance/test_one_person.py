"""A person begins in the widget, moves to Telegram by the link, and an agent in Slack answers there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.acceptance.conftest import Customer, write_config
from tests.acceptance.test_continuing import CHANNELS, Messenger, messenger, window
from tests.bots.slack.desk_room import words_of
from tests.standins.program import Program
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, SECRET, SlackStandin

DESK = """
[desks.team]
kind = "slack"
mode = "socket"
room = "C1"
language = "uk"
bot_token = "{bot}"
app_token = "{app}"
signing_secret = "{secret}"
api_base = "{api}"
"""


class Workspace:
    """The Slack stand-in in the loop of the Telegram one."""

    def __init__(self, slack: SlackStandin, telegram: Messenger) -> None:
        self.slack = slack
        self._loop = telegram._loop

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def shows(self, words: str) -> dict[str, Any]:
        """The message of the room that says `words`, once there is one."""

        def found() -> list[dict[str, Any]]:
            return [message for message in self.slack.messages["C1"] if words in words_of(message)]

        self.run(self._until(lambda: bool(found())))
        return found()[0]

    def agent_writes(self, card: dict[str, Any], text: str) -> None:
        """Olena, in the card's thread."""
        said = self.slack.write("C1", card["ts"], "U1", text)
        self._loop.call_soon_threadsafe(self.slack.push, said)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(25):
            await self.slack.until(condition)


@contextmanager
def workspace(telegram: Messenger) -> Iterator[Workspace]:
    slack = SlackStandin()
    room = Workspace(slack, telegram)
    room.run(slack.__aenter__())
    slack.people["U1"] = {"profile": {"email": "olena@example.com"}}
    try:
        yield room
    finally:
        room.run(slack.__aexit__(None, None, None))


def test_from_the_widget_to_telegram_answered_from_slack(staffed: Path, browser: Browser) -> None:
    with messenger() as telegram, workspace(telegram) as room:
        standin = telegram.standin
        desk = DESK.format(bot=BOT_TOKEN, app=APP_TOKEN, secret=SECRET, api=room.slack.api)
        write_config(
            staffed,
            channels=CHANNELS.format(token=standin.token, base=standin.base) + desk,
            top='public_url = "http://127.0.0.1:1"',
        )
        with Program("serve", folder=staffed) as program:
            customer = Customer(window(browser), program.base)
            customer.says("скільки коштує доставка")
            customer.sees("70 грн")
            customer.says("покличте людину")
            room.shows("покличте людину")
            card = room.slack.messages["C1"][0]

            chat = customer.page.locator("frontdesk-chat")
            chat.get_by_role("button", name="Продовжити в іншому месенджері").click()
            href = chat.get_by_role("link", name=re.compile("Telegram")).get_attribute("href") or ""
            telegram.writes(f"/start {href.partition('start=')[2]}")
            assert telegram.hears(1) == ["Продовжуємо тут: повторювати нічого не треба."]

            room.agent_writes(card, "Вітаю, це Олена. Чим допомогти?")
            assert telegram.hears(3)[1:] == ["Тепер з вами Олена.", "Вітаю, це Олена. Чим допомогти?"]
            telegram.writes("Чи можна забрати завтра?")
            shown = room.shows("Чи можна забрати завтра?")
            assert shown.get("thread_ts") == card["ts"]
            cards = [one for one in room.slack.messages["C1"] if not one.get("thread_ts")]
            assert len(cards) == 1, json.dumps(cards, ensure_ascii=False)[:500]
