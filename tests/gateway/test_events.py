"""The stream of hints to a staff page: nothing piles up for one that does not read, nothing stays of one that left."""

from __future__ import annotations

import asyncio
import gc
import json

import httpx
import pytest
import uvicorn
from litestar import Litestar, get
from litestar.response import ServerSentEvent

from gateway.live import BACKLOG, DESK, RESYNC, Change, Live
from gateway.web import events, patience
from gateway.web.patience import PatientHttp, PatientSocket
from tests.standins.program import free_port


class Screens:
    """A server with the stream and nothing before it."""

    def __init__(self) -> None:
        self.live = Live()
        self.stopped = asyncio.Event()
        self.port = free_port()

        @get("/live")
        async def stream() -> ServerSentEvent:
            return ServerSentEvent(events._events(self.live, [DESK], self.stopped))

        app = Litestar([stream], openapi_config=None, logging_config=None)
        self.server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=self.port,
                log_level="error",
                lifespan="off",
                timeout_graceful_shutdown=1,
                http=PatientHttp,
                ws=PatientSocket,
            )
        )

    async def __aenter__(self) -> Screens:
        self._task = asyncio.create_task(self.server._serve())
        await self.until(lambda: self.server.started)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopped.set()
        self.server.should_exit = True
        await self._task

    @property
    def watching(self) -> int:
        return len(self.live._watching.get(DESK, ()))

    async def until(self, condition, seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 — looks at plain values
                await asyncio.sleep(0.01)


def change(number: int) -> Change:
    return Change(topic=DESK, kind="message", ids={"conversation": number})


async def test_nothing_stays_of_pages_that_left() -> None:
    async with Screens() as screens:
        gc.collect()
        tasks = len(asyncio.all_tasks())
        for _ in range(3):
            async with (
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{screens.port}") as client,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(10):
                    group.create_task(_first_line(client))
                await screens.until(lambda: screens.watching == 10)
                screens.live.publish([change(1)])
            await screens.until(lambda: screens.watching == 0)
        await screens.until(lambda: len(asyncio.all_tasks()) <= tasks + 1)
        assert not screens.live._watching
        gc.collect()
        assert not any(isinstance(one, events._Page) for one in gc.get_objects())


async def _first_line(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/live") as answer:
        async for _ in answer.aiter_lines():
            return


async def test_a_page_that_does_not_read_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STALL_SECONDS", 0.5)
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.1)
    async with Screens() as screens:
        reader, writer = await asyncio.open_connection("127.0.0.1", screens.port, limit=1024)
        writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        await screens.until(lambda: screens.watching == 1)
        wide = Change(topic=DESK, kind="x" * 20_000)
        async with asyncio.timeout(30):
            while screens.watching:
                screens.live.publish([wide] * 20)
                await asyncio.sleep(0.01)
        assert not screens.live._watching
        writer.close()
        del reader


async def test_a_page_that_fell_behind_is_told_that_it_missed_something() -> None:
    page = events._Page()
    for number in range(BACKLOG):
        page.put(change(number))
    page.put(change(BACKLOG))
    missed = await page.next()
    assert missed is not None
    assert (missed.topic, missed.kind) == (DESK, RESYNC)
    page.put(change(7))
    assert await page.next() == change(7)


async def test_a_quiet_stream_breathes_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.02)
    live, stopped = Live(), asyncio.Event()
    stream = events._events(live, [DESK], stopped)
    assert await anext(stream) == {"comment": "alive", "data": None}
    live.publish([change(3)])
    said = await anext(stream)
    assert isinstance(said, dict)
    assert json.loads(str(said["data"]))["ids"] == {"conversation": 3}
    stopped.set()
    assert [one async for one in stream] == []
    assert not live._watching
