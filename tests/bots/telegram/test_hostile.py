"""A hostile platform: three sends in ten are throttled, refused, answered by a proxy's page, reset or left hanging.

The judge is the platform's own log beside the final state of each delivery. FRONTDESK_HOSTILE_SENDS says how
many sends (the long run of `make faults` takes 10,000).
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
import structlog

from bots.telegram import build
from bots.telegram.settings import DRIVERS
from gateway.brain import utc_now
from gateway.breaker import Breaker
from gateway.channels import Channel, Rate
from gateway.messages import Outbound, Text
from gateway.outbox import ChannelSender
from gateway.processes.wakeups import Wakeups
from gateway.rates import Pace
from gateway.settings import Outbox
from gateway.speaking import Speaker
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.bots.telegram.support import settings, tools
from tests.standins.telegram import Fail, Hang, Ok, Raw, Recorded, Reply, Reset, TelegramStandin

SENDS = int(os.environ.get("FRONTDESK_HOSTILE_SENDS", "600"))
A_CHAT = 4
"""Messages in each conversation."""

PAGE = Raw(b"<html>Bad Gateway</html>", 502, "text/html")


@dataclass(frozen=True)
class Seen:
    """One request as the platform met it; `at` is when the answer was decided, in monotonic seconds."""

    at: float
    chat: int
    number: int
    reply: Reply

    @property
    def throttled(self) -> bool:
        return isinstance(self.reply, Fail) and self.reply.code == 429

    @property
    def refused(self) -> bool:
        return isinstance(self.reply, Fail) and self.reply.code == 400


class HostilePlatform(TelegramStandin):
    """Answers as `chance` has it, and keeps a log."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.seen: list[Seen] = []

    async def _usual(self, call: Recorded) -> Reply:
        if call.method.lower() != "sendmessage":
            return await super()._usual(call)
        reply = self._mood() or await super()._usual(call)
        number = int(call.params["text"])
        self.seen.append(Seen(time.monotonic(), int(call.params["chat_id"]), number, reply))
        return reply

    def _mood(self) -> Reply | None:
        dice = self.chance.random()
        if dice > 0.31:
            return None
        if dice > 0.30:
            return Fail(400, "Bad Request: chat not found")
        wait = self.chance.choice([0.05, 0.1, 0.3])
        return self.chance.choice(
            [
                Fail(429, "Too Many Requests", retry_after=wait),  # type: ignore[arg-type]
                Fail(500, "Internal Server Error"),
                PAGE,
                Reset(),
                Hang(1.0),
            ]
        )


async def queue(database: Database, channel: Channel, chats: int) -> None:
    """Queue `A_CHAT` numbered messages for each chat."""
    speaker = Speaker({channel.name: channel}, utc_now)
    async with database.write() as work:
        for chat in range(1, chats + 1):
            identity = await work.contacts.meet(channel.name, str(chat), utc_now())
            conversation = await work.conversations.add(identity=identity, language=None, now=utc_now())
            said = [Outbound(parts=(Text(text=str(chat * 100 + number)),)) for number in range(A_CHAT)]
            await speaker.say(work, conversation, *said)


async def fates(database: Database) -> dict[int, tuple[DeliveryState, str | None]]:
    """State and reason by the number that was to be sent."""
    found = {}
    async with database.read() as view:
        last = await view.messages.last_of(range(1, SENDS + 1))
        for start in last:
            messages = await view.messages.after(start, 0)
            for deliveries in (await view.deliveries.of_messages([message.id for message in messages])).values():
                for one in deliveries:
                    assert isinstance(one.send.part, Text)
                    found[int(one.send.part.text)] = (one.state, one.reason)
    return found


async def ended(database: Database) -> None:
    """Return once nothing is queued or under way."""
    while True:
        async with database.read() as view:
            if not await view.deliveries.count(DeliveryState.QUEUED) and not await view.deliveries.count(
                DeliveryState.SENDING
            ):
                return
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_hostile_platform_loses_nothing_and_is_obeyed(sqlite_database: Database, driver: str) -> None:
    chats = max(1, SENDS // len(DRIVERS) // A_CHAT)
    wakeups = Wakeups()
    sqlite_database.announce = wakeups.ring
    async with HostilePlatform(random.Random(7)) as platform:
        quick = settings(platform.base, driver=driver, call_timeout=0.4, connect_timeout=0.4)
        channel = build("shop", quick, tools())
        await queue(sqlite_database, channel, chats)
        sender = ChannelSender(
            sqlite_database,
            channel,
            clock=utc_now,
            wakeups=wakeups,
            settings=Outbox(),
            pace=Pace(Rate(per_second=2000, burst=100, per_address=50), careful_seconds=1),
            breaker=Breaker(first_pause=0.05),
            jitter=lambda: 0.0,
        )
        with structlog.testing.capture_logs():
            async with asyncio.timeout(60 + SENDS / 20), asyncio.TaskGroup() as group:
                group.create_task(sender.run())
                await ended(sqlite_database)
                wakeups.stop()
        await channel.close()
        judge(platform.seen, await fates(sqlite_database), chats * A_CHAT)


def judge(seen: Sequence[Seen], states: dict[int, tuple[DeliveryState, str | None]], sends: int) -> None:
    by_number: defaultdict[int, list[Seen]] = defaultdict(list)
    by_chat: defaultdict[int, list[Seen]] = defaultdict(list)
    for one in seen:
        by_number[one.number].append(one)
        by_chat[one.chat].append(one)
    assert len(states) == sends
    nothing_is_lost(by_number, states)
    for number, tries in by_number.items():
        doubtful = [one for one in tries if not one.throttled and not one.refused]
        assert len(doubtful) <= 2, f"{number} was repeated more than once"
    for chat, requests in by_chat.items():
        numbers = [one.number for one in requests]
        assert numbers == sorted(numbers), f"chat {chat} out of order"
        for one, following in pairwise(requests):
            if isinstance(one.reply, Fail) and one.throttled:
                waited = following.at - one.at
                assert waited >= float(one.reply.retry_after or 0), f"chat {chat} was not left alone"


def nothing_is_lost(by_number: dict[int, list[Seen]], states: dict[int, tuple[DeliveryState, str | None]]) -> None:
    """What is called sent arrived; what is called failed did not; the rest is shown as unknown, with a reason."""
    for number, (state, reason) in states.items():
        tries = by_number[number]
        may_have_arrived = any(not one.throttled and not one.refused for one in tries)
        match state:
            case DeliveryState.SENT:
                assert any(isinstance(one.reply, Ok) for one in tries)
            case DeliveryState.FAILED:
                assert tries[-1].refused
                assert not may_have_arrived
                assert reason
            case DeliveryState.UNKNOWN:
                assert reason
            case _:
                raise AssertionError(f"{number} ended {state}")
    found = {state for state, _ in states.values()}
    assert len(states) < 200 or {DeliveryState.SENT, DeliveryState.UNKNOWN} <= found
