"""Mails → events, one table; and no bytes in the world that break the reader."""

from __future__ import annotations

from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.mail.wire.inbound import bare_subject, read_event
from bots.mail.wire.letter import read, store, take_apart
from bots.mail.wire.people import dedupe_id
from gateway.errors import Unreadable
from gateway.identity import code_in
from gateway.messages import Event, Ignored, Inbound, Media, Text
from tests.bots.mail.support import KINDS, RULES, cases, mail


@pytest.mark.parametrize(("raw", "told"), cases())
def test_mail_becomes_event(raw: bytes, told: dict[str, Any]) -> None:
    if "unreadable" in told:
        with pytest.raises(Unreadable, match=told["unreadable"]):
            read_event(read(raw), RULES)
        return
    letter = msgspec.structs.replace(read(raw), concerns=told.get("concerns"))
    ((kind, fields),) = told["event"].items()
    expected = msgspec.json.decode(msgspec.json.encode(fields), type=KINDS[kind])
    assert read_event(letter, RULES) == expected
    assert read_event(read(store(letter)), RULES) == expected


def words(raw: bytes) -> str:
    event = read_event(take_apart(raw), RULES)
    assert isinstance(event, Inbound)
    return next(part.text for part in event.parts if isinstance(part, Text))


def test_long_text_is_cut_and_the_rest_kept() -> None:
    event = read_event(take_apart(mail("слово " * 60_000, In_Reply_To="<x@y>")), RULES)
    assert isinstance(event, Inbound)
    (text,) = event.parts
    assert isinstance(text, Text)
    assert len(text.text) == 100_001
    assert text.rest is not None
    assert len(text.text) + len(text.rest) > 290_000


def test_a_code_to_go_on_here_stands_alone_whatever_the_subject_says() -> None:
    code = f"go-{'aB3_-x' * 4}"
    event = read_event(take_apart(mail(f"{code}\n\n-- \nОлена", Subject="Моє замовлення")), RULES)
    assert isinstance(event, Inbound)
    assert code_in(event.parts) == code


def test_our_own_address_in_reply_to_is_passed_over() -> None:
    event = read_event(take_apart(mail(Reply_To="help@shop.example")), RULES)
    assert isinstance(event, Inbound)
    assert event.sender.address == "olena@mail.example"


def test_without_our_servers_name_nobody_is_verified() -> None:
    raw = mail(Authentication_Results="mx.shop.example; dmarc=pass header.from=mail.example")
    assert _verified(raw, RULES)
    assert not _verified(raw, msgspec.structs.replace(RULES, authserv_id=""))
    assert not _verified(raw, msgspec.structs.replace(RULES, authserv_id="mx.other.example"))


@pytest.mark.parametrize(
    ("said", "sender", "proved"),
    [
        ("mx.shop.example; dkim=pass header.d=mail.example", "olena@mail.example", True),
        ("mx.shop.example; dkim=pass header.d=mail.example", "olena@sub.mail.example", True),
        ("mx.shop.example; dkim=pass header.i=@mail.example", "olena@mail.example", True),
        ("MX.Shop.Example 1; dkim=pass (good; signature) header.d=mail.example", "olena@mail.example", True),
        ("mx.shop.example; dkim=pass header.d=example", "olena@mail.example", False),
        ("mx.shop.example; dkim=pass header.d=evil.example", "olena@mail.example", False),
        ("mx.shop.example; dkim=fail header.d=mail.example", "olena@mail.example", False),
        ("mx.shop.example; spf=pass smtp.mailfrom=mail.example", "olena@mail.example", False),
        ("mx.shop.example; dmarc=pass header.from=evil.example", "olena@mail.example", False),
        ("mx.shop.example; none", "olena@mail.example", False),
        ("mx.shop.example (dmarc=pass); none (dmarc=pass)", "olena@mail.example", False),
        ("mx.shop.example.evil; dmarc=pass", "olena@mail.example", False),
        ("", "olena@mail.example", False),
    ],
)
def test_proof(said: str, sender: str, proved: bool) -> None:
    assert _verified(mail(sender=sender, Authentication_Results=said), RULES) is proved


@pytest.mark.parametrize(
    ("asked", "quiet"),
    [
        ("All", True),
        ("OOF, AutoReply", True),
        ("DR, RN, NRN, OOF, AutoReply", True),
        ("dr, ndr, rn, nrn", False),  # reports only
        ("None", False),
        ("", False),
    ],
)
def test_who_asks_for_no_automatic_answer_is_heard_all_the_same(asked: str, quiet: bool) -> None:
    event = read_event(take_apart(mail(X_Auto_Response_Suppress=asked)), RULES)
    assert isinstance(event, Inbound)
    assert event.quiet is quiet


@pytest.mark.parametrize(
    "sign", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return_Path": "<>"}, {"X_Vacation": "yes"}]
)
def test_beside_a_robots_other_signs_it_is_a_robot(sign: dict[str, str]) -> None:
    event = read_event(take_apart(mail(X_Auto_Response_Suppress="All", **sign)), RULES)
    assert isinstance(event, Ignored)


