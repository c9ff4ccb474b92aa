"""Tests of the entities other than times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.ports import EntityKind
from nlu.entities import Extractor
from tests.nlu.samples import NOW, ZONE

EXTRACTOR = Extractor()


def _found(text: str, extractor: Extractor = EXTRACTOR) -> list[tuple[str, str]]:
    return [(entity.kind.value, entity.value) for entity in extractor.find(text, now=NOW, zone=ZONE)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("подзвоніть на 050 123 45 67", [("phone", "+380501234567")]),
        ("+38 (067) 123-45-67", [("phone", "+380671234567")]),
        ("0501234567", [("phone", "+380501234567")]),
        ("my number is +44 20 7946 0958", [("phone", "+442079460958")]),
        ("ТТН zh204417583ua, де вона", [("order", "ZH204417583UA")]),
        ("ZH204417583UA ZH204417584UA", [("order", "ZH204417583UA"), ("order", "ZH204417584UA")]),
        ("пишіть на Ivan.P+mail@Example.co.uk.", [("email", "ivan.p+mail@example.co.uk")]),
        ("a@b, @user, x@y.", []),
        ("https://x.example/2026-11-12/10:30?p=0501234567", []),
        ("XZH204417583UA ZH20441758UA", []),
        ("посилка 25 кг за 120 грн на відділення 15", []),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert _found(text) == expected


@pytest.mark.parametrize("text", ["zh204417583ua", "0501234567", "+380 50 123 14 30", "ZH101112131UA"])
def test_a_number_is_one_thing(text: str) -> None:
    assert len(_found(text)) == 1
    assert _found(text)[0][0] != EntityKind.TIME


def test_a_message_with_everything() -> None:
    text = "ZH204417583UA: наберіть 050 123 45 67 завтра після 15 або пишіть на a@b.example"
    entities = EXTRACTOR.find(text, now=NOW, zone=ZONE)
    assert [entity.kind for entity in entities] == [
        EntityKind.ORDER,
        EntityKind.PHONE,
        EntityKind.TIME,
        EntityKind.EMAIL,
    ]
    assert entities[2].text == "завтра після 15"
    assert entities[2].value == "2026-11-19T15:00:00+02:00"
    assert entities[2].until == "2026-11-20T00:00:00+02:00"


def test_regions_say_how_short_numbers_are_read() -> None:
    assert _found("(020) 7946 0958") == []
    assert _found("(020) 7946 0958", Extractor(regions=("UA", "GB"))) == [("phone", "+442079460958")]


def test_own_order_patterns() -> None:
    extractor = Extractor([r"\bA-\d{4}\b", r"\b\d{14}\b"])
    assert _found("a-1234 і 20451234567890", extractor) == [("order", "A-1234"), ("order", "20451234567890")]
    assert _found("", Extractor([])) == []


def test_a_wrong_pattern_names_the_setting() -> None:
    with pytest.raises(SettingsError, match=r"company.order_patterns\[1\]"):
        Extractor([r"\d+", "("])


@pytest.mark.parametrize("regions", [("UA", "ua"), ("Ukraine", "XX"), ("", "UK")])
def test_a_region_that_is_no_country_is_named(regions: tuple[str, str]) -> None:
    wrong = 1 if regions[0] == "UA" else 0
    with pytest.raises(SettingsError, match=rf"company.regions\[{wrong}\]: '{regions[wrong]}' is no country"):
        Extractor((), regions)


@given(st.text(max_size=300))
def test_places_are_true_and_do_not_overlap(text: str) -> None:
    last = 0
    for entity in EXTRACTOR.find(text, now=NOW, zone=ZONE):
        assert text[entity.start : entity.end] == entity.text
        assert entity.start >= last
        last = entity.end


@pytest.mark.parametrize("text", ["5" * 2000, "a@" * 1000, "a." * 999 + "@", "1:1" * 600, "в " * 1000, "10-" * 600])
def test_hostile_texts_are_quick(text: str) -> None:
    EXTRACTOR.find(text, now=NOW, zone=ZONE)
