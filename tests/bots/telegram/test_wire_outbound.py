"""Sends → calls, one table; both drivers put the same calls on the wire (see test_drivers)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bots.telegram.wire.outbound import compose, sent_id
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import Button, ButtonPress, Edit, Media, MediaKind, Start, Text
from tests.bots.telegram.support import cases

MIB = 1024 * 1024


def call_of(send: Send, *, clear_keyboard: bool = False) -> dict[str, Any]:
    call = compose(send, clear_keyboard=clear_keyboard)
    file = {"file": msgspec.to_builtins(call.upload)} if call.upload else {}
    return {"method": call.method, "params": call.params, **file}


@pytest.mark.parametrize("case", cases("out"))
def test_send_becomes_call(case: dict[str, Any]) -> None:
    assert call_of(msgspec.convert(case["send"], Send)) == case["call"]


def text(**fields: Any) -> Send:
    return Send(**{"address": "7001", "key": "k", "part": Text(text="hi"), **fields})


def test_keyboard_is_taken_away_once_asked_for() -> None:
    assert call_of(text(), clear_keyboard=True)["params"]["reply_markup"] == {"remove_keyboard": True}
    assert "reply_markup" not in call_of(text())["params"]


@pytest.mark.parametrize(
    "send",
    [
        text(address="olena"),
        text(part=ButtonPress(payload="x")),
        text(part=Start()),
        text(part=Edit(target="8:1", text="x")),
        text(part=Edit(target="nonsense", text="x")),
        text(buttons=(Button(label="x", payload="ї" * 33),)),
        text(buttons=(Button(label="x"),)),
    ],
)
def test_what_telegram_has_no_words_for_is_rejected(send: Send) -> None:
    with pytest.raises(Rejected):
        compose(send)


@pytest.mark.parametrize(
    ("size", "method"), [(None, "sendPhoto"), (10 * MIB, "sendPhoto"), (10 * MIB + 1, "sendDocument")]
)
def test_a_picture_beyond_a_photos_size_is_a_document(size: int | None, method: str) -> None:
    picture = Media(kind=MediaKind.IMAGE, ref="file:8", name="план.png", mime="image/png", size=size, caption="План")
    call = compose(text(part=picture))
    assert (call.method, call.params["caption"]) == (method, "План")
    assert call.upload is not None
    assert call.upload.name == "план.png"


def test_payload_of_64_bytes_passes() -> None:
    call = compose(text(buttons=(Button(label="x", payload="ї" * 32),)))
    assert call.params["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "ї" * 32


def test_lone_surrogate_goes_out_as_a_replacement() -> None:
    assert compose(text(part=Text(text="a\ud800"))).params["text"] == "a\ufffd"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"message_id": 5, "chat": {"id": -7, "type": "group"}}, "-7:5"),
        (True, None),
        ({"message_id": 5}, None),
        (None, None),
    ],
)
def test_sent_id(result: object, expected: str | None) -> None:
    assert sent_id(result) == expected
