"""Customers: they write, wait until the gateway has taken it, and go on; a retry is what Telegram would do.

In each chat one message follows the acknowledgement of the one before, so the order within a chat is known
to everybody. Some updates are delivered twice, at once or later, as platforms do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from itertools import count

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.faults.events import Acked, Logbook, Posted, words

AGAIN_SECONDS = 0.02
POST_SECONDS = 5.0
REPEATED = 0.1
"""The share of updates that are posted twice at once, and the share posted again after their 2xx."""


class Customers:
    """`chats` people writing at once while entered; `bases` are the gateways they reach, any of them.

    With `answers` (the newest number that each chat was answered) they wait for the answer, too.
    """

    def __init__(
        self,
        log: Logbook,
        bases: Sequence[str],
        *,
        chats: int,
        pause: float = 0.0,
        answers: Mapping[int, int] | None = None,
    ) -> None:
        self._log = log
        self._bases = bases
        self._chats = chats
        self._pause = pause
        self._answers = answers
        self._updates = count(1)
        self._stopping = False
        self.acked = 0
        """Acknowledgements so far."""
        self._random = random.Random(1)

    async def __aenter__(self) -> Customers:
        self._session = ClientSession(timeout=ClientTimeout(total=POST_SECONDS))
        self._tasks = [asyncio.create_task(self._write(chat)) for chat in range(1, self._chats + 1)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def finish(self, seconds: float) -> None:
        """Let everybody end the message at hand. Raises TimeoutError where one is not taken in time."""
        self._stopping = True
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._tasks)

    async def say(self, chat: int, n: int) -> None:
        """One message, until it is acknowledged."""
        update = next(self._updates)
        dice = self._random.random()
        copies = 2 if dice < REPEATED else 1
        async with asyncio.TaskGroup() as group:
            for _ in range(copies):
                group.create_task(self._post(update, chat, n))
        if dice > 1 - REPEATED:
            await self._post(update, chat, n)

    async def _write(self, chat: int) -> None:
        for n in count(1):
            if self._stopping:
                return
            await self.say(chat, n)
            while self._answers is not None and self._answers.get(chat, 0) < n and not self._stopping:  # noqa: ASYNC110
                await asyncio.sleep(AGAIN_SECONDS / 4)
            await asyncio.sleep(self._pause * self._random.uniform(0.5, 1.5))

    async def _post(self, update: int, chat: int, n: int) -> None:
        body = {
            "update_id": update,
            "message": {
                "message_id": update,
                "date": 1_790_000_000,
                "chat": {"id": chat, "type": "private"},
                "from": {"id": chat, "is_bot": False, "first_name": "Customer"},
                "text": words(chat, n, update),
            },
        }
        while True:
            self._log.write(Posted(update=update, chat=chat, n=n))
            if await self._is_taken(body):
                self._log.write(Acked(update=update))
                self.acked += 1
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _is_taken(self, body: dict[str, object]) -> bool:
        url = f"{self._random.choice(self._bases)}/channels/shop/webhook"
        try:
            async with self._session.post(url, json=body) as answer:
                if answer.status >= 500:
                    return False
                assert answer.status == 200, f"the gateway answered {answer.status}"
                return True
        except (ClientError, OSError, TimeoutError):
            return False