def test_nobody_vouches_for_a_reply_to() -> None:
    proof = "mx.shop.example; dmarc=pass header.from=mail.example"
    assert not _verified(mail(Authentication_Results=proof, Reply_To="other@mail.example"), RULES)
    twice = mail(Authentication_Results=proof).replace(b"To:", b"From: boss@mail.example\r\nTo:", 1)
    assert not _verified(twice, RULES)


def _verified(raw: bytes, rules: Any) -> bool:
    event = read_event(take_apart(raw), rules)
    assert isinstance(event, Inbound)
    return event.sender.verified


def test_dedupe_id_is_the_message_id_or_what_no_server_adds_to() -> None:
    one = mail(Message_ID="<x@y>")
    assert dedupe_id(take_apart(one)) == "<x@y>"
    without = mail(Message_ID="")
    same = b"Received: by restored.example; Sat, 21 Nov 2026 10:00:00 +0200\r\n" + without
    assert dedupe_id(take_apart(without)) == dedupe_id(take_apart(same))
    assert dedupe_id(take_apart(without)) != dedupe_id(take_apart(mail("інше", Message_ID="")))
    assert len(dedupe_id(take_apart(mail(Message_ID=f"<{'x' * 300}@y>")))) < 100


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: Fwd: RE[2]: Чай", "Чай"),
        ("Отв: Чай", "Чай"),
        ("НА: Чай", "Чай"),
        ("Повернення: як", "Повернення: як"),
        ("Re:", ""),
    ],
)
def test_bare_subject(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_hundreds_of_parts_and_deep_ones_are_no_trouble() -> None:
    many = "".join(f"--m\r\nContent-Type: image/png; name={n}.png\r\n\r\nx\r\n" for n in range(400))
    event = read_event(take_apart(mail(f"{many}--m--\r\n", Content_Type="multipart/mixed; boundary=m")), RULES)
    assert isinstance(event, Inbound)
    assert sum(isinstance(part, Media) for part in event.parts) == 50
    deep = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(300))
    head = mail(Content_Type="multipart/mixed; boundary=b0").partition(b"\r\n\r\n")[0]
    with suppress(Unreadable):
        read_event(take_apart(head + b"\r\n\r\n" + deep + b"hi"), RULES)


# --- any mail --------------------------------------------------------------------------------

NAMES = st.sampled_from(
    sorted(
        {"From", "To", "Subject", "Reply-To", "Sender", "Message-ID", "References", "In-Reply-To", "Date", "Received"}
        | {"Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-ID", "Content-Language"}
        | {"Authentication-Results", "Auto-Submitted", "Return-Path", "Precedence", "List-Id", "X-Failed-Recipients"}
    )
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "a@b.example",
            '"x, y" <a@b.example>, (((',
            "multipart/mixed; boundary=b",
            "multipart/alternative; boundary=b",
            "multipart/report; report-type=delivery-status; boundary=b",
            "message/rfc822",
            "text/html; charset=utf-8",
            "text/plain; charset=idna",
            "text/plain; charset*0*=utf-8''%FF; format=flowed; delsp=yes",
            "attachment; filename*=x''%ff%00",
            "base64",
            "x-uuencode",
            "=?utf-8?B?0J/RgNC40LLRltGC?= =?koi8-u?Q?=ff=fe?= =?x?B?!!!?=",
            "<a@b> <c@d>",
            "Fri, 99 Nov 99999 10:15:00 +9999",
            "auto-replied",
        ]
    ),
)
BODIES = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "--b",
                "--b--",
                "",
                "> цитата",
                "-- ",
                "On 1/1/2026, X wrote:",
                "Content-Type: text/html",
                "<p>x<blockquote>y",
                "Sent from my iPhone",
                "From: a@b",
                "Sent: x",
                "To: y",
                "====",
                "0L7RgdGMDQo=",
                "Action: failed",
                "Status: 5.1.1",
                "<frontdesk.00112233445566778899aabbccddeeff@shop.example>",
            ]
        ),
        max_size=14,
    ).map("\n".join),
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12), BODIES)
def test_any_mail_is_an_event_or_unreadable(headers: list[tuple[str, str]], body: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    check(f"{head}\r\n{body}".encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=400))
def test_any_bytes_are_an_event_or_unreadable(raw: bytes) -> None:
    check(raw)
    check(b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + raw)
    check(b"\x00letter1\n" + raw)


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=40))
def test_whole_words_come_through(text: str, subject: str, name: str) -> None:
    """What any sane program writes is read as it was written."""
    composed = EmailMessage()
    composed["From"] = "a@b.example"
    clean = " ".join("".join(one for one in subject if one.isprintable()).split())
    try:
        composed["Subject"] = f"Re: {clean}"
        composed.set_content(text)
        raw = composed.as_bytes()
    except (UnicodeError, ValueError):
        return
    event = check(raw)
    if (
        isinstance(event, Inbound)
        and text.strip()
        and not any(mark in text for mark in ">-:_\r\x00\x0b\x0c\x1c\x85\u2028")
    ):
        assert words(raw).split() == text.split()


def check(raw: bytes) -> Event | None:
    try:
        letter = read(raw)
        event = read_event(letter, RULES)
    except Unreadable:
        return None
    assert isinstance(event, Event)
    assert read_event(read(store(letter)), RULES) == event
    msgspec.json.encode(event)  # what was read can always be stored
    return event
