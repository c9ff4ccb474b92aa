"""Acknowledging button presses, so that the customer's button stops spinning. Best effort, off the ack path."""

from __future__ import annotations

import asyncio

import structlog

from bots.telegram.api import BotApi
from gateway.errors import SendError

log = structlog.get_logger()

QUEUE_LIMIT = 256


class Presses:
    """A bounded queue of callback queries and the one worker that answers them.

    Telegram wants `answerCallbackQuery` for each (https://core.telegram.org/bots/api#callbackquery).
    It is only about the spinner, so a press is answered once and forgotten, whatever comes back.
    """

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._waiting: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._running = False

    def offer(self, query_id: str) -> bool:
        """Take a press to answer; False where nobody would (no worker here, or too many waiting)."""
        if not self._running or self._waiting.full():
            return False
        self._waiting.put_nowait(query_id)
        return True

    async def run(self) -> None:
        """Answer what is offered until cancelled."""
        self._running = True
        try:
            while True:
                await self._answer(await self._waiting.get())
        finally:
            self._running = False

    async def _answer(self, query_id: str) -> None:
        try:
            await self._api.call("answerCallbackQuery", {"callback_query_id": query_id})
        except SendError as error:
            log.info("telegram_press_not_acknowledged", reason=error.reason)
