"""Learning a model from phrases; `nlu.worker` runs it in a process of its own.

Only this side needs SciPy (and scikit-learn for very large knowledge bases), imported where it is used:
the serving process stays small.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gateway.errors import FrontdeskError
from gateway.ports import Phrase, TrainingReport
from nlu.background import everyday_questions
from nlu.confidence import PLAIN, Curve, Evidence, Flags, fit_curve, settle
from nlu.counts import Counts, Gains, Labels, Rows
from nlu.features import TOTAL, Floats, Ints, Reader, presence
from nlu.model import ASIDE, FORMAT, Arrays, Card, Learnt
from nlu.regression import fit_coefficients, softmax

GRAM_LIMIT = 9000
"""Phrases up to which the Gram matrix is used (9,000² floats are 324 MB)."""
PHRASE_LIMIT = 60_000
"""Phrases that one training takes."""

_COST = 20.0
_TOLERANCE, _ROUGH_TOLERANCE = 0.01, 0.03
_EVENNESS, _EVENNESS_LARGE = 0.7, 0.3
_SHARPNESS = 6.0  # a linear SVM's margins times this read as log-odds
_FOLDS = 3
_HELD_INTENTS = 6  # one intent in six is held out whole in each fold
_HELD_PHRASES = 2500  # phrases that calibration looks at: more only takes longer
_SMALLEST = 60  # phrases below which nothing is held out
_STRANGE_SHARE = 0.1  # what phrases of unknown intents count, against known ones, whatever their number
_EVERYDAY_SHARE = 1.0  # and everyday questions
_ALIKE = 0.6  # cosine from which an everyday question is too near to an article's phrasing


class Corpus(NamedTuple):
    """Distinct phrases sorted by intent: intent names, each phrase's intent number, words, features."""

    intents: tuple[str, ...]
    labels: Labels
    words: tuple[tuple[str, ...], ...]
    counts: Counts


class Recipe(NamedTuple):
    """How a corpus of this size is learnt: `large` by a linear SVM, else on the Gram matrix."""

    large: bool
    evenness: float


class Linear(NamedTuple):
    """A linear classifier: F × k weights and k biases."""

    weights: Floats
    bias: Floats


def read_corpus(phrases: Sequence[Phrase]) -> Corpus:
    """Prepare `phrases`. Raises FrontdeskError where no classifier can be trained from them."""
    if len(phrases) > PHRASE_LIMIT:
        raise FrontdeskError(f"{len(phrases)} phrasings are more than one training takes ({PHRASE_LIMIT})")
    reader = Reader()
    keys = {(phrase.intent, tuple(reader.words(phrase.text))) for phrase in phrases}
    if len({intent for intent, words in keys if words}) < 2:
        raise FrontdeskError("training needs phrasings of at least two articles; publish more articles")
    keys |= {(ASIDE, tuple(reader.words(text))) for text in everyday_questions()}
    ordered = sorted(key for key in keys if key[1])
    counts = Counts([reader.grams(words) for _, words in ordered])
    kept = _unlike([intent for intent, _ in ordered], counts)
    intents = tuple(dict.fromkeys(ordered[row][0] for row in kept))
    numbers = {intent: number for number, intent in enumerate(intents)}
    return Corpus(
        intents=intents,
        labels=np.array([numbers[ordered[row][0]] for row in kept], np.int64),
        words=tuple(ordered[row][1] for row in kept),
        counts=counts.only(np.array(kept)),
    )


def _unlike(intents: Sequence[str], counts: Counts) -> list[int]:
    """The rows of `counts` without everyday questions that an article's phrasing resembles."""
    aside = intents.count(ASIDE)  # ASIDE sorts first
    labels = np.array([intent != ASIDE for intent in intents], np.int64)
    rows = counts.rows(counts.gains(np.arange(len(intents)), labels, 0.0)).matrix
    nearest = (rows[:aside] @ rows[aside:].T).toarray().max(1) / TOTAL**2
    return [*np.flatnonzero(nearest < _ALIKE).tolist(), *range(aside, len(intents))]


def train(revision: int, phrases: Sequence[Phrase], *, gram_limit: int = GRAM_LIMIT) -> tuple[Learnt, TrainingReport]:
    """What `phrases` teach, for knowledge-base `revision`. Raises FrontdeskError as `read_corpus`."""
    started = time.perf_counter()
    corpus = read_corpus(phrases)
    large = len(corpus.labels) > gram_limit
    recipe = Recipe(large, _EVENNESS_LARGE if large else _EVENNESS)
    curve = _calibrate(corpus, recipe)
    everything = np.arange(len(corpus.labels))
    gains = corpus.counts.gains(everything, corpus.labels, recipe.evenness)
    rows = corpus.counts.rows(gains)
    linear = _fit(rows.matrix, corpus.labels, recipe, _TOLERANCE)
    learnt = _assemble(revision, corpus, curve, gains, rows.matrix, linear)
    report = TrainingReport(
        revision=revision,
        phrases=len(phrases),
        intents=len(set(corpus.intents) - {ASIDE}),
        seconds=round(time.perf_counter() - started, 3),
    )
    return learnt, report


