"""A stand-in Slack, and channels that speak with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.slack.api import SlackApi
from bots.slack.channel import SlackChannel
from gateway.channels import Capabilities
from gateway.media import MediaStore
from gateway.settings import Company, Settings
from gateway.storage.engine import Database
from tests.bots.slack.desk_room import DeskRoom
from tests.bots.slack.support import Pauses, Taken, settings, tools
from tests.conftest import SteppingClock
from tests.fakes import PLAIN
from tests.handoff.room import Room
from tests.standins.slack import SlackStandin


@pytest.fixture
async def standin() -> AsyncIterator[SlackStandin]:
    async with SlackStandin() as server:
        yield server


@pytest.fixture
async def opened(standin: SlackStandin) -> AsyncIterator[Callable[..., SlackChannel]]:
    """Make a channel that speaks with the stand-in, and is closed with the test."""
    async with AsyncExitStack() as stack:

        def make(public_url: str | None = None, pauses: Pauses | None = None, **fields: Any) -> SlackChannel:
            chosen = settings(fields.pop("api", standin.api), **fields)
            channel = SlackChannel("shop", chosen, tools(public_url), SlackApi(chosen), pause=pauses or Pauses())
            stack.push_async_callback(channel.close)
            return channel

        yield make


@pytest.fixture
async def running() -> AsyncIterator[Callable[[SlackChannel, Taken], asyncio.Task[None]]]:
    """Run a channel until the test is over."""
    tasks: list[asyncio.Task[None]] = []

    def start(channel: SlackChannel, intake: Taken) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(channel.run(intake)))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def monday() -> SteppingClock:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer."""
    return SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
async def desk_room(
    sqlite_database: Database, monday: SteppingClock, tmp_path: Path
) -> AsyncIterator[Callable[..., DeskRoom]]:
    """Make a Slack desk beside a handoff room."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackStandin(now=monday().timestamp()))

        def make(database: Database = sqlite_database, capabilities: Capabilities = PLAIN, **fields: Any) -> DeskRoom:
            room = Room(
                database, monday, Settings(company=Company(name={"en": "Zhuravlyk"}, language="en")), capabilities
            )
            made = DeskRoom(room, slack, MediaStore(tmp_path / "media", database, monday), **fields)
            stack.push_async_callback(made.close)
            return made

        yield make
