"""What an operator sees of the running program: figures, health, and logs that follow a message and tell no secret."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.acceptance.conftest import write_config
from tests.acceptance.test_telegram import DRIVERS, SECRET, channel, message
from tests.standins.program import Program
from tests.standins.telegram import Fail, Raw, TelegramStandin

QUESTION = "скільки коштує доставка"
CHAT = 380671234567
FIGURES = (
    "frontdesk_inbox",
    "frontdesk_deliveries",
    "frontdesk_channel_deliveries",
    "frontdesk_unsent_oldest_seconds",
    "frontdesk_handoffs_waiting",
    "frontdesk_breaker_open",
    "frontdesk_live_up",
    "frontdesk_model_revision",
    "frontdesk_turn_seconds_bucket",
    "frontdesk_send_seconds_bucket",
    "frontdesk_send_errors_total",
    "frontdesk_webhooks_total",
    "frontdesk_messages_total",
    "process_resident_memory_bytes",
)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_troubled_message_can_be_followed_and_its_words_cannot(installation: Path, driver: str) -> None:
    async with TelegramStandin() as telegram:
        write_config(installation, channels=channel(telegram, driver, "webhook"), top='log_level = "debug"')
        config = installation / "frontdesk.toml"
        config.write_text(config.read_text(encoding="utf-8").replace('"text"', '"json"'), encoding="utf-8")
        telegram.script(
            "sendMessage",
            Fail(429, f"Too Many Requests: {QUESTION}", retry_after=1),
            Raw(b"<html>Bad Gateway", status=502, content_type="text/html"),
        )
        with Program("serve", folder=installation) as program:
            async with httpx.AsyncClient() as client:
                answer = await client.post(
                    f"{program.base}/channels/shop_telegram/webhook",
                    json=message(QUESTION, 100, chat=CHAT),
                    headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
                )
                assert answer.status_code == 200
                sent = await telegram.wait_for("sendMessage", 3, timeout=20)
                await asyncio.to_thread(program.wait_for_metric, 'frontdesk_deliveries{state="sending"}', 0)
                await asyncio.to_thread(program.wait_for_metric, 'frontdesk_deliveries{state="queued"}', 0)
                figures = (await client.get(f"{program.base}/metrics")).text
                health = (await client.get(f"{program.base}/health/ready")).json()
    said = sent[-1].params["text"]
    log = program.log
    lines = [msgspec.json.decode(line) for line in log.splitlines() if line.startswith("{")]
    [inbox] = {line["inbox"] for line in lines if line["event"] == "turn_decided"}
    assert [line["event"] for line in lines if line.get("inbox") == inbox] == [
        "turn_decided",
        "send_failed",
        "send_failed",
        "sent",
    ]
    for mark in (QUESTION, str(CHAT), telegram.token, telegram.token.split(":")[1], SECRET, "Оля", said[:20]):
        assert mark not in log
    missing = [name for name in FIGURES if not re.search(rf"^{name}\{{|^{name} ", figures, re.MULTILINE)]
    assert not missing
    assert health["status"] == "ready"


async def test_both_stop_and_start_are_told(installation: Path) -> None:
    write_config(installation)
    with Program("serve", folder=installation) as program:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{program.base}/health/live")).json() == {"status": "alive"}
    assert "[info] serving url=" in program.log
    assert "[info] stopped" in program.log
