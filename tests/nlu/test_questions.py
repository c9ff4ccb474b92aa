"""The demo company's articles against questions that none of its editors saw: the bar the bot must clear."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gateway.ports import Phrase
from nlu.confidence import ANSWER, CLARIFY
from nlu.evaluation import Evaluation, Question, evaluate
from nlu.training import train

_ROOT = Path(__file__).parents[2]
_DEMO = _ROOT / "knowledge_base" / "demo"
_QUESTIONS = Path(__file__).parent / "questions.tsv"


Articles = list[dict[str, dict[str, list[str]]]]


@pytest.fixture(scope="module")
def articles() -> Articles:
    files = sorted(_DEMO.glob("*.md"))
    return [yaml.safe_load(file.read_text(encoding="utf-8").split("\n---")[0]) for file in files]


@pytest.fixture(scope="module")
def phrases(articles: Articles) -> list[Phrase]:
    return [
        Phrase(intent=str(article["id"]), language=language, text=str(text))
        for article in articles
        for language, texts in article["phrasings"].items()
        for text in texts
    ]


@pytest.fixture(scope="module")
def questions(phrases: list[Phrase]) -> list[Question]:
    """The questions, without those that an article has word for word: they would tell nothing."""
    taught = {phrase.text.lower() for phrase in phrases}
    rows = [line.split("\t") for line in _QUESTIONS.read_text(encoding="utf-8").splitlines()[1:]]
    return [
        Question(language=row[0], intent=None if row[1] == "-" else row[1], text=row[2])
        for row in rows
        if row[2].lower() not in taught
    ]


@pytest.fixture(scope="module")
def found(articles: Articles, phrases: list[Phrase], questions: list[Question]) -> Evaluation:
    declined = frozenset(str(article["id"]) for article in articles if article.get("action") == "decline")
    model, _ = train(1, phrases)
    return evaluate(questions, model.rank, answer=ANSWER, clarify=CLARIFY, declined=declined)


def test_nine_in_ten_get_the_right_answer(found: Evaluation) -> None:
    assert found.total.known >= 240
    assert found.total.accuracy >= 0.93, found.confusions
    assert found.total.served >= 0.9, found.confusions
    assert found.total.helped >= 0.93, found.confusions


def test_one_in_ten_unrelated_questions_at_most_is_answered(found: Evaluation) -> None:
    assert found.total.unknown >= 100
    assert found.total.strayed <= 0.1, found.confusions


@pytest.mark.parametrize("language", ["uk", "ru", "en"])
def test_every_language_is_served(found: Evaluation, language: str) -> None:
    assert found.languages[language].served >= 0.87
    assert found.languages[language].strayed <= 0.15
