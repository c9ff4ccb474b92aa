"""Payloads to deeds, and cards, threads and dialogs to blocks that Slack takes, whatever stands in them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bots.slack.desk.wire import dialogs
from bots.slack.desk.wire.cards import card_blocks, card_words
from bots.slack.desk.wire.deeds import (
    Changed,
    Chosen,
    Deleted,
    Nothing,
    Pressed,
    Said,
    Spot,
    Subject,
    Submitted,
    read_deed,
    whose,
)
from bots.slack.desk.wire.pieces import code, cut, safe
from bots.slack.desk.wire.transcripts import bundled, opening, replacement
from gateway.desks import CallSheet, CallTime, Card, CardState, DeskLine, Named, ReadyText, Side, TriedWords
from gateway.errors import Unreadable
from gateway.messages import Ignored, Inbound, Media, MediaKind
from gateway.texts import Texts
from tests.bots.slack.support import cases
from tests.standins.slack import _check_blocks, _check_view

DEEDS: dict[str, Any] = {
    "said": Said,
    "changed": Changed,
    "deleted": Deleted,
    "pressed": Pressed,
    "chosen": Chosen,
    "submitted": Submitted,
    "nothing": Nothing,
}
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TEXTS = Texts()
LINK = "https://desk.example/desk/7"
SUBJECT = Subject(dialog="desk:template", spot=Spot(room="C1", ts="1.000001"))

words = some.text(max_size=200) | some.text(alphabet="&<>`*_@ \n", max_size=600)
long_words = words | some.sampled_from(["слово " * 1500, "&" * 9000, "x" * 3001])
languages = some.sampled_from(["uk", "ru", "en"]).map(TEXTS.translator)


# --- in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("desk"))
def test_a_payload_is_a_deed(case: dict[str, Any]) -> None:
    body = json.dumps(case["payload"]).encode()
    ((kind, fields),) = case["deed"].items()
    deed = read_deed(body)
    assert deed == msgspec.convert(fields, DEEDS[kind])
    event = whose(body)
    if isinstance(deed, Nothing):
        assert isinstance(event, Ignored)
    else:
        assert isinstance(event, Inbound)
        assert event.sender.address == "C2147483705:1355517523.000005"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type": 7}',
        b'{"type": "event_callback", "event": {"type": "message"}}',
        b'{"type": "event_callback", "event_id": "E", "event": {"type": "message", "ts": {}}}',
        b'{"type": "block_actions", "user": "U1"}',
    ],
)
def test_what_no_slack_sends_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_deed(body)


NAMES = some.sampled_from(["type", "user", "view", "actions", "event", "id", "state"])
odd = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(odd)
def test_odd_json_is_read_or_unreadable(payload: Any) -> None:
    for kind in ("event_callback", "block_actions", "view_submission"):
        whole = {**payload, "type": kind} if isinstance(payload, dict) else payload
        with suppress(Unreadable):
            read_deed(json.dumps(whole).encode())


# --- out -----------------------------------------------------------------------------------------


@given(long_words, some.integers(10, 400))
def test_words_are_escaped_within_their_limit(text: str, limit: int) -> None:
    shown = safe(text, limit)
    assert len(shown) <= limit
    assert "<" not in shown
    assert ">" not in shown
    assert "`" not in code(text, limit)[1:-1]
    assert len(cut(text, limit)) <= limit


cards = some.builds(
    Card,
    conversation_id=some.just(7),
    state=some.sampled_from(CardState),
    name=long_words,
    channel=words,
    status=words,
    reason=words,
    began_at=some.just(NOW),
    language=words,
    waits_since=some.none() | some.just(NOW),
    mood=words,
    topic=words,
    phone=words,
    form=words,
    call=words,
    rating=some.none() | some.integers(1, 5),
    earlier=some.integers(0, 30),
    tried=some.lists(some.builds(TriedWords, text=words, did=words, topic=words), max_size=5).map(tuple),
    facts=some.lists(some.builds(Named, label=words, value=words), max_size=12).map(tuple),
)


@given(cards, languages)
def test_any_card_is_taken(card: Card, texts: Any) -> None:
    blocks = card_blocks(card, "7", LINK, texts)
    _check_blocks(blocks)
    assert len(card_words(card)) <= 300


media = some.builds(Media, kind=some.sampled_from(MediaKind), ref=some.just("x"), name=some.none() | words)
lines = some.lists(
    some.builds(
        DeskLine,
        message_id=some.just(1),
        seq=some.just(1),
        side=some.sampled_from(Side),
        by=words,
        at=some.just(NOW),
        channel=some.just("Mail"),
        text=long_words,
        markdown=some.booleans(),
        remark=words,
        media=some.lists(media, max_size=2).map(tuple),
    ),
    max_size=6,
)


@given(lines, languages)
def test_any_thread_is_taken_whole_and_in_order(drawn: list[DeskLine], texts: Any) -> None:
    numbered = [msgspec.structs.replace(line, seq=number) for number, line in enumerate(drawn, 1)]
    bundles = bundled(numbered, LINK, texts)
    assert [line for bundle in bundles for line in bundle.lines] == numbered
    for bundle in bundles:
        blocks = [*opening(7, bundle.lines, texts, more=True), *bundle.blocks]
        _check_blocks(blocks)
        assert (bundle.first, bundle.last) == (bundle.lines[0].seq, bundle.lines[-1].seq)
        assert bundle.with_files == bool(bundle.lines[0].media)
        assert len(bundle.lines) == 1 or not any(line.media for line in bundle.lines)
    _check_blocks(replacement(LINK, texts))


def test_words_stand_in_a_thread_exactly_as_they_are() -> None:
    line = DeskLine(
        message_id=1, seq=1, side=Side.CONTACT, by="O*lha", at=NOW, channel="Mail", text="*not bold* <!here>"
    )
    ((_, said),) = [bundle.blocks for bundle in bundled([line], LINK, TEXTS.translator("en"))]
    assert said["text"] == {"type": "plain_text", "text": "*not bold* <!here>", "emoji": False}


ready = some.builds(
    ReadyText,
    shortcut=some.uuids().map(lambda one: one.hex),
    text=long_words,
    missing=some.lists(words, max_size=3).map(tuple),
    title=some.just("") | words,
)


@given(some.lists(ready, max_size=4, unique_by=lambda one: one.shortcut), words, languages)
def test_any_template_dialog_is_taken(found: list[ReadyText], searched: str, texts: Any) -> None:
    for chosen in (None, *found):
        _check_view(dialogs.template_dialog(SUBJECT, found, chosen, texts, searched=searched))


def test_many_templates_are_searched() -> None:
    found = [ReadyText(shortcut=f"t{number}", text="Hello") for number in range(150)]
    view = dialogs.template_dialog(SUBJECT, found, found[0], TEXTS.translator("uk"))
    _check_view(view)
    assert [block["element"]["action_id"] for block in view["blocks"]] == ["search", "shortcut", "words"]


@pytest.mark.parametrize("count", [0, 1, 100, 3000])
@pytest.mark.parametrize("language", ["uk", "ru", "en"])
def test_any_call_sheet_is_taken(count: int, language: str) -> None:
    times = tuple(
        CallTime(starts_at=(NOW + timedelta(minutes=15 * number)).isoformat(), day=f"day {number // 96}", text="10:00")
        for number in range(count)
    )
    sheet = CallSheet(phone="+380 67 123 45 67", topic="x" * 300, times=times)
    _check_view(dialogs.callback_dialog(SUBJECT, sheet, TEXTS.translator(language)))


@pytest.mark.parametrize("language", ["uk", "ru", "en"])
def test_the_other_dialogs_are_taken(language: str) -> None:
    texts = TEXTS.translator(language)
    many = [Named(label="Дуже довге імʼя " * 9, value=str(number)) for number in range(200)]
    _check_view(dialogs.transfer_dialog(SUBJECT, many, texts))
    _check_view(dialogs.close_dialog(SUBJECT, many[:4], texts))
    _check_view(dialogs.note_dialog(SUBJECT, texts))
    _check_view(dialogs.code_dialog(SUBJECT, texts))
