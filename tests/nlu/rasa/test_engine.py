"""Understanding by a Rasa server that is there, down, slow or wrong: the embedded engine's word stands in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from gateway.assisting.settings import Rasa
from gateway.ports import Understanding, Utterance
from gateway.settings import Dialogue
from nlu.rasa.client import FAILURES, RasaClient
from nlu.rasa.engine import RasaEngine
from tests.fakes import FakeEngine
from tests.nlu.rasa.standin import RasaStandin
from tests.standins.http import Hang, Status

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Setting:
    """A server, the engine before it, and a clock for the breaker."""

    def __init__(self, server: RasaStandin) -> None:
        self.server = server
        self.now = 0.0
        settings = Rasa(url=server.base, token="hush hush", timeout=0.6, concurrency=4)
        self.client = RasaClient(settings, monotonic=lambda: self.now)
        inner = FakeEngine({"price": ("by-ourselves", 0.9)})
        self.engine = RasaEngine(inner, self.client, settings, Dialogue(), lambda article: article == "delivery-cost")
        server.meanings = {"price": ("delivery_cost", 0.9), "book": ("book_flight", 0.9)}

    async def asked(self, *texts: str) -> list[Understanding]:
        return await self.engine.understand([Utterance(text=text, now=NOW, zone="Europe/Kyiv") for text in texts])

    async def best(self, text: str) -> str | None:
        [one] = await self.asked(text)
        return one.best.intent if one.best else None


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    async with RasaStandin() as server:
        made = Setting(server)
        yield made
        await made.client.close()


async def test_it_is_asked_with_its_token_and_each_text_once(setting: Setting) -> None:
    understood = await setting.asked("price", "/price", " price ", "nothing")
    assert [one.best.intent if one.best else None for one in understood] == ["delivery-cost"] * 3 + [None]
    assert sorted(got.json["text"] for got in setting.server.got) == ["nothing", "price"]
    assert understood[0].language == "uk"


@pytest.mark.parametrize(
    "reply",
    [Status(500), Status(401), Status(200, body=b"<html>"), Status(200, body=b'{"intent": 7}'), Hang(2)],
    ids=["broken", "token", "page", "shape", "slow"],
)
async def test_what_it_fails_on_we_understand_ourselves(setting: Setting, reply: Status | Hang) -> None:
    setting.server.script(reply)
    assert await setting.best("price") == "by-ourselves"
    assert await setting.best("price") == "delivery-cost"


async def test_a_server_that_fails_is_left_alone_until_it_is_back(setting: Setting) -> None:
    setting.server.script(*[Status(503)] * (FAILURES + 1))
    for _ in range(FAILURES + 5):
        assert await setting.best("price") == "by-ourselves"
    assert len(setting.server.got) == FAILURES
    await setting.engine.refresh()
    assert len(setting.server.got) == FAILURES, "its pause is not over"
    setting.now += 1.0
    await setting.engine.refresh()
    assert await setting.best("price") == "by-ourselves", "it failed the probe"
    setting.now += 2.0
    await setting.engine.refresh()
    assert await setting.best("price") == "delivery-cost"


async def test_a_batch_never_waits_longer_than_two_timeouts(setting: Setting) -> None:
    setting.server.script(*[Hang(2)] * 4)
    begun = asyncio.get_running_loop().time()
    understood = await setting.asked(*(f"text {number}" for number in range(40)))
    assert len(understood) == 40
    assert asyncio.get_running_loop().time() - begun < 1.9


async def test_a_model_of_another_firm_is_named_once(setting: Setting) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            assert await setting.best("book") is None
    assert [line["event"] for line in logs].count("rasa_knows_other_intents") == 1


async def test_logs_name_no_text_and_no_token(setting: Setting) -> None:
    with capture_logs() as logs:
        for reply in (Status(500), Status(200, body=b"[]"), Hang(2)):
            setting.server.script(reply)
            await setting.best("price")
    assert any(line["event"] == "rasa_rests" for line in logs)
    assert not any(word in str(logs) for word in ("price", "hush", "127.0.0.1"))


async def test_nobody_there(setting: Setting) -> None:
    client = RasaClient(structs.replace(Rasa(), url="http://127.0.0.1:9", timeout=0.3))
    engine = RasaEngine(FakeEngine({"price": ("by-ourselves", 0.9)}), client, Rasa(), Dialogue(), bool)
    [one] = await engine.understand([Utterance(text="price", now=NOW, zone="Europe/Kyiv")])
    assert one.best is not None
    assert one.best.intent == "by-ourselves"
    assert (await engine.understand([])) == []
