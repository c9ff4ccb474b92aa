"""A stand-in messenger that outlives every gateway: it takes `sendMessage`, writes it down, and answers.

Each life of the gateway has an address of its own (`/<life>/sendMessage`), so that the log tells who sent.
It can end the sender at the worst of moments: the request is here, the answer is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from tests.faults.events import Answered, Logbook, Sent, read_echo


class Messenger:
    """Serves on a free port while entered. `base` is where it listens."""

    def __init__(self, log: Logbook) -> None:
        self.base = ""
        self._log = log
        self._sends = 0
        self._fatal: dict[int, tuple[int, Callable[[], None]]] = {}
        self._held: dict[int, asyncio.Event] = {}
        self.holding = asyncio.Event()
        self.answers: dict[int, int] = {}
        """The newest number that each chat was answered."""

    async def __aenter__(self) -> Messenger:
        app = web.Application()
        app.router.add_post("/{life}/sendMessage", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for waiting in self._held.values():
            waiting.set()
        await self._runner.cleanup()

    def kill_on(self, life: int, count: int, kill: Callable[[], None]) -> None:
        """`kill` the process of `life` when its send number `count` has come, before the answer."""
        self._fatal[life] = (count, kill)

    def hold(self, life: int) -> asyncio.Event:
        """Keep the sends of `life` without an answer until the event is set, and then cut their connections;
        `holding` tells that one is there."""
        self._held[life] = asyncio.Event()
        return self._held[life]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        life = int(request.match_info["life"])
        self._sends += 1
        sent = Sent(send=self._sends, life=life, chat=int(body["chat_id"]), text=body["text"])
        self._log.write(sent)
        echo = read_echo(sent.text)
        if echo is not None:
            self.answers[sent.chat] = echo.n
        if self._is_fatal(life):
            # The process is gone; an answer would go nowhere, and the log must not say that one left.
            raise web.HTTPServiceUnavailable
        waiting = self._held.get(life)
        if waiting is not None and not waiting.is_set():
            self.holding.set()
            await waiting.wait()
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPServiceUnavailable
        self._log.write(Answered(send=sent.send))
        return web.json_response({"ok": True, "result": {"message_id": sent.send}})

    def _is_fatal(self, life: int) -> bool:
        """Whether the process of `life` is dead, perhaps by this very send."""
        if life not in self._fatal:
            return False
        left, kill = self._fatal[life]
        self._fatal[life] = (left - 1, kill)
        if left == 1:
            kill()
        return left <= 1
