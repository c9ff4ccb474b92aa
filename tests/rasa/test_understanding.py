"""Rasa as the engine, really: what it says of texts, and what happens when it is killed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import structs

from gateway.assisting.settings import Rasa
from gateway.ports import Understanding, Utterance
from gateway.settings import Dialogue
from nlu.rasa.checkup import look
from nlu.rasa.client import RasaClient
from nlu.rasa.engine import RasaEngine
from nlu.rasa.wire import Parse
from tests.fakes import FakeEngine
from tests.rasa.server import RasaServer, demo_settings

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TEXTS = {
    "скільки коштує доставка": "delivery-cost",
    "как позвать оператора": "want-person",
    "opening hours": "opening-hours",
}


def engine(settings: Rasa) -> tuple[RasaEngine, RasaClient]:
    client = RasaClient(settings)
    inner = FakeEngine(dict.fromkeys(TEXTS, ("by-ourselves", 0.9)))
    return RasaEngine(inner, client, settings, Dialogue(), lambda article: article != "by-ourselves"), client


def utterances(*texts: str) -> list[Utterance]:
    return [Utterance(text=text, now=NOW, zone="Europe/Kyiv") for text in texts]


def best(understood: list[Understanding]) -> list[str | None]:
    return [one.best.intent if one.best else None for one in understood]


async def test_texts_are_understood_by_rasa(nlu: Rasa) -> None:
    made, client = engine(nlu)
    understood = await made.understand(utterances(*TEXTS) * 10)
    assert best(understood)[: len(TEXTS)] == list(TEXTS.values())
    assert all(0 < ranked.confidence <= 1 for one in understood for ranked in one.ranking)
    await client.close()


async def test_a_slash_opens_nothing(nlu: Rasa) -> None:
    made, client = engine(nlu)
    [one] = await made.understand(utterances("/delivery-cost"))
    assert not one.best or one.best.confidence < 1
    await client.close()


async def test_killed_it_is_replaced_and_back_it_answers_again(nlu: Rasa, rasa: RasaServer) -> None:
    made, client = engine(nlu)
    rasa.kill()
    for _ in range(4):
        assert best(await made.understand(utterances(*TEXTS))) == ["by-ourselves"] * len(TEXTS)
    assert not client.available
    rasa.start()
    for _ in range(200):
        await made.refresh()
        if client.available:
            break
    assert best(await made.understand(utterances(*TEXTS))) == list(TEXTS.values())
    await client.close()


async def test_the_doctor_sees_what_is_there(nlu: Rasa) -> None:
    whole = structs.replace(nlu, mode="assistant")
    client = RasaClient(whole)
    assert [one.verdict for one in await look(client, whole, ["delivery-cost", "greeting"])] == ["ok"]
    assert [one.verdict for one in await look(client, whole, ["delivery-cost", "snow"])] == ["warning"]
    assert [one.verdict for one in await look(client, whole, ["snow"])] == ["problem"]
    wrong = RasaClient(structs.replace(nlu, token="wrong"))
    [finding] = await look(wrong, nlu, ["greeting"])
    assert "FRONTDESK_RASA_TOKEN" in finding.fix
    await client.close()
    await wrong.close()


@pytest.mark.parametrize("text", ["", "…" * 3000, "\x00", "{}", "[a](b)", "🦉"])
async def test_strange_texts_are_answered(nlu: Rasa, text: str) -> None:
    client = RasaClient(nlu)
    assert isinstance(await client.parse(text or "."), Parse)
    assert demo_settings().engine == "embedded"
    await client.close()
