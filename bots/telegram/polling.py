"""Long polling: updates in, offset forward only after they are committed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import structlog

from bots.telegram.api import BotApi
from bots.telegram.presses import Presses
from bots.telegram.wire.envelopes import peek, press_id, update_id
from gateway.channels import Intake
from gateway.errors import SendError, StorageUnavailable, Throttled
from gateway.retries import backoff

log = structlog.get_logger()

IDLE_SECONDS = 1.0
"""The shortest round that brought nothing new: a server that answers at once must not make us spin."""

PATIENCE_SECONDS = 60.0
"""The longest wait between two tries; an operator who mends a token should not wait longer."""


Pause = Callable[[float], Awaitable[None]]


class Poller:
    """One bot's getUpdates loop. Whatever was not committed is fetched again: nothing is lost, and what
    comes twice has the same platform id, so intake takes it once."""

    def __init__(self, channel: str, api: BotApi, presses: Presses, *, pause: Pause = asyncio.sleep) -> None:
        self._channel = channel
        self._api = api
        self._presses = presses
        self._pause = pause
        self._offset: int | None = None

    async def run(self, intake: Intake) -> None:
        """Poll until cancelled."""
        await self._drop_webhook()
        failures = 0
        while True:
            started = time.monotonic()
            try:
                news = await self._round(intake)
            except (SendError, StorageUnavailable) as error:
                failures += 1
                await self._recover(error, failures)
                continue
            failures = 0
            if not news:
                await self._pause(max(0.0, IDLE_SECONDS - (time.monotonic() - started)))

    async def _round(self, intake: Intake) -> bool:
        """Fetch and store one batch; whether the offset moved on."""
        updates = await self._api.poll(self._offset)
        if not updates:
            return False
        await intake(self._channel, [peek(update) for update in updates])
        for update in updates:
            if query_id := press_id(update):
                self._presses.offer(query_id)
        numbers = [number for number in map(update_id, updates) if number is not None]
        before, self._offset = self._offset, max(numbers) + 1 if numbers else self._offset
        return self._offset != before

    async def _recover(self, error: SendError | StorageUnavailable, failures: int) -> None:
        reason = error.reason if isinstance(error, SendError) else "storage"
        log.warning("telegram_poll_failed", channel=self._channel, reason=reason, failures=failures)
        await self._pause(retry_delay(error, failures))
        if reason.startswith("409"):
            # Somebody set a webhook meanwhile; with another poller this changes nothing.
            await self._drop_webhook()

    async def _drop_webhook(self) -> None:
        """While a webhook is set getUpdates is refused; what waits for it is kept for us."""
        try:
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
        except SendError as error:
            log.warning("telegram_webhook_not_deleted", channel=self._channel, reason=error.reason)


def retry_delay(error: Exception, failures: int) -> float:
    """Seconds to wait after failure number `failures` in a row."""
    if isinstance(error, Throttled):
        return max(error.retry_after, IDLE_SECONDS)
    return min(PATIENCE_SECONDS, backoff(failures, random.random()).total_seconds())  # noqa: S311
