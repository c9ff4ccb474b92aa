"""The stand-in itself: it must be as strict as the platform it stands for."""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientSession, web

from tests.standins.telegram import SECRET_HEADER, Fail, TelegramStandin


async def test_wrong_token_is_refused(standin: TelegramStandin) -> None:
    async with ClientSession() as client, client.post(f"{standin.base}/bot1:wrong/getMe") as answer:
        assert answer.status == 401
    assert standin.calls == []


async def test_unused_script_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="sendmessage"):
        async with TelegramStandin() as standin:
            standin.script("sendMessage", Fail(500))


async def test_deliver_is_telegrams_webhook_call(standin: TelegramStandin) -> None:
    seen: list[tuple[str | None, object]] = []

    async def hook(request: web.Request) -> web.Response:
        seen.append((request.headers.get(SECRET_HEADER), await request.json()))
        return web.json_response({"method": "answerCallbackQuery", "callback_query_id": "7"})

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with ClientSession() as client:
        body = {"url": url, "secret_token": "abc"}
        async with client.post(f"{standin.base}/bot{standin.token}/setWebhook", json=body) as answer:
            assert answer.status == 200
        async with client.get(f"{standin.base}/bot{standin.token}/getUpdates") as answer:
            assert answer.status == 409
    status, reply = await standin.deliver({"message": {}})
    assert (status, json.loads(reply)["method"]) == (200, "answerCallbackQuery")
    assert seen == [("abc", {"update_id": 1001, "message": {}})]
    assert standin.calls[-1].params == {"callback_query_id": "7"}
    await runner.cleanup()
