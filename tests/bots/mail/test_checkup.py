"""What the doctor finds: both servers, the folders, and whether receivers are likely to believe us."""

from __future__ import annotations

from typing import Any

from bots.mail.checkup import look
from bots.mail.logins import Logins
from gateway.operating.checkup import Checkable, Verdict
from tests.bots.mail.conftest import Opened
from tests.bots.mail.support import settings
from tests.standins.mail import PASSWORD, DovecotServer, SmtpServer


async def found(**fields: Any) -> dict[str, tuple[Verdict, str]]:
    findings = await look("shop", settings(**fields), Logins(settings(**fields)))
    assert not [one for one in findings if PASSWORD in f"{one.says}{one.fix}"]
    assert all(one.fix for one in findings if one.verdict is not Verdict.OK)
    return {one.subject.removeprefix("channels.shop."): (one.verdict, one.says) for one in findings}


async def test_all_is_well(dovecot: DovecotServer, smtp: SmtpServer, opened: Opened) -> None:
    assert isinstance(opened(), Checkable)
    told = await found(imap=dovecot.url, smtp=smtp.url)
    assert {verdict for verdict, _ in told.values()} == {Verdict.OK}
    assert "at once" in told["imap"][1]
    assert smtp.mails == []


async def test_nobody_there() -> None:
    told = await found()
    assert told["imap"][0] is told["smtp"][0] is Verdict.PROBLEM


async def test_a_wrong_password(dovecot: DovecotServer, smtp: SmtpServer) -> None:
    told = await found(imap=dovecot.url, smtp=smtp.url, password="wrong")
    assert "refuses the user or the password" in told["imap"][1]
    assert "refuses the user or the password" in told["smtp"][1]


async def test_missing_folders(dovecot: DovecotServer, smtp: SmtpServer) -> None:
    told = await found(imap=dovecot.url, smtp=smtp.url, mailbox="Shop")
    assert told["imap"] == (Verdict.PROBLEM, "there is no folder Shop")
    told = await found(imap=dovecot.url, smtp=smtp.url, sent="provider", sent_mailbox="Gesendet")
    assert told["imap"] == (Verdict.PROBLEM, "there is no folder Gesendet")
    told = await found(imap=dovecot.url, smtp=smtp.url, sent="append", sent_mailbox="Gesendet")
    assert told["imap"][0] is Verdict.OK  # it will be made


async def test_sending_for_anothers_domain_is_hinted_at() -> None:
    told = await found(smtp_user="user@provider.example", smtp="smtps://smtp.provider.example:9", connect_timeout=0.2)
    assert told["address"][0] is Verdict.WARNING
    assert "shop.example" in told["address"][1]
