"""Tests of mending typing mistakes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.repair import Repair, edit_distance, meant_from, other_layouts

KNOWN = dict.fromkeys(("dostavka", "posilka", "adresa", "delivery", "tsina", "vid", "viddilena"), 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dostvka", "dostavka"),
        ("dostavvka", "dostavka"),
        ("dosatvka", "dostavka"),
        ("viddilxnxa", "viddilena"),  # two edits in ten letters
        ("dxstxvka", "dostavka"),  # two edits in eight letters
        ("xostxvka", "xostxvka"),  # of which one is the first
        ("posilxa", "posilka"),
        ("xosilka", "posilka"),
        ("adersa", "adresa"),
        ("delivrey", "delivery"),
        ("tsna", "tsina"),
        ("de", "de"),  # too short to mend
        ("pxsxlka", "pxsxlka"),  # two edits in seven letters
        ("dostavku", "dostavka"),  # another form of the word does it no harm
        ("zh0ua", "zh0ua"),
    ],
)
def test_mending(typed: str, meant: str) -> None:
    assert Repair(KNOWN).mend(typed) == meant


def test_everyday_words_are_never_mended() -> None:
    assert Repair({"weather": 1}, {"leather"}).mend("leather") == "leather"
    assert Repair({"weather": 1}).mend("leather") == "weather"


def test_frequent_words_win_among_equals() -> None:
    assert Repair({"kartka": 9, "kartma": 1}).mend("kartxa") == "kartka"
    assert Repair({"kartka": 1, "kartma": 9}).mend("kartxa") == "kartma"


letters = st.text("abcde", max_size=9)


def _plain_distance(one: str, other: str) -> int:
    table = [[max(i, j) if not i or not j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@given(letters, letters, st.integers(0, 4))
def test_distance_is_the_plain_one_up_to_the_limit(one: str, other: str, limit: int) -> None:
    assert edit_distance(one, other, limit) == min(_plain_distance(one, other), limit + 1)


@given(st.sampled_from(["dostavka", "posilka", "delivery"]), st.integers(0, 6), st.sampled_from("qwxz"))
def test_any_one_changed_letter_is_mended(word: str, place: int, letter: str) -> None:
    assert Repair(KNOWN).mend(word[:place] + letter + word[place + 1 :]) == word


def test_the_wrong_keyboard_layout_is_read() -> None:
    assert "посилка" not in other_layouts("посилка")
    assert "привіт" in other_layouts("ghbdsn")
    assert "delivery" in other_layouts("вудшмукн")


def test_a_rare_word_among_many_is_nobodys_meaning() -> None:
    counts = {"dostavka": 3, "posilka": 2}
    repair = Repair(counts, least=3)
    assert (repair.mend("dostavkx"), repair.mend("posilkx"), repair.mend("posilka")) == (
        "dostavka",
        "posilkx",
        "posilka",
    )
    assert [meant_from(phrases) for phrases in (60, 1999, 2000, 5563, 60_000)] == [1, 1, 2, 3, 3]


def test_of_all_known_words_the_nearest_is_taken() -> None:
    chance = random.Random(1)
    known = {"".join(chance.choices("abde", k=chance.randint(4, 8))): chance.randint(1, 9) for _ in range(400)}
    repair = Repair(known)
    for typed in {"".join(chance.choices("abde", k=chance.randint(4, 8))) for _ in range(300)} - known.keys():
        near = [word for word in known if _plain_distance(typed, word) == 1]
        two = len(typed) == 8 and not near  # then two edits may be mended as well
        if two:
            continue
        best = min(near, key=lambda word: (word[0] != typed[0], -known[word], word), default=typed)
        assert repair.mend(typed) == best


def test_two_edits_that_leave_no_third_whole_are_not_mended() -> None:
    repair = Repair({"abcdefghi": 1})
    assert repair.mend("bacdefgih") == "abcdefghi"
    assert repair.mend("abdcefgih") == "abdcefgih"
