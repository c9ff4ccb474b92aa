"""Real Bolt applications with the gateway plugged in: it sees everything first, and swallows nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request import BoltRequest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack.bolt import plug
from bots.slack.hosting import Guest, overheard
from bots.slack.line import Given, IntakeLine, Line, judged
from bots.slack.wire.inbound import read_event
from gateway.channels import WebhookRequest
from gateway.errors import RequestRefused
from gateway.messages import Echo, Inbound, Text
from tests.bots.slack.host import application, blocking_application
from tests.bots.slack.support import Taken, settings, tools
from tests.standins.slack import APP_TOKEN, SECRET, SlackStandin, as_form, callback, signed

IM = {"type": "message", "channel": "D1", "user": "U1", "text": "ping", "ts": "1355517523.000005", "channel_type": "im"}
REACTION = {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": {"type": "message", "channel": "D1"}}


Bot = Callable[[str | Line], AsyncApp]


class Gateway:
    """A gateway's webhook, over HTTP: `statuses` are answered first, one each, and take nothing."""

    def __init__(self, standin: SlackStandin) -> None:
        from bots.slack import build  # noqa: PLC0415

        self.channel = build("shop", settings(standin.api), tools())
        self.taken = Taken()
        self.statuses: list[int] = []
        self.seen = 0
        self.url = ""
        self._runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
        self._runner.app.router.add_post("/channels/shop/webhook", self._receive)

    async def _receive(self, request: web.Request) -> web.Response:
        self.seen += 1
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        try:
            receipt = self.channel.receive(WebhookRequest(method="POST", headers=headers, query={}, body=body))
        except RequestRefused as error:
            return web.Response(status=error.status)
        await self.taken("shop", receipt.envelopes)
        return web.Response(status=receipt.status, body=receipt.body)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/channels/shop/webhook"

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self.channel.close()

    @property
    def events(self) -> list[Any]:
        return [read_event(envelope.body) for envelope in self.taken.envelopes]


@pytest.fixture
async def gateway(standin: SlackStandin) -> AsyncIterator[Gateway]:
    made = Gateway(standin)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
async def bot(standin: SlackStandin, heard: list[str]) -> AsyncIterator[Bot]:
    """Make the firm's application, plugged into the gateway at an address or on a line."""
    async with AsyncExitStack() as stack:

        def make(gateway: str | Line) -> AsyncApp:
            app, plugged = application(standin.api, heard, gateway)
            stack.push_async_callback(plugged.close)
            return app

        yield make


def ask(payload: dict[str, Any] | bytes, *, form: bool = False, secret: str = SECRET) -> AsyncBoltRequest:
    """A request as Bolt's adapters hand it over."""
    body = payload if isinstance(payload, bytes) else as_form(payload) if form else json.dumps(payload).encode()
    return AsyncBoltRequest(body=body.decode(), headers=dict(signed(body, secret=secret, form=form)))


def press(action_id: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U1"},
        "team": {"id": "T1"},
        "channel": {"id": "D1"},
        "container": {"message_ts": "1.000001"},
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": "a:track"}],
        "trigger_id": f"1.{action_id}",
    }


