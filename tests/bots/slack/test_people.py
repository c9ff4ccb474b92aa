"""Names are asked for beside the events, once for each person, and no event waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bots.slack.channel import SlackChannel
from bots.slack.people import Known, read_user
from gateway.messages import Inbound, Sender
from tests.bots.slack.support import Pauses, Taken, post
from tests.standins.slack import Fail, Reset, SlackStandin, callback

Opened = Callable[..., SlackChannel]
Running = Callable[[SlackChannel, Taken], "asyncio.Task[None]"]


def heard(channel: SlackChannel, **fields: Any) -> Sender:
    event = {"type": "message", "channel": "D1", "user": "U1", "text": "hi", "ts": "1355517523.000005", **fields}
    inbound = channel.parse(post(callback(event)).body)
    assert isinstance(inbound, Inbound)
    return inbound.sender


async def known(channel: SlackChannel) -> Sender:
    async with asyncio.timeout(20):
        while (sender := heard(channel)).name is None:  # noqa: ASYNC110 — nothing tells of it
            await asyncio.sleep(0.005)
    return sender


async def test_who_writes_is_known_from_then_on(standin: SlackStandin, opened: Opened, running: Running) -> None:
    channel = opened()
    assert heard(channel).name is None
    running(channel, Taken())
    await asyncio.sleep(0.02)
    sender = await known(channel)
    assert (sender.name, sender.username, sender.language) == ("Оля Коваль", "olya", "uk")
    assert sender.person == "T0FRONT:U1"
    assert [call.params for call in standin.sent("users.info")] == [{"user": "U1", "include_locale": "true"}]
    assert heard(channel, user_profile={"real_name": "Інша"}).name == "Інша"


async def test_nobody_is_asked_where_nobody_would_ask(standin: SlackStandin, opened: Opened) -> None:
    channel = opened()
    for _ in range(1000):
        heard(channel)
    assert standin.calls == []


async def test_troubles_pass(standin: SlackStandin, opened: Opened, running: Running) -> None:
    pauses = Pauses()
    channel = opened(pauses=pauses)
    standin.script("users.info", Reset(), Fail("ratelimited", 429, retry_after=7), Fail("internal_error", 500))
    running(channel, Taken())
    assert (await known(channel)).name == "Оля Коваль"
    assert pauses.taken == [10, 7, 10]


@pytest.mark.parametrize("error", ["user_not_found", "missing_scope"])
async def test_who_cannot_be_asked_about_stays_without_a_name(
    standin: SlackStandin, opened: Opened, running: Running, error: str
) -> None:
    channel = opened()
    standin.script("users.info", Fail(error))
    task = running(channel, Taken())
    await asyncio.sleep(0.02)
    heard(channel)
    await standin.wait_for("users.info")
    await asyncio.sleep(0.05)
    for user in ("U1", "U1", "U1"):
        assert heard(channel, user=user).name is None
    await asyncio.sleep(0.05)
    assert len(standin.sent("users.info")) == 1
    assert not task.done()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"user": {"name": "o", "profile": {"display_name": "olya"}}}, Known(name="olya", username="o")),
        ({"user": {"real_name": "Оля", "locale": "en-US"}}, Known(name="Оля", language="en")),
        ({"user": {"name": 5, "profile": [], "locale": ""}}, Known()),
        ({"user": 5}, Known()),
        ({}, Known()),
    ],
)
def test_read_user(answer: dict[str, Any], expected: Known) -> None:
    assert read_user(answer) == expected
