"""Webhooks: forgeries refused before anything is looked at, and Telegram told where we are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from bots.telegram.channel import TelegramChannel
from bots.telegram.presses import QUEUE_LIMIT
from bots.telegram.webhook import BODY_LIMIT, SECRET_HEADER
from bots.telegram.wire.inbound import ALLOWED_UPDATES
from gateway.channels import WebhookRequest
from gateway.errors import RequestRefused
from tests.bots.telegram.support import SECRET, Pauses, Taken
from tests.standins.telegram import Fail, Reset, TelegramStandin

Opened = Callable[..., TelegramChannel]
Running = Callable[[TelegramChannel, Taken], "asyncio.Task[None]"]

BODY = b'{"update_id":5,"message":{"message_id":1,"chat":{"id":7},"from":{"id":7,"first_name":"x"},"text":"hi"}}'
PRESS = (
    b'{"update_id":6,"callback_query":{"id":"77","from":{"id":7,"first_name":"x"},"data":"y",'
    b'"message":{"message_id":1,"chat":{"id":7}}}}'
)


def request(body: bytes = BODY, *, method: str = "POST", secret: str | None = SECRET) -> WebhookRequest:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    return WebhookRequest(method=method, headers=headers, query={}, body=body)


def test_true_call_is_one_envelope(opened: Opened) -> None:
    receipt = opened().receive(request())
    (envelope,) = receipt.envelopes
    assert (envelope.platform_id, envelope.address, envelope.body) == ("update:5", "7", BODY)
    assert (receipt.status, receipt.body) == (200, b"")


REFUSED = [
    (request(secret=None), 401),
    (request(secret=""), 403),
    (request(secret="wrong"), 403),
    (request(secret=SECRET + "x"), 403),
    (request(secret="пароль\udcff"), 403),
    (request(b"x" * (BODY_LIMIT + 1)), 413),
    (request(method="GET"), 405),
    # A stranger is told about the secret only, whatever else is wrong.
    (request(b"x" * (BODY_LIMIT + 1), secret="wrong"), 403),
    (request(method="GET", secret=None), 401),
]


@pytest.mark.parametrize(("call", "status"), REFUSED)
def test_refused(opened: Opened, call: WebhookRequest, status: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        opened().receive(call)
    assert caught.value.status == status
    assert SECRET not in caught.value.reason


@pytest.mark.parametrize("given", ["", "x", SECRET])
def test_without_a_configured_secret_nobody_is_telegram(opened: Opened, given: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        opened(webhook_secret="").receive(request(secret=given))
    assert caught.value.status == 403


def test_largest_body_is_taken(opened: Opened) -> None:
    padded = BODY[:-1] + b" " * (BODY_LIMIT - len(BODY)) + b"}"
    assert opened().receive(request(padded)).envelopes[0].platform_id == "update:5"


@pytest.mark.parametrize("body", [b"", b"not json", b"[" * BODY_LIMIT, b'{"message":{}}', b"\x00\xff"])
def test_authentic_nonsense_goes_to_quarantine(opened: Opened, body: bytes) -> None:
    (envelope,) = opened().receive(request(body)).envelopes
    assert envelope.address is None
    assert envelope.platform_id.startswith("unreadable:")


def test_press_is_acknowledged_in_the_answer_where_nobody_else_would(opened: Opened) -> None:
    receipt = opened().receive(request(PRESS))
    assert receipt.content_type == "application/json"
    assert json.loads(receipt.body) == {"method": "answerCallbackQuery", "callback_query_id": "77"}


@pytest.mark.parametrize("payload", ["a:delivery", "do:handoff", "f:rating:5:1", "v:1:7"])
def test_beside_a_host_only_presses_of_our_own_buttons_are_acknowledged(opened: Opened, payload: str) -> None:
    channel = opened(mode="host")
    assert channel.receive(request(PRESS)).body == b""
    ours = PRESS.replace(b'"data":"y"', f'"data":"{payload}"'.encode())
    assert json.loads(channel.receive(request(ours)).body)["method"] == "answerCallbackQuery"


async def test_press_is_acknowledged_by_the_running_channel(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    channel = opened("https://desk.example", driver=driver, mode="webhook")
    running(channel, Taken())
    await standin.wait_for("setWebhook")
    assert channel.receive(request(PRESS)).body == b""
    (answer,) = await standin.wait_for("answerCallbackQuery")
    assert answer.params == {"callback_query_id": 77}


async def test_flood_of_presses_is_bounded(standin: TelegramStandin, opened: Opened, running: Running) -> None:
    channel = opened("https://desk.example", mode="webhook")
    running(channel, Taken())
    await standin.wait_for("setWebhook")
    bodies = [channel.receive(request(PRESS)).body for _ in range(QUEUE_LIMIT + 10)]
    assert sum(1 for body in bodies if body) == 10


# --- registration ----------------------------------------------------------------------------


async def test_webhook_is_registered(standin: TelegramStandin, opened: Opened, running: Running, driver: str) -> None:
    channel = opened("https://desk.example/", driver=driver, mode="webhook", max_connections=7)
    pauses = Pauses()
    task = running(channel, Taken())
    await standin.wait_for("setWebhook")
    assert standin.webhook == {
        "url": "https://desk.example/channels/shop/webhook",
        "secret_token": SECRET,
        "allowed_updates": list(ALLOWED_UPDATES),
        "max_connections": 7,
    }
    await asyncio.sleep(0.05)
    assert not task.done()
    assert standin.sent("getUpdates") == []
    assert pauses.taken == []


async def test_registration_is_tried_until_it_is_taken(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    pauses = Pauses()
    standin.script(
        "setWebhook", Reset(), Fail(429, "Too Many", retry_after=4), Fail(400, "Bad Request: bad webhook: no HTTPS")
    )
    running(opened("https://desk.example", pauses, driver=driver, mode="webhook"), Taken())
    await standin.wait_for("setWebhook", 4)
    assert len(pauses.taken) == 3
    assert pauses.taken[1] == 4


@pytest.mark.parametrize(("public_url", "register"), [(None, True), ("https://desk.example", False)])
async def test_webhook_is_left_alone(
    standin: TelegramStandin, opened: Opened, running: Running, public_url: str | None, register: bool
) -> None:
    task = running(opened(public_url, mode="webhook", register_webhook=register), Taken())
    await asyncio.sleep(0.1)
    assert not task.done()
    assert standin.calls == []
