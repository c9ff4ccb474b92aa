"""Raw payloads → events, one table; and no JSON in the world that breaks the reader."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.wire import shapes
from bots.slack.wire.inbound import read_event
from gateway.errors import Unreadable
from gateway.messages import Edit, Event, Inbound, Text
from tests.bots.slack.support import cases, expected
from tests.standins.slack import callback

IM = {"type": "message", "channel": "D1", "user": "U1", "text": "hi", "ts": "1355517523.000005"}


@pytest.mark.parametrize("case", cases("in"))
def test_payload_becomes_event(case: dict[str, Any]) -> None:
    assert read_event(json.dumps(case["payload"]).encode()) == expected(case["event"])


def message(**fields: Any) -> bytes:
    return json.dumps(callback({**IM, **fields})).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[1,2,3]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b'{"type": 5}',
        b'{"type": "event_callback"}',
        b'{"type": "event_callback", "event": 5, "event_id": "Ev1"}',
        b'{"type": "event_callback", "event": {"type": "message"}, "event_id": 7}',
        b'{"type": "event_callback", "event": {}, "event_id": "Ev1"}',
        b'{"type": "block_actions"}',
        b'{"type": "slash_command"}',
        message(ts=""),
        message(ts=5),
        message(channel=None),
        message(channel=["C1"]),
        message(files=[{"name": "no id"}]),
        message(subtype="message_changed"),
        message(subtype="message_changed", message={"user": "U1", "text": "x"}),
        json.dumps(callback({"type": "reaction_added", "item": {}})).encode(),
    ],
)
def test_alien_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_event(body)


def test_reason_of_unreadable_names_the_place_and_quotes_nothing() -> None:
    with pytest.raises(Unreadable) as caught:
        read_event(message(text={"secret": "my card is 4111"}))
    assert "text" in str(caught.value)
    assert "4111" not in str(caught.value)


def test_lone_surrogates_and_nul_are_cleaned() -> None:
    event = read_event(message(text="a\ud800b\x00c"))
    assert isinstance(event, Inbound)
    assert event.parts == (Text(text="a\ufffdbc"),)


def test_long_text_is_whole() -> None:
    event = read_event(message(text="ї" * 40_000))
    assert isinstance(event, Inbound)
    assert event.parts == (Text(text="ї" * 40_000),)


def test_nested_200_deep_is_no_trouble() -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = {"in": [deep]}
    assert isinstance(read_event(message(blocks=deep)), Inbound)


@pytest.mark.parametrize("ts", ["999999999999.000001", "1355517523", "now"])
def test_impossible_moment_is_dropped(ts: str) -> None:
    event = read_event(message(ts=ts))
    assert isinstance(event, Inbound)
    assert event.sent_at is None
    assert event.platform_id == f"D1:{ts}"


def test_an_edit_to_nothing_is_an_edit() -> None:
    changed = {"user": "U1", "text": "", "ts": "1.000001", "edited": {"user": "U1", "ts": "2.000001"}}
    event = read_event(message(subtype="message_changed", message=changed, previous_message={**changed, "text": "x"}))
    assert isinstance(event, Inbound)
    assert event.parts == (Edit(target="D1:1.000001", text=""),)


# --- any JSON --------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    sorted({name for shape in vars(shapes).values() for name in getattr(shape, "__struct_encode_fields__", ())})
)
WORDS = st.text(st.characters(exclude_categories=[])) | st.sampled_from(["message", "1.000001", "file_share", "<@U1|"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | WORDS, inner, max_size=8),
    max_leaves=40,
)
MESSAGES = st.builds(lambda more: {**IM, **more}, st.dictionaries(FIELDS, JSON | WORDS, max_size=4))
EVENTS = st.builds(lambda event: callback(event, "Ev1"), MESSAGES)
PRESSES = st.builds(
    lambda more: {"type": "block_actions", "user": {"id": "U1"}, "channel": {"id": "C1"}, **more},
    st.dictionaries(FIELDS, JSON, max_size=4),
)


@given(JSON | EVENTS | PRESSES)
def test_any_json_is_an_event_or_unreadable(value: Any) -> None:
    try:
        event = read_event(json.dumps(value).encode())
    except Unreadable:
        return
    assert isinstance(event, Event)
    msgspec.json.encode(event)  # what was read can always be stored


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_unreadable(body: bytes) -> None:
    try:
        read_event(body)
    except Unreadable:
        return
