"""Raw updates → events, one table; and no JSON in the world that breaks the reader."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.wire import shapes
from bots.telegram.wire.inbound import read_event
from gateway.errors import Unreadable
from gateway.messages import Event, Ignored, Inbound, Location, Moved, Signal, Text
from tests.bots.telegram.support import cases

KINDS: dict[str, type[Event]] = {"inbound": Inbound, "signal": Signal, "moved": Moved, "ignored": Ignored}


def expected(event: dict[str, Any]) -> Event:
    ((kind, fields),) = event.items()
    return msgspec.json.decode(msgspec.json.encode(fields), type=KINDS[kind])


@pytest.mark.parametrize("case", cases("in"))
def test_update_becomes_event(case: dict[str, Any]) -> None:
    body = json.dumps(case["update"]).encode()
    assert read_event(body) == expected(case["event"])


def message(**fields: Any) -> bytes:
    chat = {"id": 7001, "type": "private"}
    plain = {"message_id": 1, "from": {"id": 7001, "first_name": "О"}, "chat": chat, "date": 1795255200}
    return json.dumps({"update_id": 1, "message": {**plain, **fields}}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[1,2,3]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"update_id": 1, "message": 5}',
        b'{"update_id": "1"}',
        b'{"update_id": true}',
        b'{"update_id": 1, "message": {"message_id": 1}}',
        message(chat="7001"),
        message(photo=[{"width": 1}]),
        message(location={"latitude": 91.0, "longitude": 0.0}),
        message(location={"latitude": float("nan"), "longitude": 0.0}),
        message(message_id=10**30),
        message(reply_to_message={}),
        message(date=1.5),
    ],
)
def test_alien_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_event(body)


def test_reason_of_unreadable_names_the_place_and_quotes_nothing() -> None:
    with pytest.raises(Unreadable) as caught:
        read_event(message(text={"secret": "my card is 4111"}))
    assert "message.text" in str(caught.value)
    assert "4111" not in str(caught.value)


def test_lone_surrogates_and_nul_are_cleaned() -> None:
    event = read_event(message(text="a\ud800b\x00c"))
    assert isinstance(event, Inbound)
    assert event.parts == (Text(text="a\ufffdbc"),)


def test_long_text_is_whole() -> None:
    event = read_event(message(text="ї" * 100_000))
    assert isinstance(event, Inbound)
    assert event.parts == (Text(text="ї" * 100_000),)


def test_nested_200_deep_is_no_trouble() -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = {"in": [deep]}
    event = read_event(message(text="hi", odd=deep))
    assert isinstance(event, Inbound)


def test_impossible_date_is_dropped() -> None:
    event = read_event(message(text="hi", date=2**62))
    assert isinstance(event, Inbound)
    assert event.sent_at is None


def test_whole_degrees_are_a_place() -> None:
    event = read_event(message(location={"latitude": 50, "longitude": 30}))
    assert isinstance(event, Inbound)
    assert event.parts == (Location(latitude=50.0, longitude=30.0),)


# --- any JSON --------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    sorted(
        {name for shape in vars(shapes).values() for name in getattr(shape, "__struct_encode_fields__", ())}
        | {"edited_channel_post", "business_message"}
    )
)
WORDS = st.text(st.characters(exclude_categories=[])) | st.sampled_from(["private", "/start", "kicked", "emoji"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | WORDS, inner, max_size=8),
    max_leaves=40,
)
USERS = st.fixed_dictionaries({"id": st.integers(), "first_name": WORDS}, optional={"is_bot": JSON, "last_name": JSON})
CHATS = st.fixed_dictionaries({"id": st.integers()}, optional={"type": WORDS})
MESSAGES = st.builds(
    lambda base, more: {**more, **base},
    st.fixed_dictionaries({"message_id": st.integers(), "chat": CHATS, "from": USERS}),
    st.dictionaries(FIELDS, JSON, max_size=4),
)
UPDATES = st.fixed_dictionaries(
    {"update_id": st.integers()}, optional={"message": MESSAGES | JSON, "edited_message": MESSAGES | JSON}
)


@given(JSON | UPDATES)
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
