"""What sentence vectors add: the trials of `nlu_trials` with all-MiniLM-L6-v2 beside the light features."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, quantiles

from gateway.embeddings_settings import Embeddings
from nlu.embeddings.cache import CachedEncoder
from nlu.embeddings.encoder import open_encoder
from tests.bench.nlu_sets import banking77, clinc150, shots
from tests.bench.nlu_trials import DRAWS, Figure, accuracy, in_and_out_of_scope, model_of

VARIABLE = "FRONTDESK_TEST_EMBEDDINGS"
TIMED = 300


def embeddings(where: Path) -> Iterator[Figure]:
    """Much and little to learn from, in and out of scope, and what a vector costs.

    Raises LookupError where no model was prepared.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        raise LookupError(f"no language model is prepared; {VARIABLE} names its folder, make bench-nlu makes it")
    settings = Embeddings(model=named)
    found = banking77(where)
    yield from _costs(settings, [row.text for row in found.test[:TIMED]])
    # Vectors are reckoned once for all trials, as a gateway does for its phrases.
    encoder = CachedEncoder(settings, None)
    model = model_of(found.train, found.language, encoder=encoder)
    value = accuracy(model, found.test, encoder)
    yield Figure(name="BANKING77 with embeddings, all 10,003 phrases", value=value, goal=93.7)
    few = [model_of(shots(found.train, 10, seed), found.language, encoder=encoder) for seed in range(DRAWS)]
    value = mean(accuracy(model, found.test, encoder) for model in few)
    name = f"BANKING77 with embeddings, 10 phrases an intent (mean of {DRAWS} draws)"
    yield Figure(name=name, value=value, goal=86.5)
    yield from in_and_out_of_scope(clinc150(where), "CLINC150 with embeddings", 95.5, encoder)


def _costs(settings: Embeddings, texts: list[str]) -> Iterator[Figure]:
    encoder, taken = open_encoder(settings), []
    for text in texts:
        began = time.perf_counter()
        encoder.vectors([text])
        taken.append(1000 * (time.perf_counter() - began))
    centiles = quantiles(taken, n=100)
    yield Figure(name="a sentence vector, p50", value=centiles[49], unit="ms")
    yield Figure(name="a sentence vector, p99", value=centiles[98], unit="ms")
