"""Two contacts who are one person: joined by proof only, taken apart exactly, and never two ways at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from gateway.conversations import State
from gateway.errors import Conflict
from gateway.identity import Proof
from gateway.messages import ContactCard, Direction
from gateway.people.parting import Refused, Why
from gateway.storage.crosswise import again
from gateway.storage.engine import Database
from gateway.storage.joins import Deed
from handoff.handoffs import HandoffOutcome
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom

PHONE = "+380671234567"


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


async def join(room: PeopleRoom, one: tuple[str, str], other: tuple[str, str]) -> int:
    """By an agent; returns the log's number."""
    agent = await room.agent(f"agent-{one}-{other}")
    first, second = await room.identity(*one), await room.identity(*other)
    async with room.database.write() as work:
        joined = await room.people.joining.join(
            work, first.contact_id, second.contact_id, proof=Proof.AGENT, agent_id=agent.id, reason="same voice"
        )
    assert joined is not None
    return joined.join_id


async def undo(room: PeopleRoom, join_id: int) -> None:
    agent = await room.agent(f"undoer-{uuid4().hex}")
    async with room.database.write() as work:
        await room.people.parting.undo(work, join_id, agent_id=agent.id)


# --- by proof ------------------------------------------------------------------------------------


async def test_a_proven_sender_in_two_channels_is_one_person(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("mail", "Olha@Example.org", "ціна", verified=True)
    await room.write("app", "device-1", "ціна", person="42", verified=True)
    await room.write("app", "device-2", "ціна", person="42", verified=True)
    assert (await room.identity("app", "device-1")).contact_id == (await room.identity("app", "device-2")).contact_id
    assert (await room.identity("mail", "Olha@Example.org")).contact_id != (
        await room.identity("app", "device-1")
    ).contact_id
    assert (await room.contact("mail", "Olha@Example.org")).email == "olha@example.org"


async def test_a_shared_own_contact_joins_and_somebody_elses_does_not(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("telegram", "1", ContactCard(phone=PHONE, own=True))
    await room.write("web", "v1", ContactCard(phone=PHONE, own=False))
    await room.write("web", "v2", f"мій номер {PHONE}")
    mine = (await room.identity("telegram", "1")).contact_id
    assert mine not in {(await room.identity("web", address)).contact_id for address in ("v1", "v2")}
    await room.write("app", "device", ContactCard(phone=PHONE.removeprefix("+"), own=True))
    assert (await room.identity("app", "device")).contact_id == mine
    assert (await room.contact("app", "device")).phone == PHONE


async def test_an_unproven_sender_proves_nothing(room: PeopleRoom) -> None:
    await room.write("mail", "olha@example.org", "ціна", verified=True)
    await room.write("app", "device", "ціна", person="42", verified=False)
    await room.write("app", "other", "ціна", person="42", verified=True)
    # One platform's own id of a person is its own word; that it is the firm's customer takes more.
    identities = {one.channel for one in await identities_of(room, "app", "device")}
    assert "proof:account" in identities
    room2 = (await room.identity("mail", "olha@example.org")).contact_id
    assert (await room.identity("app", "device")).contact_id != room2


async def identities_of(room: PeopleRoom, channel: str, address: str) -> list[Any]:
    async with room.database.read() as work:
        return await work.contacts.identities((await room.identity(channel, address)).contact_id)


async def test_a_forged_mail_from_the_same_address_says_nothing_of_its_sender(room: PeopleRoom) -> None:
    await room.write("mail", "olha@example.org", "ціна", verified=False)
    assert [one.channel for one in await identities_of(room, "mail", "olha@example.org")] == ["mail"]
    assert (await room.contact("mail", "olha@example.org")).email is None


async def test_two_accounts_are_two_people_whatever_telephone_they_share(room: PeopleRoom) -> None:
    await room.write("app", "his", ContactCard(phone=PHONE, own=True), person="1", verified=True)
    await room.write("app", "hers", ContactCard(phone=PHONE, own=True), person="2", verified=True)
    assert (await room.identity("app", "his")).contact_id != (await room.identity("app", "hers")).contact_id


async def test_two_people_in_one_thread_are_not_made_one(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("telegram", "thread", "ціна", person="u1")
    await room.write("telegram", "thread", "ціна", person="u2")
    await room.write("telegram", "direct-1", "ціна", person="u1", verified=True)
    await room.write("telegram", "direct-2", "ціна", person="u2", verified=True)
    owner = (await room.identity("telegram", "thread")).contact_id
    assert (await room.identity("telegram", "direct-1")).contact_id == owner
    assert (await room.identity("telegram", "direct-2")).contact_id != owner


async def test_what_is_proven_once_costs_nothing_more(room: PeopleRoom) -> None:
    await room.write("app", "device", "ціна", person="42", verified=True)
    before = await room.picture()
    statements: list[str] = []
    engine = room.database._writer.sync_engine
    from sqlalchemy import event  # noqa: PLC0415

    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await room.write("app", "device", "ціна", person="42", verified=True)
    assert (await room.picture())["identities"] == before["identities"]
    assert not [one for one in statements if "proof" in one and "INSERT" in one]


async def test_who_an_agent_keeps_apart_stays_apart(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("telegram", "1", ContactCard(phone=PHONE, own=True))
    await room.write("app", "device", ContactCard(phone=PHONE, own=True))
    [entry] = await room.log("telegram", "1")
    await undo(room, entry.id)
    await room.write("app", "device", ContactCard(phone=PHONE, own=True))
    assert (await room.identity("telegram", "1")).contact_id != (await room.identity("app", "device")).contact_id


# --- undoing -------------------------------------------------------------------------------------


async def test_undoing_gives_back_what_was(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "зателефонуйте мені")
    await room.write("telegram", "77", "людину", name="Ольга Петренко")
    await room.write("mail", "o@example.org", "ціна", verified=True)
    before = await room.picture()
    number = await join(room, ("web", "v1"), ("telegram", "77"))
    assert (await room.open("web", "v1")).channel == "telegram"
    await undo(room, number)
    assert await room.picture() == before


STANDINGS = ("nothing", "bot", "form", "queued", "agent", "closed")


async def put(room: PeopleRoom, channel: str, address: str, standing: str) -> None:
    """Somebody at `address` whose conversation stands so."""
    if standing == "nothing":
        await room.code(channel, address)
        return
    await room.write(channel, address, {"form": "зателефонуйте мені", "queued": "людину"}.get(standing, "ціна"))
    talk = await room.open(channel, address)
    if standing in ("agent", "closed"):
        agent = await room.agent(f"{channel}-{uuid4().hex}")
        await room.desk.claim(talk.id, agent)
        await room.desk.save_draft(talk.id, agent, "Доброго")
        if standing == "closed":
            await room.desk.close(talk.id, agent, HandoffOutcome.RESOLVED)


@pytest.mark.parametrize("other", STANDINGS)
@pytest.mark.parametrize("one", STANDINGS)
async def test_however_both_stand_undoing_gives_back_what_was(room: PeopleRoom, one: str, other: str) -> None:
    await put(room, "web", "v1", one)
    await put(room, "telegram", "77", other)
    before = await room.picture()
    number = await join(room, ("telegram", "77"), ("web", "v1"))
    open_now = [talk for talk in await room.talks("web", "v1") if talk.state is not State.CLOSED]
    assert len(open_now) == (1 if {one, other} - {"nothing", "closed"} else 0)
    await undo(room, number)
    assert await room.picture() == before


async def test_a_call_booked_before_follows_and_comes_back(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "людину")
    taras = await room.agent("Тарас")
    talk = await room.open("web", "v1")
    window = (await room.desk.calls.free_windows())[0]
    await room.desk.calls.book(talk.id, taras, window.start, PHONE)
    await room.write("telegram", "77", "людину")
    await room.desk.claim((await room.open("telegram", "77")).id, taras)
    before = await room.picture()
    number = await join(room, ("telegram", "77"), ("web", "v1"))
    context = await room.desk.views.context((await room.open("telegram", "77")).id)
    assert [call.callback.phone for call in context.calls] == [PHONE]
    assert [one.conversation.id for one in context.earlier] == [talk.id]
    await undo(room, number)
    assert await room.picture() == before


async def test_what_was_said_since_stays_with_who_said_it(room: PeopleRoom) -> None:
    await room.write("web", "v1", "ціна")
    web = await room.open("web", "v1")
    await room.write("telegram", "77", "ціна")
    number = await join(room, ("web", "v1"), ("telegram", "77"))
    await room.write("telegram", "77", "ціна")
    assert (await room.open("web", "v1")).address == "77"
    await undo(room, number)
    assert (await room.open("web", "v1")).id == web.id
    assert (await room.open("web", "v1")).address == "v1"
    assert (await room.open("telegram", "77")).address == "77"


async def test_fields_are_taken_over_but_never_overwritten(room: PeopleRoom) -> None:
    await room.write("web", "v1", "ціна", name="Оля")
    await room.write("telegram", "77", ContactCard(phone=PHONE, own=True), name="Ольга Петренко")
    number = await join(room, ("web", "v1"), ("telegram", "77"))
    contact = await room.contact("web", "v1")
    assert contact.phone == PHONE
    [entry] = await room.log("web", "v1")
    assert set(entry.record.differed) == {"name"}
    assert {contact.name, entry.record.differed["name"]} == {"Оля", "Ольга Петренко"}
    await undo(room, number)
    assert (await room.contact("web", "v1")).phone is None


async def test_only_the_last_can_be_undone_and_only_once(room: PeopleRoom) -> None:
    for address in ("v1", "v2", "v3"):
        await room.write("web", address, "ціна")
    first = await join(room, ("web", "v1"), ("web", "v2"))
    second = await join(room, ("web", "v1"), ("web", "v3"))
    with pytest.raises(Refused) as refused:
        await undo(room, first)
    assert refused.value.why is Why.LATER_FIRST
    await undo(room, second)
    await undo(room, first)
    assert len({(await room.identity("web", one)).contact_id for one in ("v1", "v2", "v3")}) == 3
    async with room.database.write() as work:
        with pytest.raises(Refused) as refused:
            await room.people.parting.undo(work, first, agent_id=1)
    assert refused.value.why is Why.UNDONE


# --- splitting -----------------------------------------------------------------------------------


async def test_a_split_and_its_undoing(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    await room.follow("telegram", "77", await room.code("web", "v1"))
    before = await room.picture()
    agent = await room.agent("Тарас")
    mine = await room.identity("telegram", "77")
    async with room.database.write() as work:
        made = await room.people.parting.split(work, mine.contact_id, [mine.id], agent_id=agent.id, reason="брат")
    assert (await room.identity("telegram", "77")).contact_id == made.id
    assert (await room.open("telegram", "77")).contact_id == made.id
    [split] = [entry for entry in await room.log("web", "v1") if entry.deed is Deed.SPLIT]
    await undo(room, split.id)
    after = await room.picture()
    assert after.pop("contacts")[: len(before["contacts"])] == before.pop("contacts")
    assert after == before


async def test_nobody_is_left_without_a_place_to_write_to(room: PeopleRoom) -> None:
    await room.write("web", "v1", ContactCard(phone=PHONE, own=True))
    identities = await identities_of(room, "web", "v1")
    async with room.database.write() as work:
        for chosen in (identities, [one for one in identities if not one.reachable]):
            with pytest.raises(Refused):
                await room.people.parting.split(
                    work, identities[0].contact_id, [one.id for one in chosen], agent_id=1, reason="x"
                )


# --- at once -------------------------------------------------------------------------------------


async def test_two_joins_of_the_same_two_are_one(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    await room.write("telegram", "77", "ціна")
    one, other = await room.identity("web", "v1"), await room.identity("telegram", "77")

    async def both(first: int, second: int) -> Any:
        async with room.database.write() as work:
            return await room.people.joining.join(work, first, second, proof=Proof.SENDER)

    done = await asyncio.gather(both(one.contact_id, other.contact_id), both(other.contact_id, one.contact_id))
    assert sum(joined is not None for joined in done) == 1
    assert len(await room.log("web", "v1")) == 1


async def test_three_people_joined_crosswise_at_once_are_one(each_room: PeopleRoom) -> None:
    room = each_room
    places = [("web", "v1"), ("telegram", "77"), ("mail", "o@example.org")]
    for channel, address in places:
        await room.write(channel, address, "ціна")
    ids = [(await room.identity(*place)).contact_id for place in places]

    async def two(first: int, second: int) -> None:
        async def deed() -> None:
            async with room.database.write() as work:
                await room.people.joining.join(work, first, second, proof=Proof.SENDER)

        await again(deed)

    await asyncio.gather(two(ids[0], ids[1]), two(ids[1], ids[2]), two(ids[2], ids[0]))
    assert len({(await room.identity(*place)).contact_id for place in places}) == 1
    assert [talk.state for talk in await room.talks("web", "v1")].count(State.BOT) == 1


async def test_an_agent_who_writes_meanwhile_is_heard_or_told(each_room: PeopleRoom) -> None:
    """The reply is in the transcript before the join, or refused after it; never in between."""
    room = each_room
    taras = await room.agent("Тарас")
    await room.write("web", "v1", "людину")
    await room.write("telegram", "77", "людину")
    for place in (("web", "v1"), ("telegram", "77")):
        await room.desk.claim((await room.open(*place)).id, taras)
    one, other = await room.open("web", "v1"), await room.open("telegram", "77")

    async def write(conversation_id: int) -> bool:
        try:
            await room.desk.reply(conversation_id, taras, "Доброго дня")
        except Conflict:
            return False
        return True

    done = await asyncio.gather(
        join(room, ("web", "v1"), ("telegram", "77")), write(one.id), write(other.id), return_exceptions=True
    )
    assert not [error for error in done if isinstance(error, BaseException)]
    said = [m for m in await room.thread("web", "v1") if m.agent_id == taras.id and m.direction is Direction.OUTBOUND]
    assert len(said) == sum(bool(heard) for heard in done[1:])
    assert len([talk for talk in await room.talks("web", "v1") if talk.state is State.AGENT]) == 1


async def test_a_join_while_turns_are_taken(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("web", "v1", "ціна")
    await room.write("telegram", "77", "ціна")
    for _ in range(10):
        await room.post("web", "v1", "ціна")
        await room.post("telegram", "77", "ціна")
    await asyncio.gather(
        room.turns.take_waiting(), join(room, ("web", "v1"), ("telegram", "77")), room.turns.take_waiting()
    )
    while await room.turns.take_waiting():
        pass
    thread = await room.thread("web", "v1")
    assert len([m for m in thread if m.direction is Direction.INBOUND]) == 22
    assert len([m for m in thread if m.direction is Direction.OUTBOUND]) == 22
    assert len([talk for talk in await room.talks("web", "v1") if talk.state is not State.CLOSED]) == 1


# --- what is known is not asked again ------------------------------------------------------------


async def test_a_call_is_booked_without_asking_for_a_proven_number(room: PeopleRoom) -> None:
    await room.write("telegram", "1", ContactCard(phone=PHONE, own=True))
    await room.write("telegram", "1", "скасувати")
    await room.follow("web", "v1", await room.code("telegram", "1"))
    await room.write("web", "v1", "зателефонуйте мені")
    form = (await room.open("web", "v1")).form
    assert form is not None
    assert form.slots["phone"] == PHONE
    await room.choose("web", "v1", (await room.open("web", "v1")).offers[0].label)
    assert (await room.open("web", "v1")).form.step == "topic"  # type: ignore[union-attr]
