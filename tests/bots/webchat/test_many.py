"""Many visitors at once: what each costs, what stays when they go, and who pays for one that does not read."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from litestar import WebSocket

from bots.webchat.socket import Session
from bots.webchat.thread import READS_AT_ONCE_SQLITE
from gateway.live import Change, Live, address_topic
from gateway.messages import Outbound, Text
from gateway.web import patience
from gateway.web.patience import PatientHttp, PatientSocket
from tests.bots.webchat.client import Scripted, bearer, talking, until
from tests.bots.webchat.house import House, running
from tests.standins.raw_socket import RawSocket, open_socket

PATH = "/channels/site/socket"
MANY = 300
OBJECTS_EACH = 160
"""What the collector may count for one open socket, both ends of it: a leak or a queue each shows here."""


class Crowd:
    """Visitors whose lines are open; what each hears is counted by type of frame."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lines: list[RawSocket] = []
        self.heard: Counter[str] = Counter()

    def hear(self, _line: RawSocket, text: bytes) -> None:
        self.heard[json.loads(text)["type"]] += 1

    async def come(self, count: int) -> None:
        for _ in range(count):
            _, token = self.house.tokens.welcome("site")
            await self.greet(await open_socket(self.house.port, PATH, self.hear), token)
        await until(lambda: self.heard["messages"] >= len(self.lines))

    async def greet(self, line: RawSocket, token: str, after: str | None = None) -> None:
        line.send(json.dumps({"type": "hello", "token": token, "after": after}).encode())
        self.lines.append(line)

    async def go(self) -> None:
        for line in self.lines:
            assert line.transport is not None
            line.transport.abort()
        self.lines.clear()
        await until(lambda: not len(self.house.audience))
        await asyncio.sleep(0.1)


def count_objects() -> Counter[type]:
    gc.collect()
    return Counter(map(type, gc.get_objects()))


async def test_an_idle_visitor_is_one_task_and_few_objects(house: House) -> None:
    crowd = Crowd(house)
    await crowd.come(20)
    before, tasks = count_objects(), len(asyncio.all_tasks())
    await crowd.come(MANY)
    after = count_objects()
    assert len(asyncio.all_tasks()) - tasks == MANY
    assert (sum(after.values()) - sum(before.values())) / MANY < OBJECTS_EACH
    assert after[Session] == after[PatientSocket] == MANY + 20
    assert all(is_kept_alive(server) for server in servers_of(house))
    assert not any("Deflate" in one.__name__ for one in after), "each compressor costs tens of KiB"
    await crowd.go()
    left = count_objects()
    assert left[Session] == left[PatientSocket] == 0
    assert not house.live._watching
    assert len(asyncio.all_tasks()) <= tasks
    assert abs(sum(left.values()) - sum(before.values())) < 20 * OBJECTS_EACH


async def test_nobody_stays_however_they_leave(house: House) -> None:
    crowd = Crowd(house)
    await crowd.come(10)
    for line, rude in zip(crowd.lines, [b"nonsense", b'{"type":"resume","after":"x"}'] * 5, strict=True):
        for _ in range(60):
            line.send(rude)
    await until(lambda: all(line.lost for line in crowd.lines))
    lines = [await open_socket(house.port, PATH, crowd.hear) for _ in range(10)]
    for line in lines:
        line.send(b'{"type":"hello","token":"forged"}')
    await until(lambda: all(line.lost for line in lines))
    await crowd.go()
    left = count_objects()
    assert left[Session] == left[PatientSocket] == 0
    assert not house.live._watching


async def test_who_left_is_freed_without_a_search_of_the_memory(house: House) -> None:
    crowd = Crowd(house)
    await crowd.come(5)
    await crowd.go()
    before = count_objects()
    gc.disable()
    try:
        await crowd.come(50)
        await crowd.go()
        left = Counter(map(type, gc.get_objects()))
    finally:
        gc.enable()
    # The database's threads hold on to the last task they served, one each.
    assert max(left[one] for one in (Session, PatientSocket, PatientHttp, WebSocket)) <= READS_AT_ONCE_SQLITE
    # What is left is the loop's own: a transport holds itself.
    assert (left.total() - before.total()) / 50 < 40


def test_a_change_costs_what_its_watchers_cost() -> None:
    class Counting:
        told = 0

        def put(self, change: Change) -> None:
            Counting.told += 1

    live = Live()
    topics = [address_topic("site", str(number)) for number in range(10_000)]
    watching = [live.listen([topic], Counting()) for topic in topics]
    for one in watching:
        one.__enter__()
    live.publish([Change(topic=topics[7], kind="message")])
    assert Counting.told == 1
    for one in watching:
        one.__exit__(None, None, None)
    assert not live._watching


# --- hints that get lost ---------------------------------------------------------------------


@asynccontextmanager
async def without_hints(house: House) -> AsyncIterator[None]:
    """The line between our processes is broken."""
    told, house.database.announce = house.database.announce, None
    yield
    house.database.announce = told


async def test_what_no_hint_told_is_found_by_looking(house: House) -> None:
    async with talking(house, "тихо") as client:
        async with without_hints(house):
            await house.say(client.visitor, Outbound(parts=(Text(text="новина"),)))
        await asyncio.sleep(0.05)
        assert client.texts("bot") == []
        assert await house.audience.look() == 1
        await until(lambda: client.texts("bot") == ["новина"])
        assert await house.audience.look() == 0
        await house.say(client.visitor, Outbound(parts=(Text(text="друга"),)))
        await until(lambda: client.texts("bot") == ["новина", "друга"])
        assert await house.audience.look() == 0
        assert client.gaps == 0


