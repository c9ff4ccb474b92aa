"""An address is somebody's who types back the code that was sent there; nobody else's, and nobody guesses it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from gateway.conversations import State
from gateway.errors import Rejected
from gateway.identity import Proof
from gateway.messages import ButtonPress
from gateway.people.codes import CodeSender
from gateway.people.proof_form import START
from gateway.settings import Company, Settings
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom
from tests.handoff.room import all_texts

MAIL = "olha@example.org"


@pytest.fixture
def monday() -> SteppingClock:
    """Monday, 23 November 2026, 10:00 in Kyiv: people answer from 9 to 18."""
    return SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
def each_room(database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(database, monday)


@pytest.fixture
def room(sqlite_database: Database, monday: SteppingClock) -> PeopleRoom:
    return PeopleRoom(sqlite_database, monday, Settings(company=Company(name={"en": "Z"}, language="en")))


async def begin(room: PeopleRoom, address: str = "v1") -> None:
    await room.write("web", address, "ціна")
    await room.write("web", address, ButtonPress(payload=START))


async def delivered(room: PeopleRoom) -> str | None:
    """The code in the last letter; None where none came."""
    before = len(room.mail.sent)
    await CodeSender(room.database, room.people.codes, all_texts(), room.wakeups).send_waiting()
    if len(room.mail.sent) == before:
        return None
    [code] = re.findall(r"\b\d{6}\b", room.mail.texts[-1])
    return str(code)


async def same(room: PeopleRoom, one: tuple[str, str], other: tuple[str, str]) -> bool:
    return (await room.identity(*one)).contact_id == (await room.identity(*other)).contact_id


async def test_the_code_typed_back_proves_the_address(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("mail", MAIL, "людину", verified=False)
    queued = await room.open("mail", MAIL)
    await begin(room)
    [asked] = await room.write("web", "v1", f" {MAIL.upper()} ")
    assert MAIL not in asked
    assert "o…@example.org" in asked
    code = await delivered(room)
    assert code is not None
    assert room.mail.sent[-1].address == MAIL
    assert not await same(room, ("web", "v1"), ("mail", MAIL))
    [said] = await room.write("web", "v1", f"{code[:3]} {code[3:]}")
    assert await same(room, ("web", "v1"), ("mail", MAIL))
    talk = await room.open("web", "v1")
    assert (talk.id, talk.state, talk.channel, talk.form) == (queued.id, State.QUEUED, "web", None)
    assert said == "Продовжуємо тут: повторювати нічого не треба."
    assert (await room.contact("web", "v1")).email == MAIL
    assert Proof.CODE in [entry.proof for entry in await room.log("web", "v1")]
    # Used once.
    await room.write("web", "v2", "ціна")
    assert not await same(room, ("web", "v2"), ("mail", MAIL))


async def test_no_code_is_in_the_database(room: PeopleRoom) -> None:
    await begin(room)
    await room.write("web", "v1", MAIL)
    code = await delivered(room)
    assert code is not None
    async with room.database.read() as work:
        rows = (await work.connection.exec_driver_sql("SELECT * FROM proof_codes")).all()
    assert code not in str(rows)


async def test_five_tries_and_no_more(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("mail", MAIL, "ціна")
    await begin(room)
    await room.write("web", "v1", MAIL)
    code = await delivered(room)
    assert code is not None
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        await room.write("web", "v1", wrong)
    await room.write("web", "v1", code)
    assert not await same(room, ("web", "v1"), ("mail", MAIL))


async def test_ten_minutes_and_no_longer(room: PeopleRoom) -> None:
    await room.write("mail", MAIL, "ціна")
    await begin(room)
    await room.write("web", "v1", MAIL)
    code = await delivered(room)
    room.clock.advance(minutes=10)
    await room.write("web", "v1", str(code))
    assert not await same(room, ("web", "v1"), ("mail", MAIL))


async def test_a_code_is_good_for_who_asked_only(room: PeopleRoom) -> None:
    await room.write("mail", MAIL, "ціна")
    await begin(room, "v1")
    await room.write("web", "v1", MAIL)
    code = await delivered(room)
    await begin(room, "thief")
    await room.write("web", "thief", "thief@example.org")
    await delivered(room)
    await room.write("web", "thief", str(code))
    assert not await same(room, ("web", "thief"), ("mail", MAIL))


async def test_nobody_is_flooded_with_codes(room: PeopleRoom) -> None:
    for number in range(7):
        await begin(room, f"v{number}")
        await room.write("web", f"v{number}", MAIL)
        await delivered(room)
    assert len(room.mail.sent) == 5
    room.clock.advance(hours=1, minutes=1)
    await begin(room, "later")
    await room.write("web", "later", MAIL)
    assert await delivered(room)


async def test_known_and_unknown_addresses_are_answered_alike(room: PeopleRoom) -> None:
    await room.write("mail", "known@example.org", "ціна")
    said = []
    for name in ("known", "knowx"):
        await begin(room, name)
        said.append(await room.write("web", name, f"{name}@example.org"))
    assert said[0] == said[1]


async def test_what_is_no_address_is_asked_for_once_and_then_answered(room: PeopleRoom) -> None:
    await begin(room)
    [hint] = await room.write("web", "v1", "не скажу")
    assert hint
    assert (await room.open("web", "v1")).form is not None
    assert await room.write("web", "v1", "ціна") == ["price in uk"]
    assert (await room.open("web", "v1")).form is None


async def test_a_letter_that_cannot_be_sent_is_asked_for_anew(room: PeopleRoom) -> None:
    await begin(room)
    await room.write("web", "v1", MAIL)
    room.mail.failures.append(Rejected("550"))
    assert await delivered(room) is None
    [again] = [offer for offer in (await room.open("web", "v1")).offers if offer.payload.endswith(":again")]
    await room.write("web", "v1", ButtonPress(payload=again.payload))
    code = await delivered(room)
    await room.write("web", "v1", str(code))
    assert (await room.contact("web", "v1")).email == MAIL
