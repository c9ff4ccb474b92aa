"""Widget frames to our values and back: one table each way, and what a hostile body may not do."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.webchat import wire
from bots.webchat.frames import ClientMessage, Malformed, read_frame
from gateway.errors import Unreadable
from gateway.messages import Inbound, Message

FOLDER = Path(__file__).parent / "wire"


def cases(way: str) -> list[Any]:
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in sorted((FOLDER / way).glob("*.json"))]


@pytest.mark.parametrize("case", cases("inbound"))
def test_inbound(case: dict[str, Any]) -> None:
    assert wire.parse(json.dumps(case["body"]).encode()) == msgspec.convert(case["expected"], Inbound)


@pytest.mark.parametrize("case", cases("outbound"))
def test_outbound(case: dict[str, Any]) -> None:
    message = msgspec.convert(case["message"], Message)
    frame = wire.message_frame(message, prev=case["prev"], link=lambda file: f"/f/{file}", name=case["name"])
    assert json.loads(msgspec.json.encode(frame)) == case["expected"]


def test_what_was_stamped_is_what_is_parsed() -> None:
    message = ClientMessage(id=uuid4(), text="привіт", language="uk")
    envelope = wire.stamp(message, visitor="visitor", at=datetime(2026, 11, 21, tzinfo=UTC), files={})
    inbound = wire.parse(envelope.body)
    assert inbound.sender.address == envelope.address == "visitor"
    assert inbound.platform_id == envelope.platform_id == f"visitor:{message.id}"


def test_a_visitor_named_by_the_client_is_not_believed() -> None:
    frame = read_frame(json.dumps({"type": "message", "id": str(uuid4()), "text": "x", "visitor": "somebody"}).encode())
    assert isinstance(frame, ClientMessage)
    envelope = wire.stamp(frame, visitor="me", at=datetime(2026, 11, 21, tzinfo=UTC), files={})
    assert wire.parse(envelope.body).sender.address == "me"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": "я" * 20_001}, "too_long"),
        ({"parts": [{"part": "edit", "target": "1", "text": "я" * 20_001}]}, "too_long"),
        ({"text": "  \n\x00 "}, "empty"),
        ({}, "empty"),
        ({"files": [str(uuid4()) for _ in range(6)], "parts": [{"part": "text", "text": "x"}] * 6}, "too_many"),
    ],
)
def test_refused_messages(fields: dict[str, Any], code: str) -> None:
    message = msgspec.convert({"type": "message", "id": str(uuid4()), **fields}, ClientMessage)
    with pytest.raises(Malformed) as caught:
        wire.check(message)
    assert (caught.value.code, caught.value.id) == (code, str(message.id))


def test_exactly_the_limit_is_taken() -> None:
    wire.check(ClientMessage(id=uuid4(), text="я" * 20_000))


def test_media_from_elsewhere_is_refused() -> None:
    message = msgspec.convert(
        {
            "type": "message",
            "id": str(uuid4()),
            "parts": [{"part": "media", "kind": "image", "ref": "https://x.test/"}],
        },
        ClientMessage,
    )
    with pytest.raises(Malformed, match="unknown_file"):
        wire.file_ids(message)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b'{"type":"nonsense"}',
        b'{"type":"message"}',
        b'{"type":"message","id":"no uuid","text":"x"}',
        b'{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":"\\ud800"}',
        b'{"type":"message","id":"0b6f0a52-7d3f-4f0e-9d8a-2f1f2c3d4e5f","text":7}',
        b'{"type":"read"}',
        b"[" * 30_000 + b"]" * 30_000,
        b'{"type":"ping","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"\xff\xfe",
    ],
)
def test_malformed_frames(raw: bytes) -> None:
    with pytest.raises(Malformed, match="malformed"):
        read_frame(raw)


def test_a_malformed_message_is_named_where_it_can_be() -> None:
    with pytest.raises(Malformed) as caught:
        read_frame(b'{"type":"message","id":"7","text":7}')
    assert caught.value.id == "7"


def test_too_large_a_frame() -> None:
    with pytest.raises(Malformed, match="too_large"):
        read_frame(b'{"type":"ping","x":"' + b"x" * 65536 + b'"}')


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with suppress(Malformed):
        read_frame(raw)


@given(st.text(min_size=1, max_size=300))
def test_any_text_survives_the_way(text: str) -> None:
    message = ClientMessage(id=uuid4(), text=text)
    try:
        wire.check(message)
    except Malformed:
        assert not text.replace("\x00", "").strip()
        return
    envelope = wire.stamp(message, visitor="v", at=datetime(2026, 11, 21, tzinfo=UTC), files={})
    (part,) = wire.parse(envelope.body).parts
    assert getattr(part, "text", None) == text.replace("\x00", "")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"visitor":"v"}', b"\xff", b"[" * 30_000])
def test_unreadable_bodies(body: bytes) -> None:
    with pytest.raises(Unreadable):
        wire.parse(body)
