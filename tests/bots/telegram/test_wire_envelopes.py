"""Envelopes: same update, same id; and a batch is cut apart whatever is in it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.wire.envelopes import peek, press_id, split_updates, update_id
from tests.bots.telegram.support import cases


@pytest.mark.parametrize("case", cases("in"))
def test_every_update_has_its_number(case: dict[str, Any]) -> None:
    body = json.dumps(case["update"]).encode()
    envelope = peek(body)
    assert envelope.platform_id == f"update:{case['update']['update_id']}"
    assert envelope.body == body
    inbound = case["event"].get("inbound") or case["event"].get("signal")
    if inbound:
        assert envelope.address == (inbound.get("sender") or inbound)["address"]


@pytest.mark.parametrize(
    ("update", "address"),
    [
        ({"message": {"chat": {"id": -5}, "from": {"id": 7}}}, "-5"),
        ({"callback_query": {"from": {"id": 7}, "message": {"chat": {"id": 8}}}}, "8"),
        ({"callback_query": {"from": {"id": 7}, "inline_message_id": "x"}}, "7"),
        ({"poll_answer": {"user": {"id": 7}}}, "7"),
        ({"poll": {"id": "1"}}, None),
        ({"message": {"chat": {"id": "7"}}}, None),
        ({"message": {"chat": {"id": True}}}, None),
        ({}, None),
    ],
)
def test_address_is_the_chat_else_the_user(update: dict[str, Any], address: str | None) -> None:
    assert peek(json.dumps({"update_id": 3, **update}).encode()).address == address


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"1", b"{}", b'{"update_id":"1"}', b'{"update_id":true}', b'{"update_id":1e99}',
             b'{"update_id":99999999999999999999}', b"[" * 100_000, b"\xff"]
)  # fmt: skip
def test_what_has_no_number_is_unreadable(body: bytes) -> None:
    envelope = peek(body)
    assert envelope.platform_id == f"unreadable:{hashlib.sha256(body).hexdigest()}"
    assert envelope.address is None


def test_spacing_and_order_do_not_make_another_update() -> None:
    one, two = b'{"update_id":5,"message":{"chat":{"id":1}}}', b'{ "message": {"chat":{"id":1}}, "update_id": 5 }'
    assert (peek(one).platform_id, peek(one).address) == (peek(two).platform_id, peek(two).address)


@given(st.binary(max_size=300))
def test_looking_never_raises(body: bytes) -> None:
    assert peek(body).body == body
    press_id(body)
    update_id(body)
    split_updates(body)


WORDS = st.text(st.characters(exclude_categories=[])) | st.sampled_from(["]", "}", ",", '\\"', '"result":['])
JSON = st.recursive(
    st.none() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(JSON), st.sampled_from([None, 0, 2]), st.booleans())
def test_batches_come_apart_byte_for_byte(updates: list[Any], indent: int | None, ascii_only: bool) -> None:
    texts = [json.dumps(update, indent=indent, ensure_ascii=ascii_only) for update in updates]
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    assert split_updates(b'{"ok":true,"result":[' + b" , ".join(encoded) + b"]}") == encoded


@pytest.mark.parametrize("reply", [b"", b'{"ok":true}', b'{"ok":true,"result":true}', b'{"ok":true,"result":[{"a":1}'])
def test_half_a_batch_is_none(reply: bytes) -> None:
    assert split_updates(reply) is None


def test_one_absurd_update_does_not_take_its_neighbours_along() -> None:
    good = b'{"update_id":7,"message":{"text":"]},{"}}'
    absurd = b'{"update_id":8,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    halves = b'{"update_id":9,"text":"\\ud800"}'
    parts = split_updates(b'{"ok":true,"result":[' + b",".join([good, absurd, halves]) + b"]}")
    assert parts == [good, absurd, halves]
    assert [update_id(part) for part in parts] == [7, 8, 9]
    assert peek(absurd).platform_id.startswith("unreadable:")
    assert peek(halves).platform_id == "update:9"
