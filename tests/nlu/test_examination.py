"""Tests of cross-validation: nobody is asked what they were taught, and the report is written."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from gateway.errors import FrontdeskError
from gateway.learning import Evaluating, Phrase, Taught
from gateway.settings import Dialogue
from nlu.cli import DATA, PAGE, evaluate, show
from nlu.evaluation import Question
from nlu.examination import cross_validate, examine
from nlu.findings import Findings
from tests.nlu.samples import PHRASES

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def quietly(doing: str, done: int, total: int) -> None:
    """Nobody watches."""


def test_every_phrase_is_asked_once_and_of_a_model_that_never_saw_it() -> None:
    examined = cross_validate(PHRASES, 3, quietly)
    assert sorted(one.question.text for one in examined.asked) == sorted({phrase.text for phrase in PHRASES})
    wrong = [one for one in examined.asked if one.got and not one.right]
    assert wrong, "a model that had seen them all would know them all"
    assert all(one.cause and one.cause != one.question.text for one in wrong)
    assert examined.strangers
    assert all(one.question.intent is None for one in examined.strangers)
    assert len(examined.trainings) == 6


def test_one_phrase_an_intent_is_too_few() -> None:
    few = [Phrase(intent=intent, language="en", text=f"about {intent}") for intent in "abc"]
    with pytest.raises(FrontdeskError, match="two intents with two phrasings each"):
        cross_validate(few, 2, quietly)


def test_given_questions_are_asked_of_a_model_of_all() -> None:
    questions = [
        Question(text="where is my parcel", intent="track", language="en"),
        Question(text="who wins the cup", intent=None, language="en"),
    ]
    examined = examine(PHRASES, questions, quietly)
    assert [one.got for one in examined.asked] == ["track"]
    assert [one.question.text for one in examined.strangers] == ["who wins the cup"]


def test_the_report_is_a_page_and_data_and_a_table(tmp_path: Path) -> None:
    file = tmp_path / "test.csv"
    file.write_text("text,intent\nwhere is my <b>parcel</b>,track\nopening hours,price\nwho wins,\n", encoding="utf-8")
    said = io.StringIO()
    console = Console(file=said, width=100, color_system=None)
    how = Evaluating(test=file, folds=5, precision=0.9, out=tmp_path / "out")
    found = evaluate(Taught(name="shop", phrases=PHRASES), how, Dialogue(), NOW, console=console)
    show(found, how.out, console)
    assert "50.0% of 2" in said.getvalue()
    assert "1 × price → hours, as “opening hours”" in said.getvalue()
    stored = msgspec.json.decode((how.out / DATA).read_bytes(), type=Findings)
    assert stored == found
    page = (how.out / PAGE).read_text(encoding="utf-8")
    assert "opening hours" in page
    assert "src=" not in page, "the page needs nothing from elsewhere"


def test_questions_of_other_intents_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "test.csv"
    file.write_text("text,intent\nhello,bank\n", encoding="utf-8")
    how = Evaluating(test=file, folds=5, precision=0.9, out=tmp_path)
    with pytest.raises(FrontdeskError, match="none of its intents is among the 6 that are taught"):
        evaluate(Taught(name="shop", phrases=PHRASES), how, Dialogue(), NOW, console=Console(file=io.StringIO()))


def test_markup_in_a_question_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "test.csv"
    file.write_text("text,intent\n<script>alert(1)</script> opening hours,price\n", encoding="utf-8")
    how = Evaluating(test=file, folds=5, precision=0.9, out=tmp_path)
    evaluate(Taught(name="<u>shop", phrases=PHRASES), how, Dialogue(), NOW, console=Console(file=io.StringIO()))
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "<u>" not in page
