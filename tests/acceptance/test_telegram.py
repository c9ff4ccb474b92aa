"""The whole gateway behind a Telegram bot, with either driver, against a local Bot API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import write_config
from tests.standins.program import Program
from tests.standins.telegram import TelegramStandin

DRIVERS = ("aiogram", "python-telegram-bot")
SECRET = "right-secret"

QUESTIONS = (
    ("скільки коштує доставка", "uk", "грн"),
    ("сколько стоит доставка", "ru", "грн"),
    ("how much is delivery", "en", "UAH"),
)


def message(text: str, update_id: int, chat: int = 77) -> dict[str, object]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1_790_000_000,
            "chat": {"id": chat, "type": "private", "first_name": "Оля"},
            "from": {"id": chat, "is_bot": False, "first_name": "Оля", "language_code": "uk"},
            "text": text,
        },
    }


def channel(standin: TelegramStandin, driver: str, mode: str) -> str:
    return f"""
[channels.shop_telegram]
kind = "telegram"
driver = "{driver}"
mode = "{mode}"
token = "{standin.token}"
api_base = "{standin.base}"
webhook_secret = "{SECRET}"
"""


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_webhook_bot_answers_in_three_languages_once_each(installation: Path, driver: str) -> None:
    async with TelegramStandin() as telegram:
        write_config(installation, channels=channel(telegram, driver, "webhook"))
        with Program("serve", folder=installation) as program:
            url = f"{program.base}/channels/shop_telegram/webhook"
            async with httpx.AsyncClient() as client:
                for number, (question, _, _) in enumerate(QUESTIONS):
                    for _ in range(5):
                        answer = await client.post(
                            url,
                            json=message(question, 100 + number, chat=70 + number),
                            headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
                        )
                        assert answer.status_code == 200
                forged = await client.post(
                    url, json=message("hello", 200), headers={"X-Telegram-Bot-Api-Secret-Token": "wrong"}
                )
                unsigned = await client.post(url, json=message("hello", 201))
            assert (forged.status_code, unsigned.status_code) == (403, 401)
            sent = await telegram.wait_for("sendMessage", len(QUESTIONS))
            by_chat = {int(call.params["chat_id"]): call.params["text"] for call in sent}
            for number, (_, _, unit) in enumerate(QUESTIONS):
                assert unit in by_chat[70 + number]
        assert len(telegram.sent("sendMessage")) == len(QUESTIONS)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_polling_bot_survives_a_kill_without_losing_or_doubling(installation: Path, driver: str) -> None:
    async with TelegramStandin() as telegram:
        write_config(installation, channels=channel(telegram, driver, "polling"))
        with Program("serve", folder=installation) as program:
            telegram.push(message("скільки коштує доставка", 1))
            await telegram.wait_for("sendMessage", 1)
            # Killed before it has noted the answer, the send would rightly be repeated once.
            await asyncio.to_thread(program.wait_for_metric, 'frontdesk_deliveries{state="sending"}', 0)
            program.kill()
            telegram.push(message("сколько стоит доставка", 2))
            # Off the loop: the stand-in answers on it while the program starts.
            await asyncio.to_thread(program.start)
            await telegram.wait_for("sendMessage", 2)
        assert len(telegram.sent("sendMessage")) == 2


async def test_staff_hear_in_their_group_who_waits_and_their_words_there_are_no_customers(installation: Path) -> None:
    async with TelegramStandin() as telegram:
        alerts = '[alerts]\nchannel = "shop_telegram"\nto = "-100200"\nwaiting = 0\n'
        write_config(installation, channels=alerts + channel(telegram, "aiogram", "polling"))
        with Program("serve", folder=installation) as program:
            telegram.push(message("покличте людину", 1))
            sent = await telegram.wait_for("sendMessage", 2)
            while not (told := [one for one in sent if str(one.params["chat_id"]) == "-100200"]):
                sent = await telegram.wait_for("sendMessage", len(sent) + 1)
            assert told[0].params["text"] == "🙋 Оля чекає на людину 1 хвилину."
            telegram.push(message("я беру", 2, chat=-100200))
            telegram.push(message("how much is delivery", 3, chat=78))
            while not any(int(one.params["chat_id"]) == 78 for one in sent):
                sent = await telegram.wait_for("sendMessage", len(sent) + 1)
            assert len([one for one in sent if str(one.params["chat_id"]) == "-100200"]) == 1
            assert "Traceback" not in program.log
