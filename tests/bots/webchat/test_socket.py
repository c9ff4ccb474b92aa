"""The widget's socket: the door, bad frames, typing, receipts, slow readers."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from bots.webchat.settings import WebchatSettings
from gateway.live import conversation_topic
from gateway.messages import Outbound, Text
from gateway.storage.deliveries import DeliveryState
from tests.bots.webchat.client import new_token, talking, until
from tests.bots.webchat.house import House, running


def address(house: House, channel: str = "site") -> str:
    return f"{house.url.replace('http', 'ws')}/channels/{channel}/socket"


async def receive(line: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(20):
        answer: dict[str, Any] = json.loads(await line.recv())
        return answer


async def close_code(line: ClientConnection) -> int | None:
    """Read to the end of the line and say how it ended."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            async for _ in line:
                continue
    return line.close_code


async def greeted(house: House) -> ClientConnection:
    _, token = await new_token(house)
    line = await connect(address(house))
    await line.send(json.dumps({"type": "hello", "token": token, "language": "uk"}))
    assert (await receive(line))["type"] == "welcome"
    assert (await receive(line))["snapshot"] is True
    return line


async def test_a_strange_site_gets_no_socket(tmp_path: Path) -> None:
    async with running(tmp_path, WebchatSettings(allowed_origins=["https://shop.example"])) as house:
        with pytest.raises(InvalidStatus):
            await connect(address(house), origin=Origin("https://evil.test"))
        async with connect(address(house), origin=Origin("https://shop.example")):
            pass
        async with connect(address(house), origin=Origin(house.url)):
            pass


async def test_an_unknown_channel_gets_no_socket(house: House) -> None:
    with pytest.raises(InvalidStatus):
        await connect(address(house, "nowhere"))


async def test_a_forged_token(house: House) -> None:
    async with connect(address(house)) as line:
        await line.send(json.dumps({"type": "hello", "token": "v1.e30.x"}))
        assert (await receive(line))["code"] == "unauthorized"
        assert await close_code(line) == 4401


@pytest.mark.parametrize("first", ["nonsense", '{"type":"ping"}', '{"type":"message"}', "[" * 3000])
async def test_something_else_before_hello(house: House, first: str) -> None:
    async with connect(address(house)) as line:
        await line.send(first)
        assert await close_code(line) == 1008


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "-"])
async def test_a_bad_cursor(house: House, cursor: str) -> None:
    _, token = await new_token(house)
    async with connect(address(house)) as line:
        await line.send(json.dumps({"type": "hello", "token": token, "after": cursor}))
        assert await close_code(line) == 1008


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", "malformed"),
        ("", "malformed"),
        (b"\x00\x01", "malformed"),
        ("[" * 3000 + "]" * 3000, "malformed"),
        ('{"type":"unknown"}', "malformed"),
        ('{"type":"hello","token":"again"}', "malformed"),
        ('{"type":"read","cursor":"nonsense"}', "malformed"),
        ('{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":"' + "я" * 20001 + '"}', "too_long"),
        ('{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":""}', "empty"),
        ('{"type":"ping","x":"' + "x" * 70_000 + '"}', "too_large"),
    ],
)
async def test_bad_frames_are_answered_and_the_line_lives(house: House, frame: str | bytes, code: str) -> None:
    line = await greeted(house)
    await line.send(frame)
    answer = await receive(line)
    assert (answer["type"], answer["code"]) == ("error", code)
    await line.send('{"type":"ping"}')
    assert await receive(line) == {"type": "pong"}
    await line.close()


async def test_patience_with_bad_frames_ends(house: House) -> None:
    line = await greeted(house)
    with suppress(ConnectionClosed):
        for _ in range(60):
            await line.send("nonsense")
    assert await close_code(line) == 1008


async def test_an_error_names_the_limit_in_the_visitors_language(house: House) -> None:
    line = await greeted(house)
    name = "0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f"
    await line.send(json.dumps({"type": "message", "id": name, "text": "я" * 20001}, ensure_ascii=False))
    answer = await receive(line)
    assert answer["id"] == name
    assert "20000" in answer["message"]
    assert "символів" in answer["message"]
    await line.close()


async def test_typing_is_seen_both_ways(house: House) -> None:
    async with talking(house, "тихо") as client:
        await house.channel.typing(client.visitor)
        await until(lambda: {"type": "typing"} in client.others)
        conversation = client.received[0]["conversation"]
        async with house.live.subscribe([conversation_topic(conversation)]) as changes:
            await client.send({"type": "typing"})
            async with asyncio.timeout(20):
                change = await anext(changes)
        assert (change.kind, change.ids) == ("typing", {"author": "contact"})


async def test_receipts_move_deliveries_on(house: House) -> None:
    async with talking(house, "перше") as client:
        await client.send({"type": "delivered", "cursor": client.cursor})
        await eventually_counted(house, DeliveryState.DELIVERED, 1)
        await client.send({"type": "read", "cursor": client.cursor})
        await eventually_counted(house, DeliveryState.READ, 1)
        await house.say(client.visitor, Outbound(parts=(Text(text="друге"),)))
        await eventually_counted(house, DeliveryState.SENT, 1)


async def test_nobody_reads_for_others(house: House) -> None:
    async with talking(house, "моє") as client:
        stranger = await greeted(house)
        await stranger.send(json.dumps({"type": "read", "cursor": client.cursor}))
        await stranger.send('{"type":"ping"}')
        assert await receive(stranger) == {"type": "pong"}
        await eventually_counted(house, DeliveryState.SENT, 1)
        await stranger.close()


async def eventually_counted(house: House, state: DeliveryState, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            async with house.database.read() as work:
                if await work.deliveries.count(state) == count:
                    return
            await asyncio.sleep(0.01)


async def test_a_restart_loses_nothing(house: House) -> None:
    async with talking(house, "до") as client:
        await house.stop()
        await client.cut()
        await client.say("між")
        await house.start()
        await client.connect()
        await until(lambda: len(client.received) == 4 and not client.queue)
        assert client.texts("contact") == ["до", "між"]


async def test_resume_sends_again(house: House) -> None:
    line = await greeted(house)
    await line.send('{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":"тихо"}')
    frames = [await receive(line), await receive(line)]
    assert {frame["type"] for frame in frames} == {"ack", "messages"}
    await line.send('{"type":"resume","after":""}')
    again = await receive(line)
    assert again["messages"][0]["parts"][0]["text"] == "тихо"
    await line.close()
