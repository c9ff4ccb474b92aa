"""From Rasa's words to ours, by what its server said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assisting.settings import Rasa
from gateway.ports import Entity, EntityKind
from gateway.settings import Dialogue
from nlu.rasa.ranking import article_of, joined, ranking_of, scale
from nlu.rasa.wire import Found, Intent, Parse

WIRE = Path(__file__).parent / "wire"
POLICY = Dialogue()


def parse(name: str) -> Parse:
    return msgspec.json.decode((WIRE / name).read_bytes(), type=Parse)


def known(article: str) -> bool:
    return "-" in article


def test_its_ranking_is_ours() -> None:
    ranking = ranking_of(parse("parse.json"), Rasa(), POLICY, known)
    assert ranking is not None
    assert [ranked.intent for ranked in ranking][:2] == ["delivery-cost", "delivery-time"]
    assert ranking[0].confidence > ranking[1].confidence


def test_where_it_is_not_sure_nothing_is_answered() -> None:
    said = Parse(
        intent=Intent(name="nlu_fallback", confidence=0.3),
        intent_ranking=[Intent(name="nlu_fallback", confidence=0.3), Intent(name="delivery-cost", confidence=0.95)],
    )
    ranking = ranking_of(said, Rasa(), POLICY, known)
    assert ranking is not None
    assert [ranked.intent for ranked in ranking] == ["delivery-cost"]
    assert POLICY.clarify_confidence < ranking[0].confidence < POLICY.answer_confidence
    assert ranking_of(parse("parse_fallback.json"), Rasa(), POLICY, known)


def test_another_firms_model_is_no_ranking() -> None:
    said = Parse(intent=Intent(name="book_flight", confidence=0.99))
    assert ranking_of(said, Rasa(), POLICY, lambda article: False) is None
    assert ranking_of(Parse(intent=Intent()), Rasa(), POLICY, known) is None


def test_intents_are_found_by_their_settings_and_spelling() -> None:
    named = Rasa(intents={"ask_price": "delivery-cost"})
    assert article_of("ask_price", named) == "delivery-cost"
    assert article_of("Opening_Hours", named) == "opening-hours"


@pytest.mark.parametrize(("theirs", "ours"), [(0.0, 0.0), (0.3, 0.3), (0.7, 0.55), (1.0, 1.0), (7.0, 1.0), (-1, 0.0)])
def test_its_thresholds_fall_on_ours(theirs: float, ours: float) -> None:
    assert scale(theirs, Rasa(), POLICY) == pytest.approx(ours)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_what_is_surer_stays_surer(one: float, other: float, answer: float, clarify: float) -> None:
    rasa = Rasa(answer_confidence=answer, clarify_confidence=clarify)
    low, high = sorted((one, other))
    assert 0 <= scale(low, rasa, POLICY) <= scale(high, rasa, POLICY) <= 1


def test_its_entities_join_ours_where_we_saw_nothing() -> None:
    text = "order RB123456785UA to ada@example.com"
    ours = (Entity(kind=EntityKind.ORDER, text="RB123456785UA", value="RB123456785UA", start=6, end=19),)
    theirs = [
        Found(entity="order_number", value="rb12", start=6, end=10),
        Found(entity="email", value="Ada@example.com", start=23, end=38),
        Found(entity="phone-number", value="call me", start=0, end=5),
        Found(entity="phone-number", value="+380 44 123 45 67", start=0, end=5),
        Found(entity="time", value="2026-11-22T10:00:00+02:00", start=20, end=22),
        Found(entity="time", value="soon", start=20, end=22),
        Found(entity="colour", value="red", start=0, end=3),
        Found(entity="email", value="x@y.z", start=90, end=99),
    ]
    found = joined(ours, theirs, text, 0)
    assert [(entity.kind, entity.value) for entity in found] == [
        (EntityKind.ORDER, "RB123456785UA"),
        (EntityKind.EMAIL, "ada@example.com"),
        (EntityKind.PHONE, "+380441234567"),
        (EntityKind.TIME, "2026-11-22T10:00:00+02:00"),
    ]
