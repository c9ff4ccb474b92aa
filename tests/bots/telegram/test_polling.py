"""Polling: nothing lost, nothing blocked, nothing spun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bots.telegram.channel import TelegramChannel
from bots.telegram.polling import retry_delay
from bots.telegram.wire.inbound import ALLOWED_UPDATES
from gateway.errors import Ambiguous, Throttled
from gateway.messages import Ignored, Inbound
from tests.bots.telegram.support import Pauses, Taken
from tests.standins.telegram import Fail, Raw, Reset, TelegramStandin

Opened = Callable[..., TelegramChannel]
Running = Callable[[TelegramChannel, Taken], "asyncio.Task[None]"]

CHAT = {"id": 7001, "type": "private"}
USER = {"id": 7001, "is_bot": False, "first_name": "О"}


def message(text: str) -> dict[str, object]:
    return {"message": {"message_id": 1, "from": USER, "chat": CHAT, "date": 1795255200, "text": text}}


async def test_updates_arrive_in_order_and_are_confirmed(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    taken = Taken()
    channel = opened(driver=driver)
    numbers = [standin.push(message(str(index))) for index in range(250)]
    running(channel, taken)
    assert await taken.until(250) == [f"update:{number}" for number in numbers]
    await standin.wait_for("getUpdates", 4)  # the fourth confirms the third batch
    assert standin.pending == 0
    await asyncio.sleep(0.05)
    standin.push(message("live"))
    assert len(await taken.until(251)) == 251
    first = standin.sent("getUpdates")[0].params
    assert first == {"timeout": 5, "limit": 100, "allowed_updates": list(ALLOWED_UPDATES)}
    assert standin.calls[0].method == "deleteWebhook"


async def test_raw_updates_reach_the_wire_whatever_their_type(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    taken = Taken()
    channel = opened(driver=driver)
    odd = [
        b'{"update_id":1001,"telepathy":{"chat":{"id":7001},"thought":[]}}',
        b'{"update_id":1002,"message":{"message_id":"new shape","chat":{"id":7001}}}',
        b'{"update_id":1003,"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"update_id":1004,"message":{"message_id":1,"from":{"id":7001,"first_name":"x"},"chat":{"id":7001},"text":"\\ud800"}}',
        b'"not even an object"',
    ]
    for update in odd:
        standin.push(update)
    last = standin.push(message("after all that"))
    running(channel, taken)
    await taken.until(6)
    envelopes = taken.batches[0]
    assert [envelope.body for envelope in envelopes[:5]] == odd
    assert isinstance(channel.parse(envelopes[0].body), Ignored)
    assert isinstance(channel.parse(envelopes[3].body), Inbound)
    assert isinstance(channel.parse(envelopes[5].body), Inbound)
    await standin.wait_for("getUpdates", 2)
    assert standin.sent("getUpdates")[1].params["offset"] == last + 1


async def test_not_committed_is_not_confirmed(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    taken, pauses = Taken(failures=3), Pauses()
    number = standin.push(message("hi"))
    running(opened(driver=driver, pauses=pauses), taken)
    assert await taken.until(1) == [f"update:{number}"]
    offsets = [call.params.get("offset") for call in standin.sent("getUpdates")[:4]]
    assert offsets == [None, None, None, None]
    assert len(pauses.taken) == 3


async def test_failures_lose_nothing_and_wait(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    taken, pauses = Taken(), Pauses()
    standin.push(message("hi"))
    standin.script(
        "getUpdates",
        Fail(500, "Internal Server Error"),
        Reset(),
        Raw(b"<html>", 502, "text/html"),
        Raw(b'{"ok":true,"result":[{"update_id"', 200),
        Raw(b'{"ok":true,"result":true}', 200),
        Fail(429, "Too Many Requests", retry_after=9),
        Fail(401, "Unauthorized"),
    )
    running(opened(driver=driver, pauses=pauses), taken)
    assert len(await taken.until(1)) == 1
    assert len(pauses.taken) == 7
    assert pauses.taken[5] == 9
    assert pauses.taken[4] > pauses.taken[0]


async def test_cut_off_batch_comes_again(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    """The process dies between intake and confirmation: the same update has the same id."""
    first, second = Taken(), Taken()
    standin.push(message("hi"))
    task = running(opened(driver=driver), first)
    await first.until(1)
    task.cancel()
    standin.push(message("next"))
    running(opened(driver=driver), second)
    ids = await second.until(1)
    assert set(first.ids) <= {*ids, f"update:{1001}"}
    assert (await second.until(2 if ids[0] == first.ids[0] else 1))[-1] == "update:1002"


async def test_webhook_set_meanwhile_is_dropped(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    taken = Taken()
    running(opened(driver=driver), taken)
    await standin.wait_for("getUpdates")
    standin.webhook = {"url": "https://elsewhere"}
    standin.push(message("hi"))
    await taken.until(1)
    standin.push(message("again"))
    await taken.until(2)
    assert standin.webhook is None


async def test_a_server_that_answers_at_once_does_not_make_us_spin(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    pauses = Pauses()
    standin.script("getUpdates", *[Raw(b'{"ok":true,"result":[]}')] * 3, *[Raw(b'{"ok":true,"result":["x"]}')] * 3)
    taken = Taken()
    running(opened(driver=driver, pauses=pauses), taken)
    await standin.wait_for("getUpdates", 7)
    assert len(pauses.taken) == 6
    assert 0.5 < max(pauses.taken) <= 1


async def test_presses_are_acknowledged_after_the_commit(
    standin: TelegramStandin, opened: Opened, running: Running, driver: str
) -> None:
    press = {"id": "77abc", "from": USER, "message": {"message_id": 1, "chat": CHAT, "date": 0}, "data": "a:yes"}
    standin.script("answerCallbackQuery", Fail(400, "Bad Request: query is too old"))
    standin.push({"callback_query": press})
    standin.push({"callback_query": {**press, "id": "78abc"}})
    taken = Taken()
    running(opened(driver=driver), taken)
    answers = await standin.wait_for("answerCallbackQuery", 2)
    assert [call.params for call in answers] == [{"callback_query_id": "77abc"}, {"callback_query_id": "78abc"}]
    assert len(taken.ids) == 2


async def test_bug_in_intake_is_not_hidden(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    async def broken(channel: str, envelopes: object) -> None:
        raise KeyError("bug")

    standin.push(message("hi"))
    with pytest.raises(ExceptionGroup) as caught:
        await opened(driver=driver).run(broken)
    assert caught.group_contains(KeyError)


def test_retry_delay() -> None:
    assert retry_delay(Throttled("429", retry_after=30), 1) == 30
    assert retry_delay(Throttled("429", retry_after=0), 1) == 1
    assert 0.5 <= retry_delay(Ambiguous("500"), 1) <= 1
    assert retry_delay(Ambiguous("500"), 40) <= 60
