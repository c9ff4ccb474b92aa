"""One message goes through: in once, answered once, in order, and remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.channels import Channel, Envelope
from gateway.conversations import State
from gateway.errors import Ambiguous, Rejected, Throttled, Unreachable
from gateway.messages import ButtonPress, Direction, Inbound, Media, MediaKind, Sender
from gateway.ports import Action, Reason
from gateway.sending import sent
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.fakes import FakeChannel, inbound
from tests.gateway.spine import Spine

KNOWN = {"ціна": ("delivery-cost", 0.9), "людину": ("want-person", 0.9), "хм": ("delivery-cost", 0.4)}
ACTIONS = {"delivery-cost": Action.ANSWER, "want-person": Action.HANDOFF}


@pytest.fixture
def spine(database: Database, clock) -> Spine:
    return Spine(database, clock, known=KNOWN, actions=ACTIONS)


async def conversation_of(spine: Spine, address: str = "7"):
    async with spine.database.read() as view:
        identity = (await view.contacts.find([("shop", address)]))["shop", address]
        return await view.conversations.latest_of(identity.contact_id)


async def transcript_of(spine: Spine):
    conversation = await conversation_of(spine)
    async with spine.database.read() as view:
        return await view.messages.after(conversation.id, 0)


async def test_a_question_is_answered_in_its_language(spine: Spine) -> None:
    await spine.hear(inbound("ціна"))
    await spine.settle()
    assert spine.channel.texts == ["delivery-cost in uk"]
    assert [message.direction for message in await transcript_of(spine)] == [Direction.INBOUND, Direction.OUTBOUND]


async def test_the_first_words_are_read_in_the_light_of_the_messengers_language(spine: Spine) -> None:
    first = inbound("ціна")
    await spine.hear(structs.replace(first, sender=structs.replace(first.sender, language="ru")))
    await spine.settle()
    await spine.hear(inbound("ціна", platform_id="2"))
    await spine.settle()
    assert spine.engine.hints == ["ru", "uk"]


async def test_the_same_event_five_times_is_answered_once(spine: Spine) -> None:
    for _ in range(5):
        await spine.hear(inbound("ціна"))
    await spine.hear(*[inbound("ціна")] * 5)
    await spine.settle()
    assert len(spine.channel.sent) == 1


async def test_answers_keep_the_order_of_the_questions(spine: Spine) -> None:
    await spine.hear(*[inbound("ціна", platform_id=str(n)) for n in range(5)])
    await spine.hear(inbound("людину", platform_id="9"))
    await spine.settle()
    assert [message.seq for message in await transcript_of(spine)] == list(range(1, 14))
    assert spine.channel.texts[-2:] == ["want-person in uk", "You are number 1."]


async def test_asking_for_a_person_hands_over_with_what_was_tried(spine: Spine) -> None:
    await spine.hear(inbound("ціна", platform_id="1"), inbound("людину", platform_id="2"))
    await spine.settle()
    [context] = spine.handoffs.requested
    assert context.reason is Reason.ASKED
    assert [tried.intent for tried in context.tried] == ["delivery-cost"]
    assert (await conversation_of(spine)).state is State.QUEUED


async def test_unsure_offers_choices_and_a_typed_number_counts_as_the_press(spine: Spine) -> None:
    await spine.hear(inbound("хм", platform_id="1"))
    await spine.settle()
    assert "1. Title of delivery-cost\n2. " in spine.channel.texts[0]
    await spine.hear(inbound("1", platform_id="2"))
    await spine.settle()
    assert spine.channel.texts[1] == "delivery-cost in uk"


async def test_twice_not_understood_goes_to_a_person(spine: Spine) -> None:
    await spine.hear(inbound("абвгд", platform_id="1"), inbound("еєжзи", platform_id="2"))
    await spine.settle()
    assert [context.reason for context in spine.handoffs.requested] == [Reason.NOT_UNDERSTOOD]


async def test_a_photo_goes_to_a_person(spine: Spine) -> None:
    photo = Inbound(sender=Sender(address="7"), parts=(Media(kind=MediaKind.IMAGE, ref="AgAC"),), platform_id="1")
    await spine.hear(photo)
    await spine.settle()
    assert [context.reason for context in spine.handoffs.requested] == [Reason.ATTACHMENT]


async def test_the_bot_is_silent_while_an_agent_has_it(spine: Spine) -> None:
    await spine.hear(inbound("ціна", platform_id="1"))
    await spine.settle()
    conversation = await conversation_of(spine)
    async with spine.database.write() as work:
        work.conversations.change(conversation.id, state=State.AGENT)
    await spine.hear(inbound("ціна", platform_id="2"))
    await spine.settle()
    assert len(spine.channel.sent) == 1
    assert spine.handoffs.heard == [str(conversation.id)]


async def test_an_unreadable_event_blocks_nobody(spine: Spine) -> None:
    await spine.inbox.take("shop", [Envelope(platform_id="x", address="7", body=b"\xff\x00{")])
    await spine.hear(inbound("ціна"))
    await spine.settle()
    assert spine.channel.texts == ["delivery-cost in uk"]


async def test_throttled_and_unreachable_sends_are_tried_again_in_order(spine: Spine, clock) -> None:
    spine.channel.failures = [Throttled("429", retry_after=7), Unreachable("refused")]
    await spine.hear(inbound("ціна", platform_id="1"), inbound("людину", platform_id="2"))
    await spine.settle()
    assert spine.channel.sent == []
    clock.advance(seconds=6)
    await spine.settle()
    assert spine.channel.sent == []
    clock.advance(seconds=2)
    await spine.settle()
    clock.advance(seconds=2)
    await spine.settle()
    assert spine.channel.texts == ["delivery-cost in uk", "want-person in uk", "You are number 1."]
    spine.channel.check()


async def test_an_ambiguous_send_is_repeated_once_and_then_unknown(spine: Spine, clock) -> None:
    spine.channel.failures = [Ambiguous("time-out"), Ambiguous("time-out")]
    await spine.hear(inbound("ціна"))
    for _ in range(3):
        await spine.settle()
        clock.advance(minutes=1)
    spine.channel.check()
    async with spine.database.read() as view:
        assert await view.deliveries.count(DeliveryState.UNKNOWN) == 1


async def test_a_rejected_send_fails_and_lets_the_next_pass(spine: Spine) -> None:
    spine.channel.failures = [Rejected("chat not found")]
    await spine.hear(inbound("ціна", platform_id="1"), inbound("ціна", platform_id="2"))
    await spine.settle()
    assert len(spine.channel.sent) == 1
    async with spine.database.read() as view:
        assert await view.deliveries.count(DeliveryState.FAILED) == 1


async def test_a_dead_senders_delivery_is_judged_after_its_lease(spine: Spine, clock) -> None:
    await spine.hear(inbound("ціна"))
    await spine.turns.take_waiting()
    async with spine.database.write() as work:
        leased = await work.deliveries.lease("shop", 5, "dead", clock(), clock() + timedelta(seconds=60))
    assert len(leased) == 1
    await spine.settle()
    assert spine.channel.sent == []
    clock.advance(seconds=61)
    await spine.settle()
    clock.advance(seconds=5)
    await spine.settle()
    assert len(spine.channel.sent) == 1
    async with spine.database.write() as work:
        assert await work.deliveries.settle([sent(leased[0], "late")], clock()) == set()


async def test_dropped_at_takeover(spine: Spine, clock) -> None:
    await spine.hear(inbound("ціна"))
    await spine.turns.take_waiting()
    conversation = await conversation_of(spine)
    async with spine.database.write() as work:
        assert await work.deliveries.drop_bots(conversation.id, clock()) == 1
    await spine.settle()
    assert spine.channel.sent == []


async def test_a_press_without_the_offer_still_counts(spine: Spine) -> None:
    press = Inbound(sender=Sender(address="7"), parts=(ButtonPress(payload="a:delivery-cost"),), platform_id="1")
    await spine.hear(press)
    await spine.settle()
    assert spine.channel.texts == ["delivery-cost in uk"]


async def test_a_turn_that_breaks_each_time_goes_to_a_person_and_blocks_nobody(database: Database, clock) -> None:
    spine = Spine(database, clock, known=KNOWN, actions={**ACTIONS, "delivery-cost": Action.ANSWER})

    async def explode(*_: object) -> None:
        raise RuntimeError("bug")

    spine.handoffs.waiting = explode
    await spine.hear(inbound("людину", platform_id="1"))
    await spine.settle()
    await spine.hear(inbound("ой", platform_id="2"), inbound("ціна", platform_id="3", address="8"))
    await spine.settle()
    assert "delivery-cost in uk" in spine.channel.texts
    async with database.read() as view:
        assert await view.inbox.waiting(10) == []
    said = [message.parts[0].text for message in await transcript_of(spine) if message.direction is Direction.INBOUND]
    assert said == ["людину", "ой"]


def test_fake_channel_is_a_channel() -> None:
    channel: Channel = FakeChannel()
    assert channel.kind == "fake"
