"""Visitor tokens and file keys: forging, borrowing, ageing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.webchat.tokens import LIFETIME, RENEWAL, VisitorTokens
from gateway.errors import RequestRefused
from tests.conftest import SteppingClock


def test_a_token_names_its_visitor_also_after_a_restart(clock: SteppingClock) -> None:
    visitor, token = VisitorTokens("secret", clock).welcome("site")
    assert VisitorTokens("secret", clock).check("site", token) == visitor


def test_visitors_differ(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    assert len({tokens.welcome("site")[0].id for _ in range(50)}) == 50


def test_another_channel_does_not_take_it(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    with pytest.raises(RequestRefused) as caught:
        tokens.check("other", tokens.welcome("site")[1])
    assert caught.value.status == 401


def test_another_secret_does_not_take_it(clock: SteppingClock) -> None:
    token = VisitorTokens("secret", clock).welcome("site")[1]
    with pytest.raises(RequestRefused):
        VisitorTokens("changed", clock).check("site", token)


def test_every_changed_letter_is_noticed(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    token = tokens.welcome("site")[1]
    for at in range(len(token)):
        forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(RequestRefused):
            tokens.check("site", forged)


@given(st.text(max_size=200))
def test_no_text_passes_or_breaks(text: str) -> None:
    tokens = VisitorTokens("secret", SteppingClock(datetime(2026, 11, 21, tzinfo=UTC)))
    for forged in (text, f"v1.{text}", f"v1.{text}.{text}"):
        with pytest.raises(RequestRefused):
            tokens.check("site", forged)
    with pytest.raises(RequestRefused):
        tokens.check_file_key("site", "file", text)


def test_tokens_grow_old_and_are_renewed(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    visitor, token = tokens.welcome("site")
    assert tokens.renewed(visitor) is None
    clock.advance(seconds=RENEWAL.total_seconds() + 1)
    fresh = tokens.renewed(visitor)
    assert fresh is not None
    clock.advance(seconds=LIFETIME.total_seconds() - RENEWAL.total_seconds())
    assert tokens.check("site", fresh).id == visitor.id
    with pytest.raises(RequestRefused):
        tokens.check("site", token)


def test_a_token_from_the_future_is_not_taken(clock: SteppingClock) -> None:
    token = VisitorTokens("secret", clock).welcome("site")[1]
    clock.advance(hours=-1)
    with pytest.raises(RequestRefused):
        VisitorTokens("secret", clock).check("site", token)


def test_a_file_key_opens_one_file_for_one_visitor(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    key = tokens.file_key("site", "me", "file-1")
    assert tokens.check_file_key("site", "file-1", key) == "me"
    for channel, file, given_key in (
        ("site", "file-2", key),
        ("other", "file-1", key),
        ("site", "file-1", key.replace("me", "you", 1)),
        ("site", "file-1", key[:-2]),
    ):
        with pytest.raises(RequestRefused):
            tokens.check_file_key(channel, file, given_key)


def test_a_file_key_is_no_visitor_token(clock: SteppingClock) -> None:
    tokens = VisitorTokens("secret", clock)
    with pytest.raises(RequestRefused):
        tokens.check("site", tokens.file_key("site", "me", "file-1"))
