"""Reading a real mailbox (Dovecot): nothing lost, nothing taken twice, whatever happens to the server, to the
mail and to us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from bots.mail.listening import Listener
from bots.mail.storage import MailTables, Place
from gateway.channels import UNREADABLE
from gateway.errors import Unreachable
from gateway.inbox import Inbox
from gateway.messages import Inbound, Media, Signal, SignalKind, Text
from gateway.storage import tables
from gateway.storage.engine import Database
from tests.bots.mail.conftest import Opened, Running, stopped
from tests.bots.mail.support import Files, Pauses, Taken, id_of, mail, mailbox
from tests.conftest import SteppingClock
from tests.standins.mail import Certificate, DovecotServer, find_dovecot


async def at_rest(running: asyncio.Task[None]) -> None:
    """Let a listener do what it would do more."""
    await asyncio.sleep(0.4)
    assert not running.done()


async def test_mail_is_taken_as_it_comes(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    """By IDLE: the listener would ask by itself only after half a minute."""
    taken = Taken()
    first = mail("раз")
    dovecot.deliver(first)
    channel = opened(imap=dovecot.url, idle=30.0)
    running(channel, taken)
    assert await taken.until(1) == [id_of(first)]
    await asyncio.sleep(2.5)  # into the long IDLE
    for text in ("два", "три"):
        raw = mail(text)
        dovecot.deliver(raw)
        assert (await taken.until(len(taken.ids) + 1, 20))[-1] == id_of(raw)
    events = [channel.parse(envelope.body) for envelope in taken.envelopes]
    assert [event.parts for event in events if isinstance(event, Inbound)] == [
        (Text(text=f"Hi\n\n{word}"),) for word in ("раз", "два", "три")
    ]
    assert {envelope.address for envelope in taken.envelopes} == {"olena@mail.example"}
    assert all(b"Seen" not in flags for flags in dovecot.flags())


async def test_a_server_without_idle_is_asked(opened: Opened, running: Running) -> None:
    program = find_dovecot()
    if program is None:
        pytest.skip("Dovecot is not installed")
    pauses = Pauses()
    with DovecotServer(program, idle=False) as dovecot:
        dovecot.deliver(mail())
        taken = Taken()
        task = running(opened(imap=dovecot.url, pauses=pauses), taken)
        await taken.until(1)
        dovecot.deliver(mail())
        await taken.until(2)
        await stopped(task)
    assert pauses.taken
    assert set(pauses.taken) == {0.05}


async def test_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened: Opened, running: Running) -> None:
    program = find_dovecot()
    if program is None:
        pytest.skip("Dovecot is not installed")
    certificate = Certificate()
    with DovecotServer(program, certificate=certificate) as dovecot:
        stranger = mailbox(imap=dovecot.url)
        with pytest.raises(Unreachable, match="SSL"):
            await stranger.open()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.write(tmp_path)))
        taken = Taken()
        task = running(opened(imap=dovecot.url, idle=30.0), taken)
        await asyncio.sleep(2.5)
        dovecot.deliver(mail())
        await taken.until(1, 20)
        await stopped(task)


async def test_what_came_while_we_were_down_is_taken_once(
    dovecot: DovecotServer, opened: Opened, running: Running
) -> None:
    taken = Taken()
    dovecot.deliver(mail())
    task = running(opened(imap=dovecot.url), taken)
    await taken.until(1)
    await at_rest(task)
    await stopped(task)
    for _ in range(45):
        dovecot.deliver(mail())
    again = running(opened(imap=dovecot.url), taken)
    ids = await taken.until(46)
    await at_rest(again)
    assert len(set(ids)) == len(taken.ids) == 46


async def test_an_outage_of_the_server_loses_nothing(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    taken, pauses = Taken(), Pauses()
    task = running(opened(imap=dovecot.url, pauses=pauses), taken)
    dovecot.deliver(mail())
    await taken.until(1)
    dovecot.stop()
    between = [mail() for _ in range(3)]
    for raw in between:
        dovecot.deliver(raw)
    await asyncio.sleep(0.3)
    assert pauses.taken  # it tries again and again
    dovecot.start()
    assert set((await taken.until(4))[1:]) == {id_of(raw) for raw in between}
    await at_rest(task)
    assert len(taken.ids) == 4


async def test_deleted_mail_is_no_trouble(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    taken = Taken()
    task = running(opened(imap=dovecot.url), taken)
    dovecot.deliver(mail())
    await taken.until(1)
    dovecot.delete_all()
    dovecot.deliver(mail())
    await taken.until(2)
    await stopped(task)
    dovecot.deliver(mail("nobody will see this"))
    dovecot.delete_all()
    last = mail()
    dovecot.deliver(last)
    again = running(opened(imap=dovecot.url), taken)
    await taken.until(3)
    await at_rest(again)
    assert taken.ids[2:] == [id_of(last)]


@pytest.mark.parametrize("first_days", [0, 1])
async def test_a_mail_the_server_fails_over_blocks_no_other(
    dovecot: DovecotServer, opened: Opened, running: Running, first_days: int
) -> None:
    taken, pauses = Taken(), Pauses()
    channel = opened(imap=dovecot.url, pauses=pauses, first_days=first_days)
    if not first_days:
        task = running(channel, taken)
        await at_rest(task)
        await stopped(task)
    before, after = mail("before"), mail("after")
    dovecot.deliver(before)
    dovecot.deliver(mail("nobody can read this"))
    dovecot.spoil()
    dovecot.deliver(after)
    again = running(channel, taken)
    async with asyncio.timeout(30):
        while id_of(after) not in taken.ids:
            await taken.until(len(taken.ids) + 1)
    await at_rest(again)
    first, aside, last = dict.fromkeys(taken.ids)  # a first look that broke off begins anew; the inbox knows repeats
    assert (first, last) == (id_of(before), id_of(after))
    assert aside.startswith(UNREADABLE)


async def test_a_renumbered_mailbox_is_looked_at_again(
    dovecot: DovecotServer, opened: Opened, running: Running, sqlite_database: Database, clock: SteppingClock
) -> None:
    """Over the real inbox, which knows what it has."""
    inbox = Inbox(sqlite_database, clock)
    channel = opened(imap=dovecot.url)
    task = running(channel, inbox.take)
    dovecot.deliver(mail("без номера", Message_ID=""))
    for _ in range(3):
        dovecot.deliver(mail())
    await stored(sqlite_database, 4)
    await at_rest(task)
    await stopped(task)
    dovecot.stop()
    dovecot.renumber()
    dovecot.deliver(mail("поки нас не було"))
    dovecot.deliver(mail("давно", Received="by mx.shop.example; Mon, 03 Aug 2026 10:00:00 +0300"))
    dovecot.start()
    again = running(opened(imap=dovecot.url), inbox.take)
    await stored(sqlite_database, 5)
    await at_rest(again)
    bodies = await stored(sqlite_database, 5)
    event = channel.parse(bodies[-1])
    assert isinstance(event, Inbound)
    assert event.parts == (Text(text="Hi\n\nпоки нас не було"),)
    dovecot.deliver(mail("і далі"))
    await stored(sqlite_database, 6)


async def stored(database: Database, count: int) -> list[bytes]:
    """The bodies in the inbox once there are `count`."""
    async with asyncio.timeout(20):
        while True:
            async with database.read() as work:
                found = await work.connection.execute(select(tables.inbox.c.body).order_by(tables.inbox.c.id))
                bodies = list(found.scalars())
            if len(bodies) >= count:
                assert len(bodies) == count
                return bodies
            await asyncio.sleep(0.05)


async def test_the_first_look_takes_unread_mail_of_a_day(
    dovecot: DovecotServer, opened: Opened, running: Running, clock: SteppingClock
) -> None:
    dovecot.deliver(mail("read already"))
    with dovecot.client() as line:
        line.store("1:*", "+FLAGS", "\\Seen")
    dovecot.deliver(mail("years ago"), days_ago=400)
    fresh = mail("fresh")
    dovecot.deliver(fresh)
    taken = Taken()
    task = running(opened(imap=dovecot.url), taken)
    await taken.until(1)
    await at_rest(task)
    assert taken.ids == [id_of(fresh)]


async def test_what_was_not_committed_is_taken_later(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    taken, pauses = Taken(failures=3), Pauses()
    raw = mail()
    dovecot.deliver(raw)
    running(opened(imap=dovecot.url, pauses=pauses), taken)
    assert await taken.until(1) == [id_of(raw)]
    assert len(pauses.taken) == 3


async def test_a_bug_in_intake_is_not_hidden(dovecot: DovecotServer, opened: Opened) -> None:
    async def broken(channel: str, envelopes: object) -> None:
        raise KeyError("bug")

    dovecot.deliver(mail())
    with pytest.raises(KeyError):
        await opened(imap=dovecot.url).run(broken)


@pytest.mark.parametrize("after", ["seen", "move"])
async def test_what_was_taken_is_marked_or_moved(
    dovecot: DovecotServer, opened: Opened, running: Running, after: str
) -> None:
    taken = Taken()
    dovecot.deliver(mail("newsletter", List_Id="<news.example>"))
    dovecot.deliver(mail("question"))
    task = running(opened(imap=dovecot.url, after=after, move_to="Done" if after == "move" else ""), taken)
    await taken.until(2)
    await at_rest(task)
    assert [envelope.address for envelope in taken.envelopes] == [None, "olena@mail.example"]
    if after == "seen":
        assert [b"Seen" in flags for flags in dovecot.flags()] == [False, True]
    else:
        assert [b"newsletter" in raw for raw in dovecot.mails()] == [True]
        assert [b"question" in raw for raw in dovecot.mails("Done")] == [True]
    dovecot.deliver(mail())
    await taken.until(3)


async def test_a_password_that_is_wrong_is_told_and_tried_again(
    dovecot: DovecotServer, opened: Opened, running: Running
) -> None:
    pauses = Pauses()
    task = running(opened(imap=dovecot.url, pauses=pauses, password="wrong"), Taken())
    await pauses.until(1)
    await stopped(task)
    wrong = mailbox(imap=dovecot.url, password="wrong")
    with pytest.raises(Unreachable, match="refuses the user or the password"):
        await wrong.open()


async def test_a_folder_that_is_missing_is_no_end(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    pauses = Pauses()
    task = running(opened(imap=dovecot.url, pauses=pauses, mailbox="Nowhere"), Taken())
    await pauses.until(2)
    assert not task.done()


async def test_ending_does_not_wait_for_the_server(dovecot: DovecotServer, opened: Opened, running: Running) -> None:
    taken = Taken()
    task = running(opened(imap=dovecot.url, idle=200.0), taken)
    dovecot.deliver(mail())
    await taken.until(1)
    await asyncio.sleep(2.5)  # into the long IDLE
    async with asyncio.timeout(20):
        await stopped(task)


async def test_mail_that_is_too_large_is_read_by_its_beginning(
    dovecot: DovecotServer, opened: Opened, running: Running
) -> None:
    body = (
        "--m\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nдивіться відео\r\n"
        "--m\r\nContent-Type: video/mp4; name=v.mp4\r\nContent-Disposition: attachment\r\n"
        f"\r\n{'x' * 70 * 30_000}\r\n--m--"
    )
    dovecot.deliver(mail(body, Content_Type="multipart/mixed; boundary=m"))
    taken, files = Taken(), Files()
    channel = opened(imap=dovecot.url, media=files, mail_limit=1)
    running(channel, taken)
    await taken.until(1)
    assert len(taken.envelopes[0].body) < 10_000
    event = channel.parse(taken.envelopes[0].body)
    assert isinstance(event, Inbound)
    text, video = event.parts
    assert text == Text(text="Hi\n\nдивіться відео")
    assert isinstance(video, Media)
    assert video.name == "v.mp4 (2 МБ, завеликий: лишився в поштовій скриньці)"
    assert files.saved == []


async def test_files_outlive_the_mail(
    dovecot: DovecotServer, opened: Opened, running: Running, sqlite_database: Database, clock: SteppingClock
) -> None:
    body = (
        "--m\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>ось <b>рахунок</b></p><script>x</script>\r\n"
        "--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n"
        "--m\r\nContent-Type: video/mp4; name=b.mp4\r\nContent-Disposition: attachment\r\n"
        f"\r\n{'y' * 70 * 20_000}\r\n--m--"
    )
    dovecot.deliver(mail(body, Content_Type="multipart/mixed; boundary=m"))
    taken, files = Taken(), Files()
    channel = opened(imap=dovecot.url, media=files, file_limit=1)
    running(channel, taken)
    await taken.until(1)
    dovecot.delete_all()
    event = channel.parse(taken.envelopes[0].body)
    assert isinstance(event, Inbound)
    text, pdf, video = event.parts
    assert isinstance(text, Text)
    assert isinstance(pdf, Media)
    assert isinstance(video, Media)
    assert b"".join([chunk async for chunk in channel.fetch(pdf.ref)]).strip() == b"%PDF"
    assert await files.read(str(text.page)) == "<p>ось <b>рахунок</b></p>".encode()
    assert video.name == "b.mp4 (1 МБ, завеликий: лишився в поштовій скриньці)"
    async with sqlite_database.read() as work:
        identity = (await work.contacts.find([("shop", "olena@mail.example")]))["shop", "olena@mail.example"]
    assert {file.owner for file in files.saved} == {f"identity:{identity.id}"}


async def test_a_bounce_finds_what_it_is_about(
    dovecot: DovecotServer, opened: Opened, running: Running, bounce: Callable[[str], bytes], said: str
) -> None:
    taken = Taken()
    channel = opened(imap=dovecot.url)
    running(channel, taken)
    dovecot.deliver(bounce("<frontdesk.ffffffffffffffffffffffffffffffff@shop.example>"))
    dovecot.deliver(bounce(said))
    await taken.until(2)
    stranger, ours = taken.envelopes
    assert stranger.address is None
    assert ours.address == "olena@mail.example"
    assert channel.parse(ours.body) == Signal(
        kind=SignalKind.BLOCKED, address="olena@mail.example", platform_id=said, reason="5.1.1"
    )


async def test_the_place_moves_on_in_time_where_no_mail_comes(
    dovecot: DovecotServer, opened: Opened, running: Running, sqlite_database: Database, clock: SteppingClock
) -> None:
    task = running(opened(imap=dovecot.url, idle=0.2), Taken())
    before = await place(sqlite_database)
    clock.advance(hours=13)
    await asyncio.sleep(1.5)
    after = await place(sqlite_database)
    assert after.seen_at == clock.now > before.seen_at
    assert (after.uidvalidity, after.last_uid) == (before.uidvalidity, before.last_uid)
    await at_rest(task)


async def place(database: Database) -> Place:
    async with asyncio.timeout(20):
        while True:
            async with database.read() as work:
                found = await MailTables(work.connection, "shop").place("INBOX")
            if found is not None:
                return found
            await asyncio.sleep(0.05)


def test_one_idle_is_shorter_than_a_server_waits() -> None:
    defaults = Listener.__init__.__kwdefaults__
    assert defaults is not None
    assert 0 < defaults["idle_seconds"] < 29 * 60
