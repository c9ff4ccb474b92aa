"""Handing mail to a real SMTP server, and what each of its failures means; copies, threads, and the cap."""

from __future__ import annotations

import asyncio
import email
import ssl
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bots.mail.channel import MailChannel
from bots.mail.submitting import GIVE_UP_SECONDS
from gateway.channels import Reconciling, Send
from gateway.errors import Ambiguous, NotFound, Rejected, SendError, Throttled, Unreachable
from gateway.inbox import Inbox
from gateway.messages import Author, Inbound, Media, MediaKind, Outbound, Text
from gateway.speaking import Speaker
from gateway.storage.engine import Database
from tests.bots.mail.arrivals import arrived
from tests.bots.mail.conftest import Opened
from tests.bots.mail.support import mail, submitting
from tests.conftest import SteppingClock
from tests.standins.mail import USER, Certificate, DovecotServer, Fault, SmtpServer

OLENA = "olena@mail.example"
MAIL = b"From: a\r\nSubject: x\r\n\r\n.hidden dot\r\n..two\r\nlast"


def hello(key: str = "1.0", **fields: Any) -> Send:
    return Send(address=OLENA, part=Text(text="Вітаю"), key=key, **fields)


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(content: bytes) -> str:
    part = read(content).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


# --- the server ------------------------------------------------------------------------------


async def test_a_mail_arrives_as_it_was_written(smtp: SmtpServer) -> None:
    submitter = submitting(smtp=smtp.url)
    await submitter.submit("1.0", OLENA, MAIL)
    (found,) = smtp.mails
    assert (found.sender, found.recipient, found.user) == (USER, OLENA, USER)
    assert found.content == MAIL + b"\r\n"
    await submitter.close()


async def test_one_connection_carries_many_and_several_go_side_by_side(smtp: SmtpServer) -> None:
    submitter = submitting(smtp=smtp.url, connections=2)
    for number in range(5):
        await submitter.submit(f"{number}.0", OLENA, MAIL)
    assert smtp.connections == 1
    await asyncio.gather(*(submitter.submit(f"{number}.1", OLENA, MAIL) for number in range(10)))
    assert smtp.connections == 2
    assert len(smtp.mails) == 15
    await submitter.close()


async def test_a_connection_the_server_let_go_is_opened_again(smtp: SmtpServer) -> None:
    submitter = submitting(smtp=smtp.url)
    await submitter.submit("1.0", OLENA, MAIL)
    smtp.hang_up()
    await submitter.submit("2.0", OLENA, MAIL)
    assert len(smtp.mails) == 2
    smtp.faults.append(Fault.CUT_BEFORE)  # as late as a server can, with nothing said yet
    await submitter.submit("3.0", OLENA, MAIL)
    assert len(smtp.mails) == 3
    await submitter.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SENDER_LATER, Throttled),
        (Fault.RECIPIENT_LATER, Throttled),
        (Fault.DATA_LATER, Throttled),
        (Fault.RECIPIENT_NEVER, Rejected),
        (Fault.DATA_NEVER, Rejected),
        (Fault.TOO_LARGE, Rejected),
        (Fault.GOODBYE, Unreachable),
        (Fault.CUT_BEFORE, Unreachable),
        (Fault.CUT_AFTER, Ambiguous),
        (Fault.LOST, Ambiguous),
        (Fault.SILENT, Ambiguous),
        (Fault.GARBLED, Ambiguous),
    ],
)
async def test_every_way_to_fail(smtp: SmtpServer, fault: Fault, error: type[SendError]) -> None:
    submitter = submitting(smtp=smtp.url, call_timeout=0.4)
    smtp.faults.append(fault)
    with pytest.raises(error) as caught:
        await submitter.submit("1.0", OLENA, MAIL)
    assert type(caught.value) is error
    assert OLENA not in caught.value.reason
    assert len(smtp.mails) == (fault is Fault.LOST)
    await submitter.submit("2.0", OLENA, MAIL)
    await submitter.close()


async def test_not_now_means_later_and_later_and_at_last_never(smtp: SmtpServer) -> None:
    now = [1000.0]
    submitter = submitting(smtp=smtp.url, monotonic=lambda: now[0])
    waits = []
    for _ in range(6):
        smtp.faults.append(Fault.RECIPIENT_LATER)
        with pytest.raises(Throttled) as caught:
            await submitter.submit("1.0", OLENA, MAIL)
        waits.append(caught.value.retry_after)
    assert waits == [60, 120, 240, 480, 900, 900]
    now[0] += GIVE_UP_SECONDS + 1
    smtp.faults.append(Fault.RECIPIENT_LATER)
    with pytest.raises(Rejected):
        await submitter.submit("1.0", OLENA, MAIL)
    await submitter.close()


