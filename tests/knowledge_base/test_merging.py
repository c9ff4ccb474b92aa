"""Two editors at once: what does not collide is joined, what does is shown, and nothing of either is lost."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ports import Action
from knowledge_base.articles import Article, ArticleButton, ButtonAction, phrase_key, tidy_line, tidy_text
from knowledge_base.merging import Merged, join, merge, take_theirs
from tests.knowledge_base.fakes import an_article

LINES = "Доставка коштує 70 грн.\nОплата карткою.\nПитайте ще."


def answer(text: str) -> dict[str, dict[str, str]]:
    return {"uk": {"default": text}}


def texts(merged: Merged) -> str:
    return merged.article.answers["uk"]["default"]


class TestAnswers:
    def test_different_lines_are_joined(self) -> None:
        base = an_article(answers=answer(LINES))
        mine = an_article(answers=answer(LINES.replace("70", "80")))
        theirs = an_article(answers=answer(LINES.replace("Питайте ще.", "Питайте будь-коли.")))
        merged = merge(base, mine, theirs)
        assert texts(merged) == "Доставка коштує 80 грн.\nОплата карткою.\nПитайте будь-коли."
        assert merged.collisions == ()

    def test_the_same_line_collides_and_mine_stays_in_the_text(self) -> None:
        base = an_article(answers=answer(LINES))
        mine = an_article(answers=answer(LINES.replace("70", "80")))
        theirs = an_article(answers=answer(LINES.replace("70", "90").replace("Питайте ще.", "До зустрічі.")))
        merged = merge(base, mine, theirs)
        assert texts(merged) == "Доставка коштує 80 грн.\nОплата карткою.\nДо зустрічі."
        (collision,) = merged.collisions
        assert collision.path == ("answers", "uk", "default")
        assert "90" in collision.theirs
        taken = take_theirs(merged.article, theirs, collision.path)
        assert taken.answers == theirs.answers

    def test_one_takes_out_what_the_other_mends(self) -> None:
        base = an_article(answers={**answer(LINES), "en": {"default": "It costs 70."}})
        mine = an_article(answers={**answer(LINES), "en": {"default": "It costs 80."}})
        theirs = an_article(answers=answer(LINES))
        merged = merge(base, mine, theirs)
        assert merged.article.answers["en"] == {"default": "It costs 80."}
        assert [collision.path for collision in merged.collisions] == [("answers", "en", "default")]
        assert take_theirs(merged.article, theirs, ("answers", "en", "default")).answers == answer(LINES)

    def test_a_language_that_one_adds_is_added(self) -> None:
        base = an_article(answers=answer(LINES))
        theirs = an_article(answers={**answer(LINES), "ru": {"default": "Семьдесят."}})
        assert merge(base, base, theirs).article.answers == theirs.answers


class TestPhrasings:
    def test_they_are_sets(self) -> None:
        base = an_article(phrasings={"uk": ("один", "два", "три")})
        mine = an_article(phrasings={"uk": ("три", "один", "моя нова")})
        theirs = an_article(phrasings={"uk": ("один", "два", "їхня нова", "Моя нова?"), "en": ("one",)})
        merged = merge(base, mine, theirs)
        assert merged.article.phrasings == {"uk": ("один", "моя нова", "їхня нова"), "en": ("one",)}
        assert merged.collisions == ()

    def test_none_left_in_a_language(self) -> None:
        base = an_article(phrasings={"uk": ("один",), "en": ("one", "two")})
        mine = an_article(phrasings={"uk": ("один",), "en": ("one",)})
        theirs = an_article(phrasings={"uk": ("один",), "en": ("two",)})
        assert merge(base, mine, theirs).article.phrasings == {"uk": ("один",)}


class TestTheRest:
    def test_single_fields(self) -> None:
        base = an_article(category="a", valid_until=None, action=Action.ANSWER)
        mine = an_article(category="mine", valid_until=None, action=Action.HANDOFF)
        theirs = an_article(category="theirs", valid_until=date(2026, 12, 31), action=Action.HANDOFF)
        merged = merge(base, mine, theirs)
        assert (merged.article.category, merged.article.valid_until) == ("mine", date(2026, 12, 31))
        assert [(one.path, one.mine, one.theirs) for one in merged.collisions] == [(("category",), "mine", "theirs")]
        assert take_theirs(merged.article, theirs, ("category",)).category == "theirs"

    def test_dates_collide_by_their_days(self) -> None:
        merged = merge(an_article(valid_from=date(2026, 1, 1)), an_article(), an_article(valid_from=date(2026, 2, 1)))
        assert [(one.mine, one.theirs) for one in merged.collisions] == [("", "2026-02-01")]

    def test_a_day_and_its_time_are_one(self) -> None:
        base = an_article(valid_from=date(2026, 1, 1))
        mine = an_article(valid_from=date(2026, 1, 1), from_time=time(9))
        theirs = an_article(valid_from=date(2026, 2, 1), category="x")
        merged = merge(base, mine, theirs)
        assert [(one.mine, one.theirs) for one in merged.collisions if one.path == ("valid_from",)] == [
            ("2026-01-01 09:00", "2026-02-01")
        ]
        taken = take_theirs(merged.article, theirs, ("valid_from",))
        assert (taken.valid_from, taken.from_time) == (date(2026, 2, 1), None)
        assert merge(base, base, mine).article.from_time == time(9)

    def test_buttons(self) -> None:
        call = ArticleButton(label={"uk": "Дзвінок"}, action=ButtonAction.CALLBACK)
        site = ArticleButton(label={"uk": "Сайт"}, url="https://x.example")
        person = ArticleButton(label={"uk": "Людина"}, action=ButtonAction.HANDOFF)
        base = an_article(buttons=(call, site))
        first = merge(base, an_article(buttons=(site,)), an_article(buttons=(call, site, person)))
        assert (first.article.buttons, first.collisions) == ((site, person), ())
        other = ArticleButton(label={"uk": "Сайт"}, url="https://y.example")
        second = merge(base, an_article(buttons=(call, other)), an_article(buttons=(call, person)))
        assert second.article.buttons == (call, other)
        (collision,) = second.collisions
        assert (collision.path, collision.theirs) == (("buttons",), "Дзвінок → callback\nЛюдина → handoff")

    def test_more_buttons_than_fit_is_a_matter_for_a_person(self) -> None:
        one, two, three, four = (ArticleButton(label={"uk": str(n)}, url=f"https://{n}.example") for n in range(4))
        base = an_article(buttons=(two, three))
        merged = merge(base, an_article(buttons=(one, two, three)), an_article(buttons=(two, three, four)))
        assert merged.article.buttons == (one, two, three)
        assert [collision.path for collision in merged.collisions] == [("buttons",)]


# --- for any texts ---------------------------------------------------------------------------

_word = st.sampled_from(["а", "б", "в", "г", "ґ", "д"])
_line = st.lists(_word, min_size=1, max_size=3).map(" ".join).map(tidy_line)
_text = st.lists(_line, max_size=6).map("\n".join).map(tidy_text)
_phrases = st.lists(_line, max_size=5, unique_by=phrase_key).map(tuple)
_article = st.builds(
    lambda title, phrases, text, notes, category: an_article(
        "x",
        title={"uk": title},
        phrasings={"uk": phrases} if phrases else {},
        answers={"uk": {"default": text}} if text else {},
        notes=notes,
        category=category,
    ),
    _line,
    _phrases,
    _text,
    _text,
    _word,
)


def lines_of(article: Article) -> set[str]:
    """Everything that somebody wrote, line by line."""
    whole = [*article.title.values(), article.notes, article.category]
    whole += [text for variants in article.answers.values() for text in variants.values()]
    return {line for text in whole for line in text.split("\n")} | {
        phrase for phrases in article.phrasings.values() for phrase in phrases
    }


@settings(max_examples=150)
@given(base=_article, mine=_article, theirs=_article)
def test_nothing_that_either_wrote_is_lost(base: Article, mine: Article, theirs: Article) -> None:
    merged = merge(base, mine, theirs)
    shown = lines_of(merged.article) | {
        line for one in merged.collisions for text in (one.mine, one.theirs) for line in text.split("\n")
    }
    keys = {phrase_key(line) for line in shown}
    for one in (mine, theirs):
        assert {phrase_key(line) for line in lines_of(one) - lines_of(base)} <= keys


@settings(max_examples=60)
@given(base=_article, mine=_article)
def test_who_is_alone_gets_exactly_their_own(base: Article, mine: Article) -> None:
    for merged in (merge(base, mine, base), merge(base, base, mine), merge(base, mine, mine)):
        assert merged == Merged(article=mine)


@settings(max_examples=60)
@given(base=_article, mine=_article, theirs=_article)
def test_it_is_no_matter_who_saves_second(base: Article, mine: Article, theirs: Article) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert [c.path for c in one.collisions] == [c.path for c in other.collisions]
    if not one.collisions:
        assert one.article.answers == other.article.answers
        sets = [{phrase_key(p) for p in m.article.phrasings.get("uk", ())} for m in (one, other)]
        assert sets[0] == sets[1]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "items", "collides"),
    [
        ("", "", "", "", False),
        ("abc", "abc", "abc", "abc", False),
        ("abc", "xabc", "abcy", "xabcy", False),
        ("abc", "ac", "abc", "ac", False),
        ("abc", "axc", "axc", "axc", False),
        ("abc", "axc", "ayc", "axc", True),
        ("abcde", "xbcde", "abcdy", "xbcdy", False),
        ("a", "", "b", "", True),
    ],
)
def test_three_sequences(base: str, mine: str, theirs: str, items: str, collides: bool) -> None:
    assert join(base, mine, theirs) == (list(items), collides)
