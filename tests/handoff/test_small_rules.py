"""Telephone numbers, yes and no, topics, routing and canned texts."""

from __future__ import annotations

import pytest

from gateway.errors import RequestRefused
from gateway.ports import Tried
from gateway.staff import Role, Staff
from handoff.canned import DEMO, Canned, check, fill, search
from handoff.forms.said import Said
from handoff.phones import check_phone, example_phone, read_phone, show_phone
from handoff.routing import Needs, candidates, may_take
from handoff.topics import topic_of

# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("067 123 45 67", "+380671234567"),
        ("мій номер +38 (067) 123-45-67, дякую", "+380671234567"),
        ("+44 20 7946 0018", "+442079460018"),
        ("80671234567", "+380671234567"),
        ("8 (067) 123-45-67", "+380671234567"),
        ("ой, інший номер 80501112233", "+380501112233"),
        ("67 123 45 67", "+380671234567"),
        ("20450123456789", None),
        ("12345", None),
        ("завтра о 15:00", None),
        ("", None),
    ],
)
def test_numbers_in_words(text: str, phone: str | None) -> None:
    assert read_phone(text, ["UA"]) == phone


def test_numbers_without_regions_need_their_prefix() -> None:
    assert read_phone("067 123 45 67", []) is None
    assert read_phone("+380671234567", []) == "+380671234567"
    assert check_phone("0671234567", ["PL", "UA"]) == "+380671234567"
    assert check_phone("+1") is None


def test_numbers_are_shown_as_people_write_them() -> None:
    assert show_phone("+380671234567") == "+380 67 123 4567"
    assert show_phone("somewhere") == "somewhere"
    assert check_phone(example_phone(["UA"])) is not None


# --- yes and no ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["так", "Так!", "ага, так", "да", "ок", "Yes please"])
def test_yes(text: str) -> None:
    assert Said(text=text).yes


@pytest.mark.parametrize("text", ["такий собі варіант мені", "дайте подумати", "", "ні"])
def test_not_yes(text: str) -> None:
    assert not Said(text=text).yes


@pytest.mark.parametrize("text", ["скасувати", "Отмена", "не треба", "no thanks", "не надо мне звонить"])
def test_calling_it_off(text: str) -> None:
    assert Said(text=text).cancel


def test_no_is_not_calling_it_off() -> None:
    assert Said(text="Ні").no
    assert not Said(text="Ні").cancel


# --- topics ----------------------------------------------------------------------------------


def tried(text: str, did: str = "reply") -> Tried:
    return Tried(text=text, intent="x", confidence=0.9, did=did)


def test_the_topic_is_the_last_thing_said_about_the_matter() -> None:
    said = [
        tried("де моя   посилка 123"),
        tried("Добрий день"),
        tried("хочу поговорити з живою людиною", "handover"),
    ]
    assert topic_of(said) == "де моя посилка 123"
    assert topic_of([tried("привіт")]) is None


# --- routing ---------------------------------------------------------------------------------


def agent(number: int, *skills: str, name: str = "A", active: bool = True, role: Role = Role.AGENT) -> Staff:
    return Staff(id=number, email="", name=name, roles=frozenset({role}), skills=skills, active=active)


def test_language_and_skills_decide_who_may_take() -> None:
    needs = Needs(language="en", skills=frozenset({"refunds"}))
    assert may_take(agent(1, "lang:en", "lang:uk", "refunds"), needs)
    assert may_take(agent(1, "refunds"), needs)  # names no language: writes in all
    assert not may_take(agent(1, "lang:uk", "refunds"), needs)
    assert not may_take(agent(1, "lang:en"), needs)
    assert not may_take(agent(1, "refunds", active=False), needs)
    assert not may_take(agent(1, "refunds", role=Role.EDITOR), needs)


def test_present_agents_with_little_to_do_come_first() -> None:
    staff = [agent(1, name="A"), agent(2, name="B"), agent(3, name="C"), agent(4, "lang:uk", name="D")]
    found = candidates(staff, Needs(language="en"), online=[2, 3], loads={2: 3, 3: 1})
    assert [one.id for one in found] == [3, 2, 1]


def test_somebody_is_better_than_nobody() -> None:
    assert candidates([agent(1, "lang:uk")], Needs(language="en")) == [agent(1, "lang:uk")]


# --- canned texts ----------------------------------------------------------------------------


def test_blanks_are_filled_and_missing_ones_stay_visible() -> None:
    canned = Canned(shortcut="hi", texts={"en": "Hello {{ contact.name }}, about {{entities.order}}"})
    filled = fill(canned, "uk", {"contact.name": "Olha"})
    assert filled.text == "Hello Olha, about {{entities.order}}"
    assert filled.missing == ("entities.order",)


def test_a_value_is_never_read_as_a_blank() -> None:
    canned = Canned(shortcut="hi", texts={"en": "{{ contact.name }}"})
    assert fill(canned, "en", {"contact.name": "{{ agent.name }}", "agent.name": "x"}).text == "{{ agent.name }}"


def test_search_looks_at_shortcuts_first() -> None:
    texts = [
        Canned(shortcut="bye", texts={"en": "photo of the sunset"}),
        Canned(shortcut="photo", texts={"en": "Please send pictures"}),
    ]
    assert [one.shortcut for one in search(texts, "/PHOTO", "en")] == ["photo", "bye"]
    assert search(texts, "photo pictures", "en") == [texts[1]]
    assert search(texts, "", "en") == texts


@pytest.mark.parametrize(
    "canned",
    [
        Canned(shortcut="two words", texts={"en": "x"}),
        Canned(shortcut="", texts={"en": "x"}),
        Canned(shortcut="x", texts={"en": " "}),
        Canned(shortcut="x", texts={"en": "x" * 5000}),
    ],
)
def test_unusable_canned_texts_are_refused(canned: Canned) -> None:
    with pytest.raises(RequestRefused):
        check(canned)


def test_the_demo_texts_are_whole() -> None:
    for shortcut, texts in DEMO.items():
        assert set(texts) == {"uk", "ru", "en"}
        assert check(Canned(shortcut=shortcut, texts=texts)).texts == texts
