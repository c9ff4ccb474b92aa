"""Cursors and origins: small pure rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.webchat import cursor
from bots.webchat.origins import cors_headers, is_allowed
from bots.webchat.settings import WebchatSettings
from gateway.errors import RequestRefused, SettingsError
from gateway.settings import check_struct, describe

PAIRS = st.dictionaries(st.integers(0, 10**12), st.integers(0, 10**6), max_size=60)


@given(PAIRS)
def test_a_cursor_survives_the_way(pairs: dict[int, int]) -> None:
    assert cursor.decode(cursor.encode(pairs)) == pairs


@pytest.mark.parametrize(
    "text", ["x", "1", "1.", ".1", "1.2-", "1.2.3", "1.-2", "1.²", "9" * 40 + ".1", "1.1-" * 300 + "1.1"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RequestRefused):
        cursor.decode(text)


@given(PAIRS, PAIRS)
def test_merging_never_goes_back(one: dict[int, int], other: dict[int, int]) -> None:
    merged = cursor.merge(one, other)
    assert all(merged[key] >= seq for part in (one, other) for key, seq in part.items())


LISTED = WebchatSettings(allowed_origins=["https://shop.example", "http://localhost:3000"])


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://gateway.test:8000", True),
        ("https://gateway.test:8000", True),
        ("https://support.example", True),
        ("https://shop.example", True),
        ("https://SHOP.example", True),
        ("http://localhost:3000", True),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://shop.example.evil.test", False),
        ("https://evil.test", False),
        ("https://evil.test/gateway.test:8000", False),
        ("null", False),
        ("", False),
        ("file://", False),
    ],
)
def test_origins(origin: str | None, allowed: bool) -> None:
    assert is_allowed(origin, "gateway.test:8000", LISTED, "https://support.example") is allowed
    headers = {"host": "gateway.test:8000"} | ({"origin": origin} if origin is not None else {})
    named = cors_headers(headers, LISTED, "https://support.example").get("Access-Control-Allow-Origin")
    assert named == (origin if allowed else None)


def test_everybody_only_when_said_so() -> None:
    everybody = WebchatSettings(allowed_origins=["*"])
    assert is_allowed("https://anything.test", "gateway.test", everybody, None)
    assert is_allowed("null", "gateway.test", everybody, None)
    assert not is_allowed("https://anything.test", "gateway.test", WebchatSettings(), None)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"allowed_origins": ["shop.example"]}, "https://shop.example"),
        ({"allowed_origins": ["https://shop.example/page"]}, "origin"),
        ({"color": "green"}, "color"),
        ({"title": {"de": "Hallo"}}, "de"),
        ({"upload_limit": 0}, "upload_limit"),
        ({"colour": "#000000"}, "colour"),
    ],
)
def test_wrong_settings_are_named(raw: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        check_struct(WebchatSettings, raw, "channels.site.")


def test_every_setting_is_described() -> None:
    assert all(doc.description for doc in describe(WebchatSettings))
