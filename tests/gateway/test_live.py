"""Hints of what changed reach those who watch, and nobody else; their loss breaks nothing."""

from __future__ import annotations

import asyncio

from gateway.live import BACKLOG, DESK, RESYNC, Change, Live, address_topic, conversation_topic
from gateway.storage.engine import Database


def change(topic: str, number: int = 1) -> Change:
    return Change(topic=topic, kind="message", ids={"message": number, "channel": "shop", "none": None})


async def test_only_what_is_watched_arrives_in_order_and_as_it_was() -> None:
    live = Live()
    async with live.subscribe([conversation_topic(7), DESK]) as changes:
        sent = [
            change("conversation:7", 1),
            change("conversation:8", 2),
            change("desk", 3),
            change("conversation:7", 4),
        ]
        live.publish(sent)
        async with asyncio.timeout(20):
            assert [await anext(changes) for _ in range(3)] == [sent[0], sent[2], sent[3]]


async def test_each_watcher_gets_each_change() -> None:
    live = Live()
    async with live.subscribe([DESK]) as first, live.subscribe([DESK]) as second:
        live.publish([change(DESK)])
        async with asyncio.timeout(20):
            assert await anext(first) == await anext(second) == change(DESK)


async def test_who_came_later_gets_nothing_old_and_who_left_is_forgotten() -> None:
    live = Live()
    async with live.subscribe([DESK]):
        live.publish([change(DESK, 1)])
    assert not live._watching
    async with live.subscribe([DESK]) as changes:
        live.publish([change(DESK, 2)])
        async with asyncio.timeout(20):
            assert await anext(changes) == change(DESK, 2)


async def test_a_watcher_waits_for_the_first_change_and_for_the_next() -> None:
    live = Live()
    async with asyncio.timeout(20), live.subscribe([DESK]) as changes:
        for number in (1, 2):
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            live.publish([change(DESK, number)])
            assert await waiting == change(DESK, number)


async def test_who_stops_waiting_misses_nothing() -> None:
    live = Live()
    async with asyncio.timeout(20), live.subscribe([DESK]) as changes:
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        live.publish([change(DESK)])
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await anext(changes) == change(DESK)


async def test_a_slow_watcher_loses_the_oldest() -> None:
    live = Live()
    async with live.subscribe([DESK]) as changes:
        live.publish([change(DESK, number) for number in range(BACKLOG + 10)])
        async with asyncio.timeout(20):
            numbers = [(await anext(changes)).ids["message"] for _ in range(BACKLOG)]
    assert (numbers[0], numbers[-1]) == (10, BACKLOG + 9)


async def test_a_watcher_may_be_told_at_once() -> None:
    live = Live()

    class Ears:
        def __init__(self) -> None:
            self.heard: list[Change] = []

        def put(self, change: Change) -> None:
            self.heard.append(change)

    ears = Ears()
    with live.listen([DESK, DESK], ears):
        live.publish([change(DESK), change("conversation:1")])
    live.publish([change(DESK)])
    assert ears.heard == [change(DESK)]


async def test_after_a_break_everybody_is_told_to_ask_again() -> None:
    live = Live()
    async with asyncio.timeout(20), live.subscribe(["conversation:7"]) as changes:
        live.resync()
        assert await anext(changes) == Change(topic="conversation:7", kind=RESYNC)


async def test_a_commit_succeeds_though_nobody_listens(sqlite_database: Database, clock) -> None:
    live = Live()
    sqlite_database.announce = live.publish
    async with sqlite_database.write() as work:
        await work.contacts.meet("shop", "7", clock())
        work.announce(DESK, "message")
    async with sqlite_database.read() as view:
        assert await view.contacts.find([("shop", "7")])


def test_topics() -> None:
    assert conversation_topic(7) == "conversation:7"
    assert address_topic("site", "v1") == "address:site:v1"