async def test_nobody_there_and_a_wrong_password_send_nothing(smtp: SmtpServer) -> None:
    with pytest.raises(Unreachable):
        await submitting().submit("1.0", OLENA, MAIL)
    wrong = submitting(smtp=smtp.url, smtp_password="wrong")
    with pytest.raises(Unreachable, match="refuses the user or the password"):
        await wrong.submit("1.0", OLENA, MAIL)
    assert smtp.mails == []


async def test_too_many_at_once_wait_their_turn(smtp: SmtpServer) -> None:
    submitter = submitting(smtp=smtp.url, connections=1, call_timeout=1.0, wait_seconds=0.1)
    smtp.faults.append(Fault.SILENT)
    first = asyncio.create_task(submitter.submit("1.0", OLENA, MAIL))
    await asyncio.sleep(0.2)
    with pytest.raises(Throttled, match="busy"):
        await submitter.submit("2.0", OLENA, MAIL)
    with pytest.raises(Ambiguous):
        await first


@pytest.mark.parametrize("starttls", [True, False])
async def test_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, starttls: bool) -> None:
    certificate = Certificate()
    async with SmtpServer(tls=certificate.server_context(tmp_path), starttls=starttls) as server:
        with pytest.raises(Unreachable):
            await submitting(smtp=server.url).submit("1.0", OLENA, MAIL)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert ssl.create_default_context().cert_store_stats()["x509"] == 1
        submitter = submitting(smtp=server.url)
        await submitter.submit("1.0", OLENA, MAIL)
        assert len(server.mails) == 1
        await submitter.close()


# --- copies ----------------------------------------------------------------------------------


async def test_a_copy_is_kept_and_found(
    dovecot: DovecotServer, smtp: SmtpServer, opened: Opened, clock: SteppingClock
) -> None:
    channel = opened(imap=dovecot.url, smtp=smtp.url, sent="append", sent_mailbox="Надіслані")
    assert isinstance(channel, Reconciling)
    since = clock.now - timedelta(minutes=5)
    with pytest.raises(Rejected, match="nobody knows"):
        await channel.find_sent(hello(), since)
    assert await channel.find_sent(hello(), since) is None  # an agent says: send again
    message_id = await channel.send(hello())
    assert await channel.find_sent(hello(), since) == message_id
    assert read(smtp.mails[0].content)["Message-ID"] == message_id
    dovecot.stop()
    dovecot.start()
    assert await channel.find_sent(hello(), since) == message_id
    (copy,) = dovecot.mails('"&BB0EMAQ0BFYEQQQ7BDAEPQRW-"')
    assert copy == smtp.mails[0].content


async def test_a_provider_that_keeps_copies_is_believed(
    dovecot: DovecotServer, smtp: SmtpServer, opened: Opened, clock: SteppingClock
) -> None:
    channel = opened(imap=dovecot.url, smtp=smtp.url, sent="provider", call_timeout=1.0)
    smtp.taken = lambda content: dovecot.deliver(content, mailbox="Sent")
    smtp.faults += [Fault.CUT_AFTER, Fault.LOST]
    for expected in (None, "sent"):
        with pytest.raises(Ambiguous):
            await channel.send(hello())
        found = await channel.find_sent(hello(), clock.now)
        assert (found is None) == (expected is None)
    elsewhere = opened(imap=dovecot.url, smtp=smtp.url, sent="provider", sent_mailbox="Gesendet")
    with pytest.raises(Rejected, match="nobody knows"):
        await elsewhere.find_sent(hello(), clock.now)
    dovecot.stop()
    with pytest.raises(Unreachable):
        await channel.find_sent(hello(), clock.now)


async def test_a_copy_that_cannot_be_kept_harms_nobody(smtp: SmtpServer, opened: Opened) -> None:
    channel = opened(smtp=smtp.url, sent="append")
    assert await channel.send(hello())
    assert len(smtp.mails) == 1


async def test_without_copies_nobody_knows(opened: Opened, clock: SteppingClock) -> None:
    with pytest.raises(Rejected):
        await opened().find_sent(hello(), clock.now)


# --- what an answer is written into ----------------------------------------------------------


async def conversing(database: Database, channel: MailChannel, clock: SteppingClock, raw: bytes) -> int:
    """A mail comes and is heard as the spine does it; the inbox row's id."""
    made = await arrived(channel, database, clock, raw)
    await Inbox(database, clock).take("shop", [made.envelope])
    event = channel.parse(made.envelope.body)
    assert isinstance(event, Inbound)
    async with database.write() as work:
        (row,) = [one for one in await work.inbox.waiting(10) if one.platform_id == made.envelope.platform_id]
        identity = await work.contacts.identity(row.identity_id)
        work.contacts.update_identity(identity.id, name=event.sender.name)
        conversation = await work.conversations.open_of(identity.contact_id)
        if conversation is None:
            conversation = await work.conversations.add(identity=identity, language="uk", now=clock())
        work.contacts.update(identity.contact_id, language="uk")
        await Speaker({"shop": channel}, clock).hear(work, conversation, event, "shop")
        work.inbox.settle([row.id])
    clock.advance(minutes=1)
    return row.id


