"""Tests of text normalisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.normal import LIMIT, normalise, skeleton, squeeze, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ёлка", "елка"),
        ("П’ЯТНИЦЯ", "п'ятниця"),
        ("п`ять обʼєктів", "п'ять об'єктів"),
        ("пoсилка", "посилка"),  # a Latin o
        ("dеlivery по", "delivery по"),  # a Cyrillic е
        ("доста\u00adвка\u200b", "доставка"),
        ("за\u0301мок", "замок"),
        ("їжак і йод", "їжак і йод"),
        ("５ кг ﬁn", "5 кг fin"),
        ("vipклієнт", "vipклієнт"),  # two scripts on purpose: not all letters have twins
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_long_text_is_cut() -> None:
    assert len(normalise("а" * 100_000)) == LIMIT


@given(st.text(max_size=200))
def test_normalising_never_fails_and_settles(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    skeleton(once)
    words(once)


@pytest.mark.parametrize(
    "group",
    [
        ("посилка", "посылка", "posylka", "posilka"),
        ("гроші", "hroshi", "groshi"),
        ("щодня", "shchodnia", "schodnya"),
        ("моя", "moya", "moia", "moja"),
        ("хочу", "khochu", "hochu"),
    ],
)
def test_ways_of_writing_share_a_skeleton(group: tuple[str, ...]) -> None:
    assert len({skeleton(normalise(word)) for word in group}) == 1


def test_different_words_keep_different_skeletons() -> None:
    listed = ["доставка", "оплата", "посилка", "відділення", "адреса", "delivery", "payment", "parcel", "address"]
    assert len({skeleton(word) for word in listed}) == len(listed)


def test_emphasis_is_squeezed_but_double_letters_stay() -> None:
    assert squeeze("дууууже address ванна") == "дуже address ванна"
