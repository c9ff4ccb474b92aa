"""Tests of the counting of right and wrong answers."""

from __future__ import annotations

from gateway.ports import Ranked
from nlu.evaluation import Question, evaluate

_RANKINGS = {
    "sure and right": (("a", 0.9), ("b", 0.1)),
    "sure and wrong": (("b", 0.8), ("a", 0.1)),
    "unsure, right one second": (("b", 0.4), ("a", 0.35)),
    "lost": (("a", 0.1),),
    "nothing": (),
    "strange but answered": (("b", 0.7),),
    "strange and declined": (("no", 0.9),),
    "strange and offered": (("b", 0.4),),
}


def _rank(text: str) -> tuple[Ranked, ...]:
    return tuple(Ranked(intent=intent, confidence=sure) for intent, sure in _RANKINGS[text])


def test_counts() -> None:
    questions = [
        Question(
            text=text, intent=None if text.startswith("strange") else "a", language="uk" if "sure" in text else "en"
        )
        for text in _RANKINGS
    ]
    found = evaluate(questions, _rank, answer=0.55, clarify=0.3, declined=frozenset({"no"}))
    total = found.total
    assert (total.known, total.right, total.answered, total.answered_right, total.offered) == (5, 2, 2, 1, 1)
    assert (total.unknown, total.unknown_answered, total.unknown_offered) == (3, 1, 1)
    assert (total.accuracy, total.coverage, total.served, total.helped) == (0.4, 0.4, 0.2, 0.4)
    assert total.strayed == 1 / 3
    assert found.languages["uk"].known == 3
    assert found.intents["a"].known == 5
    assert {(want, got): n for want, got, n in found.confusions} == {("a", "b"): 2, ("-", "b"): 1}


def test_no_questions() -> None:
    found = evaluate([], _rank, answer=0.5, clarify=0.3)
    assert (found.total.accuracy, found.total.strayed, found.confusions) == (0.0, 0.0, ())