def _fit(matrix: Any, labels: Labels, recipe: Recipe, tolerance: float) -> Linear:
    count = int(labels.max()) + 1
    if recipe.large:
        return _fit_large(matrix, labels, count)
    gram = (matrix @ matrix.T).toarray() + np.float32(1)  # the 1 is the bias's share
    coefficients = fit_coefficients(gram, labels, count, cost=_COST, tolerance=tolerance)
    return Linear(np.asarray(matrix.T @ coefficients, np.float32), coefficients.sum(0))


def _fit_large(matrix: Any, labels: Labels, count: int) -> Linear:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 — seconds to import, for few

    # liblinear knows 32-bit places only.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    machine = LinearSVC(C=1.0, dual=True, random_state=0).fit(matrix, labels)
    weights, bias = machine.coef_.T, machine.intercept_
    if count == 2:  # scikit-learn keeps one column for two classes
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    sharp = np.float32(_SHARPNESS)
    return Linear(sharp * weights.astype(np.float32), sharp * bias.astype(np.float32))


class _Trial(NamedTuple):
    """Held-out phrases put to a trial model: evidence for its best answer, whether that was right,
    whether the phrase's intent was unknown to it, an everyday question, or set aside as one."""

    evidence: Evidence
    right: Flags
    strange: Flags
    everyday: Flags
    aside: Flags


def _calibrate(corpus: Corpus, recipe: Recipe) -> Curve:
    """The confidence curve, from phrases and whole intents left out of trial trainings."""
    if len(corpus.labels) < _SMALLEST or len(corpus.intents) < _HELD_INTENTS:
        return PLAIN
    chance = np.random.default_rng(0)
    picked = chance.permutation(len(corpus.labels))[:_HELD_PHRASES]
    named = [number for number, intent in enumerate(corpus.intents) if intent != ASIDE]
    held_intents = chance.permutation(named)
    trials = [_trial(corpus, recipe, picked, held_intents, fold) for fold in range(_FOLDS)]
    evidence = Evidence(*(np.concatenate(parts) for parts in zip(*(trial.evidence for trial in trials), strict=True)))
    right, strange, everyday, aside = (
        np.concatenate(parts) for parts in zip(*(trial[1:] for trial in trials), strict=True)
    )
    weight = np.ones(len(right))
    for group, share in ((strange, _STRANGE_SHARE), (everyday, _EVERYDAY_SHARE)):
        if (group & ~aside).any():
            weight[group] = share * (~strange & ~everyday).sum() / (group & ~aside).sum()
    told = ~aside
    curve = fit_curve(Evidence(*(part[told] for part in evidence)), right[told], weight[told])
    return settle(curve, np.where(aside, -np.inf, curve.level(evidence))[everyday])


def _trial(corpus: Corpus, recipe: Recipe, picked: Labels, held_intents: Labels, fold: int) -> _Trial:
    """Train without a third of the phrases and without some intents, then ask about those."""
    strange_intents = held_intents[fold::_FOLDS][: max(len(held_intents) // _HELD_INTENTS, 1)]
    strange = np.isin(corpus.labels[picked], strange_intents)
    tested = strange | (np.arange(len(picked)) % _FOLDS == fold)
    taught, asked = picked[~tested], picked[tested]
    kept, labels = np.unique(corpus.labels[taught], return_inverse=True)
    rows = corpus.counts.rows(corpus.counts.gains(taught, labels, recipe.evenness))
    evidence, best = _evidence(rows, recipe, taught, labels, asked)
    aside = corpus.intents.index(ASIDE) if ASIDE in corpus.intents else -1
    return _Trial(
        evidence=evidence,
        right=kept[best] == corpus.labels[asked],
        strange=strange[tested],
        everyday=corpus.labels[asked] == aside,
        aside=kept[best] == aside,
    )


def _evidence(rows: Rows, recipe: Recipe, taught: Labels, labels: Labels, asked: Labels) -> tuple[Evidence, Labels]:
    """What speaks for the best answer to each question `asked`, and which intent number that is, by a
    classifier of the phrases `taught`."""
    known, questions = rows.matrix[taught], rows.matrix[asked]
    linear = _fit(known, labels, recipe, _ROUGH_TOLERANCE)
    chances = softmax(np.asarray(questions @ linear.weights) + linear.bias)
    best = chances.argmax(1)
    cosines = (questions @ known.T).toarray()
    cosines[labels[None, :] != best[:, None]] = 0  # only phrases of the answer's own intent
    columns = known.tocsc()
    present = presence(columns.indptr, columns.indices, labels, chances.shape[1])
    covered = (rows.words[asked] @ present.astype(np.float32))[np.arange(len(asked)), best]
    likeness = cosines.max(1) / (rows.lengths[asked] * TOTAL)
    return Evidence(chances.max(1), likeness, covered / rows.word_totals[asked]), best


def _assemble(revision: int, corpus: Corpus, curve: Curve, gains: Gains, matrix: Any, linear: Linear) -> Learnt:
    columns = matrix.tocsc()
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
