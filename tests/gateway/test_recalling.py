"""What went before: the order is not asked for twice, and who must say it again is heard to be displeased."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.contacts import Contact
from gateway.ports import Action, Entity, EntityKind, Mood, Reason, Understanding
from gateway.recalling import ORDER, named_order
from gateway.replies import Replies
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.turns import TEXTS_HELD
from gateway.texts import Texts
from tests.fakes import FakeKnowledge, inbound
from tests.gateway.sends import conversation_of
from tests.gateway.spine import Spine

KNOWN = {"де моя посилка": ("track", 0.9), "ну де моя посилка": ("track", 0.9), "скільки це": ("cost", 0.9)}
ACTIONS = {"track": Action.ANSWER, "cost": Action.ANSWER}


def spine_of(database: Database, clock) -> Spine:
    return Spine(database, clock, known=KNOWN, actions=ACTIONS)


async def said(spine: Spine, *texts: str) -> list[Mood]:
    """What mood each of the texts was understood in, said one after another."""
    for number, text in enumerate(texts):
        await spine.hear(inbound(text, platform_id=str(number)))
        await spine.settle()
    async with spine.database.read() as view:
        identity = (await view.contacts.find([("shop", "7")]))["shop", "7"]
        conversation = await view.conversations.latest_of(identity.contact_id)
        assert conversation is not None
        return [understanding.mood for _, understanding in await view.turns.of(conversation.id)]


async def test_the_same_question_again_is_noticed_though_it_was_answered(database: Database, clock) -> None:
    spine = spine_of(database, clock)
    first, second, other = await said(spine, "де моя посилка", "ну де моя посилка", "скільки це")
    assert (first.reasons, second.reasons, other.reasons) == ((), ("asks again",), ())


async def test_who_was_not_understood_and_says_it_again_is_handed_over_with_the_reason(
    sqlite_database: Database, clock
) -> None:
    spine = spine_of(sqlite_database, clock)
    first, second = await said(spine, "тарабарська грамота тут", "тарабарська грамота тут")
    assert (first.reasons, second.reasons) == ((), ("asks again", "was not understood"))
    [context] = spine.handoffs.requested
    assert (context.reason, context.mood) == (Reason.NOT_UNDERSTOOD, second)


def contact(**details: str) -> Contact:
    return Contact(id=1, created_at=datetime(2026, 1, 1), details=details)


def naming(number: str) -> Understanding:
    order = Entity(kind=EntityKind.ORDER, text=number, value=number, start=0, end=len(number))
    return Understanding(text=number, language="uk", language_confidence=1.0, entities=(order,))


@pytest.mark.parametrize(
    ("known", "named", "kept"),
    [
        ({}, "123", {ORDER: "123"}),
        ({ORDER: "123"}, "456", {ORDER: "456"}),
        ({ORDER: "123"}, "123", None),
        ({"city": "Lviv"}, "123", {"city": "Lviv", ORDER: "123"}),
        ({ORDER: "123"}, None, None),
    ],
)
def test_the_order_named_last_is_kept(known: dict[str, str], named: str | None, kept: dict[str, str] | None) -> None:
    assert named_order(contact(**known), naming(named) if named else None) == kept


def test_an_answer_uses_the_order_named_earlier_unless_another_is_named_now() -> None:
    knowledge = FakeKnowledge(ACTIONS)
    replies = Replies(knowledge, Texts(), Company(name={"en": "Shop"}), {})
    for entities in ((), naming("456").entities):
        replies.text_of("track", language="uk", contact=contact(order_number="123"), entities=entities)
    assert [variables["entities"] for variables in knowledge.filled] == [
        {"order_number": "123"},
        {"order_number": "456"},
    ]


async def test_the_newest_texts_of_many_are_read_together(database: Database, clock) -> None:
    spine = spine_of(database, clock)
    numbers = {}
    for address, count in (("1", TEXTS_HELD + 2), ("2", 2), ("3", 1)):
        for number in range(count):
            await spine.hear(inbound(f"{address}:{number}", address=address, platform_id=f"{address}:{number}"))
            await spine.turns.take_waiting()
        numbers[address] = (await conversation_of(spine, address)).id
    nobody = max(numbers.values()) + 1
    async with database.read() as view:
        await view.turns.hold([*numbers.values(), nobody])
        found = {address: await view.turns.texts(number) for address, number in numbers.items()}
        assert await view.turns.texts(nobody) == []
    assert found == {
        "1": [f"1:{number}" for number in range(TEXTS_HELD + 1, 1, -1)],
        "2": ["2:1", "2:0"],
        "3": ["3:0"],
    }
