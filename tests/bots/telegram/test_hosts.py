"""The gateway beside real aiogram and python-telegram-bot applications: it hears all, and takes nothing away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiogram
import httpx
import pytest
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes, MessageHandler, filters

from bots.telegram import aiogram_host, build, ptb_host
from bots.telegram.channel import TelegramChannel
from bots.telegram.handover import to_intake
from bots.telegram.wire.envelopes import split_updates
from gateway.channels import ChannelTools, WebhookRequest
from gateway.messages import Button, ButtonPress, Echo, Edit, Event, Inbound, Media, MediaKind, Text
from tests.bots.telegram.support import SECRET, Files, Taken, settings
from tests.standins.http import Got, HttpStandin, Reset, Status
from tests.standins.telegram import TOKEN, TelegramStandin

HOSTS = ("aiogram", "python-telegram-bot")
BOT_ID = 123456
STRANGE = {"type": "a kind that no model knows", "date": 1795255200}


def message(text: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    person = {"id": 7001, "is_bot": False, "first_name": "Олена"}
    chat = {"id": 7001, "type": "private"}
    plain = {"message_id": number, "from": person, "chat": chat, "date": 1795255200, "text": text}
    return {"message": {**plain, **fields}}


class Gateway:
    """The gateway's webhook of a channel in mode `host`: what it took, as it reads it."""

    def __init__(self, telegram: TelegramStandin) -> None:
        chosen = settings(telegram.base, mode="host")
        self.channel = build("shop", chosen, ChannelTools(media=Files(), public_url="https://desk.example"))
        self.ids: list[str] = []
        self.bodies: list[bytes] = []
        self.events: list[Event] = []

    def take(self, got: Got) -> Any:
        given = WebhookRequest(method=got.method, headers=got.headers, query={}, body=got.body)
        for envelope in self.channel.receive(given).envelopes:
            if envelope.platform_id not in self.ids:
                self.ids.append(envelope.platform_id)
                self.bodies.append(envelope.body)
                self.events.append(self.channel.parse(envelope.body))
        return {}

    def heard(self) -> list[str]:
        return [
            part.text
            for event in self.events
            if isinstance(event, Inbound)
            for part in event.parts
            if isinstance(part, Text)
        ]

    def said(self) -> list[Echo]:
        return [event for event in self.events if isinstance(event, Echo)]


async def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 — looks at plain values
            await asyncio.sleep(0.01)


# --- the hosts -------------------------------------------------------------------------------


class Seen:
    """What the host's own handlers saw."""

    def __init__(self) -> None:
        self.texts: list[str] = []


Host = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def aiogram_host_running(
    telegram: TelegramStandin, seen: Seen, *, polling: bool = True, **fields: Any
) -> AsyncIterator[tuple[aiogram.Dispatcher, aiogram.Bot]]:
    """An application as its authors wrote it, and the two lines."""
    bot = aiogram.Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(telegram.base)))
    dispatcher = aiogram.Dispatcher()

    @dispatcher.message()
    async def answer(one: aiogram.types.Message) -> None:
        seen.texts.append(one.text or "")
        if one.text == "break":
            raise RuntimeError("the host's own bug")
        if one.text == "/catalog":
            key = aiogram.types.InlineKeyboardButton(text="Взуття", callback_data="shoes")
            await one.answer("Ось каталог", reply_markup=aiogram.types.InlineKeyboardMarkup(inline_keyboard=[[key]]))

    aiogram_host.Frontdesk(**fields).attach(dispatcher, bot)

    if not polling:
        yield dispatcher, bot
        await bot.session.close()
        return
    task = asyncio.create_task(
        dispatcher.start_polling(bot, polling_timeout=1, handle_signals=False, close_bot_session=True)
    )
    yield dispatcher, bot
    with suppress(RuntimeError):
        await dispatcher.stop_polling()
    await asyncio.wait_for(task, 30)


