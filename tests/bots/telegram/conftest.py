"""A stand-in Bot API, and channels that speak with it over either driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from bots.telegram import make_driver
from bots.telegram.api import BotApi
from bots.telegram.channel import TelegramChannel
from bots.telegram.settings import DRIVERS
from tests.bots.telegram.support import Pauses, Taken, settings, tools
from tests.standins.telegram import TelegramStandin


@pytest.fixture
async def standin() -> AsyncIterator[TelegramStandin]:
    async with TelegramStandin() as server:
        yield server


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def opened(standin: TelegramStandin) -> AsyncIterator[Callable[..., TelegramChannel]]:
    """Make a channel that speaks with the stand-in, and is closed with the test."""
    async with AsyncExitStack() as stack:

        def make(public_url: str | None = None, pauses: Pauses | None = None, **fields: Any) -> TelegramChannel:
            chosen = settings(fields.pop("base", standin.base), **fields)
            api = BotApi(make_driver(chosen), chosen)
            channel = TelegramChannel("shop", chosen, tools(public_url), api, pause=pauses or Pauses())
            stack.push_async_callback(channel.close)
            return channel

        yield make


@pytest.fixture
async def running() -> AsyncIterator[Callable[[TelegramChannel, Taken], asyncio.Task[None]]]:
    """Run a channel until the test is over."""
    tasks: list[asyncio.Task[None]] = []

    def start(channel: TelegramChannel, intake: Taken) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(channel.run(intake)))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
