"""What our own account said without us stands in the transcript, once, and is sent to nobody."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest

from gateway.channels import Envelope
from gateway.echoes import Echoes
from gateway.messages import Author, Direction, Echo, Event, Message, Text
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxRow
from tests.fakes import FakeChannel, inbound
from tests.gateway.spine import Spine

_numbers = count(1)


@pytest.fixture
def spine(sqlite_database: Database, clock) -> Spine:
    return Spine(sqlite_database, clock, known={}, actions={})


def said(text: str, platform_id: str | None = "7:99") -> Echo:
    return Echo(address="7", parts=(Text(text=text),), platform_id=platform_id)


async def row_of(spine: Spine, echo: Echo) -> InboxRow:
    """`echo` as the inbox has it."""
    envelope = Envelope(platform_id=f"echo:{next(_numbers)}", address=echo.address, body=msgspec.json.encode(echo))
    await spine.inbox.take("shop", [envelope])
    async with spine.database.read() as view:
        return (await view.inbox.waiting(10))[-1]


async def note(spine: Spine, echo: Echo) -> Message | None:
    row = await row_of(spine, echo)
    async with spine.database.write() as work:
        message = await Echoes(spine.clock).note(work, row, echo)
        work.inbox.settle([row.id])
    return message


async def transcript(spine: Spine) -> list[Message]:
    async with spine.database.read() as view:
        identity = (await view.contacts.find([("shop", "7")]))["shop", "7"]
        conversations = await view.conversations.of_contact(identity.contact_id)
        assert len(conversations) == 1
        return await view.messages.after(conversations[0].id, 0)


async def test_it_joins_the_open_conversation(spine: Spine) -> None:
    await spine.hear(inbound("привіт"))
    await spine.settle()
    sent = len(spine.channel.sent)
    await note(spine, said("Ваше замовлення готове"))
    *_, last = await transcript(spine)
    assert (last.direction, last.author, last.platform_id) == (Direction.OUTBOUND, Author.BOT, "7:99")
    assert last.parts == (Text(text="Ваше замовлення готове"),)
    await spine.settle()
    assert len(spine.channel.sent) == sent


async def test_it_opens_a_conversation_that_the_answer_joins(spine: Spine) -> None:
    await note(spine, said("Ваше замовлення готове"))
    await spine.hear(inbound("дякую"))
    await spine.settle()
    assert [message.seq for message in await transcript(spine)][:2] == [1, 2]


async def test_the_same_message_stands_there_once(spine: Spine) -> None:
    assert await note(spine, said("one")) is not None
    assert await note(spine, said("one")) is None
    assert await note(spine, said("two", None)) is not None
    assert len(await transcript(spine)) == 2


class EchoingChannel(FakeChannel):
    """Its events may be what our own account said."""

    def parse(self, body: bytes) -> Event:
        try:
            return msgspec.json.decode(body, type=Echo)
        except msgspec.DecodeError:
            return super().parse(body)


async def test_a_turn_writes_it_down_between_what_the_customer_says(sqlite_database: Database, clock) -> None:
    spine = Spine(sqlite_database, clock, known={}, actions={}, channel=EchoingChannel())
    await spine.hear(inbound("hello"))
    await spine.settle()
    sent = len(spine.channel.sent)
    await row_of(spine, said("Ваше замовлення готове"))
    await spine.settle()
    *_, last = await transcript(spine)
    assert (last.direction, last.parts) == (Direction.OUTBOUND, (Text(text="Ваше замовлення готове"),))
    assert len(spine.channel.sent) == sent