@asynccontextmanager
async def ptb_host_running(
    telegram: TelegramStandin, seen: Seen, *, polling: bool = True, **fields: Any
) -> AsyncIterator[Any]:
    """An application as its authors wrote it, and the two lines."""
    builder = (
        Application.builder().token(TOKEN).base_url(f"{telegram.base}/bot").base_file_url(f"{telegram.base}/file/bot")
    )
    application = builder.build()

    async def catalog(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup  # noqa: PLC0415

        seen.texts.append(update.message.text or "")
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("Взуття", callback_data="shoes")]])
        await update.message.reply_text("Ось каталог", reply_markup=keys)

    async def other(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        seen.texts.append(update.message.text or "")
        if update.message.text == "break":
            raise RuntimeError("the host's own bug")

    async def excuse(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The host's own way with errors."""

    application.add_handler(CommandHandler("catalog", catalog))
    application.add_handler(MessageHandler(filters.ALL, other))
    application.add_error_handler(excuse)

    ptb_host.Frontdesk(**fields).attach(application)

    async with application:
        await application.start()
        if polling:
            assert application.updater
            await application.updater.start_polling(timeout=1, poll_interval=0)
        yield application
        if polling:
            assert application.updater
            await application.updater.stop()
        await application.stop()


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return aiogram_host_running if request.param == "aiogram" else ptb_host_running


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandin]:
    async with TelegramStandin() as server:
        yield server


@pytest.fixture
async def door(telegram: TelegramStandin) -> AsyncIterator[HttpStandin]:
    gateway = Gateway(telegram)
    async with HttpStandin(gateway.take) as server:
        server.gateway = gateway  # type: ignore[attr-defined]
        yield server
    await gateway.channel.close()


@pytest.fixture
def gateway(door: HttpStandin) -> Gateway:
    found: Gateway = door.gateway  # type: ignore[attr-defined]
    return found


@pytest.fixture
def way(door: HttpStandin, tmp_path: Path) -> dict[str, Any]:
    """What the two lines say."""
    return {"url": f"{door.base}/channels/shop/webhook", "secret": SECRET, "spool": tmp_path / "spool"}


# --- together --------------------------------------------------------------------------------


async def test_both_hear_everything(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    seen = Seen()
    async with host(telegram, seen, **way):
        for number in range(1, 6):
            telegram.push(message(f"привіт {number}", number))
        await until(lambda: len(gateway.heard()) == 5 and len(seen.texts) == 5)
    expected = [f"привіт {number}" for number in range(1, 6)]
    assert gateway.heard() == expected
    assert sorted(seen.texts) == expected
    assert not list(way["spool"].glob("*"))


async def test_the_raw_bytes_are_handed_over(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    raw = (
        b'{"update_id":4711, "message":{"message_id":1,"chat":{"id":7001,"type":"private"},"date":1,"\xd1\x8f":[1.50],'
    )
    raw += b'"from":{"id":7001,"is_bot":false,"first_name":"x"},"text":"\\u043f\\u0440"}}'
    async with host(telegram, Seen(), **way):
        telegram.push(raw)
        await until(lambda: gateway.bodies)
    assert gateway.bodies == [raw]


async def test_what_the_host_says_is_in_the_transcript(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    async with host(telegram, Seen(), **way):
        telegram.push(message("/catalog", entities=[{"type": "bot_command", "offset": 0, "length": 8}]))
        await until(gateway.said)
    (echo,) = gateway.said()
    assert (echo.address, echo.parts) == ("7001", (Text(text="Ось каталог"),))
    assert echo.platform_id == "7001:5001"
    assert echo.buttons == (Button(label="Взуття", payload="shoes"),)


async def test_the_hosts_bug_takes_nothing_away(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    seen = Seen()
    async with host(telegram, seen, **way):
        telegram.push(message("break", 1))
        telegram.push(message("далі", 2))
        await until(lambda: len(gateway.heard()) == 2 and len(seen.texts) == 2)
    assert gateway.heard() == ["break", "далі"]


async def test_an_update_no_model_reads_stops_nobody(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    seen = Seen()
    telegram.push(message("до", 1))
    strange = telegram.push(message("дивне", 2, forward_origin=STRANGE))
    telegram.push(message("після", 3))
    telegram.push({"managed_thing": {"id": 1}})
    async with host(telegram, seen, **way):
        await until(lambda: len(gateway.ids) == 4 and {"до", "після"} <= set(seen.texts))
        await until(lambda: telegram.pending == 0)
    assert gateway.heard() == ["до", "дивне", "після"]
    assert f"update:{strange}" in gateway.ids


async def test_only_what_is_wanted_is_handed_over(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    seen = Seen()

    def wants(update: dict[str, object]) -> bool:
        return not json.dumps(update).count("/catalog")

    async with host(telegram, seen, **way, wants=wants):
        telegram.push(message("/catalog", 1))
        telegram.push(message("привіт", 2))
        await until(lambda: gateway.heard() and len(seen.texts) == 2)
    assert gateway.heard() == ["привіт"]


# --- while the gateway is away ---------------------------------------------------------------


async def test_the_host_goes_on_while_the_gateway_is_away(
    host: Host, telegram: TelegramStandin, door: HttpStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    seen = Seen()
    door.script(Status(503), Reset())
    async with host(telegram, seen, **way):
        for number in range(1, 4):
            telegram.push(message(f"привіт {number}", number))
        await until(lambda: len(seen.texts) == 3)
        await until(lambda: len(gateway.heard()) == 3, 20)
    assert gateway.heard() == ["привіт 1", "привіт 2", "привіт 3"]


async def test_what_was_left_is_handed_over_by_the_next_run(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any]
) -> None:
    async def away(body: bytes) -> None:
        await asyncio.Event().wait()

    seen = Seen()
    async with host(telegram, seen, spool=way["spool"], deliver=away):
        telegram.push(message("привіт 1", 1))
        telegram.push(message("привіт 2", 2))
        await until(lambda: len(seen.texts) == 2)
    await until(lambda: telegram.pending == 0)
    assert list(way["spool"].glob("*.json")), "Telegram will not send them again, so they are kept here"
    async with host(telegram, Seen(), **way):
        await until(lambda: len(gateway.heard()) == 2)
        telegram.push(message("привіт 3", 3))
        await until(lambda: len(gateway.heard()) == 3)
    assert gateway.heard() == ["привіт 1", "привіт 2", "привіт 3"]


async def test_a_disk_that_is_full_stops_nobody(
    host: Host, telegram: TelegramStandin, gateway: Gateway, way: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    seen = Seen()
    async with host(telegram, seen, **{**way, "spool": tmp_path / "file" / "spool"}):
        telegram.push(message("привіт"))
        await until(lambda: gateway.heard() and seen.texts)
    assert gateway.heard() == ["привіт"]


async def test_in_one_process(host: Host, telegram: TelegramStandin, tmp_path: Path) -> None:
    intake = Taken(failures=1)
    async with host(telegram, Seen(), spool=tmp_path / "spool", deliver=to_intake(intake, "shop")):
        number = telegram.push(message("привіт"))
        assert await intake.until(1) == [f"update:{number}"]


# --- webhooks of the host's own --------------------------------------------------------------


@pytest.mark.parametrize("background", [True, False])
async def test_aiograms_webhook_is_answered_after_the_update_is_kept(
    telegram: TelegramStandin, tmp_path: Path, background: bool
) -> None:
    async def away(body: bytes) -> None:
        await asyncio.Event().wait()

    seen = Seen()
    spool = tmp_path / "spool"
    async with aiogram_host_running(telegram, seen, polling=False, spool=spool, deliver=away) as (dispatcher, bot):
        app = web.Application()
        SimpleRequestHandler(dispatcher, bot, handle_in_background=background).register(app, path="/hook")
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        numbers = count(1)
        for update in (message("привіт"), message("дивне", 2, forward_origin=STRANGE)):
            async with httpx.AsyncClient(trust_env=False) as http:
                answer = await http.post(f"http://{host}:{port}/hook", json={"update_id": next(numbers), **update})
            assert answer.status_code == 200
        await until(lambda: seen.texts == ["привіт"])
        assert len(list(spool.glob("*.json"))) == 2
        await runner.cleanup()


async def test_ptbs_queue_is_fed_after_the_update_is_kept(telegram: TelegramStandin, tmp_path: Path) -> None:
    """As its webhook handler and every custom web server feed it."""

    async def away(body: bytes) -> None:
        await asyncio.Event().wait()

    seen = Seen()
    spool = tmp_path / "spool"
    async with ptb_host_running(telegram, seen, polling=False, spool=spool, deliver=away) as application:
        update = Update.de_json({"update_id": 7, **message("привіт")}, application.bot)
        await application.update_queue.put(update)
        assert len(list(spool.glob("*.json"))) == 1
        await until(lambda: seen.texts == ["привіт"])
        await application.process_update(Update.de_json({"update_id": 8, **message("далі", 2)}, application.bot))
        assert len(list(spool.glob("*.json"))) == 2


# --- the gateway's side ----------------------------------------------------------------------


async def test_beside_a_host_the_gateway_neither_polls_nor_registers(telegram: TelegramStandin) -> None:
    channel = Gateway(telegram).channel
    telegram.push(message("привіт"))
    task = asyncio.create_task(channel.run(Taken()))
    await asyncio.sleep(0.2)
    assert not task.done()
    assert telegram.calls == []
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def press(payload: str) -> WebhookRequest:
    query = {"id": "77", "from": {"id": 7001, "first_name": "x"}, "data": payload, "message": message("x")["message"]}
    body = json.dumps({"update_id": 1, "callback_query": query}).encode()
    headers = {"x-telegram-bot-api-secret-token": SECRET}
    return WebhookRequest(method="POST", headers=headers, query={}, body=body)


@pytest.mark.parametrize(("payload", "ours"), [("a:track-parcel", True), ("do:human", True), ("shoes", False)])
def test_only_presses_of_our_own_buttons_are_acknowledged(payload: str, ours: bool) -> None:
    channel = build("shop", settings(mode="host"), ChannelTools(media=Files(), public_url=None))
    receipt = channel.receive(press(payload))
    assert bool(receipt.body) == ours
    assert channel.parse(receipt.envelopes[0].body).parts == (  # type: ignore[union-attr]
        ButtonPress(payload=payload, target="7001:1"),
    )


SENT = {
    "message_id": 12,
    "from": {"id": BOT_ID, "is_bot": True, "first_name": "b"},
    "chat": {"id": 7001, "type": "private"},
    "date": 1795255200,
}


@pytest.mark.parametrize(
    ("fields", "platform_id", "part"),
    [
        ({"text": "/start"}, "sent:7001:12", Text(text="/start")),
        ({"text": "нове", "edit_date": 1795255300}, "sent:7001:12:1795255300", Edit(target="7001:12", text="нове")),
        (
            {"document": {"file_id": "d1", "file_name": "a.pdf"}, "caption": "ось"},
            "sent:7001:12",
            Media(kind=MediaKind.FILE, ref="d1", name="a.pdf", caption="ось"),
        ),
    ],
)
def test_what_a_host_said_is_read(fields: dict[str, Any], platform_id: str, part: Any) -> None:
    channel = build("shop", settings(mode="host"), ChannelTools(media=Files(), public_url=None))
    body = json.dumps({"host_sent": {**SENT, **fields}}).encode()
    given = WebhookRequest(method="POST", headers={"x-telegram-bot-api-secret-token": SECRET}, query={}, body=body)
    (envelope,) = channel.receive(given).envelopes
    assert (envelope.platform_id, envelope.address) == (platform_id, "7001")
    event = channel.parse(envelope.body)
    assert isinstance(event, Echo)
    assert (event.address, event.parts) == ("7001", (part,))


async def test_checkup_beside_a_host(telegram: TelegramStandin) -> None:
    channel = Gateway(telegram).channel
    assert isinstance(channel, TelegramChannel)
    *_, finding = await channel.checkup()
    assert "the host bot takes the updates" in finding.says
    telegram.webhook = {"url": "https://desk.example/channels/shop/webhook"}
    *_, finding = await channel.checkup()
    assert "the host bot gets nothing" in finding.says
    await channel.close()


def test_batches_are_rebuilt_byte_for_byte() -> None:
    from bots.telegram.wire.hosts import updates_in, with_updates  # noqa: PLC0415

    updates: Sequence[bytes] = [b'{"update_id":1,"a":"\xd1\x8f"}', b'{"update_id": 2}']
    assert updates_in(with_updates(updates)) == list(updates) == split_updates(with_updates(updates))
    assert updates_in(b'{"ok":true,"result":[{"user":{"id":1}}]}') == []
    assert updates_in(b'{"ok":true,"result":{"message_id":1,"text":"\\"update_id\\""}}') == []
