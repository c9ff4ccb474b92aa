"""A visitor's thread over both databases: several conversations, notes and other channels in between."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bots.webchat.storage import Stretch, Threads
from gateway.contacts import Identity
from gateway.messages import Author, Direction, Media, MediaKind, Message, Part, Text
from gateway.storage.engine import Database
from gateway.storage.work import Work

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Book:
    """Writes a transcript by hand."""

    def __init__(self, work: Work, identity: Identity) -> None:
        self.work = work
        self.identity = identity

    async def conversation(self) -> int:
        made = await self.work.conversations.add(identity=self.identity, language="uk", now=NOW)
        return made.id

    async def add(
        self,
        conversation: int,
        text: str,
        *,
        direction: Direction = Direction.OUTBOUND,
        channel: str = "site",
        part: Part | None = None,
    ) -> Message:
        return await self.work.messages.add(
            conversation_id=conversation,
            seq=await self.work.conversations.next_seq(conversation, NOW),
            direction=direction,
            author=Author.AGENT,
            channel=channel,
            parts=(part or Text(text=text),),
            now=NOW,
        )


def shown(stretch: Stretch) -> list[str]:
    return [part.text for item in stretch.seen for part in item.message.parts if isinstance(part, Text)]


async def book(work: Work, address: str = "visitor") -> Book:
    return Book(work, await work.contacts.meet("site", address, NOW))


async def test_conversations_notes_and_other_channels(database: Database) -> None:
    async with database.write() as work:
        pen = await book(work)
        threads = Threads(work.connection, "site")
        first, second = await pen.conversation(), await pen.conversation()
        await pen.add(first, "а")
        await pen.add(second, "б")
        await pen.add(first, "нотатка", direction=Direction.NOTE)
        await pen.add(first, "з телеграму", channel="shop_telegram")
        await pen.add(first, "в")
        stretch = await threads.newest(pen.identity.address, 50)
        assert shown(stretch) == ["а", "б", "в"]
        assert [(item.message.seq, item.prev) for item in stretch.seen] == [(1, 0), (1, 0), (4, 1)]
        assert stretch.cursor == {first: 4, second: 1}
        assert not stretch.more


async def test_news_after_any_cursor(database: Database) -> None:
    async with database.write() as work:
        pen = await book(work)
        threads = Threads(work.connection, "site")
        first, second = await pen.conversation(), await pen.conversation()
        for number in range(6):
            await pen.add((first, second)[number % 2], str(number))
        contact = pen.identity.address
        assert shown(await threads.after(contact, {}, 50)) == list("012345")
        assert shown(await threads.after(contact, {first: 3}, 50)) == list("135")
        assert shown(await threads.after(contact, {first: 1, second: 2}, 50)) == list("245")
        assert shown(await threads.after(contact, {first: 3, second: 3}, 50)) == []
        assert shown(await threads.after(contact, {first: 99, second: 3, 12345: 7}, 50)) == []


async def test_pages_join_without_gap_or_repeat(database: Database) -> None:
    async with database.write() as work:
        pen = await book(work)
        threads = Threads(work.connection, "site")
        first, second = await pen.conversation(), await pen.conversation()
        for number in range(10):
            await pen.add(second if number in (3, 4, 8) else first, str(number))
        cursor: dict[int, int] = {}
        read: list[str] = []
        for _ in range(4):
            stretch = await threads.after(pen.identity.address, cursor, 3)
            read += shown(stretch)
            cursor = stretch.cursor
        assert read == list("0123456789")
        assert not stretch.more


async def test_what_comes_after_a_cursor_ahead_of_us(database: Database) -> None:
    """As after a restored backup: the clamped cursor lets the next message through."""
    async with database.write() as work:
        pen = await book(work)
        threads = Threads(work.connection, "site")
        only = await pen.conversation()
        await pen.add(only, "старе")
        stretch = await threads.after(pen.identity.address, {only: 500}, 50)
        await pen.add(only, "нове")
        assert shown(await threads.after(pen.identity.address, stretch.cursor, 50)) == ["нове"]


async def test_older_pages(database: Database) -> None:
    async with database.write() as work:
        pen = await book(work)
        threads = Threads(work.connection, "site")
        only = await pen.conversation()
        messages = [await pen.add(only, str(number)) for number in range(7)]
        newest = await threads.newest(pen.identity.address, 3)
        assert (shown(newest), newest.more, newest.seen[0].prev) == (list("456"), True, 4)
        older = await threads.before(pen.identity.address, messages[4].id, 3)
        assert (shown(older), older.more) == (list("123"), True)
        oldest = await threads.before(pen.identity.address, messages[1].id, 3)
        assert (shown(oldest), oldest.more) == (["0"], False)


@pytest.mark.parametrize("words", ['"ref":"file:5b3c2f6e-1111-4222-8333-444455556666"', "%", "_"])
async def test_a_file_is_shown_only_where_it_was_sent(database: Database, words: str) -> None:
    ref = "file:5b3c2f6e-1111-4222-8333-444455556666"
    async with database.write() as work:
        mine, other = await book(work), await book(work, "other")
        threads = Threads(work.connection, "site")
        own, strange = await mine.conversation(), await other.conversation()
        await mine.add(own, "", part=Media(kind=MediaKind.FILE, ref=ref))
        await other.add(strange, words)
        assert await threads.shows_file(mine.identity.address, ref)
        assert not await threads.shows_file(other.identity.address, ref)
        assert not await threads.shows_file(mine.identity.address, "file:%")
