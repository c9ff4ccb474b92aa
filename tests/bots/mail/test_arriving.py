"""Fetched mails on their way into the inbox: what is kept, what is left, and what is put aside."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from bots.mail.wire.inbound import Rules
from bots.mail.wire.letter import Letter
from gateway.channels import UNREADABLE
from gateway.errors import StorageUnavailable, Unreadable
from gateway.messages import Event, Inbound, Media, Text
from gateway.storage.engine import Database
from gateway.storage.media import StoredFile
from tests.bots.mail.arrivals import arrived
from tests.bots.mail.conftest import Opened
from tests.bots.mail.support import WIRE, Files, mail
from tests.conftest import SteppingClock


async def test_only_what_is_shown_is_kept(opened: Opened, sqlite_database: Database, clock: SteppingClock) -> None:
    files = Files()
    raw = (WIRE / "in-19-related-and-attachment.eml").read_bytes()
    made = await arrived(opened(), sqlite_database, clock, raw, files)
    assert [(one.name, one.mime) for one in files.saved] == [
        ("shot.png", "image/png"),
        ("рахунок.pdf", "application/pdf"),
        ("message.html", "text/html"),
    ]
    event = opened().parse(made.envelope.body)
    assert isinstance(event, Inbound)
    assert [part.ref for part in event.parts if isinstance(part, Media)] == [
        f"file:{one.id}" for one in files.saved[:2]
    ]
    assert b"PNG" not in made.envelope.body


async def test_again_gives_the_same_id(opened: Opened, sqlite_database: Database, clock: SteppingClock) -> None:
    for raw in (mail(), mail(Message_ID=""), b"\xff no mail"):
        first = await arrived(opened(), sqlite_database, clock, raw)
        again = await arrived(opened(), sqlite_database, clock, raw)
        assert first.envelope.platform_id == again.envelope.platform_id


async def test_strange_mail_is_put_aside_and_belongs_to_nobody(
    opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    for name in ("bad-01-nothing", "bad-02-binary", "bad-03-nobody"):
        raw = (WIRE / f"{name}.eml").read_bytes()
        made = await arrived(opened(), sqlite_database, clock, raw)
        assert made.envelope.platform_id.startswith(UNREADABLE)
        assert made.envelope.address is None
        assert made.envelope.body == raw
        with pytest.raises(Unreadable):
            opened().parse(raw)


async def test_a_bug_of_ours_puts_one_mail_aside(
    opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    def broken(letter: Letter, rules: Rules) -> Event:
        raise KeyError("bug")

    made = await arrived(opened(), sqlite_database, clock, mail(), reader=broken)
    assert made.envelope.platform_id.startswith(UNREADABLE)


async def test_endless_words_are_read_by_their_beginning_and_kept_whole(
    opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    files = Files()
    raw = mail("слово та рядок\r\n" * 200_000)
    made = await arrived(opened(), sqlite_database, clock, raw, files)
    assert len(made.envelope.body) < 1_200_000
    started = time.process_time()
    event = opened().parse(made.envelope.body)
    assert time.process_time() - started < 3
    assert isinstance(event, Inbound)
    text, whole = event.parts
    assert isinstance(text, Text)
    assert isinstance(whole, Media)
    assert whole.name == "message.txt"
    assert await files.read(whole.ref) == raw.partition(b"\r\n\r\n")[2]


async def test_pictures_within_html_do_not_hide_the_words(
    opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    page = f'<p>раз</p><img alt="x" src="data:image/png;base64,{"A" * 600_000}"><p>два</p>'
    made = await arrived(opened(), sqlite_database, clock, mail(page, Content_Type="text/html; charset=utf-8"))
    event = opened().parse(made.envelope.body)
    assert isinstance(event, Inbound)
    (text,) = event.parts
    assert isinstance(text, Text)
    assert "раз" in text.text
    assert "два" in text.text


class FullDisk(Files):
    async def save(
        self, stream: AsyncIterator[bytes], *, name: str | None, mime: str | None, owner: str, limit: int
    ) -> StoredFile:
        raise OSError(28, "No space left on device")


async def test_a_full_disk_takes_nothing(opened: Opened, sqlite_database: Database, clock: SteppingClock) -> None:
    raw = (WIRE / "in-20-attachment-only.eml").read_bytes()
    with pytest.raises(StorageUnavailable, match="No space left"):
        await arrived(opened(), sqlite_database, clock, raw, FullDisk())
