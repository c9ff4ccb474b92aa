"""Tests of the classifier that looks at sentence vectors beside the light features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gateway.errors import FrontdeskError
from nlu.embeddings.encoder import Encoder
from nlu.embeddings.joined import turn_of
from nlu.features import Floats
from nlu.fitting import GRAM_LIMIT
from nlu.model import Learnt, Model, from_bytes, to_bytes
from nlu.normal import read
from nlu.training import train
from tests.nlu.samples import PHRASES

ONLY_BY_VECTOR = {"consignment": "track", "fee": "price", "settle": "pay", "someone": "person"}
"""Words that no phrase has; one of each intent's means the same to the tiny model."""


@pytest.fixture(scope="module")
def both(taught: Learnt) -> Model:
    return from_bytes(to_bytes(taught))


@pytest.mark.parametrize(
    ("gram_limit", "texts"),
    [(GRAM_LIMIT, list(ONLY_BY_VECTOR)), (0, ["fee", "settle", "someone"])],
    ids=["gram", "svm"],
)
def test_a_word_that_no_phrase_has_is_understood_by_its_vector(
    tiny: Encoder, gram_limit: int, texts: list[str]
) -> None:
    model = Model(train(1, PHRASES, encoder=tiny, gram_limit=gram_limit)[0])
    for text in texts:
        intent = ONLY_BY_VECTOR[text]
        assert model.rank(text, tiny.vectors([text]))[0].intent == intent
        assert not model.rank(text) or model.rank(text)[0].confidence < 0.3


def test_without_vectors_it_is_the_light_model_to_the_last_digit(both: Model, learnt: Learnt) -> None:
    light = Model(learnt)
    for phrase in PHRASES:
        assert both.rank(phrase.text) == light.rank(phrase.text)


def test_what_the_light_training_stores_has_not_changed(learnt: Learnt, taught: Learnt) -> None:
    assert to_bytes(taught._replace(joined=None)) == to_bytes(learnt)


def test_phrases_are_understood_with_vectors_too(both: Model, tiny: Encoder) -> None:
    texts = [phrase.text for phrase in PHRASES]
    told = both.rank_all([read(text).words for text in texts], tiny.vectors(texts))
    right = [one[0].intent == phrase.intent for one, phrase in zip(told, PHRASES, strict=True)]
    assert sum(right) > 0.9 * len(right)
    assert all(0 <= ranked.confidence <= 1 for one in told for ranked in one)
    assert [one[0].confidence for one in told] == [max(ranked.confidence for ranked in one) for one in told]


def test_the_stored_and_the_learnt_say_the_same(both: Model, taught: Learnt, tiny: Encoder) -> None:
    assert both.joined
    assert both.joined.card.encoder == tiny.fingerprint
    vector = tiny.vectors(["where is my consignment"])
    assert both.rank("where is my consignment", vector) == Model(taught).rank("where is my consignment", vector)


def test_a_text_of_signs_has_no_ranking(both: Model, tiny: Encoder) -> None:
    assert both.rank("!!! 🙂", tiny.vectors(["!!! 🙂"])) == ()


def test_a_damaged_classifier_is_refused(taught: Learnt) -> None:
    joined = taught.joined
    assert joined
    unknown = joined.dense.copy()
    unknown[0, 0] = np.nan
    for wrong in (
        joined._replace(vectors=joined.vectors[1:]),
        joined._replace(dense=joined.dense[:, 1:]),
        joined._replace(weights=joined.weights[:-1]),
        joined._replace(bias=joined.bias[1:]),
        joined._replace(dense=unknown),
        joined._replace(dense=joined.bias),
    ):
        with pytest.raises(FrontdeskError, match="publish or train again"):
            from_bytes(to_bytes(taught._replace(joined=wrong)))


class Failing:
    """An encoder that cannot."""

    fingerprint = "none"

    def vectors(self, texts: Sequence[str]) -> Floats:
        raise FrontdeskError("model.onnx cannot be loaded")


def test_where_there_are_no_vectors_the_light_model_is_taught_and_the_report_says_why(learnt: Learnt) -> None:
    light, report = train(1, PHRASES, encoder=Failing())
    assert report.without_embeddings == "model.onnx cannot be loaded"
    assert to_bytes(light) == to_bytes(learnt)


def _spoken_differently() -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Vectors of phrases of two intents: the first number tells which, the second only how it was said."""
    chance = np.random.default_rng(0)
    intents = np.repeat([0, 1], 20)
    vectors = chance.normal(0, 0.05, (40, 4))
    vectors[:, 0] += np.where(intents == 0, 0.5, -0.5)
    vectors[:, 1] += chance.normal(0, 1, 40)
    return vectors.astype(np.float32), intents


def test_what_tells_phrases_of_one_intent_apart_counts_less() -> None:
    vectors, intents = _spoken_differently()
    turned = turn_of(vectors, intents, large=False, aside=False).of(vectors)
    before, after = (np.abs(some[:, 0]).mean() / np.abs(some[:, 1]).mean() for some in (vectors, turned))
    assert after > 1.3 * before
    assert np.linalg.norm(turned, axis=1) == pytest.approx(np.ones(40), abs=1e-5)


def test_the_silent_intent_has_no_say_in_it_and_many_phrases_none_at_all() -> None:
    vectors, intents = _spoken_differently()
    strange = np.random.default_rng(1).normal(0, 9, (30, 4)).astype(np.float32)
    both, numbers = np.vstack([strange, vectors]), np.concatenate([np.zeros(30, np.int64), intents + 1])
    alone = turn_of(vectors, intents, large=False, aside=False)
    assert turn_of(both, numbers, large=False, aside=True).of(vectors) == pytest.approx(alone.of(vectors), abs=1e-4)
    many = turn_of(vectors, intents, large=True, aside=False).of(vectors)
    assert many == pytest.approx(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), abs=1e-6)
