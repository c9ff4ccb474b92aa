"""Whatever a webhook is sent, it answers calmly, and the next customer is served."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import write_config
from tests.acceptance.test_telegram import SECRET, channel, message
from tests.standins.program import Program
from tests.standins.telegram import TelegramStandin

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}


def bodies() -> dict[str, bytes]:
    """Bodies by what is wrong with them."""
    nested: object = "deep"
    for _ in range(200):
        nested = {"message": [nested]}
    return {
        "not json": b"{",
        "empty": b"",
        "a list": b"[1, 2]",
        "binary": bytes(range(256)),
        "nested 200 deep": json.dumps({"update_id": 1, "message": nested}).encode(),
        "nested 100,000 deep": b'{"update_id": 2, "message": ' + b"[" * 100_000,
        "lone surrogates": json.dumps(message("\ud800\udc00\ud800", 3)).encode(),
        "nul": json.dumps(message("a\x00b", 4)).encode(),
        "right to left and zero width": json.dumps(message("\u202eabc\u200b\u200d", 5)).encode(),
        "100,000 characters": json.dumps(message("ж" * 100_000, 6)).encode(),
        "unknown type": json.dumps({"update_id": 7, "brand_new_thing": {"a": 1}}).encode(),
        "strange types": json.dumps({"update_id": "8", "message": 5}).encode(),
        "no text": json.dumps({"update_id": 9, "message": {"chat": {"id": 1}}}).encode(),
    }


@pytest.mark.parametrize("driver", ["aiogram"])
async def test_bad_bodies_are_never_a_server_error_and_block_nobody(installation: Path, driver: str) -> None:
    async with TelegramStandin() as telegram:
        write_config(installation, channels=channel(telegram, driver, "webhook"))
        with Program("serve", folder=installation) as program:
            url = f"{program.base}/channels/shop_telegram/webhook"
            async with httpx.AsyncClient() as client:
                for name, body in bodies().items():
                    answer = await client.post(url, content=body, headers=HEADERS)
                    assert answer.status_code < 500, name
                too_large = await client.post(url, content=b"x" * (1024 * 1024 + 1), headers=HEADERS)
                assert too_large.status_code == 413
                fine = await client.post(url, json=message("how much is delivery", 50, chat=9), headers=HEADERS)
                assert fine.status_code == 200
            calls = await telegram.wait_for("sendMessage", 1)
            while not any("70 UAH" in str(call.params["text"]) for call in calls):
                calls = await telegram.wait_for("sendMessage", len(calls) + 1)
        assert "Traceback" not in program.log
