"""Going on in another messenger by a code: same thread, same form, same agent, and no stranger gets in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.conversations import State
from gateway.identity import Proof
from gateway.messages import Direction, Start, plain_text
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom

GOES_ON = "We go on here; there is no need to repeat anything."
NOT_GOOD = "This link or code does not work"


@pytest.fixture
def monday() -> SteppingClock:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer from 9 to 18."""
    return SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
def room(sqlite_database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(sqlite_database, monday)


@pytest.fixture
def each_room(database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(database, monday)


async def english(room: PeopleRoom, channel: str, address: str) -> None:
    async with room.database.write() as work:
        identity = await work.contacts.meet(channel, address, room.clock())
        work.contacts.update(identity.contact_id, language="en")


async def test_the_thread_goes_on_in_telegram_by_the_link(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    begun = await room.open("web", "v1")
    said = await room.follow("telegram", "77", await room.code("web", "v1"), name="Ольга")
    assert len(said) == 1
    assert said[0] == "Продовжуємо тут: повторювати нічого не треба."
    talk = await room.open("telegram", "77")
    assert (talk.id, talk.channel, talk.address) == (begun.id, "telegram", "77")
    assert await room.identity("web", "v1") != await room.identity("telegram", "77")
    # The answer to what is written next goes there, and nobody is greeted anew.
    assert await room.write("telegram", "77", "ціна") == ["price in uk"]
    thread = [message for message in await room.thread("web", "v1") if message.direction is not Direction.NOTE]
    assert [message.channel for message in thread] == ["web"] * 2 + ["telegram"] * 4
    assert [entry.proof for entry in await room.log("telegram", "77")] == [Proof.LINK]


async def test_no_code_stays_in_the_transcript(room: PeopleRoom) -> None:
    await room.write("web", "v1", "ціна")
    code = await room.code("web", "v1")
    await room.write("telegram", "77", f" `{code}`\n")
    thread = await room.thread("telegram", "77")
    assert Start() in [part for message in thread for part in message.parts]
    assert not any(code in str(message.parts) for message in thread)


async def test_a_form_half_filled_in_goes_along_with_its_choices(room: PeopleRoom) -> None:
    await room.write("web", "v1", "зателефонуйте мені")
    before = await room.open("web", "v1")
    assert before.form is not None
    # Telegram has an open conversation of its own, which is older.
    await room.write("telegram", "77", "ціна")
    [said] = await room.follow("telegram", "77", await room.code("web", "v1"))
    after = await room.open("telegram", "77")
    assert after.form == before.form
    assert [offer.payload for offer in after.offers] == [offer.payload for offer in before.offers]
    assert said
    label = before.offers[0].label
    await room.choose("telegram", "77", label)
    assert (await room.open("telegram", "77")).form.step == "phone"


async def test_the_agent_stays_and_answers_in_the_new_place(room: PeopleRoom) -> None:
    await room.write("web", "v1", "людину")
    taras = await room.agent("Тарас")
    talk = await room.open("web", "v1")
    await room.desk.claim(talk.id, taras)
    [said] = await room.follow("telegram", "77", await room.code("web", "v1"))
    assert "Тарас" in said
    await room.desk.reply(talk.id, taras, "Я тут.")
    await send_all(room)
    assert room.telegram.texts[-1] == "Я тут."
    assert room.web.texts[-1] != "Я тут."
    assert (await room.open("telegram", "77")).agent_id == taras.id


async def test_an_answer_to_words_from_elsewhere_names_no_stranger_to_the_messenger(room: PeopleRoom) -> None:
    await room.write("web", "v1", "людину")
    taras = await room.agent("Тарас")
    talk = await room.open("web", "v1")
    await room.desk.claim(talk.id, taras)
    [asked] = [one for one in await room.thread("web", "v1") if one.direction is Direction.INBOUND]
    await room.follow("telegram", "77", await room.code("web", "v1"))
    await room.write("telegram", "77", "ви тут?")
    last = [one for one in await room.thread("telegram", "77") if one.direction is Direction.INBOUND][-1]
    for words, answered in (("Я тут.", asked), ("Так.", last)):
        await room.desk.reply(talk.id, taras, words, reply_to=answered.id)
    await send_all(room)
    assert [send.reply_to for send in room.telegram.sent[-2:]] == [None, last.platform_id]


async def send_all(room: PeopleRoom) -> None:
    for channel in (room.web, room.telegram, room.mail):
        await room.send(channel)


async def test_of_two_open_conversations_the_furthest_stays(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    await room.write("telegram", "77", "людину")
    queued = await room.open("telegram", "77")
    assert queued.state is State.QUEUED
    await room.follow("telegram", "77", await room.code("web", "v1"))
    [stays] = [talk for talk in await room.talks("telegram", "77") if talk.state is not State.CLOSED]
    assert stays.id == queued.id
    [closed] = [talk for talk in await room.talks("telegram", "77") if talk.state is State.CLOSED]
    notes = [m for m in await room.thread("web", "v1") if m.direction is Direction.NOTE]
    linked = {note.conversation_id: plain_text(note.parts) for note in notes}
    assert f"#{closed.id}" in linked[stays.id]
    assert f"#{stays.id}" in linked[closed.id]


@pytest.mark.parametrize("how", ["used", "expired", "foreign", "never given"])
async def test_a_code_that_is_not_good_says_how_to_go_on_and_nothing_else(room: PeopleRoom, how: str) -> None:
    await english(room, "telegram", "66")
    await room.write("web", "v1", "ціна")
    code = await room.code("web", "v1")
    if how == "used":
        await room.follow("telegram", "77", code)
    if how == "expired":
        room.clock.advance(minutes=10)
    if how == "foreign":
        code = code[:-1] + ("A" if code[-1] != "A" else "B")
    if how == "never given":
        code = "go-" + "x" * 24
    [said] = await room.follow("telegram", "66", code)
    assert said.startswith(NOT_GOOD)
    assert len(await room.log("telegram", "66")) == 0
    assert (await room.identity("telegram", "66")).contact_id != (await room.identity("web", "v1")).contact_id
    # What they write next is answered as ever.
    assert await room.write("telegram", "66", "ціна") == ["price in uk"]


async def test_the_same_link_opened_twice_says_nothing_twice(room: PeopleRoom) -> None:
    await room.write("web", "v1", "ціна")
    code = await room.code("web", "v1")
    assert len(await room.follow("telegram", "77", code)) == 1
    assert await room.follow("telegram", "77", code) == []
    assert len(await room.log("telegram", "77")) == 1


async def test_who_has_said_nothing_yet_is_asked_what_they_need(room: PeopleRoom) -> None:
    await english(room, "web", "v1")
    assert await room.follow("telegram", "77", await room.code("web", "v1")) == ["Here we are. Write what you need."]


async def test_and_back_again(room: PeopleRoom) -> None:
    await room.write("web", "v1", "ціна")
    await room.follow("telegram", "77", await room.code("web", "v1"))
    await room.follow("web", "v2", await room.code("telegram", "77"))
    assert (await room.open("web", "v2")).address == "v2"
    assert {one.address for one in await addresses(room, "web", "v2")} == {"v1", "77", "v2"}


async def addresses(room: PeopleRoom, channel: str, address: str):
    async with room.database.read() as work:
        return await work.contacts.identities((await room.identity(channel, address)).contact_id)


async def test_messages_behind_the_code_in_one_batch_are_in_the_same_conversation(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    talk = await room.open("web", "v1")
    await room.post("telegram", "77", "ціна")
    await room.post("telegram", "77", Start(payload=await room.code("web", "v1")))
    await room.post("telegram", "77", "ціна")
    await room.post("web", "v1", "ціна")
    await room.work_off("telegram", "77")
    assert (await room.open("telegram", "77")).id == talk.id
    thread = [m for m in await room.thread("telegram", "77") if m.conversation_id == talk.id]
    assert [m.channel for m in thread if m.direction is Direction.INBOUND] == ["web", "telegram", "telegram", "web"]
    assert [m.seq for m in thread] == list(range(1, len(thread) + 1))


async def test_two_who_take_one_code_at_once_are_one_and_a_stranger(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    code = await room.code("web", "v1")
    await room.post("telegram", "77", Start(payload=code))
    await room.post("telegram", "66", Start(payload=code))
    await asyncio.gather(room.turns.take_waiting(), room.turns.take_waiting())
    while await room.turns.take_waiting():
        pass
    owner = (await room.identity("web", "v1")).contact_id
    took = [(await room.identity("telegram", address)).contact_id == owner for address in ("77", "66")]
    assert sorted(took) == [False, True]


async def test_the_link_of_another_customer_joins_nobody(room: PeopleRoom) -> None:
    await room.write("app", "his", "ціна", person="1", verified=True)
    await room.write("app", "hers", "ціна", person="2", verified=True)
    await room.follow("app", "hers", await room.code("app", "his"))
    assert (await room.identity("app", "his")).contact_id != (await room.identity("app", "hers")).contact_id