async def test_looking_wakes_nobody_for_nothing(house: House) -> None:
    crowd = Crowd(house)
    await crowd.come(30)
    async with talking(house, "раз", "два") as client:
        assert await house.audience.look() == 0
        # A note takes a number, so whose thread has a new one looks, once and in vain.
        await house.note(client.visitor, "нотатка")
        assert await house.audience.look() == 1
        await asyncio.sleep(0.1)
        assert await house.audience.look() == 0
        assert len(client.received) == 4
    assert crowd.heard == {"welcome": 30, "messages": 30}
    await crowd.go()


async def test_more_conversations_than_a_thread_shows_are_looked_for_once(house: House) -> None:
    async with talking(house, "тихо") as client:
        for _ in range(52):
            await house.close(client.visitor)
            async with house.database.write() as work:
                identity = (await work.contacts.find([("site", client.visitor)]))["site", client.visitor]
                await house._conversation(work, identity.contact_id, identity.id)
            await house.say(client.visitor, Outbound(parts=(Text(text="так"),)))
        await until(lambda: len(client.received) == 53)
        assert await house.audience.look() <= 1
        await asyncio.sleep(0.05)
        assert await house.audience.look() == 0


# --- who does not read -----------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same patience, twenty times shorter."""
    monkeypatch.setattr(patience, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(patience, "LINGER_SECONDS", 0.3)


def is_kept_alive(server: PatientSocket) -> bool:
    return bool(server.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


def servers_of(house: House) -> list[PatientSocket]:
    return [one for one in house._server.server_state.connections if isinstance(one, PatientSocket)]


async def stuck(house: House, client: Scripted) -> RawSocket:
    """A line of the client's visitor that asks for the whole thread again and again, and reads nothing."""
    line = await open_socket(house.port, PATH, lambda _line, _text: None)
    assert line.transport is not None
    line.transport.pause_reading()
    line.send(json.dumps({"type": "hello", "token": client.token, "after": ""}).encode())
    for _ in range(60):
        line.send(b'{"type":"resume","after":""}')
    return line


async def fill(house: House, client: Scripted, messages: int) -> None:
    """A long thread."""
    async with httpx.AsyncClient(base_url=house.url, headers=bearer(client.token)) as http:
        for number in range(messages):
            text = f"тихо {number} " + "я" * 15_000
            await http.post("/channels/site/messages", json={"type": "message", "id": str(uuid4()), "text": text})
    await until(lambda: len(client.received) == messages + 1)


async def test_who_does_not_read_is_cut_off_and_nobody_else_notices(house: House, hasty: None) -> None:
    async with talking(house, "тихо") as client, talking(house, "сусід") as neighbour:
        await fill(house, client, 25)
        line = await stuck(house, client)
        await until(lambda: len(servers_of(house)) == 3)
        await until(lambda: any(not server.writable.is_set() for server in servers_of(house)))
        [held] = [server for server in servers_of(house) if not server.writable.is_set()]
        waiting = held.transport.get_write_buffer_size()
        assert waiting < 512 * 1024, "one batch at most, however much was asked for"
        for _ in range(200):
            line._send(0x9, b"are you there?")
        await neighbour.say("ще")
        await until(lambda: "Ви сказали: ще" in neighbour.texts())
        assert held.transport.get_write_buffer_size() <= waiting
        await until(lambda: len(servers_of(house)) == 2, 30)
        assert len(house.audience) == 2
        assert line.transport is not None
        line.transport.abort()


async def test_what_was_cut_off_comes_back_with_its_cursor(house: House, hasty: None) -> None:
    async with talking(house, "тихо") as client:
        await fill(house, client, 25)
        line = await stuck(house, client)
        await until(lambda: len(servers_of(house)) == 2)
        await until(lambda: len(servers_of(house)) == 1, 30)
        assert line.transport is not None
        line.transport.abort()
        again = Scripted(house, client.token, client.visitor)
        again.cursor = ""
        await again.connect()
        await until(lambda: len(again.received) == 26)
        assert again.texts() == client.texts()
        assert again.gaps == 0
        await again.cut()


async def test_long_messages_go_in_small_batches(house: House) -> None:
    sizes: list[int] = []

    def weigh(_line: RawSocket, text: bytes) -> None:
        if json.loads(text)["type"] == "messages":
            sizes.append(len(text))

    async with talking(house, "тихо") as client:
        await fill(house, client, 12)
        line = await open_socket(house.port, PATH, weigh)
        line.send(json.dumps({"type": "hello", "token": client.token, "after": ""}).encode())
        await until(lambda: sum(sizes) > 12 * 30_000)
        assert max(sizes) < 200 * 1024
        assert line.transport is not None
        line.transport.abort()


async def test_all_come_back_at_once(tmp_path: Path) -> None:
    """After a restart everybody's widget connects in the same second; no read waits for a connection in vain."""
    async with running(tmp_path) as house:
        crowd = Crowd(house)
        tokens = [house.tokens.welcome("site")[1] for _ in range(MANY)]

        async def come(token: str) -> None:
            await crowd.greet(await open_socket(house.port, PATH, crowd.hear), token, "")

        async with asyncio.TaskGroup() as group:
            for token in tokens:
                group.create_task(come(token))
        await until(lambda: crowd.heard["messages"] == MANY, 20)
        assert not any(line.lost for line in crowd.lines)
        await crowd.go()
