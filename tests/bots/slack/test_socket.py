"""Socket Mode: each event committed before it is acknowledged, in order, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from bots.slack.channel import SlackChannel
from bots.slack.socket import retry_delay
from gateway.channels import UNREADABLE, Envelope
from gateway.errors import Ambiguous, Throttled
from gateway.messages import Ignored, Inbound
from tests.bots.slack.support import Pauses, Taken
from tests.standins.slack import APP_TOKEN, Fail, Ok, Raw, Reset, SlackStandin, callback

Opened = Callable[..., SlackChannel]
Running = Callable[[SlackChannel, Taken], "asyncio.Task[None]"]


def message(text: str) -> dict[str, object]:
    return callback({"type": "message", "channel": "D1", "user": "U1", "text": text, "ts": "1355517523.000005"})


def words(channel: SlackChannel, envelopes: list[Envelope]) -> list[str]:
    events = [channel.parse(envelope.body) for envelope in envelopes]
    return [event.parts[0].text for event in events if isinstance(event, Inbound)]


async def acknowledged(standin: SlackStandin, count: int) -> None:
    async with asyncio.timeout(20):
        await standin.until(lambda: len(standin.acknowledged) >= count)


async def test_events_come_in_order_and_are_acknowledged(
    standin: SlackStandin, opened: Opened, running: Running
) -> None:
    taken, channel = Taken(), opened(mode="socket")
    pushed = [standin.push(message(str(number))) for number in range(120)]
    running(channel, taken)
    assert words(channel, await taken.until(120)) == [str(number) for number in range(120)]
    await acknowledged(standin, 120)
    assert standin.acknowledged == pushed
    assert standin.calls[0].token == APP_TOKEN


async def test_nothing_is_acknowledged_before_its_commit(
    standin: SlackStandin, opened: Opened, running: Running
) -> None:
    channel, release, begun = opened(mode="socket"), asyncio.Event(), asyncio.Event()

    class Slow(Taken):
        async def __call__(self, channel: str, envelopes: object) -> None:
            begun.set()
            await release.wait()

    standin.push(message("hi"))
    running(channel, Slow())
    await begun.wait()
    await asyncio.sleep(0.05)
    assert standin.acknowledged == []
    release.set()
    await acknowledged(standin, 1)


async def test_what_was_not_stored_comes_again(standin: SlackStandin, opened: Opened, running: Running) -> None:
    taken, channel = Taken(failures=1), opened(mode="socket")
    lost = standin.push(message("hi"))
    running(channel, taken)
    await asyncio.sleep(0.1)
    assert standin.acknowledged == []
    await standin.cut()
    assert words(channel, await taken.until(1)) == ["hi"]
    await acknowledged(standin, 1)
    assert standin.acknowledged == [lost]
    assert standin.connections == 2


async def test_a_planned_end_of_the_connection(standin: SlackStandin, opened: Opened, running: Running) -> None:
    taken, channel = Taken(), opened(mode="socket")
    running(channel, taken)
    standin.push(message("one"))
    await taken.until(1)
    await acknowledged(standin, 1)
    await standin.disconnect()
    async with asyncio.timeout(20):
        await standin.until(lambda: standin.connections == 2)
    standin.push(message("two"))
    assert words(channel, await taken.until(2)) == ["one", "two"]


async def test_slack_that_gives_no_connection_is_asked_again(
    standin: SlackStandin, opened: Opened, running: Running
) -> None:
    taken, pauses = Taken(), Pauses()
    standin.push(message("hi"))
    standin.script(
        "apps.connections.open",
        Fail("invalid_auth"),
        Fail("ratelimited", 429, retry_after=9),
        Reset(),
        Raw(b"<html>", 502, "text/html"),
        Ok({"url": 5}),
        Ok({"url": "ws://127.0.0.1:1/link"}),
        Ok({"url": f"{standin.base}/nowhere"}),
    )
    running(opened(mode="socket", pauses=pauses), taken)
    await taken.until(1)
    assert pauses.taken[1] == 9
    assert len(pauses.taken) == 7


async def test_odd_frames_are_put_aside_and_block_nobody(
    standin: SlackStandin, opened: Opened, running: Running
) -> None:
    taken, channel = Taken(), opened(mode="socket")
    running(channel, taken)
    standin.push(message("one"))
    await taken.until(1)
    odd = ["no json", "[1]", '{"type":"events_api","payload":{}}', '{"type":"events_api","envelope_id":"e1"}']
    for text in odd:
        await standin.say_raw(text)
    await standin.say_raw(json.dumps({"type": "hello"}))
    await standin.say_raw(json.dumps({"type": "events_api", "envelope_id": "e2", "payload": "x"}))
    await standin.say_raw(json.dumps({"type": "tomorrow", "envelope_id": "e3", "payload": {"type": "thing"}}))
    standin.push(message("two"))
    envelopes = await taken.until(8)
    await acknowledged(standin, 5)
    unreadable = [envelope for envelope in envelopes if envelope.platform_id.startswith(UNREADABLE)]
    assert len(unreadable) == 3
    assert isinstance(channel.parse(envelopes[-2].body), Ignored)
    assert words(channel, [envelopes[0], envelopes[-1]]) == ["one", "two"]
    assert standin.acknowledged[1:4] == ["e1", "e2", "e3"]


async def test_commands_and_presses(standin: SlackStandin, opened: Opened, running: Running) -> None:
    taken, channel = Taken(), opened(mode="socket")
    command = {"command": "/desk", "text": "hi", "user_id": "U1", "team_id": "T1", "trigger_id": "1.1"}
    press = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "channel": {"id": "D1"},
        "container": {"message_ts": "1.000001"},
        "actions": [{"type": "button", "value": "y"}],
        "trigger_id": "2.2",
    }
    standin.push(command, "slash_commands")
    standin.push(press, "interactive")
    running(channel, taken)
    envelopes = await taken.until(2)
    assert [(one.platform_id, one.address) for one in envelopes] == [("command:1.1", "U1"), ("action:2.2", "D1")]
    await acknowledged(standin, 2)


async def test_bug_in_intake_is_not_hidden(standin: SlackStandin, opened: Opened) -> None:
    async def broken(channel: str, envelopes: object) -> None:
        raise KeyError("bug")

    standin.push(message("hi"))
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(20):
            await opened(mode="socket").run(broken)
    assert caught.group_contains(KeyError)


async def test_with_events_nothing_is_opened(standin: SlackStandin, opened: Opened, running: Running) -> None:
    task = running(opened(), Taken())
    await asyncio.sleep(0.05)
    assert not task.done()
    assert standin.calls == []


def test_retry_delay() -> None:
    assert retry_delay(Throttled("429", retry_after=30), 1) == 30
    assert retry_delay(Throttled("429", retry_after=0), 1) == 1
    assert 0.5 <= retry_delay(Ambiguous("500"), 1) <= 1
    assert retry_delay(Ambiguous("500"), 40) <= 60
