"""The spine's storage keeps its word on both databases."""

from __future__ import annotations

from gateway.storage.engine import Database


async def test_meeting_twice_gives_one_identity(database: Database, clock) -> None:
    async with database.write() as work:
        first = await work.contacts.meet("shop", "7", clock())
    async with database.write() as work:
        again = await work.contacts.meet("shop", "7", clock())
    assert first == again


async def test_sequence_numbers_have_no_gaps(database: Database, clock) -> None:
    async with database.write() as work:
        identity = await work.contacts.meet("shop", "7", clock())
        conversation = await work.conversations.add(identity=identity, language=None, now=clock())
        assert [await work.conversations.next_seq(conversation.id, clock()) for _ in range(3)] == [1, 2, 3]
