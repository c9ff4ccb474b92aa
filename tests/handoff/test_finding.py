"""Finding what was closed long ago: people however far back, words as far back as one asked to look."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.conversations import State
from gateway.staff import Staff
from handoff.desk_rows import Filter
from tests.handoff.room import Room

EARLIER = ("Оксана Ковальчук", "7", "Де моя посилка? 100% зникла", "+380671234567")
LATER = ("Інша", "8", "ціна на доставку", "+380507654321")


@pytest.fixture
async def agent(each_room: Room) -> Staff:
    """Two matters are closed, the one an hour after the other."""
    agent = await each_room.agent("Ірина")
    for name, address, said, phone in (EARLIER, LATER):
        await each_room.hear(said, name=name, address=address)
        conversation = await each_room.conversation(address)
        async with each_room.database.write() as work:
            work.contacts.update(conversation.contact_id, phone=phone)
            work.conversations.change(conversation.id, state=State.CLOSED, closed_at=each_room.clock())
        each_room.clock.advance(hours=1)
    return agent


async def names(room: Room, agent: Staff, words: str, earliest: datetime | None = None) -> list[str]:
    return [row.name for row in await room.desk.views.inbox(agent, Filter.CLOSED, words, earliest=earliest)]


async def test_people_and_words_of_what_is_closed(each_room: Room, agent: Staff) -> None:
    for words in ("ковальчук", "Оксана к", "посилка", "ПОСИЛКА", "100%", "#1", "067 123-45-67", "7"):
        found = await names(each_room, agent, words)
        assert "Оксана Ковальчук" in found, words
        assert words == "7" or found == ["Оксана Ковальчук"], words
    assert await names(each_room, agent, "ні слова про це") == []
    assert await names(each_room, agent, "") == ["Інша", "Оксана Ковальчук"], "what changed last is first"


async def test_words_are_looked_for_no_further_back_than_asked_but_people_are(each_room: Room, agent: Staff) -> None:
    views = each_room.desk.views
    earliest = await views.reach(1)
    assert earliest is not None
    assert await names(each_room, agent, "посилка", earliest) == []
    assert await names(each_room, agent, "доставку", earliest) == ["Інша"]
    for who in ("ковальчук", "067 123-45-67", "#1"):
        assert await names(each_room, agent, who, earliest) == ["Оксана Ковальчук"], who
    assert await views.reach(2) is None, "that is all of them"
    assert await views.reach(3) is None


async def test_of_many_that_say_it_the_newest_are_listed(each_room: Room, agent: Staff) -> None:
    [row] = await each_room.desk.views.inbox(agent, Filter.CLOSED, "о", limit=1)
    assert row.name == "Інша"
