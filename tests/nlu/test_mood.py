"""Tests of the mood: what calls a person and what must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports import Mood, Understanding
from nlu.mood import Moods
from nlu.normal import read

HANDOVER = 0.7
MOODS = Moods()


def _mood(text: str) -> Mood:
    return MOODS.of(read(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("скільки можна чекати, ви знущаєтесь?!", "out of patience"),
        ("ви шахраї", "insult"),
        ("ЦЕ ЖАХ, СКІЛЬКИ МОЖНА ЧЕКАТИ!!!", "capitals"),
        ("дістали вже! поверніть гроші, злодії ви", "insult"),
        ("ваш сервіс гівно, достали", "coarse words"),
        ("ВЕРНИТЕ МОИ ДЕНЬГИ, МОШЕННИКИ!!!", "many ! or ?"),
        ("вы идиоты, где моя посылка", "insult"),
        ("блядь где посылка", "swearing"),
        ("вы достали уже, подам в суд", "threat"),
        ("сколько можно ждать, это позор", "outrage"),
        ("where is my fucking parcel", "swearing"),
        ("you are useless, this is unacceptable", "outrage"),
        ("this is outrageous, I am fed up with you", "out of patience"),
        ("you thieves, give me my money", "insult"),
    ],
)
def test_real_anger_calls_a_person(text: str, reason: str) -> None:
    mood = _mood(text)
    assert mood.anger >= HANDOVER
    assert reason in mood.reasons


@pytest.mark.parametrize(
    "text",
    [
        "не погано",
        "це не жах, все добре",
        "terribly kind of you",
        "not bad at all",
        "not terrible",
        "damn good service",
        "страшенно вдячна вам",
        "ужасно рада",
        "дуже дякую!!!",
        "де моя посилка???",
        "WHERE IS MY PARCEL",
        "ДОБРИЙ ДЕНЬ, СКІЛЬКИ КОШТУЄ ДОСТАВКА",
        "посылка разбита!!! что делать",
        "УЖАС!!! ПОСЫЛКА РАЗБИТА",
        "моя посилка пошкоджена, жах",
        "the box was damaged and the glass is broken",
        "прийшла бита ваза, хто винен?",
        "I lost my parcel, please help",
        "скарга на відділення",
        "хочу пожаловаться на курьера",
        "шахраї дзвонили від вашого імені",
        "пропала посылка, нужен адвокат?",
        "stupid question maybe, but how do I track you",
        "тупой вопрос, но как отследить",
        "застрахуй посилку",
        "бляшанка кави у посилці",
        "сукня не підійшла",
        "заказ с ебей",
        "требую накладную, небо ясное",
        "Scunthorpe, cocktail glasses",
        "where the hell is my parcel",
        "shit, I forgot my number",
        "",
    ],
)
def test_no_person_is_called(text: str) -> None:
    assert _mood(text).anger < HANDOVER


def test_a_plain_question_has_no_mood() -> None:
    assert _mood("скільки коштує доставка?") == _mood("де відділення")
    assert _mood("скільки коштує доставка?").reasons == ()


def test_thanks_soften() -> None:
    assert _mood("дякую, але це жах").anger < _mood("це жах").anger


def test_reasons_come_strongest_first() -> None:
    assert _mood("блядь, це жах!!!").reasons == ("swearing", "outrage", "many ! or ?")


def _amid(text: str, *before: str, misses: int = 0) -> Mood:
    said = Understanding(text=text, language="uk", language_confidence=1.0, mood=_mood(text))
    return MOODS.amid(said, before, misses)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("де моя посилка", "Де моя посилка???"),
        ("ну где же моя посылка", "где моя посылка"),
        ("where is my parcel", "where is my parcel please"),
    ],
)
def test_who_asks_again_is_less_content(text: str, before: str) -> None:
    once, twice = _amid(text, before), _amid(text, before, before)
    assert once.reasons == twice.reasons == ("asks again",)
    assert 0 < once.anger < twice.anger < HANDOVER


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("де моя посилка", "скільки коштує доставка"),
        ("где моя посылка", ""),
        ("так", "так"),
        ("yes", "yes"),
        ("", ""),
    ],
)
def test_another_question_is_not_asked_again(text: str, before: str) -> None:
    assert _amid(text, before) == _mood(text)


def test_not_being_understood_makes_nobody_angry_alone() -> None:
    assert _amid("де моя посилка", misses=1).reasons == ("was not understood",)
    assert _amid("де моя посилка", *["де моя посилка"] * 5, misses=9).anger < HANDOVER


@pytest.mark.parametrize(
    "text", ["це просто жах, де моя посилка", "это ужас где моя посылка", "terrible where is my box"]
)
def test_with_a_sharp_word_it_calls_a_person(text: str) -> None:
    assert _mood(text).anger < HANDOVER <= _amid(text, text, text, misses=2).anger
    assert _amid(text, text, misses=1).reasons == ("outrage", "asks again", "was not understood")


@given(st.text(max_size=200))
def test_never_fails(text: str) -> None:
    assert 0 <= _mood(text).anger < 1
