"""What an assistant says becomes what we say: tables over what a server sent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assisting.assistant import Told
from nlu.rasa.saying import PAYLOAD_LIMIT, payload_named, said_after, shortened, told
from nlu.rasa.wire import Event, Message, Tracker

WIRE = Path(__file__).parent / "wire"


class Case(msgspec.Struct):
    messages: list[Message]
    told: Told


@pytest.mark.parametrize("path", sorted(WIRE.glob("said_*.json")), ids=lambda path: path.stem)
def test_said(path: Path) -> None:
    case = msgspec.json.decode(path.read_bytes(), type=Case)
    assert told(case.messages) == case.told


def test_words_and_not_knowing_are_words() -> None:
    said = told([Message(text="Hm."), Message(custom={"do": "unknown"})])
    assert not said.unknown
    assert len(said.replies) == 1


def test_an_answer_is_found_again_in_the_tracker() -> None:
    events = msgspec.json.decode((WIRE / "tracker.json").read_bytes(), type=Tracker).events or []
    found = said_after(events, 19)
    assert found is not None
    assert found[0].text
    assert [button.payload for button in found[0].buttons or []][1:] == ["/delivery-time", "/international"]
    assert said_after(events, 18) is None


@given(st.text(max_size=200))
def test_payloads_travel_and_are_found_again(payload: str) -> None:
    short = shortened(payload)
    assert len(short.encode()) <= PAYLOAD_LIMIT
    offered = Event(
        event="bot", text="?", data={"buttons": [{"title": "a", "payload": "/b"}, {"title": "c", "payload": payload}]}
    )
    if short != payload:
        assert payload_named(short, [offered]) == payload
        assert payload_named(short, []) is None