async def quiet() -> None:
    """Bolt runs listeners beside its answer."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            await asyncio.gather(*others, return_exceptions=True)


async def test_the_gateway_has_it_before_the_host_and_both_have_it(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    answer = await app.async_dispatch(ask(callback(IM, "Ev1")))
    assert answer.status == 200
    await standin.wait_for("chat.postMessage")
    assert heard == ["ping"]
    (first,) = [event for event in gateway.events if isinstance(event, Inbound)]
    assert (first.sender.address, first.parts) == ("D1", (Text(text="ping"),))
    assert gateway.taken.envelopes[0].platform_id == "event:Ev1"


async def test_what_the_host_says_stands_in_the_transcript(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    await app.async_dispatch(ask(callback(IM)))
    await gateway.taken.until(2)
    await app.client.chat_postMessage(channel="C1", thread_ts="1.000001", text="notice")
    await gateway.taken.until(3)
    echoes = [event for event in gateway.events if isinstance(event, Echo)]
    assert [(echo.address, echo.parts[0].text) for echo in echoes] == [
        ("D1", "*pong* & more"),
        ("C1:1.000001", "notice"),
    ]
    assert echoes[0].platform_id == f"D1:{standin.messages['D1'][0]['ts']}"


async def test_an_echo_waits_for_a_gateway_that_is_away(standin: SlackStandin, gateway: Gateway, bot: Bot) -> None:
    app = bot(gateway.url)
    gateway.statuses = [503, 500, 503]
    await app.client.chat_postMessage(channel="D1", text="one")
    await app.client.chat_postMessage(channel="D1", text="two")
    assert (await app.async_dispatch(ask(callback({**IM, "text": "?"}, "Ev1")))).status == 503
    assert gateway.events == []
    assert (await app.async_dispatch(ask(callback({**IM, "text": "?"}, "Ev1")))).status == 200
    texts = [event.parts[0].text for event in gateway.events]
    assert texts == ["?", "one", "two"]


async def test_what_nothing_matches_is_answered(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    answer = await app.async_dispatch(ask(callback({**IM, "text": "де посилка?"})))
    assert (answer.status, heard) == (200, [])
    assert len(gateway.events) == 1


async def test_our_buttons_are_ours_and_the_hosts_are_the_hosts(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    assert (await app.async_dispatch(ask(press("frontdesk:1"), form=True))).status == 200
    assert (await app.async_dispatch(ask(press("approve"), form=True))).status == 200
    command = urlencode({"command": "/deploy", "user_id": "U1", "team_id": "T1", "trigger_id": "7"}).encode()
    answer = await app.async_dispatch(ask(command, form=True))
    assert (answer.status, answer.body) == (200, "deploying")
    await quiet()
    assert heard == ["approve", "deploy"]
    assert [envelope.platform_id for envelope in gateway.taken.envelopes] == ["action:1.frontdesk:1"]


async def test_a_retry_reaches_the_gateway_and_not_the_host(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    for _ in range(3):
        assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 200
    await standin.wait_for("chat.postMessage")
    await quiet()
    assert heard == ["ping"]
    assert [one.platform_id for one in gateway.taken.envelopes if one.platform_id == "event:Ev1"] == ["event:Ev1"] * 3


@pytest.mark.parametrize("status", [503, 500, 429])
async def test_a_gateway_that_is_away_gets_it_with_the_retry(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str], status: int
) -> None:
    app = bot(gateway.url)
    gateway.statuses = [status]
    assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 503
    await standin.wait_for("chat.postMessage")  # the host was served all the same
    assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 200
    await quiet()
    assert heard == ["ping"]
    assert "event:Ev1" in [envelope.platform_id for envelope in gateway.taken.envelopes]


async def test_a_gateway_that_is_gone_or_refuses_takes_nothing_from_the_host(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    gateway.statuses = [403]
    assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 200
    await standin.wait_for("chat.postMessage")
    away = bot("http://127.0.0.1:1/channels/shop/webhook")
    assert (await away.async_dispatch(ask(callback(IM, "Ev2")))).status == 503
    answer = await away.async_dispatch(ask(press("approve"), form=True))
    await standin.wait_for("chat.postMessage", 2)
    await quiet()
    assert answer.status == 200
    assert heard == ["ping", "ping", "approve"]


async def test_a_forgery_reaches_nobody_and_shuts_nobody_out(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    assert (await app.async_dispatch(ask(callback(IM, "Ev1"), secret="wrong"))).status == 401
    assert gateway.taken.envelopes == []
    assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 200
    await standin.wait_for("chat.postMessage")
    await quiet()
    assert heard == ["ping"]


async def test_the_bots_own_events_are_seen_though_bolt_drops_them(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    own = callback({**IM, "user": "U0DESK", "bot_id": "B0DESK"}, "EvOwn")
    assert (await app.async_dispatch(ask(own))).status == 200
    assert [(one.platform_id, one.address) for one in gateway.taken.envelopes] == [("event:EvOwn", None)]


async def test_a_request_url_is_verified_by_the_host_alone(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    answer = await app.async_dispatch(ask({"type": "url_verification", "challenge": "abc"}))
    assert (answer.status, json.loads(answer.body)) == (200, {"challenge": "abc"})
    assert gateway.seen == 0


async def test_the_hosts_bug_is_the_hosts(standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]) -> None:
    app = bot(gateway.url)
    answer = await app.async_dispatch(ask(callback(REACTION, "Ev1")))
    await quiet()
    assert (answer.status, heard) == (200, ["reaction"])
    assert gateway.seen == 1


async def test_over_http_with_bolts_own_server(
    standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]
) -> None:
    app = bot(gateway.url)
    runner = web.AppRunner(app.web_app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        url = f"http://{host}:{port}/slack/events"
        assert (await standin.deliver(callback(IM, "Ev1"), url))[0] == 200
        assert (await standin.deliver(callback({**IM, "text": "щось"}, "Ev2"), url))[0] == 200
        assert (await standin.deliver(callback(IM, "Ev1"), url, retry=1))[0] == 200
        await gateway.taken.until(4)
    finally:
        await runner.cleanup()
    assert heard == ["ping"]


async def test_over_bolts_own_socket_mode(standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]) -> None:
    app = bot(gateway.url)
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    try:
        first = standin.push(callback(IM, "Ev1"))
        await gateway.taken.until(2)
        second = standin.push(press("frontdesk:1"), "interactive")
        await gateway.taken.until(3)
        async with asyncio.timeout(20):
            await standin.until(lambda: {first, second} <= set(standin.acknowledged))
    finally:
        await handler.close_async()
    assert heard == ["ping"]
    assert [type(event).__name__ for event in gateway.events] == ["Inbound", "Echo", "Inbound"]


async def test_within_one_process(standin: SlackStandin, gateway: Gateway, bot: Bot, heard: list[str]) -> None:
    line = IntakeLine(gateway.channel, gateway.taken)
    app = bot(line)
    assert (await app.async_dispatch(ask(callback(IM, "Ev1")))).status == 200
    assert (await app.async_dispatch(ask(callback(IM, "Ev2"), secret="wrong"))).status == 401
    await gateway.taken.until(2)
    assert [type(event).__name__ for event in gateway.events] == ["Inbound", "Echo"]
    gateway.taken.failures = 2
    assert (await app.async_dispatch(ask(callback({**IM, "text": "?"}, "Ev3")))).status == 503
    assert await line.tell({"type": "frontdesk_said", "channel": "D1", "ts": "1.000001", "text": "x"}) is Given.LOST


async def test_without_asyncio(standin: SlackStandin, gateway: Gateway, heard: list[str]) -> None:
    app, plugged = await asyncio.to_thread(blocking_application, standin.api, heard, gateway.url)

    def dispatch(payload: dict[str, Any]) -> BoltResponse:
        body = json.dumps(payload).encode()
        return app.dispatch(BoltRequest(body=body.decode(), headers=dict(signed(body))))

    gateway.statuses = [503]
    statuses = [(await asyncio.to_thread(dispatch, callback(IM, "Ev1"))).status for _ in range(3)]
    assert statuses == [503, 200, 200]
    unmatched = await asyncio.to_thread(dispatch, callback({**IM, "text": "щось"}))
    assert unmatched.status == 200
    await gateway.taken.until(4)
    plugged.close()
    assert heard == ["ping"]
    assert sorted(type(event).__name__ for event in gateway.events) == ["Echo", "Inbound", "Inbound", "Inbound"]


def test_plugging_needs_what_it_needs() -> None:
    with pytest.raises(ValueError, match="signing_secret"):
        plug(None, "https://desk.example/channels/shop/webhook")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="address"):
        plug(None, IntakeLine(None, None))  # type: ignore[call-overload, arg-type]


# --- pure ------------------------------------------------------------------------------------


def test_a_host_may_keep_some_to_itself() -> None:
    guest = Guest(lambda body: body["event"]["channel"] != "C9")
    assert guest.admit(callback(IM)).ours
    kept = guest.admit(callback({**IM, "channel": "C9"}))
    assert (kept.ours, kept.hosts) == (False, True)


def test_memory_is_bounded() -> None:
    guest = Guest()
    first = guest.admit(callback(IM, "Ev0"))
    guest.dealt_with(first, 200)
    assert not guest.admit(callback(IM, "Ev0")).hosts
    for number in range(1, 10_001):
        guest.admit(callback(IM, f"Ev{number}"))
    assert guest.admit(callback(IM, "Ev0")).hosts


@pytest.mark.parametrize(("status", "again"), [(200, False), (404, False), (500, True), (401, True), (None, True)])
def test_what_the_host_did_not_deal_with_it_gets_again(status: int | None, again: bool) -> None:
    guest = Guest()
    guest.dealt_with(guest.admit(callback(IM, "Ev1")), status)
    assert guest.admit(callback(IM, "Ev1")).hosts is again


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"ok": True, "channel": "D1", "ts": "1.2", "message": {"text": "hi"}}, True),
        ({"ok": True, "channel": "D1", "ts": "1.2", "message": {"text": ""}}, False),
        ({"ok": False, "error": "x"}, False),
        ({}, False),
        (b"", False),
    ],
)
def test_overheard(answer: object, said: bool) -> None:
    assert bool(overheard(answer)) is said


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (200, Given.TAKEN),
        (401, Given.REFUSED),
        (404, Given.REFUSED),
        (429, Given.LOST),
        (503, Given.LOST),
        (302, Given.LOST),
    ],
)
def test_judged(status: int, given: Given) -> None:
    assert judged(status) is given
