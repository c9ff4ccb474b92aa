"""Who asks that no program answers: a person does, and nothing is said until then."""

from __future__ import annotations

import pytest

from gateway.conversations import State
from gateway.dialogue import PERSON
from gateway.messages import ButtonPress
from gateway.ports import HandoffContext, Outcome, Reason, Situation
from gateway.storage.work import Work
from handoff.desk_rows import Filter
from handoff.handoffs import HandoffOutcome, HandoffState
from tests.handoff.room import Room

NIGHT = {"hours": 12}


@pytest.mark.parametrize("later", [{}, NIGHT], ids=["while people are there", "at night"])
@pytest.mark.parametrize("words", ["ціна", "людину", "ніколи не чули"], ids=["known", "for a person", "unknown"])
async def test_it_waits_for_a_person_and_nothing_is_said(room: Room, words: str, later: dict[str, float]) -> None:
    room.clock.advance(**later)
    assert await room.hear(words, quiet=True) == []
    conversation, handoff = await room.conversation(), await room.handoff()
    assert conversation.state is State.QUEUED
    assert (handoff.state, handoff.reason) == (HandoffState.WAITING, Reason.QUIET)
    agent = await room.agent("Ірина")
    [row] = await room.desk.views.inbox(agent, Filter.QUEUE)
    assert row.id == conversation.id


async def test_nobody_asks_for_patience_either(room: Room) -> None:
    await room.hear("ціна", quiet=True)
    assert await room.ring(minutes=room.settings.handoff.waiting_limit + 1) == 0
    assert await room.hear("ще одне", quiet=True) == []
    assert (await room.conversation()).state is State.QUEUED


async def test_agents_see_what_was_understood(room: Room) -> None:
    await room.hear("ціна", quiet=True)
    agent = await room.agent("Ірина")
    context = await room.desk.views.context((await room.conversation()).id)
    assert [tried.text for tried in context.tried] == ["ціна"]
    await room.desk.claim((await room.conversation()).id, agent)
    assert await room.hear("дякую", quiet=True) == []
    assert (await room.conversation()).agent_id == agent.id


async def test_a_wish_for_later_is_taken_up(room: Room) -> None:
    room.clock.advance(**NIGHT)
    await room.hear(ButtonPress(payload=PERSON, label="Людина"))
    assert (await room.handoff()).state is HandoffState.OFFERED
    assert await room.hear("ось мій номер замовлення", quiet=True) == []
    assert (await room.handoff()).state is HandoffState.WAITING


async def test_after_the_end_it_is_a_new_matter(room: Room) -> None:
    await room.hear("людину")
    agent = await room.agent("Ірина")
    first = await room.conversation()
    await room.desk.claim(first.id, agent)
    await room.desk.reply(first.id, agent, "Готово")
    await room.desk.close(first.id, agent, HandoffOutcome.RESOLVED)
    assert await room.hear("5", quiet=True) == []  # which chooses a mark, and would be thanked for
    again = await room.conversation()
    assert (again.id != first.id, again.state) == (True, State.QUEUED)


async def test_where_its_turn_breaks_each_time_nothing_is_said_either(room: Room) -> None:
    request = room.service.request

    async def broken(work: Work, situation: Situation, context: HandoffContext) -> Outcome:
        if situation.understanding is not None:
            raise RuntimeError("a bug of ours")
        return await request(work, situation, context)

    room.service.request = broken  # type: ignore[method-assign]
    assert await room.hear("ціна", quiet=True) == []
    assert ((await room.conversation()).state, (await room.handoff()).reason) == (State.QUEUED, Reason.QUIET)


async def test_who_writes_as_usual_is_answered_as_usual(room: Room) -> None:
    assert await room.hear("ціна") == ["price in uk"]
