"""A person is shown everything that is stored of them, and can be erased everywhere; nobody else is touched."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.channels import UNREADABLE, Envelope
from gateway.errors import FrontdeskError, NotFound
from gateway.identity import Proof
from gateway.learning import Labelled
from gateway.media import MediaStore
from gateway.messages import Media, MediaKind
from gateway.people.privacy import Privacy
from gateway.settings import Company, Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.storage.inventory import every_table
from gateway.storage.persons import belonging
from gateway.storage.tables import inbox
from gateway.storage.votes import Votes
from knowledge_base.storage import Editor
from knowledge_base.storage_reviews import TestQuestions
from nlu.storage import StoredLabels
from tests.conftest import SteppingClock
from tests.handoff.room import Room

NOBODYS = {
    "alerts": "numbers of conversations and calls, for a month",
    "articles": "the firm's knowledge",
    "article_reviews": "the firm's knowledge",
    "article_revisions": "the firm's knowledge",
    "canned": "the firm's words",
    "change_checks": "the firm's knowledge",
    "dials": "the firm's settings",
    "duties": "processes",
    "knowledge_entries": "the firm's knowledge",
    "knowledge_revisions": "the firm's knowledge",
    "knowledge_search": "the firm's knowledge",
    "knowledge_uploads": "the firm's knowledge",
    "knowledge_words": "the firm's knowledge",
    "mail_places": "mailboxes of ours",
    "marks": "processes",
    "media": "by owner and transcript",
    "nlu_models": "weights of words, no sentence",
    "presence": "staff",
    "sessions": "staff",
    "slack_codes": "staff",
    "slack_events": "what agents did, for some days; erased by the thread",
    "slack_people": "staff",
    "slack_whispers": "what agents are told, until it is sent; erased by the thread",
    "knowledge_snippets": "the firm's words",
    "snippet_revisions": "the firm's words",
    "staff": "staff",
    "test_questions": "what editors wrote down; erased where it quotes somebody",
    "timers": "by what they are about",
}
"""Tables without rows of customers, or whose rows are found another way, with the reason."""


def test_every_table_belongs_to_a_person_or_to_nobody() -> None:
    found = {table.name for table in belonging([1])}
    everything = {table.name for table in every_table()}
    assert found.isdisjoint(NOBODYS)
    assert everything - found <= NOBODYS.keys()


@pytest.fixture
async def room(database: Database) -> Room:
    monday = SteppingClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    return Room(database, monday, Settings(company=Company(name={"en": "Zhuravlyk"})))


@pytest.fixture
def privacy(database: Database, tmp_path: Path) -> Privacy:
    return Privacy(database, tmp_path)


async def counts(database: Database) -> dict[str, int]:
    async with database.read() as view:
        return {
            table.name: (await view.connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in every_table()
        }


async def _bytes() -> AsyncIterator[bytes]:
    yield b"a photo"


async def lived(room: Room, address: str, folder: Path) -> str:
    """A person asks, books a call, sends a photo, and is handed over; returns the photo's id."""
    await room.hear("ціна", address=address)
    await room.hear("зателефонуйте мені", address=address)
    await room.hear("+380501234567" if address == "7" else "+380671234567", address=address)
    conversation = await room.conversation(address)
    media = MediaStore(folder, room.database, room.clock)
    file = await media.save(
        _bytes(), name="a.jpg", mime="image/jpeg", owner=f"identity:{conversation.identity_id}", limit=100
    )
    await room.hear(Media(kind=MediaKind.IMAGE, ref=f"file:{file.id}"), address=address)
    async with room.database.write() as work:
        messages = await work.messages.after(conversation.id, 0)
        votes = Votes(work.connection)
        question = messages[0].id
        assert await votes.cast(contact_id=conversation.contact_id, message_id=question, helped=False, now=room.clock())
        label = Labelled(text="ціна", language="uk", intent="cost", message=messages[0].id)
        await StoredLabels().put(work, label, room.clock())
    return file.id


async def test_everything_of_one_goes_and_nothing_of_another(room: Room, privacy: Privacy, tmp_path: Path) -> None:
    other = await lived(room, "8", tmp_path)
    before = await counts(room.database)
    mine = await lived(room, "7", tmp_path)
    erased = await privacy.erase("shop:7")
    assert await counts(room.database) == before
    assert (erased.files, erased.rows > 10) == (1, True)
    kept = [path.name for path in tmp_path.rglob("*-*") if path.is_file()]
    assert (other in kept, mine in kept) == (True, False)
    with pytest.raises(NotFound):
        await privacy.erase("shop:7")
    assert await room.hear("ціна"), "who writes again is a new person"


