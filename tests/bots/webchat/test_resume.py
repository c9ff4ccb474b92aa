"""Every message once and in order, whatever happens to the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from gateway.messages import Outbound, Text
from tests.bots.webchat.client import Scripted, bearer, new_token, talking, until
from tests.bots.webchat.house import House, running


async def test_says_and_hears(house: House) -> None:
    async with talking(house) as client:
        key = await client.say("Добрий день")
        await until(lambda: len(client.received) == 2)
        assert client.texts() == ["Добрий день", "Ви сказали: Добрий день"]
        assert client.received[0]["key"] == key
        assert [message["prev"] for message in client.received] == [0, 1]
        assert not client.queue


async def test_the_same_message_five_times_is_one(house: House) -> None:
    async with talking(house) as client:
        key = await client.say("раз")
        for _ in range(4):
            await client.send({"type": "message", "id": key, "text": "раз"})
        await client.say("два")
        await until(lambda: len(client.received) == 4)
        assert client.texts("contact") == ["раз", "два"]


async def test_notes_are_counted_but_not_shown(house: House) -> None:
    async with talking(house, "перше") as client:
        await house.note(client.visitor, "клієнт сердитий")
        await house.say(client.visitor, Outbound(parts=(Text(text="Вітаю, я Олена"),)))
        await until(lambda: len(client.received) == 3)
        assert (client.received[-1]["seq"], client.received[-1]["prev"]) == (4, 2)
        assert client.gaps == 0


async def test_conversations_form_one_thread(house: House) -> None:
    async with talking(house, "перша розмова") as client:
        await house.close(client.visitor)
        await client.cut()
        await client.say("друга розмова")
        await client.connect()
        await until(lambda: len(client.received) == 4)
        assert len({message["conversation"] for message in client.received}) == 2
        async with beside(client) as fresh:
            await until(lambda: len(fresh.received) == 4)
            assert fresh.texts() == client.texts()


async def test_two_tabs_see_the_same(house: House) -> None:
    async with talking(house) as one, beside(one) as two:
        await one.say("з першої вкладки")
        await until(lambda: len(two.received) == 2)
        assert two.texts() == ["з першої вкладки", "Ви сказали: з першої вкладки"]


async def test_long_threads_come_whole(house: House) -> None:
    async with talking(house, "тихо") as client:
        await client.cut()
        for number in range(130):
            await house.say(client.visitor, Outbound(parts=(Text(text=str(number)),)))
        await client.connect()
        await until(lambda: len(client.received) == 131)
        assert client.texts("bot") == [str(number) for number in range(130)]
        assert client.gaps == 0


async def test_a_newcomer_sees_the_end_and_can_go_back(house: House) -> None:
    async with talking(house, "тихо") as client:
        for number in range(130):
            await house.say(client.visitor, Outbound(parts=(Text(text=str(number)),)))
        async with beside(client) as fresh:
            await until(lambda: len(fresh.received) == 50)
            assert fresh.texts()[-1] == "129"
            before = {"before": fresh.received[0]["id"]}
        async with httpx.AsyncClient(base_url=house.url, headers=bearer(client.token)) as http:
            older = (await http.get("/channels/site/messages", params=before)).json()
        assert [m["parts"][0]["text"] for m in older["messages"]] == [str(number) for number in range(30, 80)]
        assert older["earlier"] is True


async def test_a_slow_reader_gets_everything(house: House) -> None:
    _, token = await new_token(house)
    said = [f"тихо {number} " + "я" * 15_000 for number in range(25)]
    async with httpx.AsyncClient(base_url=house.url, headers=bearer(token)) as http:
        for text in said:
            await http.post("/channels/site/messages", json={"type": "message", "id": str(uuid4()), "text": text})
    await until(lambda: len(house.heard) == len(said))
    async with connect(f"{house.url.replace('http', 'ws')}/channels/site/socket", max_queue=1) as line:
        await line.send(json.dumps({"type": "hello", "token": token, "after": ""}))
        for _ in range(3):
            await line.send('{"type":"resume","after":""}')
        await asyncio.sleep(0.5)
        seen: list[str] = []
        while len(seen) < 4 * len(said):
            frame = json.loads(await line.recv())
            seen += [message["parts"][0]["text"] for message in frame.get("messages", [])]
    assert seen == said * 4


@asynccontextmanager
async def beside(client: Scripted) -> AsyncIterator[Scripted]:
    """Another tab of the same visitor, which begins with nothing."""
    other = Scripted(client.house, client.token, client.visitor)
    await other.connect()
    yield other
    await other.cut()


STEPS = st.lists(st.sampled_from(["say", "say", "answer", "cut", "connect", "close", "note", "rest"]), max_size=25)


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_every_message_once_and_in_order(steps: list[str], tmp_path_factory: object) -> None:
    folder: Path = tmp_path_factory.mktemp("resume")  # type: ignore[attr-defined]
    asyncio.run(_play(folder, steps))


async def _play(folder: Path, steps: list[str]) -> None:
    async with running(folder) as house, talking(house, "початок") as client:
        said, told = ["початок"], 0
        for number, step in enumerate(steps):
            match step:
                case "say":
                    said.append(f"слово {number}")
                    await client.say(said[-1])
                case "answer":
                    await house.say(client.visitor, Outbound(parts=(Text(text=f"новина {number}"),)))
                    told += 1
                case "cut":
                    await client.cut()
                case "connect":
                    await client.cut()
                    await client.connect()
                case "note":
                    await house.note(client.visitor, "нотатка")
                case "close" if await house.is_open(client.visitor):
                    await house.close(client.visitor)
                case _:
                    await asyncio.sleep(0.02)
        await client.cut()
        await client.connect()
        await until(lambda: len(client.received) >= 2 * len(said) + told and not client.queue)
        await asyncio.sleep(0.02)
        assert client.texts("contact") == said
        assert [text for text in client.texts("bot") if text.startswith("Ви")] == [f"Ви сказали: {w}" for w in said]
        assert len(client.received) == 2 * len(said) + told
        assert len({message["id"] for message in client.received}) == len(client.received)
        assert client.gaps == 0