async def test_an_answer_goes_into_its_thread(
    smtp: SmtpServer, opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    channel = opened(smtp=smtp.url)
    tea = mail("Де мій чай?", Subject="Tea", Message_ID="<tea@mail.example>", References="<old@mail.example>")
    honey = mail("А мед?\n\n-- \nОлена", Subject="Honey", Message_ID="<honey@mail.example>")
    first = await conversing(sqlite_database, channel, clock, tea)
    await conversing(sqlite_database, channel, clock, honey)
    await channel.send(hello("1.0"))
    await channel.send(hello("2.0", inbox=first))
    await channel.send(hello("3.0", reply_to="<tea@mail.example>"))
    newest, by_turn, by_hand = (read(one.content) for one in smtp.mails)
    assert (newest["Subject"], newest["In-Reply-To"]) == ("Re: Honey", "<honey@mail.example>")
    assert newest["References"] == "<honey@mail.example>"
    for answer in (by_turn, by_hand):
        assert (answer["Subject"], answer["In-Reply-To"]) == ("Re: Tea", "<tea@mail.example>")
        assert answer["References"] == "<old@mail.example> <tea@mail.example>"
    assert newest["From"].addresses[0].display_name == "Крамниця"
    assert text_of(smtp.mails[0].content) == "Вітаю\n\n21 лист., 10:01 Olena пише:\n> Honey\n>\n> А мед?\n"


async def test_our_quote_is_cut_when_the_customer_answers(
    smtp: SmtpServer, opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    """What we write is read back as any other program's."""
    channel = opened(smtp=smtp.url)
    await conversing(sqlite_database, channel, clock, mail("Де мій чай?"))
    await channel.send(hello())
    ours = text_of(smtp.mails[0].content)
    back = mail("Дякую!\n\n" + ours.partition("\n\n")[2], Subject="Re: Hi", In_Reply_To="<x@shop.example>")
    event = channel.parse(back)
    assert isinstance(event, Inbound)
    assert [part.text for part in event.parts if isinstance(part, Text)] == ["Дякую!"]


async def test_without_a_thread_we_begin_one(smtp: SmtpServer, opened: Opened) -> None:
    channel = opened(smtp=smtp.url, name="Чайна")
    await channel.send(hello(author=Author.AGENT))
    sent = read(smtp.mails[0].content)
    assert sent["Subject"] == "Повідомлення від Чайна"
    assert sent["Auto-Submitted"] is None


async def test_files_are_sent_or_refused(smtp: SmtpServer, opened: Opened) -> None:
    channel = opened(smtp=smtp.url)
    await channel.send(Send(address=OLENA, part=Media(kind=MediaKind.FILE, ref="file:7", name="a.txt"), key="1.0"))
    (file,) = read(smtp.mails[0].content).iter_attachments()
    assert file.get_content() == "рахунок"
    for ref in ("file:404", "mail:1"):
        with pytest.raises(Rejected):
            await channel.send(Send(address=OLENA, part=Media(kind=MediaKind.FILE, ref=ref), key="2.0"))
    with pytest.raises(NotFound):
        await anext(channel.fetch("mail:1"))


async def test_two_robots_stop(
    smtp: SmtpServer, opened: Opened, sqlite_database: Database, clock: SteppingClock
) -> None:
    channel = opened(smtp=smtp.url, answers_per_hour=3)
    await conversing(sqlite_database, channel, clock, mail())
    speaker = Speaker({"shop": channel}, clock)
    async with sqlite_database.write() as work:
        conversation = await work.conversations.open_of(1)
        assert conversation is not None
        for _ in range(4):
            await speaker.say(work, conversation, Outbound(parts=(Text(text="Вітаю"),)))
    with pytest.raises(Rejected, match="two robots"):
        await channel.send(hello("9.0", author=Author.BOT))
    await channel.send(hello("9.1", author=Author.AGENT))
    clock.advance(hours=2)
    await channel.send(hello("9.2", author=Author.BOT))
    assert len(smtp.mails) == 2


async def test_while_the_database_is_away_nothing_leaves(smtp: SmtpServer, opened: Opened, tmp_path: Path) -> None:
    channel = opened(smtp=smtp.url)
    gone = Database(f"sqlite:///{tmp_path / 'gone.db'}")
    channel._tools = type(channel._tools)(media=channel._tools.media, public_url=None, database=gone)
    (tmp_path / "gone.db").mkdir()
    with pytest.raises(Unreachable, match="storage"):
        await channel.send(hello())
    await gone.close()
    assert smtp.mails == []
