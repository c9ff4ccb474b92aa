"""Mailboxes that are signed in to with access tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bots.mail import build
from bots.mail.checkup import look
from bots.mail.logins import Logins
from bots.mail.tokens import Tokens
from gateway.channels import Send
from gateway.errors import SettingsError, Unreachable
from gateway.messages import Author, Text
from gateway.operating.checkup import Verdict
from tests.bots.mail.conftest import Opened, Running, stopped
from tests.bots.mail.support import Taken, mail, mailbox, settings, submitting, tools
from tests.standins.mail import DovecotServer, SmtpServer, find_dovecot
from tests.standins.oauth import CLIENT, CONSENT, SECRET, Answer, TokenServer


@pytest.fixture
async def server() -> AsyncIterator[TokenServer]:
    async with TokenServer() as made:
        yield made


@pytest.fixture
def dovecot_by_token(server: TokenServer) -> Iterator[DovecotServer]:
    program = find_dovecot()
    if program is None:
        pytest.skip("Dovecot is not installed")
    with DovecotServer(program, tokens=server.whose) as made:
        yield made


@pytest.fixture
async def smtp_by_token(server: TokenServer) -> AsyncIterator[SmtpServer]:
    async with SmtpServer(tokens=server.good) as made:
        yield made


class Watch:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# --- asking for them -------------------------------------------------------------------------


async def test_a_token_is_asked_for_once_and_again_before_it_ends(server: TokenServer) -> None:
    watch = Watch()
    tokens = Tokens(settings(**server.fields), monotonic=watch)
    assert await asyncio.gather(tokens.get(), tokens.get()) == ["token-1", "token-1"]
    assert server.asked == [
        {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": "mail"}
    ]
    watch.now = 3600 - 61
    assert await tokens.get() == "token-1"
    watch.now = 3600 - 60
    assert await tokens.get() == "token-2"


async def test_where_the_server_does_not_say_how_long_it_lasts_it_is_asked_soon(server: TokenServer) -> None:
    server.lasts = None
    watch = Watch()
    tokens = Tokens(settings(**server.fields), monotonic=watch)
    assert await tokens.get() == "token-1"
    watch.now = 240
    assert await tokens.get() == "token-2"


async def test_one_that_was_refused_is_not_given_again(server: TokenServer) -> None:
    tokens = Tokens(settings(**server.fields))
    assert await tokens.get() == "token-1"
    tokens.refused("another")
    assert await tokens.get() == "token-1"
    tokens.refused("token-1")
    assert await tokens.get() == "token-2"


async def test_by_consent_of_a_person_the_newest_refresh_token_counts(server: TokenServer) -> None:
    server.rotates = True
    tokens = Tokens(settings(**server.fields, oauth_refresh=CONSENT))
    for _ in range(2):
        tokens.refused(await tokens.get())
    assert [(one["grant_type"], one["refresh_token"]) for one in server.asked] == [
        ("refresh_token", CONSENT),
        ("refresh_token", "refresh-1"),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(400, b'{"error":"invalid_grant","error_description":"for olena@shop.example"}'), "invalid_grant"),
        (Answer(401, b'{"error":"invalid_client","error_description":"AADSTS7000222: x"}'), "AADSTS7000222"),
        (Answer(400, b'{"error":"<b>olena</b>"}'), "no access token: 400"),
        (Answer(502, b"<html>olena</html>"), "answered 502"),
        (Answer(200, b'{"token":"olena"}'), "answered 200"),
        (Answer(200, b" " * 70_000), "no token's"),
    ],
)
async def test_a_refusal_is_told_by_its_code_alone(server: TokenServer, answer: Answer, reason: str) -> None:
    server.answers.append(answer)
    tokens = Tokens(settings(**server.fields))
    with pytest.raises(Unreachable, match=reason) as caught:
        await tokens.get()
    assert "olena" not in str(caught.value.reason)
    assert await tokens.get() == "token-2"


async def test_nobody_there() -> None:
    tokens = Tokens(settings(oauth_url="http://127.0.0.1:9/token", oauth_client="x", oauth_secret="y"))
    with pytest.raises(Unreachable, match="no access token: ConnectError"):
        await tokens.get()


# --- mail with them --------------------------------------------------------------------------


async def test_mail_comes_and_goes(
    server: TokenServer, dovecot_by_token: DovecotServer, smtp_by_token: SmtpServer, opened: Opened, running: Running
) -> None:
    channel = opened(imap=dovecot_by_token.url, smtp=smtp_by_token.url, **server.fields)
    dovecot_by_token.deliver(mail())
    taken = Taken()
    task = running(channel, taken)
    await taken.until(1)
    await stopped(task)
    send = Send(key="1.0", address="olena@mail.example", part=Text(text="Вітаю"), author=Author.BOT)
    assert await channel.send(send) == channel.own_id(send)
    assert len(smtp_by_token.mails) == 1
    assert len(server.asked) == 1


async def test_after_one_that_ended_early_the_next_try_has_another(
    server: TokenServer, dovecot_by_token: DovecotServer, smtp_by_token: SmtpServer
) -> None:
    reading = mailbox(imap=dovecot_by_token.url, **server.fields)
    sending = submitting(smtp=smtp_by_token.url, **server.fields)
    await reading.open()
    await sending.greet()
    await reading.close()
    server.good.clear()
    for again in (reading.open, sending.greet):
        with pytest.raises(Unreachable, match="refuses the user or the access token"):
            await again()
        await again()
    await reading.close()


async def test_a_password_for_sending_alone_is_used(server: TokenServer, smtp: SmtpServer) -> None:
    sending = submitting(smtp=smtp.url, **server.fields, smtp_password=smtp.password)
    await sending.greet()
    assert server.asked == []


async def test_the_doctor_says_what_is_wrong_with_the_registration(server: TokenServer) -> None:
    wrong = settings(**{**server.fields, "oauth_secret": "old"})
    reading, sending, _ = await look("shop", wrong, Logins(wrong))
    for found in (reading, sending):
        assert found.verdict is Verdict.PROBLEM
        assert "no access token: invalid_client (AADSTS7000215)" in found.says
        assert "oauth_secret" in found.fix


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("password", {"password": ""}),
        ("oauth_url", {"oauth_url": "https://login.example/token"}),
        ("oauth_client", {"oauth_url": "https://login.example/token", "password": "", "oauth_secret": "x"}),
        ("oauth_secret", {"oauth_url": "https://login.example/token", "password": "", "oauth_client": "x"}),
    ],
)
def test_a_login_that_is_not_whole_is_named(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        build("shop", settings(**fields), tools())
    assert caught.value.field == f"channels.shop.{field}"
