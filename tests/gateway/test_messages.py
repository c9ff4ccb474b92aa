"""The parts of a message: stored and read back as they were, and cleaned of what cannot be stored."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.messages import (
    ButtonPress,
    ContactCard,
    Edit,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Start,
    Text,
    clean_text,
    decode_parts,
    encode_parts,
    has_attachment,
    plain_text,
)

_text = st.text(max_size=20).map(clean_text)
_maybe = st.none() | _text
_parts = st.lists(
    st.one_of(
        st.builds(Text, text=_text, markdown=st.booleans()),
        st.builds(
            Media,
            kind=st.sampled_from(MediaKind),
            ref=_text,
            name=_maybe,
            mime=_maybe,
            size=st.none() | st.integers(0, 2**53),
            caption=_maybe,
        ),
        st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), title=_maybe),
        st.builds(ContactCard, phone=_text, name=_maybe, own=st.booleans()),
        st.builds(ButtonPress, payload=_text, label=_maybe, target=_maybe),
        st.builds(Start, payload=_maybe),
        st.builds(Edit, target=_text, text=_text),
        st.builds(Reaction, target=_text, emoji=_text, removed=st.booleans()),
    ),
    max_size=4,
).map(tuple)


@given(parts=_parts)
def test_parts_come_back_as_they_were_stored(parts: tuple[Part, ...]) -> None:
    assert decode_parts(encode_parts(parts)) == parts


@pytest.mark.parametrize("stored", ["", "{}", "[1]", '[{"part":"poll"}]', '[{"part":"text"}]'])
def test_foreign_json_is_refused(stored: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_parts(stored)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Привіт", "Привіт"),
        ("a\x00b\x00", "ab"),
        ("\ud83d alone", "� alone"),
        ("\udc00\ud800", "��"),
        ("😀", "😀"),
        ("\u200fעברית\u200b", "\u200fעברית\u200b"),
        ("", ""),
    ],
)
def test_clean_text(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(text=st.text(st.characters(), max_size=50))
def test_clean_text_can_be_stored_and_sent(text: str) -> None:
    clean = clean_text(text)
    assert "\x00" not in clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert clean_text(clean) == clean


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((), ""),
        ((Text(text="one"), Text(text="two")), "one\ntwo"),
        ((Media(kind=MediaKind.IMAGE, ref="x", caption="look"),), "look"),
        ((Media(kind=MediaKind.IMAGE, ref="x"), Text(text="this")), "this"),
        ((Edit(target="1", text="better"),), "better"),
        ((ButtonPress(payload="a:cost", label="Cost"),), ""),
        ((Start(payload="cost"), Reaction(target="1", emoji="👍"), Location(latitude=1, longitude=2)), ""),
        ((ContactCard(phone="+380", name="Оля"),), ""),
    ],
)
def test_plain_text_is_what_a_person_typed(parts: tuple[Part, ...], words: str) -> None:
    assert plain_text(parts) == words


@pytest.mark.parametrize(("kind", "only_a_person_can_read_it"), [(kind, kind != "sticker") for kind in MediaKind])
def test_attachments(kind: MediaKind, only_a_person_can_read_it: bool) -> None:
    assert has_attachment((Text(text="x"), Media(kind=kind, ref="x"))) is only_a_person_can_read_it
    assert not has_attachment((Text(text="x"),))
