"""Learning a model from phrases; `nlu.worker` runs it in a process of its own.

Only this side needs SciPy (and scikit-learn for large knowledge bases), imported where it is used: the
serving process stays small.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.errors import FrontdeskError
from gateway.learning import DialPoint, Phrase, TrainingReport
from nlu.calibration import calibrate
from nlu.confidence import Curve
from nlu.corpus import Corpus, clashes, count_languages, read_corpus
from nlu.counts import Gains
from nlu.embeddings.joined import SHARE, Encodes, Joined, JoinedCard, turn_of
from nlu.features import Ints
from nlu.fitting import CAREFUL, GRAM_LIMIT, Linear, Recipe, fit, recipe_for
from nlu.model import ASIDE, FORMAT, Arrays, Card, Learnt


def train(
    revision: int,
    phrases: Sequence[Phrase],
    labelled: Sequence[Phrase] = (),
    *,
    gram_limit: int = GRAM_LIMIT,
    encoder: Encodes | None = None,
) -> tuple[Learnt, TrainingReport]:
    """What `phrases` teach, for knowledge-base `revision`.

    `labelled` are customers' messages that people labelled, with the intent ASIDE where nothing should be
    answered; those of intents that `phrases` lack are left out. With an `encoder` a joined classifier is taught
    as well; where that fails the light one stands alone and the report says why. Raises FrontdeskError as
    `read_corpus`.
    """
    started = time.perf_counter()
    wanted = {phrase.intent for phrase in phrases} | {ASIDE}
    labelled = [phrase for phrase in labelled if phrase.intent in wanted]
    corpus = read_corpus([*phrases, *labelled])
    recipe = recipe_for(len(corpus.labels), gram_limit)
    curve, dial = calibrate(corpus, recipe)
    gains = corpus.counts.gains(np.arange(len(corpus.labels)), corpus.labels, recipe.evenness, sized=recipe.large)
    rows = corpus.counts.rows(gains)
    linear = fit(rows.matrix, corpus.labels, recipe, CAREFUL, aside=corpus.intents[0] == ASIDE)
    learnt = _assemble(revision, corpus, curve, gains, rows.compared, linear)
    failure = ""
    if encoder:
        try:
            joined, dial = _join(corpus, recipe, rows.matrix, encoder)
            learnt = learnt._replace(joined=joined)
        except FrontdeskError as error:
            failure = str(error)
    report = TrainingReport(
        revision=revision,
        phrases=len(phrases) + len(labelled),
        intents=len(set(corpus.intents) - {ASIDE}),
        seconds=round(time.perf_counter() - started, 3),
        labelled=len(labelled),
        languages=count_languages(phrases),
        clashes=clashes(phrases),
        dial=dial,
        without_embeddings=failure,
    )
    return learnt, report


def _join(corpus: Corpus, recipe: Recipe, matrix: Any, encoder: Encodes) -> tuple[Joined, tuple[DialPoint, ...]]:
    """The joined classifier of the same rows, and its dial. Raises FrontdeskError where there are no vectors."""
    found = encoder.vectors(corpus.texts)
    aside = corpus.intents[0] == ASIDE
    curve, dial = calibrate(corpus, recipe, found)
    turn = turn_of(found, corpus.labels, large=recipe.large, aside=aside)
    embeddings = turn.of(found)
    linear = fit(matrix, corpus.labels, recipe, CAREFUL, aside=aside, dense=SHARE * embeddings)
    joined = Joined(
        card=JoinedCard(encoder=encoder.fingerprint, curve=(*curve,)),
        weights=linear.weights,
        bias=linear.bias.astype(np.float32),
        dense=SHARE * np.asarray(linear.dense, np.float32),
        vectors=embeddings.astype(np.float16),
        mean=turn.mean,
        matrix=turn.matrix,
    )
    return joined, dial


def _assemble(revision: int, corpus: Corpus, curve: Curve, gains: Gains, compared: Any, linear: Linear) -> Learnt:
    columns = compared.tocsc()
    known = Counter(word for words in corpus.words for word in words)
    names = sorted(known)
    arrays = Arrays(
        gains=gains.known,
        weights=linear.weights,
        bias=linear.bias.astype(np.float32),
        starts=_ints(columns.indptr),
        rows=_ints(columns.indices),
        values=columns.data.astype(np.float32),
        firsts=_ints(np.searchsorted(corpus.labels, np.arange(len(corpus.intents)))),
        counts=_ints([known[name] for name in names]),
    )
    card = Card(
        format=FORMAT,
        revision=revision,
        intents=corpus.intents,
        curve=(curve.offset, curve.probability, curve.likeness, curve.coverage),
        unseen=gains.unseen,
        phrases=len(corpus.labels),
    )
    return Learnt(card, corpus.counts.names, names, arrays)


def _ints(numbers: Any) -> Ints:
    return np.asarray(numbers, np.int32)
