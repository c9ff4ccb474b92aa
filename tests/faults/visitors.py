"""Web-chat visitors over plain HTTP: they say something until it is acknowledged, and read on from the last
number they hold, through every death of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.events import Acked, Logbook, Posted, Seen, words

AGAIN_SECONDS = 0.03
LOOK_SECONDS = 0.05


class Visitors:
    """`number` visitors of the web chat behind `base` while entered."""

    def __init__(self, log: Logbook, base: str, *, number: int, pause: float = 0.26) -> None:
        self._log = log
        self._base = f"{base}/channels/site"
        self._number = number
        self._pause = pause
        self._updates = count(1)
        self._stopping = False

    async def __aenter__(self) -> Visitors:
        self._http = httpx.AsyncClient(timeout=5)
        self._talking = [asyncio.create_task(self._visit(chat)) for chat in range(1, self._number + 1)]
        self._reading: list[asyncio.Task[None]] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._talking, *self._reading]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.aclose()

    async def finish(self, seconds: float) -> None:
        """Let everybody end the message at hand. Raises TimeoutError where one is not taken in time."""
        self._stopping = True
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._talking)

    async def _visit(self, chat: int) -> None:
        token = (await self._until_done("POST", "visitors"))["token"]
        headers = {"Authorization": f"Bearer {token}"}
        self._reading.append(asyncio.create_task(self._read(headers)))
        for n in count(1):
            if self._stopping:
                return
            update = next(self._updates)
            message = {"type": "message", "id": str(uuid4()), "text": words(chat, n, update), "language": "en"}
            self._log.write(Posted(update=update, chat=chat, n=n))
            await self._until_done("POST", "messages", headers=headers, json=message)
            self._log.write(Acked(update=update))
            await asyncio.sleep(self._pause)

    async def _read(self, headers: dict[str, str]) -> None:
        cursor = ""
        while True:
            batch = await self._until_done("GET", "messages", headers=headers, params={"after": cursor})
            for message in batch["messages"]:
                self._log.write(
                    Seen(
                        conversation=message["conversation"],
                        seq=message["seq"],
                        author=message["author"],
                        text=_text(message["parts"]),
                    )
                )
            cursor = batch["cursor"]
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_done(self, method: str, path: str, **how: Any) -> Any:
        while True:
            try:
                answer = await self._http.request(method, f"{self._base}/{path}", **how)
                if answer.status_code < 300:
                    return answer.json()
            except httpx.TransportError:
                pass
            await asyncio.sleep(AGAIN_SECONDS)


def _text(parts: Sequence[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in parts if part["part"] == "text")
