"""What a mail channel remembers, on both databases."""

from __future__ import annotations

from datetime import timedelta

from bots.mail.storage import THREADS, MailTables, Place
from bots.mail.wire.outbound import Thread
from gateway.channels import Envelope, Send
from gateway.inbox import Inbox
from gateway.messages import Text
from gateway.storage.engine import Database
from tests.conftest import SteppingClock

OLENA = "olena@mail.example"


def send(address: str = OLENA, reply_to: str | None = None, inbox: int | None = None) -> Send:
    return Send(address=address, part=Text(text="x"), key="1.0", reply_to=reply_to, inbox=inbox)


async def test_few_threads_of_an_address_are_remembered(database: Database, clock: SteppingClock) -> None:
    async with database.write() as work:
        remembered = MailTables(work.connection, "shop")
        for number in range(THREADS + 15):
            clock.advance(seconds=1)
            thread = Thread(message_id=f"<{number}@x>", subject=f"s{number}")
            await remembered.note_thread(OLENA, thread, clock())
            await remembered.note_thread("other@mail.example", thread, clock())
    async with database.read() as work:
        remembered = MailTables(work.connection, "shop")
        forgotten = await remembered.thread(send(reply_to="<3@x>"))
        assert forgotten is not None
        assert forgotten.subject == f"s{THREADS + 14}"
        kept = await remembered.thread(send(reply_to="<20@x>"))
        assert kept is not None
        assert kept.subject == "s20"
        assert await remembered.thread(send("stranger@mail.example")) is None
        assert await MailTables(work.connection, "other").thread(send()) is None


async def test_a_thread_goes_on_in_its_row(database: Database, clock: SteppingClock) -> None:
    long = tuple(f"<{number}{'x' * 400}@y>" for number in range(40))
    async with database.write() as work:
        remembered = MailTables(work.connection, "shop")
        await remembered.note_thread(OLENA, Thread(message_id=long[0], subject="s"), clock())
        clock.advance(minutes=1)
        await remembered.note_thread(OLENA, Thread(message_id="<new@y>", references=long, subject="Re: s"), clock())
        found = await remembered.thread(send(reply_to=long[7]))
        assert found == Thread(message_id="<new@y>", references=long, subject="Re: s")
        without_id = Thread(message_id=None, subject="no id")
        clock.advance(minutes=1)
        await remembered.note_thread(OLENA, without_id, clock())
        assert await remembered.thread(send()) == without_id


async def test_places(database: Database, clock: SteppingClock) -> None:
    async with database.write() as work:
        remembered = MailTables(work.connection, "shop")
        assert await remembered.place("INBOX") is None
        place = Place(uidvalidity=2**32 - 1, last_uid=7, seen_at=clock())
        await remembered.set_place("INBOX", place)
        await remembered.set_place("Архів", Place(uidvalidity=1, last_uid=1, seen_at=clock()))
        later = Place(uidvalidity=2**32 - 1, last_uid=9, seen_at=clock() + timedelta(days=1))
        await remembered.set_place("INBOX", later)
        assert await remembered.place("INBOX") == later
        assert await MailTables(work.connection, "other").place("INBOX") is None


async def test_what_the_spine_knows(database: Database, clock: SteppingClock) -> None:
    inbox = Inbox(database, clock)
    await inbox.take("shop", [Envelope(platform_id="<a@b>", address=OLENA, body=b"x")])
    async with database.write() as work:
        remembered = MailTables(work.connection, "shop")
        (row,) = await work.inbox.waiting(10)
        assert await remembered.taken(["<a@b>", "<c@d>"]) == {"<a@b>"}
        assert await MailTables(work.connection, "other").taken(["<a@b>"]) == set()
        clock.advance(minutes=1)
        await remembered.note_thread(OLENA, Thread(message_id="<a@b>", subject="one"), clock())
        clock.advance(minutes=1)
        await remembered.note_thread(OLENA, Thread(message_id="<e@f>", subject="two"), clock())
        found = await remembered.thread(send(inbox=row.id))
        assert found is not None
        assert found.subject == "one"
        assert await remembered.heard("<a@b>") is None
        assert await remembered.written_to("<a@b>", lambda one: one.key) is None
        assert await remembered.language(OLENA) == (None, None)
        assert await remembered.language("stranger@mail.example") == (None, None)
        assert await remembered.answers(OLENA, clock()) == 0
