"""An answer that cannot arrive goes another proven way, once, and the customer is told why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.errors import Gone, Rejected, SendError, WindowOver
from gateway.messages import ContactCard, Direction
from gateway.people.settings import People
from gateway.settings import Company, Settings
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom

COMPANY = Company(name={"en": "Zhuravlyk"}, language="en")
SORRY = "We could not reach you in Telegram, so we answer here."


@pytest.fixture
def monday() -> SteppingClock:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer from 9 to 18."""
    return SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
def each_room(database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(database, monday, Settings(company=COMPANY))


@pytest.fixture
def room(sqlite_database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(sqlite_database, monday, Settings(company=COMPANY))


async def two_places(room: PeopleRoom, *, verified: bool = True) -> None:
    """A person of Telegram who has proven a mail address, in an agent's hands in Telegram."""
    phone = ContactCard(phone="+380671234567", own=True)
    await room.write("mail", "o@example.org", phone, verified=verified)
    await room.write("telegram", "77", phone)
    await room.write("telegram", "77", "людину")
    agent = await room.agent("Taras", language="en")
    async with room.database.write() as work:
        talk = await work.conversations.open_of((await room.identity("telegram", "77")).contact_id)
        assert talk is not None
        work.contacts.update(talk.contact_id, language="en")
        work.conversations.change(talk.id, language="en")
    await room.desk.claim((await room.open("telegram", "77")).id, agent)
    for channel in (room.telegram, room.mail):
        await room.send(channel)
        channel.sent.clear()
    room.agent_id = agent  # type: ignore[attr-defined]


async def reply(room: PeopleRoom, *words: str, error: SendError | None = None) -> None:
    talk = await room.open("telegram", "77")
    for text in words:
        await room.desk.reply(talk.id, room.agent_id, text)  # type: ignore[attr-defined]
    if error:
        room.telegram.failures.append(error)
    await room.send(room.telegram)
    await room.timers.ring_due()
    await room.send(room.mail)
    await room.send(room.telegram)
    room.telegram.check()


@pytest.mark.parametrize("error", [Gone("403 bot was blocked by the user"), WindowOver("24 hours are over")])
async def test_a_blocked_answer_goes_by_mail_with_a_sentence_why(each_room: PeopleRoom, error: SendError) -> None:
    room = each_room
    await two_places(room)
    await reply(room, "Ваше замовлення вже їде.", error=error)
    assert room.mail.texts == [SORRY, "Ваше замовлення вже їде."]
    assert room.telegram.texts == []
    talk = await room.open("telegram", "77")
    assert talk.channel == "mail"
    assert (await room.identity("telegram", "77")).blocked is isinstance(error, Gone)
    # The transcript has the message once, with both its sends.
    said = [m for m in await room.thread("telegram", "77") if m.direction is Direction.OUTBOUND]
    async with room.database.read() as work:
        sends = (await work.deliveries.of_messages([said[-2].id]))[said[-2].id]
    assert [(one.channel, one.state) for one in sends] == [
        ("telegram", DeliveryState.MOVED),
        ("mail", DeliveryState.SENT),
    ]
    # The next answer goes there at once, without the sentence.
    room.mail.sent.clear()
    await reply(room, "Ще щось?")
    assert room.mail.texts == ["Ще щось?"]


@pytest.mark.parametrize("tried", [1, 2, 3])
async def test_what_waits_behind_goes_along_in_order(room: PeopleRoom, tried: int) -> None:
    """However many of them were tried before another way was looked for."""
    await two_places(room)
    talk = await room.open("telegram", "77")
    for text in ("раз", "два", "три"):
        await room.desk.reply(talk.id, room.agent_id, text)  # type: ignore[attr-defined]
    room.telegram.failures += [Gone("403")] * tried
    sender = room.sender_of(room.telegram)
    for _ in range(tried):
        assert await sender.send_due() == 1
    await room.timers.ring_due()
    await room.desk.reply(talk.id, room.agent_id, "чотири")  # type: ignore[attr-defined]
    await room.send(room.mail)
    await room.send(room.telegram)
    assert room.mail.texts == [SORRY, "раз", "два", "три", "чотири"]
    assert room.telegram.texts == []


async def test_what_is_wrong_with_the_words_is_not_sent_elsewhere(room: PeopleRoom) -> None:
    await two_places(room)
    await reply(room, "надто довго", error=Rejected("400 message is too long"))
    assert room.mail.texts == []
    assert (await room.open("telegram", "77")).channel == "telegram"


async def test_only_what_is_proven_or_was_used_here(room: PeopleRoom) -> None:
    await two_places(room, verified=False)
    async with room.database.read() as work:
        identities = await work.contacts.identities((await room.identity("telegram", "77")).contact_id)
    assert {one.channel for one in identities if one.reachable} == {"mail", "telegram"}
    talk = await room.open("telegram", "77")
    used_here = any(m.channel == "mail" for m in await room.thread("telegram", "77") if m.conversation_id == talk.id)
    await reply(room, "раз", error=Gone("403"))
    assert bool(room.mail.texts) is used_here


async def test_each_way_is_tried_once_and_then_agents_see_that_it_failed(room: PeopleRoom) -> None:
    await two_places(room)
    talk = await room.open("telegram", "77")
    await room.desk.reply(talk.id, room.agent_id, "раз")  # type: ignore[attr-defined]
    room.telegram.failures.append(Gone("403"))
    room.mail.failures += [Gone("550"), Gone("550")]
    for _ in range(4):
        await room.send(room.telegram)
        await room.send(room.mail)
        await room.timers.ring_due()
    room.telegram.check()
    room.mail.check()
    assert room.telegram.texts == []
    assert room.mail.texts == []
    async with room.database.read() as work:
        assert await work.deliveries.count(DeliveryState.FAILED) == 2
        assert await work.deliveries.count(DeliveryState.QUEUED) == 0


async def test_who_writes_again_is_answered_there_again(room: PeopleRoom) -> None:
    await two_places(room)
    await reply(room, "раз", error=Gone("403"))
    await room.write("telegram", "77", "я тут")
    talk = await room.open("telegram", "77")
    assert talk.channel == "telegram"
    assert (await room.identity("telegram", "77")).blocked is False


async def test_a_firm_may_switch_it_off_and_choose_the_order(sqlite_database: Database, monday) -> None:
    room = PeopleRoom(sqlite_database, monday, Settings(company=COMPANY, people=People(other_ways=False)))
    await two_places(room)
    await reply(room, "раз", error=Gone("403"))
    assert room.mail.texts == []


async def test_an_agent_who_is_faster_has_the_word(room: PeopleRoom) -> None:
    await two_places(room)
    talk = await room.open("telegram", "77")
    await room.desk.reply(talk.id, room.agent_id, "раз")  # type: ignore[attr-defined]
    room.telegram.failures.append(Gone("403"))
    await room.send(room.telegram)
    async with room.database.read() as work:
        said = (await work.messages.before(talk.id))[-1]
        [send] = (await work.deliveries.of_messages([said.id]))[said.id]
    await room.desk.resend(send.id, room.agent_id)  # type: ignore[attr-defined]
    await room.timers.ring_due()
    await room.send(room.telegram)
    assert room.telegram.texts == ["раз"]
    assert room.mail.texts == []
