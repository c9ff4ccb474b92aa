"""Tests of training, of the model's answers and of its bytes."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FrontdeskError
from gateway.learning import Phrase
from nlu.calibration import _first
from nlu.confidence import ANSWER
from nlu.corpus import read_corpus
from nlu.model import ASIDE, FORMAT, Learnt, Model, from_bytes, to_bytes
from nlu.normal import read
from nlu.training import train
from tests.nlu.samples import PHRASES


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("скільки буде коштувати доставка", "price"),
        ("сколько стоит отправить посылку", "price"),
        ("what does shipping cost", "price"),
        ("skilky koshtuie dostavka", "price"),
        ("gde moya posylka", "track"),
        ("де моя посилочка", "track"),
        ("псоилка пошкожена", "broken"),
        ("ult vjz gjcskrf", "track"),  # «где моя посылка» with the keyboard on English
        ("ДО КОТРОЇ ПРАЦЮЄТЕ???", "hours"),
        ("дайте живого человека", "person"),
        ("оплата картою", "pay"),
    ],
)
def test_right_intent(model: Model, text: str, intent: str) -> None:
    assert model.rank(text)[0].intent == intent


@pytest.mark.parametrize("phrase", PHRASES[::4], ids=lambda phrase: phrase.text)
def test_what_was_taught_is_answered(model: Model, phrase: Phrase) -> None:
    best = model.rank(phrase.text)[0]
    assert best.intent == phrase.intent
    assert best.confidence >= ANSWER


@pytest.mark.parametrize(
    "text", ["хто переміг у лізі чемпіонів", "как пожарить рыбу", "who painted the mona lisa", "цвіт папороті"]
)
def test_strange_matters_stay_under_the_threshold(model: Model, text: str) -> None:
    ranking = model.rank(text)
    assert not ranking or ranking[0].confidence < ANSWER


def test_ranking_falls_and_hides_the_silent_intent(model: Model) -> None:
    ranking = model.rank("яка погода завтра і скільки коштує доставка")
    confidences = [ranked.confidence for ranked in ranking]
    assert confidences == sorted(confidences, reverse=True)
    assert ASIDE not in {ranked.intent for ranked in ranking}
    assert len(ranking) == 6


def test_many_texts_are_ranked_as_each_alone(model: Model) -> None:
    texts = [phrase.text for phrase in PHRASES] + ["", "!!!", "хто переміг", "псоилка пошкожена " * 40]
    assert model.rank_all([read(text).words for text in texts]) == [model.rank(text) for text in texts]
    assert model.rank_all([]) == []


@given(st.text(max_size=120))
def test_strange_text_never_fails(text: str) -> None:
    model = _MODEL
    for ranked in model.rank(text):
        assert 0 <= ranked.confidence <= 1


_MODEL = Model(train(2, PHRASES)[0])


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "!!!", "😀", "١٢٣"])
def test_nothing_known_gives_no_ranking(model: Model, text: str) -> None:
    assert model.rank(text) == () or model.rank(text)[0].confidence < ANSWER


def test_bytes_come_back_the_same(learnt: Learnt, model: Model) -> None:
    again = from_bytes(to_bytes(learnt))
    assert again.card == model.card
    for text in ("де посилка", "how much", "оператор"):
        assert again.rank(text) == model.rank(text)


def test_training_twice_gives_the_same(learnt: Learnt) -> None:
    assert to_bytes(train(1, PHRASES)[0]) == to_bytes(learnt)


def _archive(learnt: Learnt, **changes: np.ndarray | None) -> bytes:
    with np.load(io.BytesIO(to_bytes(learnt))) as archive:
        stored = {name: archive[name] for name in archive.files} | changes
    target = io.BytesIO()
    np.savez(target, **{name: array for name, array in stored.items() if array is not None})
    return target.getvalue()


def test_a_file_cut_short_is_refused(learnt: Learnt) -> None:
    data = to_bytes(learnt)
    for end in (0, 10, len(data) // 2, len(data) - 5):
        with pytest.raises(FrontdeskError, match="train again"):
            from_bytes(data[:end])


def test_foreign_files_are_refused(learnt: Learnt) -> None:
    foreign = io.BytesIO()
    np.savez(foreign, weights=np.zeros(3))
    pickled = io.BytesIO()
    np.savez(pickled, card=np.array([{"format": 1}], dtype=object))
    numbers = io.BytesIO()
    np.save(numbers, np.zeros(3))
    for data in (
        b"hello",
        foreign.getvalue(),
        pickled.getvalue(),
        numbers.getvalue(),
        _archive(learnt, extra=np.zeros(1)),
    ):
        with pytest.raises(FrontdeskError, match="train again"):
            from_bytes(data)


def test_another_format_is_named(learnt: Learnt) -> None:
    card = to_bytes(learnt)
    with np.load(io.BytesIO(card)) as archive:
        text = archive["card"].tobytes().replace(b'"format":%d' % FORMAT, b'"format":99')
    with pytest.raises(FrontdeskError, match="format 99"):
        from_bytes(_archive(learnt, card=np.frombuffer(text, np.uint8)))


@pytest.mark.parametrize("name", ["gains", "weights", "bias", "starts", "rows", "values", "firsts", "counts"])
def test_arrays_that_do_not_fit_are_refused(learnt: Learnt, name: str) -> None:
    with pytest.raises(FrontdeskError, match="train again"):
        from_bytes(_archive(learnt, **{name: getattr(learnt.arrays, name)[:-1]}))


def test_numbers_out_of_range_are_refused(learnt: Learnt) -> None:
    rows = learnt.arrays.rows.copy()
    rows[0] = 10**6
    with pytest.raises(FrontdeskError, match="damaged"):
        from_bytes(_archive(learnt, rows=rows))
    weights = learnt.arrays.weights.copy()
    weights[0, 0] = np.nan
    with pytest.raises(FrontdeskError, match="damaged"):
        from_bytes(_archive(learnt, weights=weights))
    card = learnt.card
    backwards = msgspec.json.encode(msgspec.structs.replace(card, curve=(*card.curve[:2], -1.0, card.curve[3])))
    with pytest.raises(FrontdeskError, match="damaged"):
        from_bytes(_archive(learnt, card=np.frombuffer(backwards, np.uint8)))


def test_one_article_is_too_few() -> None:
    only = [phrase for phrase in PHRASES if phrase.intent == "price"]
    with pytest.raises(FrontdeskError, match="at least two articles"):
        train(1, only)
    with pytest.raises(FrontdeskError, match="at least two articles"):
        train(1, [*only, Phrase(intent="empty", language="uk", text="!!!")])


def test_a_tiny_knowledge_base_still_works() -> None:
    tiny = [
        Phrase(intent="a", language="uk", text="де моя посилка"),
        Phrase(intent="b", language="uk", text="скільки коштує доставка"),
    ]
    learnt, report = train(5, tiny)
    model = Model(learnt)
    assert (report.revision, report.phrases, report.intents) == (5, 2, 2)
    assert model.revision == 5
    assert model.rank("де посилка")[0].intent == "a"


def test_a_large_knowledge_base_is_learnt_by_the_other_recipe() -> None:
    model = Model(train(1, PHRASES, gram_limit=10)[0])
    right = [model.rank(phrase.text)[0].intent == phrase.intent for phrase in PHRASES]
    assert sum(right) >= 0.97 * len(right)
    two = [phrase for phrase in PHRASES if phrase.intent in {"price", "track"}]
    assert Model(train(1, two, gram_limit=10)[0]).rank("де моя посилка")[0].intent == "track"


def test_too_many_phrases_are_refused_at_once() -> None:
    many = [Phrase(intent=str(n % 3), language="uk", text=f"текст {n}") for n in range(60_001)]
    with pytest.raises(FrontdeskError, match="60001 phrasings"):
        train(1, many)


def test_words_that_only_their_letters_tell_apart() -> None:
    # «мил» and «мыл» have the same comparable form.
    texts = {
        "soap": ["чем мыл тарелки", "кто мыл посуду", "он мыл пол", "как мыл окна", "мыл машину"],
        "dear": ["кто мне мил", "он мил", "кто тебе мил", "был мил со мной", "мил и добр"],
    }
    learnt, _ = train(
        1, [Phrase(intent=intent, language="ru", text=text) for intent in texts for text in texts[intent]]
    )
    taught = Model(learnt)
    assert [taught.rank(text)[0].intent for text in ("мыл", "мил")] == ["soap", "dear"]


def test_an_everyday_question_yields_to_an_article_like_it() -> None:
    florist = [*PHRASES, Phrase(intent="cake", language="uk", text="замовити торт на день народження")]
    silent = read_corpus(PHRASES).labels.tolist().count(0)
    assert read_corpus(florist).labels.tolist().count(0) < silent


def favouring(learnt: Learnt, phrase: Phrase, other: str, odds: float) -> Model:
    """A model whose classifier takes `phrase` for a matter of the `other` intent, with these odds to its own."""
    model = Model(learnt)
    [scores] = model._by_features(model._weigher.vectors([read(phrase.text).words])).scores
    own, wrong = (learnt.card.intents.index(intent) for intent in (phrase.intent, other))
    bias = learnt.arrays.bias.copy()
    bias[wrong] += scores[own] - scores[wrong] + np.log(odds)
    return Model(learnt._replace(arrays=learnt.arrays._replace(bias=bias)))


@pytest.mark.parametrize(("odds", "right"), [(0.9, True), (1.1, True), (30, False)])
def test_of_likely_intents_the_one_with_a_phrase_like_it_is_first(learnt: Learnt, odds: float, *, right: bool) -> None:
    phrase = next(one for one in PHRASES if one.intent == "pay")
    ranked = favouring(learnt, phrase, "price", odds).rank(phrase.text)
    assert (ranked[0].intent == "pay") is right
    assert [one.confidence for one in ranked] == sorted((one.confidence for one in ranked), reverse=True)


def test_trials_put_first_what_a_model_would() -> None:
    chances = np.array([[0.02, 0.5, 0.45, 0.03], [0.02, 0.9, 0.05, 0.03], [0.6, 0.3, 0.1, 0]], np.float32)
    nearest = np.array([[0.9, 0.2, 0.9, 0.9]] * 3, np.float32)
    assert _first(chances, nearest, aside=True).tolist() == [2, 1, 0]
    assert _first(chances, nearest, aside=False).tolist() == [2, 1, 0]
    assert _first(chances[:, ::-1], nearest[:, ::-1], aside=False).tolist() == [1, 2, 3]
