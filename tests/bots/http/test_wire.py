"""JSON to our values and back: one table each way, and what a program may do wrong."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.http import shapes
from bots.http.wire import inbound
from bots.http.wire.outbound import compose
from bots.http.wire.replies import failure, message_id, retry_after
from gateway.channels import Send
from gateway.errors import Ambiguous, Gone, Rejected, RequestRefused, Throttled, Unreadable
from gateway.messages import ButtonPress, Edit, Event, Ignored, Inbound, Signal, Start
from tests.bots.http.support import NOW, cases, message
from tests.contracts.case import FILES

EVENTS: dict[str, type[Event]] = {"inbound": Inbound, "signal": Signal, "ignored": Ignored}


@pytest.mark.parametrize("case", cases("in"))
def test_an_event_is_read(case: dict[str, Any]) -> None:
    (envelope,) = inbound.cut(msgspec.json.encode(case["body"]), "msg_1")
    ((named, fields),) = case["event"].items()
    assert inbound.parse(envelope.body) == msgspec.json.decode(msgspec.json.encode(fields), type=EVENTS[named])


@pytest.mark.parametrize("case", cases("out"))
def test_a_send_is_written(case: dict[str, Any]) -> None:
    send = msgspec.json.decode(msgspec.json.encode(case["send"]), type=Send)
    file = FILES.get(getattr(send.part, "ref", ""))
    written = compose(send, "app", file=file, edits=case["settings"].get("edits", False))
    assert msgspec.json.decode(written) == case["body"]
    assert msgspec.convert(case["body"], shapes.MessageOut), "what is written is what the schema says"


@pytest.mark.parametrize("part", [ButtonPress(payload="x"), Start(), Edit(target="1", text="x")])
def test_what_no_app_shows_is_refused(part: Any) -> None:
    with pytest.raises(Rejected):
        compose(Send(address="u", part=part, key="1"), "app")


def refusal(body: Any) -> RequestRefused:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    with pytest.raises(RequestRefused) as caught:
        inbound.cut(raw, "msg_1")
    return caught.value


TEXT = {"part": "text", "text": "x"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[]", "1–100 events"),
        (b"7", "the event: expected"),
        ([message()] * 2, "same id"),
        ([message(id=f"m-{n}") for n in range(101)], "1–100 events"),
        ({}, "the event: object missing required field `type`"),
        ({"type": 7}, "type: expected"),
        (message(sender=None), "sender: expected `object`"),
        (message(sender={}), "sender: object missing required field `address`"),
        (message(sender={"address": ""}), "sender.address: expected `str`"),
        (message(sender={"address": "a\x00b"}), "sender.address: expected `str` matching"),
        (message(sender={"address": "x" * 151}), "sender.address: expected `str` of length <= 150"),
        (message(sender={"address": "u", "lang": "uk"}), "sender: object contains unknown field `lang`"),
        (message(sender={"address": "u", "language": "Ukrainian language"}), "sender.language"),
        (message(parts=[]), "parts: expected `array` of length >= 1"),
        (message(parts=[TEXT] * 11), "parts: expected `array` of length <= 10"),
        (message(*[TEXT, {"part": "text", "text": 7}]), "parts[1].text: expected `str`, got `int`"),
        (message({"part": "text", "text": "x" * 20_001}), "parts[0].text: expected `str` of length <= 20000"),
        (message({"part": "sticker"}), "parts[0].part: is not one of the values"),
        (message({"part": "media", "kind": "image"}), "parts[0]: give either `url` or `data`"),
        (message({"part": "media", "kind": "image", "url": "https://a", "data": "eA=="}), "parts[0]: give either"),
        (message({"part": "media", "kind": "image", "url": "ftp://a"}), "parts[0].url"),
        (message({"part": "media", "kind": "picture", "url": "https://a"}), "parts[0].kind: is not one of"),
        (message({"part": "media", "kind": "image", "data": "!!!!"}), "parts[0].data: must be base64"),
        (message({"part": "location", "latitude": 91, "longitude": 0}), "parts[0].latitude"),
        (message(at="2026-11-21T10:00:00"), "at: expected `datetime` with a timezone"),
        (message(at="yesterday"), "at: invalid"),
        ([message(id="m-1"), message(id="m-2", sender={})], "[1].sender: object missing"),
        ([message(id="m-1"), {"type": "read", "address": "u"}], "[1]: object missing required field `message`"),
    ],
)
def test_what_is_wrong_is_named(body: Any, named: str) -> None:
    refused = refusal(body)
    assert refused.status == 400
    assert named in refused.reason


def test_what_was_given_is_not_repeated() -> None:
    refused = refusal(message({"part": "media", "kind": "таємниця", "url": "https://a"}))
    assert "таємниця" not in refused.reason


@pytest.mark.parametrize("size", [shapes.INLINE_LIMIT + 1, shapes.INLINE_LIMIT * 4])
def test_a_file_too_large_for_inline_is_refused_with_the_remedy(size: int) -> None:
    data = base64.b64encode(b"x" * size).decode()
    refused = refusal(message({"part": "media", "kind": "file", "data": data}))
    assert refused.status == 413
    assert "`url`" in refused.reason


def test_exactly_the_limits_are_taken() -> None:
    data = base64.b64encode(b"x" * shapes.INLINE_LIMIT).decode()
    parts = ({"part": "media", "kind": "file", "data": data}, {"part": "text", "text": "я" * 20_000})
    (envelope,) = inbound.cut(msgspec.json.encode(message(*parts, id="m" * 150)), "msg_1")
    assert isinstance(inbound.parse(envelope.body), Inbound)


def test_ids() -> None:
    def ids(body: Any, webhook_id: str = "msg_1") -> list[str]:
        return [one.platform_id for one in inbound.cut(msgspec.json.encode(body), webhook_id)]

    assert ids(message()) == ids(message(), "msg_2") == ["message:m-1"]
    read = {"type": "read", "address": "u", "message": "12.0"}
    assert ids(read) == ["event:msg_1"]
    assert ids([read, {**read, "id": "r-7"}, {"type": "new"}]) == ["event:msg_1.0", "event:r-7", "event:msg_1.2"]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    try:
        envelopes = inbound.cut(raw, "msg_1")
    except RequestRefused:
        return
    for envelope in envelopes:
        inbound.parse(envelope.body)


@given(st.binary(max_size=300))
def test_no_stored_bytes_break_the_parser(raw: bytes) -> None:
    try:
        inbound.parse(raw)
    except Unreadable:
        return


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_text_survives_the_way(text: str) -> None:
    (envelope,) = inbound.cut(msgspec.json.encode(message({"part": "text", "text": text})), "msg_1")
    event = inbound.parse(envelope.body)
    assert isinstance(event, Inbound)
    assert getattr(event.parts[0], "text", None) == text.replace("\x00", "")


# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (200, {}, None),
        (204, {}, None),
        (301, {}, Ambiguous),
        (400, {}, Rejected),
        (401, {}, Rejected),
        (404, {}, Rejected),
        (408, {}, Ambiguous),
        (410, {}, Gone),
        (413, {}, Rejected),
        (429, {}, Throttled),
        (429, {"retry-after": "soon"}, Throttled),
        (500, {}, Ambiguous),
        (502, {}, Ambiguous),
        (503, {}, Ambiguous),
        (503, {"retry-after": "9"}, Throttled),
    ],
)
def test_answers(status: int, headers: dict[str, str], error: type[Exception] | None) -> None:
    assert type(failure(status, headers, NOW)) is (error or type(None))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("7", 7),
        (" 7 ", 7),
        ("-7", None),
        ("7.5", None),
        ("Sat, 21 Nov 2026 08:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0),
        ("9" * 30, 86400),
        ("²", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"id":"app-7"}', "app-7"),
        (b'{"id":"app-7","more":1}', "app-7"),
        (b"{}", "k"),
        (b"", "k"),
        (b"<html>", "k"),
        (b'{"id":7}', "k"),
        (b'{"id":""}', "k"),
        (b"\xff", "k"),
        (b'{"id":"' + b"x" * 501 + b'"}', "k"),
    ],
)
def test_message_ids(body: bytes, found: str) -> None:
    assert message_id(body, "k") == found
