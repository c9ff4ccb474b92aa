"""The whole gateway behind a mailbox: a real IMAP server, a real SMTP server, and the program in between."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.conftest import run, write_config
from tests.bots.mail.support import mail
from tests.standins.mail import PASSWORD, USER, DovecotServer, Fault, SmtpServer, find_dovecot
from tests.standins.program import Program

QUESTIONS = (
    ("olena", "Підкажіть, скільки коштує доставка?", "грн", "Re: Питання"),
    ("sergey", "Подскажите, сколько стоит доставка?", "грн", "Re: Питання"),
    ("john", "How much is delivery?", "UAH", "Re: Питання"),
)


@pytest.fixture
def dovecot() -> Iterator[DovecotServer]:
    program = find_dovecot()
    if program is None:
        pytest.skip("Dovecot is not installed")
    with DovecotServer(program) as server:
        yield server


def channel(dovecot: DovecotServer, smtp: SmtpServer) -> str:
    return f"""
[channels.shop_mail]
kind = "mail"
address = "{USER}"
imap = "{dovecot.url}"
smtp = "{smtp.url}"
password_file = "password"
after = "seen"
sent = "append"
"""


def question(name: str, text: str, **headers: str) -> bytes:
    return mail(text, sender=f"{name}@mail.example", Subject="Питання", **headers)


async def answers(smtp: SmtpServer, count: int) -> dict[str, EmailMessage]:
    """The newest mail to each address, once there are `count` mails."""
    async with asyncio.timeout(20):
        while True:
            if len(smtp.mails) >= count:
                break
            await asyncio.sleep(0.1)
    found = {}
    for one in smtp.mails:
        read = email.message_from_bytes(one.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        found[one.recipient] = read
    return found


async def copied(dovecot: DovecotServer, count: int) -> None:
    """Return when so many lie in Sent: a mail is put there a moment after it went out."""
    async with asyncio.timeout(60):
        while len(dovecot.mails("Sent")) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def words(one: EmailMessage) -> str:
    part = one.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def test_questions_by_mail_are_answered_once_in_their_thread(installation: Path, dovecot: DovecotServer) -> None:
    async with SmtpServer() as smtp:
        write_config(installation, channels=channel(dovecot, smtp))
        (installation / "password").write_text(PASSWORD)
        raw = {name: question(name, text) for name, text, _, _ in QUESTIONS}
        for one in raw.values():
            dovecot.deliver(one)
        with Program("serve", folder=installation) as program:
            found = await answers(smtp, 3)
            for name, _, unit, subject in QUESTIONS:
                answer = found[f"{name}@mail.example"]
                sent = email.message_from_bytes(raw[name])
                assert unit in words(answer).partition("\n>")[0]
                assert answer["Subject"] == subject
                assert answer["In-Reply-To"] == sent["Message-ID"]
                assert answer["Auto-Submitted"] == "auto-replied"
            await copied(dovecot, 3)
            program.kill()
            dovecot.deliver(question("late", "How much is delivery?"))
            dovecot.deliver(question("robot", "How much is delivery?", Auto_Submitted="auto-generated"))
            program.start()
            await answers(smtp, 4)
            await copied(dovecot, 4)
            await asyncio.sleep(2)
        assert sorted(one.recipient.partition("@")[0] for one in smtp.mails) == ["john", "late", "olena", "sergey"]
        assert len(dovecot.mails("Sent")) == 4
        assert sum(b"Seen" in flags for flags in dovecot.flags()) == 4
        log = program.log
        assert not [word for word in (PASSWORD, "olena@", "delivery?") if word in log]


async def test_an_answer_that_was_lost_on_the_way_is_not_sent_twice(installation: Path, dovecot: DovecotServer) -> None:
    async with SmtpServer() as smtp:
        provider = channel(dovecot, smtp).replace('"append"', '"provider"')
        write_config(installation, channels=provider)
        (installation / "password").write_text(PASSWORD)
        smtp.taken = lambda content: dovecot.deliver(content, mailbox="Sent")
        smtp.faults += [Fault.CUT_AFTER, Fault.LOST]
        dovecot.deliver(question("olena", "How much is delivery?"))
        with Program("serve", folder=installation) as program:
            await answers(smtp, 1)
            await asyncio.sleep(4)
            assert "send_looked_for" in program.log
        assert len(smtp.mails) == 1


async def test_the_doctor_looks_at_both_servers(installation: Path, dovecot: DovecotServer) -> None:
    async with SmtpServer() as smtp:
        write_config(installation, channels=channel(dovecot, smtp))
        (installation / "password").write_text(PASSWORD)
        told = await asyncio.to_thread(run, installation, "doctor", check=False)
        assert "channels.shop_mail.imap" in told.stdout
        assert "channels.shop_mail.smtp" in told.stdout
        assert PASSWORD not in told.stdout + told.stderr
