"""Hints of what changed reach those who watch, and nobody else; their loss breaks nothing."""

from __future__ import annotations

import asyncio

import pytest

from gateway.live import BACKLOG, DESK, Change, Live, address_topic, conversation_topic
from gateway.storage.engine import Database


def change(topic: str, number: int = 1) -> Change:
    return Change(topic=topic, kind="message", ids={"message": number, "channel": "shop", "none": None})


async def settle(turns: int = 20) -> None:
    """Let the plugin's workers run."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_only_what_is_watched_arrives_in_order_and_as_it_was() -> None:
    live = Live()
    async with live.plugin, live.subscribe([conversation_topic(7), DESK]) as changes:
        sent = [
            change("conversation:7", 1),
            change("conversation:8", 2),
            change("desk", 3),
            change("conversation:7", 4),
        ]
        live.publish(sent)
        async with asyncio.timeout(5):
            assert [await anext(changes) for _ in range(3)] == [sent[0], sent[2], sent[3]]


async def test_each_watcher_gets_each_change() -> None:
    live = Live()
    async with live.plugin, live.subscribe([DESK]) as first, live.subscribe([DESK]) as second:
        live.publish([change(DESK)])
        async with asyncio.timeout(5):
            assert await anext(first) == await anext(second) == change(DESK)


async def test_who_came_later_gets_nothing_old() -> None:
    live = Live()
    async with live.plugin:
        async with live.subscribe([DESK]):
            live.publish([change(DESK, 1)])
            await settle()
        async with live.subscribe([DESK]) as changes:
            live.publish([change(DESK, 2)])
            async with asyncio.timeout(5):
                assert await anext(changes) == change(DESK, 2)


async def test_a_slow_watcher_loses_the_oldest() -> None:
    live = Live()
    async with live.plugin, live.subscribe([DESK]) as changes:
        live.publish([change(DESK, number) for number in range(BACKLOG + 10)])
        async with asyncio.timeout(5):
            await settle(4 * BACKLOG)
            first = await anext(changes)
            last = first
            for _ in range(BACKLOG - 1):
                last = await anext(changes)
    assert first.ids["message"] == 10
    assert last.ids["message"] == BACKLOG + 9


@pytest.mark.parametrize("when", ["before the start", "after the end"])
async def test_a_commit_succeeds_though_nobody_can_listen(sqlite_database: Database, clock, when: str) -> None:
    live = Live()
    if when == "after the end":
        async with live.plugin:
            pass
    sqlite_database.announce = live.publish
    async with sqlite_database.write() as work:
        await work.contacts.meet("shop", "7", clock())
        work.announce(DESK, "message")
    async with sqlite_database.read() as view:
        assert await view.contacts.find([("shop", "7")])


def test_topics() -> None:
    assert conversation_topic(7) == "conversation:7"
    assert address_topic("site", "v1") == "address:site:v1"
