"""Questions: what may be shown of them, their groups, and the ids and phrasings made from them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.improving.masking import MASK, masked, plain
from gateway.ports import Entity, EntityKind
from knowledge_base.articles import phrase_key
from knowledge_base.asked.naming import NAMELESS, free_id, slug
from knowledge_base.asked.questions import Filters, Order, Question, Why, groups_of, phrasings_of

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def a_question(message: int, text: str = "чи є знижки", **changes: Any) -> Question:
    given = {"language": "uk", "channel": "site", "why": Why.UNKNOWN, "at": NOW + timedelta(minutes=message)}
    return Question(message=message, conversation=message, text=text, plain=text, **{**given, **changes})


def entity(kind: EntityKind, text: str, said: str) -> Entity:
    return Entity(kind=kind, text=said, value=said, start=text.index(said), end=text.index(said) + len(said))


class TestMasking:
    @pytest.mark.parametrize(
        "text",
        [
            "передзвоніть на 067 123 45 67 будь ласка",
            "мій номер +380671234567",
            "пишіть на olena.k@shop.example",
            "посилка 20450012345678 загубилась",
            "де ZH123456789UA зараз",
            "картка 4441 1144 5566 7788",
            "ось https://shop.example/order?token=abc",
        ],
    )
    def test_what_is_only_theirs_is_struck_out_even_without_entities(self, text: str) -> None:
        shown = masked(text, ())
        assert MASK in shown
        assert not any(piece in shown for piece in ("4567", "olena", "2045", "ZH12", "7788", "token"))

    def test_entities_are_struck_out_where_they_stand(self) -> None:
        text = "замовлення AB-12 та AB-13"
        found = [entity(EntityKind.ORDER, text, "AB-12"), entity(EntityKind.ORDER, text, "AB-13")]
        assert masked(text, found) == f"замовлення {MASK} та {MASK}"
        assert plain(text, found) == "замовлення та"

    def test_times_and_small_numbers_stay(self) -> None:
        text = "скільки коштує 5 кг до 18:00"
        assert masked(text, [entity(EntityKind.TIME, text, "18:00")]) == text

    def test_an_entity_of_another_text_is_left_alone(self) -> None:
        strange = Entity(kind=EntityKind.PHONE, text="067", value="067", start=0, end=3)
        assert masked("коли", [strange]) == "коли"

    @given(st.text())
    def test_nothing_breaks_it(self, text: str) -> None:
        assert "a@b.example" not in plain(f"{text} a@b.example", ())

    @pytest.mark.parametrize("word", ["a", "a1", "a12345"])
    def test_one_endless_word_keeps_nobody_waiting(self, word: str) -> None:
        text = word * (40_000 // len(word))
        begun = time.perf_counter()
        assert masked(f"{text} ivan@x.example 0501234567", ()) == f"{text} {MASK} {MASK}"
        assert time.perf_counter() - begun < 20


class TestNames:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Скільки коштує доставка в Польщу?", "skilky-koshtuie-dostavka-v-polshchu"),
            ("Есть ли скидки?", "est-ly-skydky"),
            ("Do you ship café chairs, please, to Lviv", "do-you-ship-cafe-chairs"),
            ("???", NAMELESS),
            ("об'єм", "obiem"),
        ],
    )
    def test_an_id_is_small_latin_words(self, text: str, name: str) -> None:
        assert slug(text) == name

    def test_a_taken_id_gets_a_number(self) -> None:
        assert free_id("знижки", {"znyzhky", "znyzhky-2"}) == "znyzhky-3"

    @given(st.text())
    def test_an_id_is_always_a_valid_one(self, text: str) -> None:
        from knowledge_base.articles import Article  # noqa: PLC0415
        from knowledge_base.rules import problems_of  # noqa: PLC0415

        article = Article(id=slug(text), title={"uk": "x"})
        assert problems_of(article) == []


class TestGroups:
    def test_the_most_asked_come_first_and_then_the_newest(self) -> None:
        questions = {one.message: one for one in map(a_question, (1, 2, 3, 4))}
        found = groups_of(questions, [(4,), (1,), (2, 3)], Filters())
        assert [[one.message for one in group.questions] for group in found] == [[2, 3], [4], [1]]

    def test_the_newest_come_first_where_wanted(self) -> None:
        questions = {one.message: one for one in map(a_question, (1, 2, 3))}
        found = groups_of(questions, [(1, 2), (3,)], Filters(order=Order.NEWEST))
        assert [group.middle.message for group in found] == [3, 1]

    def test_what_is_gone_or_does_not_fit_is_left_out(self) -> None:
        questions = {1: a_question(1), 2: a_question(2, channel="mail"), 3: a_question(3, language="ru")}
        found = groups_of(questions, [(9, 2, 1), (3,), (8,)], Filters(channel="site", language="uk"))
        assert [[one.message for one in group.questions] for group in found] == [[1]]

    def test_counts_say_the_most_first(self) -> None:
        questions = {1: a_question(1), 2: a_question(2, channel="mail"), 3: a_question(3, channel="mail")}
        (group,) = groups_of(questions, [(1, 2, 3)], Filters())
        assert group.counts("channel") == [("mail", 2), ("site", 1)]
        assert group.newest == NOW + timedelta(minutes=3)


class TestPhrasings:
    def test_each_once_by_language_without_what_is_taken(self) -> None:
        said = ["чи є знижки", "Чи є знижки?", "скидки есть", "промокод", "x" * 301]
        languages = ["uk", "uk", "ru", "uk", "uk"]
        questions = [
            a_question(number, text, language=language)
            for number, (text, language) in enumerate(zip(said, languages, strict=True))
        ]
        found = phrasings_of(questions, {phrase_key("промокод")}, 300)
        assert found == {"uk": ["чи є знижки"], "ru": ["скидки есть"]}
