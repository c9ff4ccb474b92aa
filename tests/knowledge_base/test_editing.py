"""The pure parts behind the editor: forms, differences, bubbles, the list's figures, and its words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.improving.usefulness import Usage
from gateway.messages import Author, Direction, Text
from gateway.ports import Clock
from gateway.storage.engine import Database
from knowledge_base.articles import (
    Article,
    ArticleButton,
    ButtonAction,
    Season,
    Status,
    phrase_key,
    tidy_line,
    tidy_text,
)
from knowledge_base.differences import Op, differences
from knowledge_base.forms import from_form, to_form
from knowledge_base.listing import Completeness, Filters, narrow, rows
from knowledge_base.previews import to_html
from knowledge_base.storage import Articles, Saved
from tests.knowledge_base.asked.filling import Past
from tests.knowledge_base.fakes import an_article

PACKAGE = Path(__file__).parents[2] / "knowledge_base"


# --- forms -----------------------------------------------------------------------------------

_lines = st.text(min_size=1, max_size=30).map(tidy_line).filter(bool)
_texts = st.text(min_size=1, max_size=80).map(tidy_text).filter(bool)
_languages = st.sampled_from(["uk", "ru", "en"])
_buttons = st.builds(
    lambda label, target: ArticleButton(label=label, **target),
    st.dictionaries(_languages, _lines, min_size=1),
    st.sampled_from([{"article": "refund"}, {"action": ButtonAction.CALLBACK}, {"url": "https://x.example"}]),
)


@settings(max_examples=100)
@given(
    article=st.builds(
        Article,
        id=st.just("a"),
        title=st.dictionaries(_languages, _lines),
        category=st.just("") | _lines,
        valid_from=st.dates(),
        from_time=st.none() | st.times().map(lambda one: one.replace(second=0, microsecond=0)),
        phrasings=st.dictionaries(_languages, st.lists(_lines, min_size=1).map(tuple)),
        answers=st.dictionaries(
            _languages, st.dictionaries(st.sampled_from(["default", "telegram"]), _texts, min_size=1)
        ),
        buttons=st.lists(_buttons, max_size=3).map(tuple),
        notes=st.just("") | _texts,
    )
)
def test_a_form_gives_back_the_article_it_shows(article: Article) -> None:
    # Browsers send line ends as CR LF.
    form = {name: value.replace("\n", "\r\n") for name, value in to_form(article).items()}
    assert from_form(form, "a", article.status) == (article, [])


# --- differences -----------------------------------------------------------------------------


def said(old: Article, new: Article) -> dict[str, list[str]]:
    signs = {Op.SAME: "", Op.ADDED: "+", Op.REMOVED: "-"}
    return {
        ".".join(difference.path): ["|".join(signs[run.op] + run.text for run in line) for line in difference.lines]
        for difference in differences(old, new)
    }


def test_no_difference() -> None:
    assert differences(an_article(), an_article()) == []


def test_only_the_changed_words_are_marked() -> None:
    old = an_article("a", answers={"en": {"default": "It costs 70 UAH.\nPay by card."}})
    new = an_article("a", answers={"en": {"default": "It costs 80 UAH.\nPay by card.\nOr in cash."}})
    assert said(old, new) == {
        "answers.en.default": ["It costs |-70|+80| UAH.", "Pay by card.", "+Or in cash."],
    }


def test_long_notes_are_compared_by_lines_and_very_long_ones_as_a_whole() -> None:
    lines = [f"{number} " + "and so on, " * 300 for number in range(4)]
    old, new = "\n".join(lines), "\n".join([*lines[:2], lines[2].replace("2 ", "two ", 1), lines[3]])
    assert said(an_article("a", notes=old), an_article("a", notes=new)) == {
        "notes": [lines[0], lines[1], f"-{lines[2]}", f"+{lines[2].replace('2 ', 'two ', 1)}", lines[3]]
    }
    book = "\n".join(f"page {number}" for number in range(2000))
    changed = said(an_article("a", notes=book), an_article("a", notes=f"The book\n{book}"))
    assert changed["notes"][1998:2001] == ["-page 1998", "-page 1999|+The book", "+page 0"]


def test_lists_show_what_came_and_went_only() -> None:
    old = an_article("a", phrasings={"en": ("one", "two", "three")})
    new = an_article("a", phrasings={"en": ("one", "three", "four")}, status=Status.DRAFT, buttons=(
        ArticleButton(label={"uk": "Так", "en": "Yes"}, article="b"),
    ))  # fmt: skip
    assert said(old, new) == {
        "phrasings.en": ["-two", "+four"],
        "buttons": ["+Так / Yes → b"],
        "status": ["-published|+draft"],
    }
    moved = an_article("a", phrasings={"en": ("three", "two", "one")})
    assert said(old, moved) == {"phrasings.en": ["⇅"]}


@given(old=_texts, new=_texts)
def test_both_texts_can_be_read_out_of_a_difference(old: str, new: str) -> None:
    found = differences(an_article("a", notes=old), an_article("a", notes=new))
    if old == new:
        assert found == []
        return
    (difference,) = found
    for text, hidden in ((old, Op.ADDED), (new, Op.REMOVED)):
        kept = "".join("".join(run.text for run in line if run.op is not hidden) for line in difference.lines)
        assert kept == text.replace("\n", "")


# --- bubbles ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\nb\n\nc", "<p>a<br>b</p><p>c</p>"),
        ("So:\n- one\n- **two**\nend", "<p>So:</p><ul><li>one</li><li><strong>two</strong></li></ul><p>end</p>"),
        ("<b>&", "<p>&lt;b&gt;&amp;</p>"),
        (
            "see [us](https://x.example/a) or https://y.example/?a=1&b=2.",
            (
                '<p>see <a href="https://x.example/a" target="_blank" rel="noopener">us</a> or '
                '<a href="https://y.example/?a=1&amp;b=2" target="_blank" rel="noopener">'
                "https://y.example/?a=1&amp;b=2</a>.</p>"
            ),
        ),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('https://x.example/"onclick="x', '<p><a href="https://x.example/&#34;onclick=&#34;x"'),
        ("", ""),
    ],
)
def test_light_markdown_as_safe_html(text: str, html: str) -> None:
    assert str(to_html(text)).startswith(html)


# --- the list --------------------------------------------------------------------------------


def a_saved(article: Article, clock: Clock, revision: int = 1) -> Saved:
    return Saved(article=article, revision=revision, author="Олена", note="", created_at=clock())


def test_rows_tell_what_is_live_and_what_waits(clock: Clock) -> None:
    saved = {
        article.id: a_saved(article, clock, revision=2)
        for article in (
            an_article("live"),
            an_article("waits"),
            an_article("draft", status=Status.DRAFT, phrasings={"uk": ("слово",)}),
            an_article("gone", status=Status.ARCHIVED),
            an_article("old", status=Status.ARCHIVED),
        )
    }
    found = rows(saved, {"live": 2, "draft": 1, "gone": 2}, {"live": Usage(used=3)}, "en", lambda _: Season.NOW)

    assert [row.id for row in found] == ["draft", "live", "waits", "gone", "old"]
    assert {row.id for row in found if row.waiting} == {"waits", "gone"}
    assert {row.id for row in found if row.newer} == {"draft"}
    draft, live = found[:2]
    assert draft.languages == {"uk": Completeness.FULL, "ru": Completeness.NONE, "en": Completeness.PART}
    assert (live.usage.used, live.phrasings) == (3, 3)
    assert [row.id for row in narrow(found, saved, Filters(status="waiting"))] == ["waits", "gone"]
    assert [row.id for row in narrow(found, saved, Filters(search="СЛОВО"))] == ["draft"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Де моя посилка?", "де  моя, посилка", True),
        ("де моя посилка", "де моя посилка ZH1", False),
        ("???", "!!!", False),
        ("👍", "👍", True),
    ],
)
def test_what_makes_two_phrasings_one(one: str, other: str, same: bool) -> None:
    assert (phrase_key(one) == phrase_key(other)) is same


async def test_use_counts_answers_and_conversations_that_needed_no_person(database: Database, clock: Clock) -> None:
    async def talk(work: object, article: str, *, times: int = 1, person: bool = False) -> None:
        identity = await work.contacts.meet("site", f"visitor-{article}-{times}-{person}", clock())
        conversation = await work.conversations.add(identity=identity, language="uk", now=clock())
        authors = [(Author.BOT, article)] * times + ([(Author.AGENT, None)] if person else [])
        for author, named in authors:
            await work.messages.add(
                conversation_id=conversation.id,
                seq=await work.conversations.next_seq(conversation.id, clock()),
                direction=Direction.OUTBOUND,
                author=author,
                channel="site",
                parts=(Text(text="…"),),
                article=named,
                now=clock(),
            )

    async with database.write() as work:
        await talk(work, "refund", times=2)
        await talk(work, "refund", person=True)
        await talk(work, "thanks")
    async with database.read() as work:
        assert await Articles(work.connection).usage(clock()) == {
            "refund": Usage(used=3, conversations=2, helped=1),
            "thanks": Usage(used=1, conversations=1, helped=1),
        }


async def test_use_tells_what_customers_said_too(database: Database, clock: Clock) -> None:
    past = Past(database, clock)
    for helped in (True, False, False):
        message, talk = await past.asks("скільки", "reply", answered="cost")
        await past.votes(talk, message, helped=helped)
    async with database.read() as work:
        used = await Articles(work.connection).usage(clock())
    assert used == {"cost": Usage(used=3, conversations=3, helped=3, yes=1, no=2)}


def test_storing_an_article_loses_nothing() -> None:
    article = an_article(valid_from=None, buttons=(ArticleButton(label={"en": "x"}, url="https://x.example"),))
    assert msgspec.json.decode(msgspec.json.encode(article), type=Article) == article


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_every_word_of_the_editor_is_translated(language: str) -> None:
    translated = set()
    for path in PACKAGE.glob(f"**/locale/{language}.po"):
        with path.open("rb") as source:
            catalogue = read_po(source)
        translated |= {message.id for message in catalogue if message.id and message.string and all(message.string)}
    used = {
        message
        for _, _, message, _, _ in extract_from_dir(
            PACKAGE,
            method_map=[("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")],
            keywords={"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)},
        )
    }
    assert used == translated
