"""Sends → calls, one table; and texts that no limit and no escaping spoils."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.wire.blocks import SECTION_LIMIT, sections
from bots.slack.wire.emoji import NAMES, emoji_of, name_of
from bots.slack.wire.mrkdwn import escape, plain_words, render
from bots.slack.wire.outbound import compose, sent_id
from bots.slack.wire.traces import block_mark, is_trace, metadata, oldest
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import Button, ButtonPress, Edit, Media, MediaKind, Reaction, Start, Text
from tests.bots.slack.support import cases


def call_of(send: Send) -> dict[str, Any]:
    call = compose(send, "shop")
    upload = {"upload": msgspec.to_builtins(call.upload)} if call.upload else {}
    return {"method": call.method, "params": call.params, **upload}


@pytest.mark.parametrize("case", cases("out"))
def test_send_becomes_call(case: dict[str, Any]) -> None:
    assert call_of(msgspec.convert(case["send"], Send)) == case["call"]


def text(**fields: Any) -> Send:
    return Send(**{"address": "D1", "key": "k", "part": Text(text="hi"), **fields})


@pytest.mark.parametrize(
    "send",
    [
        text(address="olena k"),
        text(address="C1:thread"),
        text(part=ButtonPress(payload="x")),
        text(part=Start()),
        text(part=Edit(target="D2:1.000001", text="x")),
        text(part=Edit(target="D1:nonsense", text="x")),
        text(part=Reaction(target="D1:1.000001", emoji="🫎")),
        text(part=Media(kind=MediaKind.FILE, ref="https://files.slack.com/x")),
        text(buttons=(Button(label="x", payload="y" * 2001),)),
        text(buttons=(Button(label="x", url="https://e.org/" + "y" * 3000),)),
        text(buttons=(Button(label="x"),)),
    ],
)
def test_what_slack_has_no_words_for_is_rejected(send: Send) -> None:
    with pytest.raises(Rejected):
        compose(send, "shop")


def test_what_was_said_to_a_person_is_changed_in_their_direct_message() -> None:
    call = compose(text(address="U1", part=Edit(target="D1:1.000001", text="x")), "shop")
    assert call.params["ts"] == "1.000001"


def test_lone_surrogate_goes_out_as_a_replacement() -> None:
    assert compose(text(part=Text(text="a\ud800")), "shop").params["text"] == "a\ufffd"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"ok": True, "channel": "D1", "ts": "1.000001"}, "D1:1.000001"),
        ({"ok": True, "files": [{"id": "F1", "shares": {"private": {"D1": [{"ts": "2.000002"}]}}}]}, "D1:2.000002"),
        ({"ok": True, "files": [{"id": "F1", "shares": {}}]}, None),
        ({"ok": True, "files": [{"id": "F1", "title": "x"}]}, None),
        ({"ok": True}, None),
    ],
)
def test_sent_id(answer: dict[str, Any], expected: str | None) -> None:
    assert sent_id(answer) == expected


# --- words -----------------------------------------------------------------------------------

WORDS = st.text(st.sampled_from("aя <>&|*_~`[]()!@#:-\n1") | st.characters(exclude_categories=["Cs"]), max_size=300)


@given(WORDS)
def test_plain_words_are_shown_as_they_are(words: str) -> None:
    assert html.unescape(escape(words)) == html.unescape(html.escape(words.replace("\x00", ""), quote=False))
    assert "<" not in escape(words)


@given(WORDS)
def test_rendered_markdown_has_no_angle_brackets_but_our_links(words: str) -> None:
    rendered = render(words)
    assert rendered.count("<") == rendered.count(">")
    assert rendered.count("<") == rendered.count("<http")


@given(WORDS)
def test_what_we_escape_a_reader_reads(words: str) -> None:
    cleaned = words.replace("\x00", "").lstrip()
    assert ":" in cleaned or plain_words(escape(words)) == cleaned


@given(st.text(st.sampled_from("&<> ab\n"), max_size=3000), st.booleans())
def test_sections_hold_what_slack_takes_and_lose_nothing(words: str, markdown: bool) -> None:
    blocks = sections(Text(text=words, markdown=markdown), "mark")
    pieces = [block["text"]["text"] for block in blocks]
    assert all(0 < len(piece) <= SECTION_LIMIT for piece in pieces)
    whole = "".join(html.unescape(piece) if markdown else piece for piece in pieces)
    assert "".join(whole.split()).replace("•", "") == "".join(words.split()).replace("-", "")
    assert [block.get("block_id") for block in blocks] == (["mark", *[None] * (len(blocks) - 1)] if blocks else [])


def test_three_thousand_ampersands_are_cut_between_entities() -> None:
    pieces = [block["text"]["text"] for block in sections(Text(text="&" * 3000, markdown=True))]
    assert len(pieces) == 5
    assert all(piece == "&amp;" * 600 for piece in pieces)


def test_emoji_both_ways() -> None:
    assert (emoji_of("thumbsup::skin-tone-3"), emoji_of("party-parrot")) == ("👍", ":party-parrot:")
    assert (name_of("👍"), name_of("❤"), name_of(":party-parrot:"), name_of("🫎")) == (
        "+1",
        "heart",
        "party-parrot",
        None,
    )
    assert all(emoji_of(str(name_of(emoji))) == emoji for emoji in NAMES.values())


# --- finding a send again --------------------------------------------------------------------

FILE = Media(kind=MediaKind.FILE, ref="file:7", name="a.pdf", size=5)


@pytest.mark.parametrize(
    ("message", "send", "found"),
    [
        ({"metadata": metadata("shop", "k")}, text(), True),
        ({"metadata": metadata("shop", "k2")}, text(), False),
        ({"metadata": metadata("other", "k")}, text(), False),
        ({"metadata": {"event_type": "task", "event_payload": {}}}, text(), False),
        ({"text": "hi"}, text(), False),
        ({"blocks": [{"block_id": "x"}, {"block_id": block_mark("shop", "k")}]}, text(), True),
        ({"blocks": [{"block_id": block_mark("shop", "k.1")}]}, text(), False),
        ({"bot_id": "B1", "files": [{"name": "a.pdf", "size": 5}]}, text(part=FILE), True),
        ({"bot_id": "B1", "files": [{"name": "a.pdf", "size": 6}]}, text(part=FILE), False),
        ({"user": "U1", "files": [{"name": "a.pdf", "size": 5}]}, text(part=FILE), False),
        ({"bot_id": "B1", "files": [{"name": "a.pdf", "size": 5}]}, text(), False),
        ({"blocks": 5, "files": 5, "bot_id": 5}, text(part=FILE), False),
        ("nonsense", text(), False),
    ],
)
def test_trace(message: object, send: Send, found: bool) -> None:
    assert is_trace(message, send, "shop") is found


def test_a_file_with_words_is_known_by_its_key_alone() -> None:
    captioned = text(part=msgspec.structs.replace(FILE, caption="Ось"))
    assert not is_trace({"bot_id": "B1", "files": [{"name": "a.pdf", "size": 5}]}, captioned, "shop")


def test_clocks_may_differ() -> None:
    assert oldest(datetime(2026, 11, 21, 8, 0, tzinfo=UTC)) == "1795247880.000000"
