"""Strangers' words as HTML: nothing of theirs becomes a tag, and nothing is lost."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.messages import Media, MediaKind, Text
from gateway.texts import Texts
from handoff.screens.pieces import SHOWN, pieces, plain_html, rich_html, size_word, words

ANYTHING = st.text() | st.text(alphabet="<>&\"'()[]*_-#!`\\/:.htps ax\n", max_size=80)
TAG = re.compile(r"<[^>]*>")
OURS = re.compile(r'</?a(?: href="https?://[^"<>]*" target="_blank" rel="noopener noreferrer")?>')


@given(ANYTHING)
def test_plain_words_come_back_whole(text: str) -> None:
    made = str(plain_html(text))
    assert all(OURS.fullmatch(tag) for tag in TAG.findall(made))
    assert html.unescape(TAG.sub("", made)) == text


@given(ANYTHING)
def test_rich_words_hold_no_foreign_tags(text: str) -> None:
    made = str(rich_html(text))
    assert "<script" not in made
    assert "<img" not in made
    assert not re.search(r"""href=["']?\s*javascript:""", made, re.IGNORECASE)


def test_links_open_beside_the_desk() -> None:
    assert 'href="https://x.example/a?b=1&amp;c=2"' in plain_html("see https://x.example/a?b=1&c=2.")
    assert plain_html("see https://x.example.").endswith("</a>.")
    assert 'target="_blank"' in rich_html("[here](https://x.example)")


def test_a_very_long_text_unfolds() -> None:
    text = "я" * (SHOWN + 5)
    piece = words(0, text, rich=True)
    assert (len(piece.text), len(piece.rest), piece.rich) == (SHOWN, 5, False)


@pytest.mark.parametrize(
    ("mime", "kind"), [("image/png", "image"), ("image/svg+xml", "file"), (None, "image"), ("image/tiff", "file")]
)
def test_only_harmless_pictures_are_shown(mime: str | None, kind: str) -> None:
    assert pieces((Media(kind=MediaKind.IMAGE, ref="r", mime=mime),))[0].kind == kind


def test_places_of_parts_are_kept() -> None:
    parts = (Text(text="a"), Media(kind=MediaKind.FILE, ref="r"))
    assert [piece.index for piece in pieces(parts)] == [0, 1]


@pytest.mark.parametrize(
    ("size", "said"), [(1, "1 КБ"), (184_320, "180 КБ"), (2_600_000, "2,5 МБ"), (5 * 1024 * 1024, "5 МБ")]
)
def test_sizes(size: int, said: str) -> None:
    assert size_word(Texts().translator("uk"), size) == said
