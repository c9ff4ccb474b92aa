"""The gateway beside an existing python-telegram-bot application: every update first, and what the bot says.

    from bots.telegram.ptb_host import Frontdesk
    Frontdesk("https://gateway.example/channels/shop/webhook", "the webhook_secret").attach(application)

Polled updates and the bot's own sends are kept where their raw bytes pass: at the requests, before the library
reads and confirms them. A webhook's updates are kept on their way into the update queue, before it answers.
A handler in the very first group hears what came neither way. The library swallows handlers' errors, so
nothing here depends on one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import Application, ContextTypes, TypeHandler
from telegram.request import BaseRequest

from bots.telegram.handover import Deliver, Handover, Wants, handover_for

FIRST_GROUP = -(2**31)

Heard = Callable[[bytes], None]


class Frontdesk:
    """The gateway's ear in one application.

    Args:
        url: the gateway's webhook of this channel, whose `mode` is `host`.
        secret: that channel's `webhook_secret`.
        spool: a folder for what is not handed over yet.
        wants: which updates the gateway is to have; all of them when not given.
        deliver: another way to the gateway than `url` (see `handover.to_intake`).
    """

    def __init__(
        self,
        url: str = "",
        secret: str = "",
        *,
        spool: Path | str = "frontdesk-spool",
        wants: Wants | None = None,
        deliver: Deliver | None = None,
    ) -> None:
        self._handover = handover_for(url, secret, spool, wants, deliver)

    def attach(self, application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        """Listen from now on; before the application is initialized or run."""
        bot = application.bot
        token = bot.token.partition(":")[0]
        bot_id = int(token) if token.isdecimal() else 0
        updates, calls = bot._request  # noqa: SLF001 — the library lets nobody else see raw answers
        bot._request = (  # noqa: SLF001
            _Tapped(updates, self._handover.heard),
            _Tapped(calls, lambda payload: self._handover.said(payload, bot_id), self._handover),
        )
        queue = _HearingQueue(application.update_queue, self._hear)
        application.update_queue = queue
        if application.updater is not None:
            application.updater.update_queue = queue
        application.add_handler(TypeHandler(Update, self._handle), group=FIRST_GROUP)

    async def _handle(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        self._hear(update)

    def _hear(self, update: object) -> None:
        if isinstance(update, Update) and not self._handover.knows(update.update_id):
            self._handover.heard(json.dumps(update.to_dict()).encode())


class _Tapped(BaseRequest):
    """The library's request, its answers shown to `seen`. Where it begins and ends, so does `handover`."""

    def __init__(self, inner: BaseRequest, seen: Heard, handover: Handover | None = None) -> None:
        self._inner = inner
        self._seen = seen
        self._handover = handover

    @property
    def read_timeout(self) -> float | None:
        """The inner request's."""
        return self._inner.read_timeout

    async def initialize(self) -> None:
        """With the bot."""
        await self._inner.initialize()
        if self._handover is not None:
            await self._handover.start()

    async def shutdown(self) -> None:
        """With the bot."""
        if self._handover is not None:
            await self._handover.stop()
        await self._inner.shutdown()

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """The inner request's answer, seen."""
        status, payload = await self._inner.do_request(*args, **kwargs)
        if 200 <= status < 300:
            self._seen(payload)
        return status, payload

    def __getattr__(self, name: str) -> Any:
        """Whatever else the library or the host asks of its own kind of request."""
        return getattr(self._inner, name)


class _HearingQueue(asyncio.Queue[object]):
    """The application's queue: what goes in was heard."""

    def __init__(self, before: asyncio.Queue[object], hear: Callable[[object], None]) -> None:
        super().__init__(before.maxsize)
        self._hear = hear
        while not before.empty():
            self.put_nowait(before.get_nowait())

    def _put(self, item: object) -> None:
        self._hear(item)
        super()._put(item)
