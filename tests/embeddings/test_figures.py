"""Sentence vectors of a real model, all-MiniLM-L6-v2 (English only): what it says of texts, and a small trial.

FRONTDESK_TEST_EMBEDDINGS names its folder (`make test-embeddings` sets it). The figures over the public sets are
`make bench-nlu`'s.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from gateway.embeddings_settings import Embeddings
from nlu.embeddings.encoder import Encoder, open_encoder
from nlu.model import Model
from nlu.normal import read
from nlu.training import train
from tests.bench.nlu_sets import banking77, folder, phrases, shots

VARIABLE = "FRONTDESK_TEST_EMBEDDINGS"


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The model, loaded as a firm's would be."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} names no model's folder; run: make test-embeddings")
    return open_encoder(Embeddings(model=named))


def test_it_is_small(encoder: Encoder) -> None:
    size = (Path(os.environ[VARIABLE]) / "model.onnx").stat().st_size
    assert encoder.width == 384
    assert size < 24 * 1024 * 1024


def test_like_meanings_are_near_whatever_the_words(encoder: Encoder) -> None:
    texts = ["How do I get a refund?", "I want my money back", "The weather is nice today"]
    first, second, other = encoder.vectors(texts)
    assert first @ second > 0.5 > 0.2 > first @ other


def test_the_quantized_graph_tells_what_the_model_is_known_to_tell(encoder: Encoder) -> None:
    """Cosines as the model's card gives them for its own example sentences, within what eight bits cost."""
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    asked, *others = encoder.vectors(texts)
    assert np.allclose([asked @ other for other in others], [0.695, 0.943, 0.257], atol=0.06)


def test_a_message_takes_milliseconds(encoder: Encoder) -> None:
    taken = []
    for _ in range(50):
        began = time.perf_counter()
        encoder.vectors(["I am still waiting on my card, when will it arrive please?"])
        taken.append(time.perf_counter() - began)
    assert median(taken) < 0.05


def test_with_few_phrases_it_understands_much_more(encoder: Encoder) -> None:
    try:
        found = banking77(folder())
    except FileNotFoundError:
        pytest.skip("the set is not there; name its folder by FRONTDESK_NLU_DATA")
    taught, asked = shots(found.train, 5, 0), found.test[::8]
    model = Model(train(1, phrases(taught, "en"), encoder=encoder)[0])
    texts = [row.text for row in asked]
    words = [read(text).words for text in texts]

    def right(vectors: object) -> float:
        told = model.rank_all(words, vectors)  # type: ignore[arg-type]
        return float(np.mean([bool(one) and one[0].intent == row.intent for one, row in zip(told, asked, strict=True)]))

    assert right(encoder.vectors(texts)) > right(None) + 0.08
