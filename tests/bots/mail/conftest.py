"""Local mail servers, and channels that speak with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from sqlalchemy import update

from bots.mail.channel import MailChannel
from gateway.channels import ChannelTools, Intake
from gateway.messages import Outbound, Text
from gateway.speaking import Speaker
from gateway.storage import tables
from gateway.storage.engine import Database
from gateway.texts import Texts
from tests.bots.mail.support import COMPANY, WIRE, Files, Pauses, settings
from tests.standins.mail import DovecotServer, SmtpServer, find_dovecot

Opened = Callable[..., MailChannel]
Running = Callable[[MailChannel, Intake], "asyncio.Task[None]"]


@pytest.fixture
def dovecot() -> Iterator[DovecotServer]:
    program = find_dovecot()
    if program is None:
        pytest.skip("Dovecot is not installed")
    with DovecotServer(program) as server:
        yield server


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture(scope="session")
def texts() -> Texts:
    return Texts()


@pytest.fixture
async def opened(sqlite_database: Database, clock: Any, texts: Texts) -> AsyncIterator[Opened]:
    """Make a channel over a database, closed with the test."""
    async with AsyncExitStack() as stack:

        def make(
            media: Files | None = None, pauses: Pauses | None = None, idle: float = 1.0, **fields: Any
        ) -> MailChannel:
            channel = MailChannel(
                "shop",
                settings(**fields),
                ChannelTools(
                    media=media or Files(), public_url=None, database=sqlite_database, company=COMPANY, texts=texts
                ),
                clock=clock,
                pause=pauses or Pauses(),
                idle_seconds=idle,
            )
            stack.push_async_callback(channel.close)
            return channel

        yield make


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """Run a channel until the test is over."""
    tasks: list[asyncio.Task[None]] = []

    def start(channel: MailChannel, intake: Intake) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(channel.run(intake)))
        return tasks[-1]

    yield start
    for task in tasks:
        await stopped(task)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def said(sqlite_database: Database, clock: Any) -> str:
    """The Message-ID of a mail of ours to olena@mail.example."""
    message_id = "<frontdesk.00112233445566778899aabbccddeeff@shop.example>"
    channels: dict[str, Any] = {"shop": MailChannel("shop", settings(), ChannelTools(media=Files(), public_url=None))}
    speaker = Speaker(channels, clock)
    async with sqlite_database.write() as work:
        identity = await work.contacts.meet("shop", "olena@mail.example", clock())
        conversation = await work.conversations.add(identity=identity, language="uk", now=clock())
        await speaker.say(work, conversation, Outbound(parts=(Text(text="Вітаю"),)))
    async with sqlite_database.write() as work:
        await work.connection.execute(update(tables.deliveries).values(platform_id=message_id, state="sent"))
    return message_id


@pytest.fixture
def bounce() -> Callable[[str], bytes]:
    """A report that the mail with this Message-ID could not be delivered."""
    sample = (WIRE / "news-01-user-unknown.eml").read_bytes()

    def make(message_id: str) -> bytes:
        made = sample.replace(b"<frontdesk.00112233445566778899aabbccddeeff@shop.example>", message_id.encode())
        return made.replace(b"news-01", message_id[11:20].encode())

    return make
