"""Tests of what an examination shows, counted by hand on a few answers."""

from __future__ import annotations

from gateway.ports import Ranked
from nlu.evaluation import Question
from nlu.examination import Asked, Examined
from nlu.findings import Subject, calibration, confusions, dial_point, find, latency, threshold_for


def asked(intent: str | None, got: str | None, confidence: float = 0.0, text: str = "?") -> Asked:
    ranking = (Ranked(intent=got, confidence=confidence),) if got else ()
    return Asked(question=Question(text=text, intent=intent, language="en"), ranking=ranking, seconds=0.001)


ASKED = [
    asked("a", "a", 0.95),
    asked("a", "a", 0.9),
    asked("b", "a", 0.8, "surely wrong"),
    asked("b", "b", 0.7),
    asked("b", "a", 0.3, "hardly wrong"),
    asked("b", None),
]


def test_the_threshold_is_the_lowest_that_keeps_the_promise() -> None:
    assert threshold_for(ASKED, 1.0) == 0.9
    assert threshold_for(ASKED, 0.75) == 0.7
    assert threshold_for(ASKED, 0.5) == 0.3
    assert threshold_for([asked("a", "b", 0.9)], 0.5) is None


def test_equal_confidences_stand_or_fall_together() -> None:
    assert threshold_for([asked("a", "a", 0.9), asked("a", "b", 0.9)], 0.9) is None


def test_a_point_of_the_dial() -> None:
    point = dial_point(ASKED, [asked(None, "a", 0.75), asked(None, "a", 0.2)], 0.7)
    assert (point.answered, point.right, point.strange) == (4 / 6, 3 / 4, 1 / 2)
    nothing = dial_point(ASKED, [], 1.01)
    assert (nothing.answered, nothing.right, nothing.strange) == (0.0, 1.0, 0.0)


def test_calibration_goes_by_tenths() -> None:
    bins = {one.low: (one.count, round(one.confidence, 3), one.right) for one in calibration(ASKED)}
    assert bins == {0.9: (2, 0.925, 1.0), 0.8: (1, 0.8, 0.0), 0.7: (1, 0.7, 1.0), 0.3: (1, 0.3, 0.0)}


def test_confusions_come_commonest_first_with_the_surest_question_first() -> None:
    [one] = confusions(ASKED)
    assert (one.expected, one.got, one.count) == ("b", "a", 2)
    assert [example.text for example in one.examples] == ["surely wrong", "hardly wrong"]


def test_to_be_taken_for_a_refusal_is_no_answer() -> None:
    subject = Subject(
        source="s", method="m", phrases=9, intents=3, clashes=(), declined=frozenset({"no"}), precision=0.9,
        answer=0.5, clarify=0.3,
    )  # fmt: skip
    examined = Examined([asked("a", "a", 0.9), asked("no", "a", 0.8, "refused")], [asked(None, "no", 0.9)], [0.5, 0.7])
    found = find(subject, examined)
    assert (found.questions, found.accuracy, found.training_seconds) == (1, 1.0, 0.7)
    assert found.strays == 0.0, "from confidence 0.9 on nothing strange is answered"
    assert found.setting.strange == 0.5
    assert [stranger.text for stranger in found.strangers] == ["refused"]


def test_latency_is_told_in_milliseconds() -> None:
    told = latency([number / 1000 for number in range(1, 101)])
    assert (told.p50, told.p95, told.p99, told.worst) == (51.0, 96.0, 100.0, 100.0)
