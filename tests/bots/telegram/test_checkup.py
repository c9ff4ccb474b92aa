"""What Telegram says of our bot and our webhook, judged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.telegram.channel import TelegramChannel
from bots.telegram.checkup import WebhookInfo, judge_webhook
from gateway.operating.checkup import Checkable, Verdict
from tests.bots.telegram.support import settings
from tests.standins.telegram import Fail, Hang, Ok, Raw, TelegramStandin

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
URL = "https://desk.example/channels/shop/webhook"
OK, WARNING, PROBLEM = Verdict
Opened = Callable[..., TelegramChannel]


def error(minutes: float) -> dict[str, Any]:
    at = NOW - timedelta(minutes=minutes)
    return {"last_error_date": int(at.timestamp()), "last_error_message": "Connection refused"}


@pytest.mark.parametrize(
    ("mode", "wanted", "info", "verdict"),
    [
        ("polling", None, {}, OK),
        ("polling", URL, {"url": URL}, WARNING),
        ("webhook", None, {"url": URL}, PROBLEM),
        ("webhook", URL, {}, PROBLEM),
        ("webhook", URL, {"url": "https://other.example/hook"}, PROBLEM),
        ("webhook", URL, {"url": URL}, OK),
        ("webhook", URL, {"url": URL, "pending_update_count": 5000}, WARNING),
        ("webhook", URL, {"url": URL, "pending_update_count": 3, **error(1)}, PROBLEM),
        ("webhook", URL, {"url": URL, **error(1)}, WARNING),
        ("webhook", URL, {"url": URL, **error(600)}, OK),
    ],
)
def test_the_webhook(mode: str, wanted: str | None, info: dict[str, Any], verdict: Verdict) -> None:
    chosen = settings("https://api.telegram.org", mode=mode, webhook_secret="s")
    (found,) = judge_webhook("channels.shop.webhook", chosen, WebhookInfo(**info), wanted, NOW)
    assert found.verdict is verdict
    assert bool(found.fix) is (verdict is not OK)


def test_a_webhook_that_somebody_else_registers() -> None:
    chosen = settings("https://api.telegram.org", mode="webhook", webhook_secret="s", register_webhook=False)
    assert judge_webhook("a", chosen, WebhookInfo(url="https://proxy.example/x"), None, NOW)[0].verdict is OK
    assert "setWebhook" in judge_webhook("a", chosen, WebhookInfo(), None, NOW)[0].fix


async def test_a_bot_that_is_well(opened: Opened) -> None:
    channel = opened()
    assert isinstance(channel, Checkable)
    found = await channel.checkup()
    assert [(one.subject, one.verdict) for one in found] == [("channels.shop", OK), ("channels.shop.webhook", OK)]
    assert "@standin_bot" in found[0].says


async def test_a_registered_webhook_is_compared(opened: Opened, standin: TelegramStandin) -> None:
    channel = opened("https://desk.example", mode="webhook", webhook_secret="s")
    standin.webhook = {"url": URL}
    assert [one.verdict for one in await channel.checkup()] == [OK, OK]
    standin.webhook = {"url": "https://old.example"}
    assert (await channel.checkup())[1].verdict is PROBLEM


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Fail(401, "Unauthorized"), "does not know this token"),
        (Fail(404, "Not Found"), "does not know this token"),
        (Fail(400, "Bad Request"), "refuses"),
        (Raw(b"<html>", 502, "text/html"), "does not answer"),
        (Hang(5), "does not answer"),
    ],
)
async def test_a_bot_that_is_not(opened: Opened, standin: TelegramStandin, reply: Any, says: str) -> None:
    standin.script("getMe", reply)
    (found,) = await opened(call_timeout=0.3).checkup()
    assert found.verdict is PROBLEM
    assert says in found.says
    assert standin.token not in found.says + found.fix


async def test_an_answer_of_another_shape_is_survived(opened: Opened, standin: TelegramStandin) -> None:
    standin.script("getMe", Ok("strange"))
    standin.script("getWebhookInfo", Ok({"url": 7}))
    assert [one.verdict for one in await opened().checkup()] == [OK, OK]


async def test_a_server_that_is_not_there(opened: Opened) -> None:
    (found,) = await opened(base="http://127.0.0.1:1").checkup()
    assert "not connected" in found.says
