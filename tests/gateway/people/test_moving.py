"""A chat that has another address: the conversation goes on there, nothing is lost and nothing said twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.errors import Rejected, Unreachable
from gateway.settings import Company, Settings
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom

GROUP, SUPERGROUP = "-40", "-10040"


@pytest.fixture
def each_room(database: Database) -> PeopleRoom:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer from 9 to 18."""
    clock = SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    return PeopleRoom(database, clock, Settings(company=Company(name={"en": "Zhuravlyk"}, language="en")))


async def held(room: PeopleRoom) -> tuple[int, int]:
    """A group in an agent's hands; its conversation and the agent."""
    await room.write("telegram", GROUP, "людину")
    agent = await room.agent("Taras", language="en")
    talk = await room.open("telegram", GROUP)
    await room.desk.claim(talk.id, agent)
    await room.send(room.telegram)
    room.telegram.sent.clear()
    return talk.id, agent


def sent(room: PeopleRoom) -> list[tuple[str, str]]:
    """What left, where to and in what words."""
    return list(zip([send.address for send in room.telegram.sent], room.telegram.texts, strict=True))


@pytest.mark.parametrize("told", [[GROUP], [SUPERGROUP], [GROUP, SUPERGROUP], [SUPERGROUP, GROUP]])
@pytest.mark.parametrize("together", [True, False])
async def test_told_in_either_chat_or_both(each_room: PeopleRoom, told: list[str], together: bool) -> None:
    room = each_room
    talk, agent = await held(room)
    for place in told:
        await room.move("telegram", GROUP, SUPERGROUP, told_at=place)
        if not together:
            await room.work_off("telegram", place)
    await room.work_off("telegram", GROUP)
    await room.desk.reply(talk, agent, "We are here.")
    await room.write("telegram", SUPERGROUP, "ми також")
    assert (await room.open("telegram", SUPERGROUP)).id == talk
    await room.desk.reply(talk, agent, "Good.")
    await room.send(room.telegram)
    assert sent(room) == [(SUPERGROUP, "We are here."), (SUPERGROUP, "Good.")]


async def test_somebody_wrote_in_the_new_one_first(each_room: PeopleRoom) -> None:
    room = each_room
    talk, agent = await held(room)
    await room.write("telegram", SUPERGROUP, "ми ще тут")
    assert (await room.open("telegram", SUPERGROUP)).id != talk
    await room.move("telegram", GROUP, SUPERGROUP, told_at=GROUP)
    await room.write("telegram", SUPERGROUP, "а ви?")
    room.telegram.sent.clear()
    assert (await room.open("telegram", SUPERGROUP)).id == talk
    await room.desk.reply(talk, agent, "So are we.")
    await room.send(room.telegram)
    assert sent(room)[-1] == (SUPERGROUP, "So are we.")


async def test_a_chat_that_nobody_knew_makes_no_conversation(each_room: PeopleRoom) -> None:
    room = each_room
    await room.move("telegram", "-41", "-10041", told_at="-10041")
    await room.work_off("telegram", "-10041")
    async with room.database.read() as work:
        assert await work.contacts.find([("telegram", "-41")]) == {}
        assert await work.conversations.open_of((await room.identity("telegram", "-10041")).contact_id) is None


async def test_a_refused_send_goes_on_at_once_and_the_conversation_with_it(each_room: PeopleRoom) -> None:
    room = each_room
    talk, agent = await held(room)
    for words in ("One.", "Two."):
        await room.desk.reply(talk, agent, words)
    room.telegram.moved[GROUP] = SUPERGROUP
    await room.send(room.telegram)
    assert sent(room) == [(SUPERGROUP, "One."), (SUPERGROUP, "Two.")]
    while await room.timers.ring_due():
        pass
    await room.write("telegram", SUPERGROUP, "ми ще тут")
    assert (await room.open("telegram", SUPERGROUP)).id == talk
    await room.desk.reply(talk, agent, "Three.")
    await room.send(room.telegram)
    assert sent(room)[2:] == [(SUPERGROUP, "Three.")]


async def test_what_fails_there_too_is_tried_again_by_its_own_error(each_room: PeopleRoom) -> None:
    room = each_room
    talk, agent = await held(room)
    sender = room.sender_of(room.telegram)
    await room.desk.reply(talk, agent, "One.")
    room.telegram.moved[GROUP] = SUPERGROUP
    room.telegram.failures.append(Unreachable("not connected"))
    await sender.send_due()
    assert room.telegram.sent == []
    room.clock.advance(seconds=5)
    await sender.send_due()
    assert sent(room) == [(SUPERGROUP, "One.")]
    await room.desk.reply(talk, agent, "Two.")
    room.telegram.failures.append(Rejected("400"))
    await sender.send_due()
    async with room.database.read() as work:
        assert await work.deliveries.count(DeliveryState.FAILED) == 1
