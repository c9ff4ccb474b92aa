"""A message from Slack to the bot's answer in Slack, over the spine as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bots.slack.channel import SlackChannel
from gateway.ports import Action
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.bots.slack.support import post
from tests.gateway.spine import Spine
from tests.standins.slack import Fail, Reset, SlackStandin, Take, callback

Opened = Callable[..., SlackChannel]
ROOT = "1355517523.000005"


class Moving:
    """A clock that begins with the stand-in's, which is this machine's."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def spine(sqlite_database: Database, opened: Opened) -> Spine:
    known = {"ціна": ("with-button", 0.9)}
    channel: Any = opened()
    return Spine(sqlite_database, Moving(), known=known, actions={"with-button": Action.ANSWER}, channel=channel)


async def write(spine: Spine, text: str, channel: str = "C1", **fields: Any) -> None:
    """A customer writes in Slack."""
    event = {"type": "message", "channel": channel, "user": "U1", "text": text, "ts": ROOT, **fields}
    receipt = spine.channel.receive(post(callback(event)))
    await spine.inbox.take(spine.channel.name, receipt.envelopes)


async def settle(spine: Spine, seconds: float = 0) -> None:
    spine.clock.now = spine.clock.now.fromtimestamp(spine.clock.now.timestamp() + seconds, UTC)
    await spine.settle()


async def states(spine: Spine, address: str) -> list[DeliveryState]:
    async with spine.database.read() as view:
        identity = (await view.contacts.find([("shop", address)]))["shop", address]
        conversation = await view.conversations.latest_of(identity.contact_id)
        assert conversation is not None
        messages = await view.messages.after(conversation.id, 0)
        found = await view.deliveries.of_messages([message.id for message in messages])
    return [delivery.state for sends in found.values() for delivery in sends]


async def test_a_question_in_a_room_is_answered_in_its_thread(spine: Spine, standin: SlackStandin) -> None:
    await write(spine, "ціна")
    await settle(spine)
    (answer,) = standin.messages["C1"]
    assert (answer["thread_ts"], answer["text"]) == (ROOT, "with-button in uk")
    (button,) = answer["blocks"][-1]["elements"]
    assert (button["text"]["text"], button["value"]) == ("More", "a:more")
    assert await states(spine, f"C1:{ROOT}") == [DeliveryState.SENT]


async def test_an_answer_that_arrived_without_an_answer_to_us_is_not_repeated(
    spine: Spine, standin: SlackStandin
) -> None:
    standin.script("chat.postMessage", Take())
    await write(spine, "ціна", "D1")
    await settle(spine)
    assert await states(spine, "D1") == [DeliveryState.QUEUED]
    await settle(spine, 5)
    assert await states(spine, "D1") == [DeliveryState.SENT]
    assert len(standin.messages["D1"]) == 1
    assert len(standin.sent("conversations.history")) == 1


@pytest.mark.parametrize("reply", [Reset(), Fail("internal_error", 500)])
async def test_an_answer_that_did_not_arrive_is_sent(spine: Spine, standin: SlackStandin, reply: Any) -> None:
    standin.script("chat.postMessage", reply)
    await write(spine, "ціна", "D1")
    await settle(spine)
    await settle(spine, 5)
    assert await states(spine, "D1") == [DeliveryState.SENT]
    assert len(standin.messages["D1"]) == 1


async def test_a_room_that_is_archived_fails_the_answer(spine: Spine, standin: SlackStandin) -> None:
    standin.script("chat.postMessage", Fail("is_archived"))
    await write(spine, "ціна")
    await settle(spine)
    assert await states(spine, f"C1:{ROOT}") == [DeliveryState.FAILED]
