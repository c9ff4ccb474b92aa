"""Tests of the language guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import LANGUAGES
from nlu.language import Guess, Languages
from nlu.normal import read

LANGUAGES_OF = Languages()


def _guess(text: str, hint: str | None = None, fallback: str = "uk") -> Guess:
    return LANGUAGES_OF.guess(read(text), hint, fallback)


_TEXTS = {
    "uk": """де моя посилка| скільки коштує доставка| до котрої працюєте| як повернути товар| дякую за допомогу|
        хочу скаргу написати| передзвоніть мені завтра| чи можна оплатити карткою| не прийшла посилка|
        доброго дня| шо там з посилкою| скіки коштує| skilky koshtuie dostavka| de moya posylka|
        koly pryide posylka| dobroho ranku| zminyty adresu dostavky| cherez skilky pryjde""",
    "ru": """где моя посылка| сколько стоит доставка| до скольки работаете| как вернуть товар| спасибо за помощь|
        хочу написать жалобу| перезвоните мне завтра| можно ли оплатить картой| не пришла посылка|
        здравствуйте| скока стоит доставка| перенести звонок на завтра| gde moya posylka|
        skolko stoit dostavka| kogda pridet posylka| zdravstvuyte| izmenit adres dostavki| kak vernut dengi""",
    "en": """where is my parcel| how much is delivery| when do you close| how do I return this|
        thanks for helping| I want to complain| call me back tomorrow| can I pay by card| parcel not here|
        hello| wheres my box| good morning| do you ship to Kyiv""",
}


@pytest.mark.parametrize(
    ("text", "language"),
    [(text.strip(), language) for language, texts in _TEXTS.items() for text in texts.split("|")],
)
def test_short_texts(text: str, language: str) -> None:
    assert _guess(text).language == language


@pytest.mark.parametrize(
    "text",
    [
        "шо там мой заказ, де він",
        "получатель не той, як поміняти",
        "мені нада перевести на карту",
        "де мой заказ",
        "почтомат як получати",
    ],
)
def test_mixed_speech_is_ukrainian(text: str) -> None:
    assert _guess(text).language == "uk"


@pytest.mark.parametrize(
    ("hint", "text"),
    [("uk", "тариф"), ("ru", "тариф"), ("uk", "номер"), ("ru", "номер"), ("uk", "завтра"), ("ru", "завтра")],
)
def test_a_hint_decides_near_ties(hint: str, text: str) -> None:
    assert _guess(text, hint).language == hint


@pytest.mark.parametrize(
    "text",
    ["завтра о 15", "друге", "покличте когось", "покличте старшого", "не хочу з ботом", "добре", "ок", "ok", "ага"],
)
def test_short_answers_of_a_ukrainian_conversation_are_ukrainian(text: str) -> None:
    assert _guess(text, "uk").language == "uk"
    assert _guess(text).language == "uk"


@pytest.mark.parametrize(
    "text", ["посылка так и не пришла", "ок", "ok", "давай", "второе", "ага", "я упакую сам, так можно?", "пока"]
)
def test_short_answers_of_a_russian_conversation_are_russian(text: str) -> None:
    assert _guess(text, "ru").language == "ru"


@pytest.mark.parametrize(
    ("hint", "text", "language"),
    [
        ("ru", "де моя посилка", "uk"),
        ("uk", "где моя посылка", "ru"),
        ("uk", "where is my parcel", "en"),
        ("en", "дякую", "uk"),
    ],
)
def test_a_hint_does_not_outweigh_a_clear_text(hint: str, text: str, language: str) -> None:
    guess = _guess(text, hint)
    assert guess.language == language
    assert guess.probability > 0.9


@pytest.mark.parametrize(
    "text", ["", "+380501234567", "ZH123456789UA", "a@b.example", "???", "😀", "https://x.example/a"]
)
def test_without_words_the_hint_stays(text: str) -> None:
    assert _guess(text, "en") == _guess(text, "en", "ru")
    assert _guess(text, "en").language == "en"
    assert _guess(text, None, "ru").language == "ru"
    assert _guess(text, "fr", "ru").language == "ru"


@given(st.text(max_size=200), st.sampled_from([None, "uk", "ru", "en", "xx"]))
def test_never_fails(text: str, hint: str | None) -> None:
    guess = _guess(text, hint)
    assert guess.language in LANGUAGES
    assert 0 < guess.probability <= 1


@pytest.mark.parametrize(
    "address", ["me@shop.example", "https://shop.example", "(www.shop.example", "ZH123456789UA", "x@y@z", "a1b"]
)
def test_addresses_and_numbers_have_no_say(address: str) -> None:
    assert _guess(f"де {address} моя посилка") == _guess("де моя посилка")


def test_a_long_run_without_spaces_takes_no_time() -> None:
    assert _guess("a" * 1999 + "1").language == "uk"
