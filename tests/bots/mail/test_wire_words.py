"""Quotes, HTML, charsets and files' names: the pure parts one by one."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.mail.wire.charsets import decode, decode_words
from bots.mail.wire.files import file_name, pixels
from bots.mail.wire.html import read_html, sanitise
from bots.mail.wire.letter import Leaf
from bots.mail.wire.people import people
from bots.mail.wire.quotes import cut
from bots.mail.wire.writing import as_html, as_text, quote_text

QUOTE = "> Ваше замовлення в дорозі.\n> Ще щось?"


@pytest.mark.parametrize(
    "introduction",
    [
        "On Fri, Nov 20, 2026 at 10:20 AM Tea Shop <help@shop.example> wrote:",
        "On 20 Nov 2026, at 10:20, Tea Shop <help@shop.example> wrote:",
        "пт, 20 лист. 2026 р. о 10:20 Крамниця <help@shop.example> пише:",
        "пʼятниця, 20 листопада 2026 р. Крамниця <help@shop.example> написав(ла):",
        "20 лист. 2026 р. о 10:20 Крамниця написала:",
        "20.11.2026 10:20, Крамниця пише:",
        "20 ноября 2026 г., 10:20, Магазин <help@shop.example> написал(а):",
        "пт, 20 нояб. 2026 г. в 10:20, Магазин <help@shop.example>:",
        "20.11.2026 10:20, Магазин пишет:",
        '20.11.2026, 10:20, "Магазин" <help@shop.example>:',
        "2026-11-20 10:20 GMT+02:00 Tea Shop <help@shop.example>:",
    ],
)
def test_what_is_answered_is_cut(introduction: str) -> None:
    found = cut(f"Так, дякую.\n\n{introduction}\n\n{QUOTE}\n")
    assert found.shown == "Так, дякую."
    assert found.rest == f"{introduction}\n\n{QUOTE}"
    if introduction.endswith(("wrote:", "пише:", "пишет:")):
        assert cut(f"Так.\n\n{introduction}\n\nнепозначена цитата\n").shown == "Так."


@pytest.mark.parametrize(
    "tail",
    [
        "-- \nОлена Коваль\nкрамниця «Чай»",
        "--\nІван",
        "-----Original Message-----\nFrom: x\n\nold",
        "-----Исходное сообщение-----\nstaroe",
        "----- Оригінальне повідомлення -----\nстаре",
        "________________________________\nFrom: Shop <a@b>\nSent: Friday\nTo: me\nSubject: x\n\nold",
        "От: Магазин\nОтправлено: пятница\nКому: мне\nТема: Чай\n\nстарое",
        "Від: Крамниця\nДата: пʼятниця\nКому: мені\nТема: Чай\n\nстаре",
        "*From:* Shop\n*Sent:* Friday\n*To:* me\n*Subject:* x\n\nold",
        "Sent from my iPhone",
        "Sent from Outlook for Android",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Надіслано з iPhone",
        "Надіслано зі смартфона Samsung Galaxy",
        "Відправлено з мобільного пристрою",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail",
        "> цитата без вступу",
    ],
)
def test_what_closes_a_mail_is_cut(tail: str) -> None:
    found = cut(f"Нове.\n\n{tail}\n")
    assert found.shown == "Нове."
    assert found.rest == tail.replace("-- \n", "--\n")


@pytest.mark.parametrize(
    "text",
    [
        "> лише цитата",
        "Sent from my iPhone",
        "Клієнт пише: де мій чай?",
        "Він написав:\nприїду завтра",
        "Ціна -- 5 грн\nчи ні",
        "Дата: завтра\nКому: мені",
        "Надіслано з iPhone\nале це не кінець листа",
        "> питання один\nвідповідь\n> питання два\nвідповідь",
        "",
    ],
)
def test_what_may_be_new_is_shown(text: str) -> None:
    found = cut(text)
    assert found.shown == text
    assert found.rest is None


@given(st.text(max_size=300), st.sampled_from(["-- ", "> x", "On 1/1/2026, X wrote:", "Надіслано з iPhone", ""]))
def test_nothing_is_lost_between_shown_and_rest(text: str, mark: str) -> None:
    whole = f"{text}\n{mark}\n{text}"
    found = cut(whole)
    kept = f"{found.shown}\n{found.rest or ''}"
    assert sorted(kept.split()) == sorted(whole.replace("\r", "\n").split())
    assert found.shown.strip() or not whole.strip()


# --- HTML ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Так</p><p>Ні</p>", "Так\n\nНі"),
        ("Так<br>Ні", "Так\nНі"),
        ("<div>Так</div><div>Ні</div>", "Так\nНі"),
        ("<ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol>", "- a\n- b\n\n1. c\n2. d"),
        ('<a href="https://x.example/a">тут</a>', "тут (https://x.example/a)"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="javascript:alert(1)">тут</a>', "тут"),
        ("<table><tr><td>Чай</td><td>5</td></tr><tr><td>Мед</td><td>7</td></tr></table>", "Чай 5\nМед 7"),
        ("<title>T</title><style>p{}</style><script>x</script>A &amp; B &lt;c&gt;", "A & B <c>"),
        ('<span style="display:none">прихований вступ</span>Видно', "Видно"),
        ("Так<blockquote>старе<br>ще</blockquote>", "Так\n\n> старе\n> ще"),
        ('Так<div class="gmail_quote">він пише:<blockquote>x</blockquote></div>', "Так\n> він пише:\n>\n> > x"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<img src="https://t.example/x.gif" alt="Логотип">', "[Логотип]"),
        ('<img src="https://t.example/x.gif" alt="" width="1">', ""),
        ("<!-- a --><!--[if mso]>b<![endif]-->c", "c"),
    ],
)
def test_html_is_read_aloud(html: str, text: str) -> None:
    assert read_html(html).text.removesuffix("\n>").removesuffix("\n> >") == text


def test_pictures_are_known_by_where_they_stand() -> None:
    reading = read_html('<img src="cid:a@1"><blockquote><img src="CID:b@1"></blockquote>')
    assert reading.pictures == {"a@1"}
    assert reading.quoted == {"b@1"}


def test_sanitised_html_neither_runs_nor_loads() -> None:
    clean = sanitise(
        '<p onclick="x()">Так <b>так</b></p><script>alert(1)</script><img src="https://t.example/x">'
        '<a href="javascript:x">a</a><iframe src="//x"></iframe><form action="//x"><input></form><svg onload=x>'
    )
    assert "<b>так</b>" in clean
    assert not re.search(r"script|onclick|onload|<img|<iframe|<form|<svg|javascript", clean)


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<p>", "<b><i>", "<", "<!--", "<a ", "<li><ul>", "<blockquote>", "<table><tr><td>", "&lt;", "&#x"],
)
def test_no_html_takes_long(piece: str) -> None:
    started = time.process_time()
    read_html(piece * 100_000)
    sanitise(piece * 100_000)
    assert time.process_time() - started < 5


@given(st.text(max_size=300))
def test_any_text_is_html_that_shows_it(text: str) -> None:
    for markdown in (True, False):
        html = as_html(text, markdown=markdown)
        assert html.count("<p>") == html.count("</p>")
        assert not re.search(r"<(?!/?(p|br|ul|li|b|a)\b)", html)
    shown = read_html(as_html(text, markdown=False)).text
    visible = "".join(re.findall(r"\w", text))
    assert "".join(re.findall(r"\w", shown)).startswith(visible[:100]) or not visible


def test_markdown_in_both_forms() -> None:
    text = "**Вартість**:\n- до 1 кг\n- [карта](https://x.example/a?b=1&c=2)\n\n<b> https://y.example."
    assert (
        as_text(text, markdown=True)
        == "Вартість:\n• до 1 кг\n• карта: https://x.example/a?b=1&c=2\n\n<b> https://y.example."
    )
    assert as_html(text, markdown=True) == (
        "<p><b>Вартість</b>:</p><ul><li>до 1 кг</li>"
        '<li><a href="https://x.example/a?b=1&amp;c=2">карта</a></li></ul>\n'
        '<p>&lt;b&gt; <a href="https://y.example">https://y.example</a>.</p>'
    )
    assert quote_text("a\n\n> b") == "> a\n>\n>> b"


# --- charsets, names, addresses --------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Привіт".encode("koi8-u"), "koi8-u", "Привіт"),
        ("Привіт".encode("cp1251"), "windows-1251", "Привіт"),
        ("Привіт, як справи?".encode("cp1251"), None, "Привіт, як справи?"),
        ("Привіт, як справи?".encode("koi8-u"), "us-ascii", "Привіт, як справи?"),
        ("Привіт".encode(), "x-unknown", "Привіт"),
        ("Привіт".encode("cp1251"), "utf-8", "Привіт"),
        ("Привіт".encode("utf-16"), "utf-16", "Привіт"),
        (b"abc\\u0041", "unicode_escape", "abc\\u0041"),
        (b"uryyb", "rot13", "uryyb"),
        (b"a\x00b", "utf-8", "ab"),
        ("їжа ".encode() * 40 + b"\xff", "utf-8", "їжа " * 40 + "�"),
    ],
)
def test_decoding(content: bytes, charset: str | None, text: str) -> None:
    assert decode(content, charset) == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("=?koi8-u?B?8NLJ16bU?= =?koi8-u?B?IQ==?=", "Привіт!"),
        ("=?utf-8?q?a_b=3F?= c", "a b? c"),
        ("plain =?utf-8*uk?B?0ZbQtg==?=", "plain іж"),
        ("=?utf-8?B?!!!?= c", " c"),
        ("=?bad", "=?bad"),
    ],
)
def test_encoded_words(header: str, text: str) -> None:
    assert decode_words(header) == text


@pytest.mark.parametrize(
    ("header", "addresses"),
    [
        ("A <A@B.Example>", ["a@b.example"]),
        ('"Shop, Ltd" <a@b.example>, c@d.example', ["a@b.example", "c@d.example"]),
        ("=?utf-8?B?0ZbQtg==?= <a@b.example>", ["a@b.example"]),
        ("a@b.example (Ann)", ["a@b.example"]),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("(" * 5000 + "a@b.example", ["a@b.example"]),
        ("nonsense", []),
        (None, []),
    ],
)
def test_addresses(header: str | None, addresses: list[str]) -> None:
    assert [one.address for one in people(header)] == addresses


@pytest.mark.parametrize(
    ("name", "mime", "clean"),
    [
        ("../../etc/passwd", "text/plain", "passwd"),
        ("C:\\docs\\a.docx", "text/plain", "a.docx"),
        ("a\x00\u202eb.pdf", "text/plain", "ab.pdf"),
        (None, "text/calendar", "invite.ics"),
        ("...", "image/png", "picture.png"),
        ("x" * 300 + ".pdf", "text/plain", "x" * 146 + ".pdf"),
    ],
)
def test_file_names(name: str | None, mime: str, clean: str) -> None:
    assert file_name(Leaf(mime=mime, name=name)) == clean


def test_pixels() -> None:
    assert pixels(b"GIF89a\x01\x00\x01\x00;") == (1, 1)
    assert pixels(b"\xff\xd8\xff\xe0\x00\x04xx\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x03\x00\x00\x00") == (32, 16)
    assert pixels(b"\xff\xd8\xff") is None
    assert pixels(b"BM") is None
