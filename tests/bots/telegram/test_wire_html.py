"""Light Markdown → Telegram HTML: whatever goes in, what comes out is balanced and shows the words."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.wire.html import markdown_html, plain_html

ALLOWED = {"b", "a"}


class Reader(HTMLParser):
    """Reads HTML strictly: only our tags, properly nested; gathers the words shown."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert tag not in self.open
        self.open.append(tag)
        if tag == "a":
            ((name, target),) = attrs
            assert name == "href"
            assert target is not None
            assert re.match("https?://", target)
            self.links.append(target)
        else:
            assert not attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


MARKUP = ["**", "*", "[", "](", ")", "(", "`", "- ", "\n", " ", "слово", "https://e.com/", "https://e.com/?a=<b>&c="]
HTML = ["<b>", "</b>", "<a href=x>", "<!--", "&", "&amp;", "<", ">", '"', "'"]
MARKS = st.sampled_from(MARKUP + HTML)
TEXTS = st.lists(MARKS | st.text(max_size=5), max_size=30).map("".join)


@given(TEXTS)
def test_markdown_is_always_balanced(text: str) -> None:
    read(markdown_html(text))


@given(TEXTS)
def test_plain_shows_exactly_the_text(text: str) -> None:
    reader = read(plain_html(text))
    assert "".join(reader.words) == text.replace("\x00", "")
    assert "<" not in plain_html(text)


@given(TEXTS)
def test_markdown_loses_no_words(text: str) -> None:
    def letters(words: str) -> str:
        return re.sub(r"[^\w]", "", words)

    reader = read(markdown_html(text))
    shown = letters("".join(reader.words))
    said = letters(text)
    for link in reader.links:
        said = said.replace(letters(link), "", 1)
        shown = shown.replace(letters(link), "", 1)
    assert sorted(shown) == sorted(said)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** b **c**", "<b>a</b> b <b>c</b>"),
        ("** a **", "** a **"),
        ("**a\nb**", "**a\nb**"),
        ("2 ** 3 ** 4", "2 ** 3 ** 4"),
        ("****", "****"),
        ("**a", "**a"),
        ("- one\n  - two\n* three\n-four", "• one\n  • two\n• three\n-four"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("[a](javascript:x)", "[a](javascript:x)"),
        ("[a](https://e.com/x_(y))", '<a href="https://e.com/x_(y)">a</a>'),
        ('[<i>](https://e.com/?a=1&b="2")', '[&lt;i&gt;](https://e.com/?a=1&amp;b="2")'),
        ("https://e.com/a_b*c", "https://e.com/a_b*c"),
        ("<script>&", "&lt;script&gt;&amp;"),
    ],
)
def test_markdown(text: str, html: str) -> None:
    assert markdown_html(text) == html
