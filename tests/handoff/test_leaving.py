"""Somebody is no agent any more: what they held waits for another, and agents read why."""

from __future__ import annotations

import pytest

from gateway.conversations import State
from gateway.errors import Conflict
from gateway.messages import Author, Direction, plain_text
from gateway.settings import Company, Settings
from gateway.staff import Role, Staff
from handoff.callbacks import CallbackState, CallOutcome
from handoff.desk_rows import Filter
from handoff.handoffs import HandoffState
from handoff.leaving import Leaving
from handoff.storage.agents import AgentTable
from tests.handoff.room import Room, all_texts

GONE = {"active": False}
NO_AGENT = {"roles": frozenset({Role.EDITOR})}


@pytest.fixture
def settings() -> Settings:
    return Settings(company=Company(name={"en": "Zhuravlyk"}, language="uk"))


def leaving(room: Room) -> Leaving:
    return Leaving(room.speaker, all_texts(), room.settings, room.clock)


async def holds(room: Room, agent: Staff, address: str = "7") -> int:
    """The customer at `address` talks with `agent`."""
    await room.hear("людину", address=address)
    conversation = await room.conversation(address)
    await room.desk.claim(conversation.id, agent)
    return conversation.id


async def changed(room: Room, agent: Staff, **changes: object) -> int:
    """Change `agent` as the command does; how many conversations went back."""
    async with room.database.write() as work:
        await work.staff.change(agent.id, **changes)
        return await leaving(room).left(work, await work.staff.get(agent.id))


@pytest.mark.parametrize("changes", [GONE, NO_AGENT], ids=["deactivated", "without the role"])
async def test_what_an_agent_held_waits_with_its_old_place(each_room: Room, changes: dict[str, object]) -> None:
    room = each_room
    iryna, bohdan = await room.agent("Ірина"), await room.agent("Богдан")
    first = await holds(room, iryna)
    await holds(room, bohdan, "8")
    room.clock.advance(minutes=5)
    await room.hear("людину", address="9")

    assert await changed(room, iryna, **changes) == 1

    conversation = await room.conversation()
    assert (conversation.state, conversation.agent_id) == (State.QUEUED, None)
    handoff = await room.handoff()
    assert (handoff.state, handoff.claimed_by, handoff.claimed_at) == (HandoffState.WAITING, None, None)
    rows = await room.desk.views.inbox(bohdan, Filter.QUEUE)
    assert [row.id for row in rows] == [first, (await room.conversation("9")).id]
    assert (await room.conversation("8")).agent_id == bohdan.id
    await room.desk.claim(first, bohdan)
    assert (await room.conversation()).agent_id == bohdan.id


async def test_agents_read_why_and_the_customer_is_told(room: Room) -> None:
    iryna = await room.agent("Ірина")
    conversation_id = await holds(room, iryna)
    await changed(room, iryna, **GONE)
    assert await room.said() == "Ірина передає розмову колезі, який уже бачить усе написане."
    lines = (await room.desk.views.transcript(conversation_id)).lines
    [note] = [line.message for line in lines if line.message.direction is Direction.NOTE]
    assert (note.author, note.agent_id) == (Author.SYSTEM, None)
    assert plain_text(note.parts) == "Ірина більше не оператор. Повернуто в чергу."
    assert await room.ring(minutes=room.settings.handoff.waiting_limit) == 1  # the wait counts as any other


async def test_it_all_happens_or_nothing_does(each_room: Room) -> None:
    room = each_room
    iryna = await room.agent("Ірина")
    await holds(room, iryna)

    async def cut_off() -> None:
        async with room.database.write() as work:
            await work.staff.change(iryna.id, active=False)
            await leaving(room).left(work, await work.staff.get(iryna.id))
            raise Conflict("somebody pulled the plug")

    with pytest.raises(Conflict):
        await cut_off()
    assert (await room.conversation()).agent_id == iryna.id
    async with room.database.read() as work:
        assert (await work.staff.get(iryna.id)).active


@pytest.mark.parametrize("role", [Role.AGENT, Role.OPERATOR])
async def test_who_is_still_an_agent_keeps_everything(room: Room, role: Role) -> None:
    iryna = await room.agent("Ірина")
    await holds(room, iryna)
    assert await changed(room, iryna, roles=frozenset({role, Role.EDITOR})) == 0
    assert (await room.conversation()).agent_id == iryna.id


async def test_who_left_is_not_counted_as_present(room: Room) -> None:
    iryna = await room.agent("Ірина")
    await room.desk.presence.seen(iryna.id)
    await changed(room, iryna, **GONE)
    async with room.database.read() as work:
        assert await AgentTable(work).online(room.clock()) == []


async def test_whoever_was_changed_past_the_command_is_found(each_room: Room) -> None:
    room = each_room
    iryna, bohdan = await room.agent("Ірина"), await room.agent("Богдан")
    await holds(room, iryna)
    await holds(room, iryna, "8")
    await holds(room, bohdan, "9")
    assert await leaving(room).look(room.database) == 0
    async with room.database.write() as work:
        await work.staff.change(iryna.id, active=False)
    assert await leaving(room).look(room.database) == 2
    assert [(await room.conversation(one)).state for one in "789"] == [State.QUEUED, State.QUEUED, State.AGENT]
    assert await leaving(room).look(room.database) == 0


async def test_a_call_that_they_booked_and_tried_is_anybodys(room: Room) -> None:
    iryna, bohdan = await room.agent("Ірина"), await room.agent("Богдан")
    conversation_id = await holds(room, iryna)
    call = await room.desk.calls.book(conversation_id, iryna, room.clock(), "0671234567")
    await room.desk.calls.attempt(call.id, iryna, CallOutcome.NO_ANSWER)
    await changed(room, iryna, **GONE)
    assert [one.callback.id for one in await room.desk.views.calls()] == [call.id]
    made = await room.desk.calls.attempt(call.id, bohdan, CallOutcome.REACHED)
    assert made.state is CallbackState.DONE