async def test_what_editors_kept_of_their_words_goes_too(room: Room, privacy: Privacy, tmp_path: Path) -> None:
    for address in ("7", "8"):
        await lived(room, address, tmp_path)
    await room.hear("Це Оксана з Лісової, 5: де посилка?", address="7")
    contact_id = (await room.conversation("7")).contact_id
    async with room.database.write() as work:
        work.contacts.update(contact_id, email="oksana@example.org", phone="+380501234567")
    kept = {
        "Це Оксана з Лісової, 5:  де посилка?": False,
        "подзвоніть на 050 123-45-67": False,
        "my address is OKSANA@example.org": False,
        "ціна": True,  # another customer asked the same
        "подзвоніть на 067 123-45-67": True,
    }
    async with room.database.write() as work:
        for text in kept:
            await TestQuestions(work.connection).put(text, "uk", None, Editor(name="Ірина"), room.clock())
    await privacy.erase("shop:7")
    async with room.database.read() as view:
        left = {question.text for question in await TestQuestions(view.connection).all()}
    assert left == {text for text, stays in kept.items() if stays}


async def test_events_of_nobody_forget_them(room: Room, privacy: Privacy, tmp_path: Path) -> None:
    await lived(room, "1029384756", tmp_path)
    bodies = [
        b'{"from": 1029384756, "new": "a parcel"}',
        b'{"from": 10293847567, "new": "a parcel"}',
        b"1029384756 left",
    ]
    events = [
        Envelope(platform_id=f"{start}{number}", address=None, body=body)
        for number, (start, body) in enumerate(zip((UNREADABLE, UNREADABLE, "group:"), bodies, strict=True))
    ]
    await room.inbox.take("shop", events)
    await privacy.erase("shop:1029384756")
    async with room.database.read() as view:
        kept = (await view.connection.scalars(select(inbox.c.body).order_by(inbox.c.id))).all()
    assert kept == [b"", bodies[1], b""]


@pytest.mark.parametrize("which", [0, 1])
async def test_who_was_joined_goes_as_a_whole(room: Room, privacy: Privacy, tmp_path: Path, which: int) -> None:
    before = await counts(room.database)
    for address in ("7", "8"):
        await lived(room, address, tmp_path)
    people = [(await room.conversation(address)).contact_id for address in ("7", "8")]
    agent = await room.agent("olena", Role.AGENT)
    before["staff"] += 1
    async with room.database.write() as work:
        await room.people.joining.join(work, *people, proof=Proof.AGENT, agent_id=agent.id, reason="the same")
    await privacy.erase(str(people[which]))
    assert await counts(room.database) == before


async def test_the_archive_has_it_all_but_no_secrets(room: Room, privacy: Privacy, tmp_path: Path) -> None:
    mine = await lived(room, "7", tmp_path)
    await lived(room, "8", tmp_path)
    archive = zipfile.ZipFile(io.BytesIO(await privacy.export("shop:7", room.clock())))
    assert archive.read(f"files/{mine}") == b"a photo"
    told = json.loads(archive.read("person.json"))
    assert [row["address"] for row in told["identities"]] == ["7"]
    assert {row["direction"] for row in told["messages"]} == {"inbound", "outbound"}
    assert told["messages"][0]["parts"] == [{"part": "text", "text": "ціна"}]
    assert told["nlu_labels"][0]["text"] == "ціна"
    assert [(row["message_id"], row["helped"]) for row in told["votes"]] == [(told["messages"][0]["id"], False)]
    assert not any("lease" in row for row in told["deliveries"])


async def test_nobody_and_several_are_told_apart(room: Room, privacy: Privacy, tmp_path: Path) -> None:
    for address in ("7", "8"):
        await lived(room, address, tmp_path)
        contact_id = (await room.conversation(address)).contact_id
        async with room.database.write() as work:
            work.contacts.update(contact_id, email="olha@example.org")
    with pytest.raises(NotFound, match="name a contact's number"):
        await privacy.export("nobody@example.org", room.clock())
    with pytest.raises(FrontdeskError, match="several people, contacts"):
        await privacy.erase("Olha@example.org")
