"""Sends → mails, looked at as another program would read them."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.mail.wire.inbound import read_event
from bots.mail.wire.letter import take_apart
from bots.mail.wire.outbound import Attachment, Quote, Thread, Writer, compose, own_id, recipient
from bots.mail.wire.robots import is_ours, silence
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import (
    Author,
    Button,
    ContactCard,
    Edit,
    Ignored,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Text,
)
from tests.bots.mail.support import RULES

WRITER = Writer(address="help@shop.example", name="Крамниця «Чай»", fallback="Повідомлення від крамниці")
DATE = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FILE = Media(kind=MediaKind.FILE, ref="file:7", name="рахунок.pdf", mime="application/pdf", caption="Ваш рахунок")


def sent(part: Part, address: str = "olena@mail.example", **fields: Any) -> Send:
    return Send(address=address, part=part, key="12.0", **fields)


def written(send: Send, writer: Writer = WRITER, **fields: Any) -> tuple[bytes, EmailMessage]:
    message_id = own_id(send, writer, "shop", "secret")
    raw = compose(send, writer=writer, message_id=message_id, date=DATE, **fields)
    read = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return raw, read


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_an_answer_of_the_bot() -> None:
    thread = Thread(message_id="<m2@mail.example>", references=("<m1@mail.example>",), subject="RE: Де замовлення?")
    quote = Quote(attribution="20 лист., 10:15 Олена пише:", text="Доброго дня!\nДе воно?")
    send = sent(Text(text="**Вже їде.**\n\n- завтра", markdown=True), author=Author.BOT)
    raw, mail = written(send, thread=thread, quote=quote)
    assert mail["From"].addresses[0].addr_spec == "help@shop.example"
    assert mail["From"].addresses[0].display_name == "Крамниця «Чай»"
    assert mail["To"] == "olena@mail.example"
    assert mail["Subject"] == "Re: Де замовлення?"
    assert mail["In-Reply-To"] == "<m2@mail.example>"
    assert mail["References"] == "<m1@mail.example> <m2@mail.example>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Date"] == "Sat, 21 Nov 2026 08:00:00 +0000"
    assert mail["Message-ID"] == mail["X-Frontdesk-ID"] == own_id(send, WRITER, "shop", "secret")
    assert body(mail) == "Вже їде.\n\n• завтра\n\n20 лист., 10:15 Олена пише:\n> Доброго дня!\n> Де воно?\n"
    page = body(mail, "html")
    assert "<p><b>Вже їде.</b></p>\n<ul><li>завтра</li></ul>" in page
    assert "<p>Доброго дня!<br>Де воно?</p></blockquote>" in page
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_an_agents_answer_is_no_robots() -> None:
    _, mail = written(sent(Text(text="Вітаю"), author=Author.AGENT))
    assert mail["Auto-Submitted"] is None
    assert mail["In-Reply-To"] is None
    assert mail["Subject"] == "Повідомлення від крамниці"


def test_the_id_is_the_same_at_each_try_and_of_nothing_else() -> None:
    ids = {
        own_id(send, WRITER, channel, secret)
        for send in (sent(Text(text="x")), sent(Text(text="y")), sent(Text(text="x"), author=Author.BOT))
        for channel, secret in [("shop", "secret")]
    }
    assert len(ids) == 1
    others = {
        own_id(sent(Text(text="x"), "other@mail.example"), WRITER, "shop", "secret"),
        own_id(sent(Text(text="x")), WRITER, "shop2", "secret"),
        own_id(sent(Text(text="x")), WRITER, "shop", "secret2"),
        own_id(Send(address="olena@mail.example", part=Text(text="x"), key="12.1"), WRITER, "shop", "secret"),
    }
    assert len(ids | others) == 5
    assert all(is_ours(one, "shop.example") for one in ids | others)


def test_our_own_mail_that_comes_back_starts_nothing() -> None:
    raw, _ = written(sent(Text(text="Вітаю"), author=Author.AGENT))
    assert silence(take_apart(raw), "help@shop.example") == "our own mail"
    rewritten = raw.replace(b"Message-ID: <frontdesk.", b"Message-ID: <ses.").replace(b"help@shop", b"sales@shop")
    assert isinstance(read_event(take_apart(rewritten), RULES), Ignored)


def test_files_go_along() -> None:
    _, mail = written(sent(FILE), attachment=Attachment(content=b"%PDF-1.4"))
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "рахунок.pdf"
    assert file.get_content_type() == "application/pdf"
    assert file.get_content() == b"%PDF-1.4"
    assert body(mail) == "Ваш рахунок\n"


@pytest.mark.parametrize(
    ("name", "mime", "shown", "kind"),
    [
        ("a\r\nBcc: x@y.example.pdf", "application/pdf", "a Bcc: x@y.example.pdf", "application/pdf"),
        (None, None, "picture.jpg", "image/jpeg"),
        ("чай.ogg", "audio/ogg; codecs=opus", "чай.ogg", "audio/ogg"),
        ("x.eml", "message/rfc822", "x.eml", "application/octet-stream"),
        ("x.bin", "no type\r\nat: all", "x.bin", "application/octet-stream"),
        ("x.zip", "multipart/mixed", "x.zip", "application/octet-stream"),
        ('a"b\\c/d.txt', "text/plain", 'a"b\\c_d.txt', "text/plain"),
    ],
)
def test_strange_files(name: str | None, mime: str | None, shown: str, kind: str) -> None:
    media = Media(kind=MediaKind.IMAGE, ref="file:7", name=name, mime=mime)
    _, mail = written(sent(media), attachment=Attachment(content=b"\xff\x00 x"))
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == (shown, kind)
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ContactCard(phone="+380441234567", name="Іван"), "Іван: +380441234567\n"),
        (
            Location(latitude=50.45, longitude=30.5234, title="Крамниця"),
            "Крамниця: https://www.openstreetmap.org/?mlat=",
        ),
    ],
)
def test_other_parts_in_words(part: Part, words: str) -> None:
    assert body(written(sent(part))[1]).startswith(words)


@pytest.mark.parametrize("part", [Edit(target="<x@y>", text="z"), Reaction(target="<x@y>", emoji="👍")])
def test_a_mail_is_not_changed_later(part: Part) -> None:
    with pytest.raises(Rejected):
        written(sent(part))


def test_links_that_could_not_be_buttons_stand_below() -> None:
    _, mail = written(sent(Text(text="Оплата"), buttons=(Button(label="Сплатити", url="https://x.example/p"),)))
    assert body(mail) == "Оплата\n\nСплатити: https://x.example/p\n"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c",
        "a b@c.example",
        "a@",
        "a@x.example\r\nRCPT TO:<e@f>",
        "ї@мова.укр",
        "a@" + "x" * 80 + ".укр",
    ],
)
def test_no_such_address(address: str) -> None:
    with pytest.raises(Rejected):
        written(sent(Text(text="x"), address))


def test_a_domain_in_letters_of_its_own() -> None:
    assert recipient("info@мова.укр") == "info@xn--80ad3ai.xn--j1amh"
    assert written(sent(Text(text="x"), "info@мова.укр"))[1]["To"] == "info@xn--80ad3ai.xn--j1amh"


def test_long_chains_keep_their_root_and_their_end() -> None:
    chain = tuple(f"<{number}.{'x' * 90}@mail.example>" for number in range(60))
    _, mail = written(sent(Text(text="x")), thread=Thread(message_id="<last@mail.example>", references=chain))
    told = str(mail["References"]).split()
    assert told == [chain[0], *chain[-19:], "<last@mail.example>"]
    assert mail["Subject"] == "Re: Повідомлення від крамниці"


LINES = st.text(max_size=120)


@given(LINES, LINES, LINES, LINES, st.booleans())
def test_nobody_writes_into_our_headers(subject: str, name: str, text: str, quoted: str, markdown: bool) -> None:
    """Whatever people call things, there are our headers and no others, and the words are theirs."""
    thread = Thread(message_id="<m@mail.example>", references=(subject, "<x@y>"), subject=subject)
    writer = Writer(address="help@shop.example", name=name, fallback="x")
    send = sent(Text(text=text, markdown=markdown), author=Author.BOT)
    raw, mail = written(send, writer, thread=thread, quote=Quote(attribution=f"{name}:", text=quoted))
    expected = ["From", "To", "Subject", "Date", "Message-ID", "X-Frontdesk-ID", "In-Reply-To", "References"]
    assert mail.keys() == [*expected, "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"]
    assert mail["From"].addresses[0].addr_spec == "help@shop.example"
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    plain = "".join(letter for letter in text if letter.isalnum())
    if not markdown:
        assert "".join(letter for letter in body(mail) if letter.isalnum()).startswith(plain)
