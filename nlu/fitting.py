"""Fits linear classifiers to weighted phrases: one recipe for few phrases, another for many."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nlu.counts import Labels
from nlu.features import Floats
from nlu.products import products
from nlu.regression import fit_coefficients

GRAM_LIMIT = 4000
"""Phrases up to which the Gram matrix is used: the better classifier of few phrases, and too slow for many."""
CAREFUL, ROUGH = 0.01, 0.03
"""How near to its goal a fit goes: the one that serves, and those that only calibrate."""

_COST, _COST_DENSE = 20.0, 2.5  # with sentence vectors rows are longer: the same freedom costs less
_EVENNESS, _EVENNESS_LARGE = 0.7, 0.4
_SHARPNESS = 6.0  # a linear SVM's margins times this read as log-odds
_SVM_TOLERANCE = 0.1  # a finer one takes half as long again and finds no more


class Recipe(NamedTuple):
    """How a corpus of this size is learnt: `large` by a linear SVM, else on the Gram matrix."""

    large: bool
    evenness: float


class Linear(NamedTuple):
    """A linear classifier: F × k weights, k biases, and d × k weights of dense columns where there were any."""

    weights: Floats
    bias: Floats
    dense: Floats | None = None

    def scores(self, matrix: Any, dense: Floats | None) -> Floats:
        """What it says of sparse rows with these dense columns: n × k."""
        scores: Floats = np.asarray(matrix @ self.weights) + self.bias
        return scores if dense is None or self.dense is None else scores + dense @ self.dense


def recipe_for(phrases: int, gram_limit: int = GRAM_LIMIT) -> Recipe:
    """The recipe for so many phrases."""
    large = phrases > gram_limit
    return Recipe(large, _EVENNESS_LARGE if large else _EVENNESS)


def fit(
    matrix: Any, labels: Labels, recipe: Recipe, tolerance: float, *, aside: bool, dense: Floats | None = None
) -> Linear:
    """The classifier of sparse rows with these intent numbers; `aside` tells whether 0 is the silent intent.

    `dense` are further columns of the same rows, n × d.
    """
    count = int(labels.max()) + 1
    if recipe.large and dense is None:
        return _fit_large(matrix, labels, count, aside=aside and count > 2)
    if recipe.large:
        return _parted(_fit_large(_beside(matrix, dense), labels, count, aside=aside and count > 2), matrix.shape[1])
    gram = products(matrix, matrix) + np.float32(1)  # the 1 is the bias's share
    if dense is not None:
        gram += dense @ dense.T
    cost = _COST if dense is None else _COST_DENSE
    coefficients = fit_coefficients(gram, labels, count, cost=cost, tolerance=tolerance)
    weights, bias = np.asarray(matrix.T @ coefficients, np.float32), coefficients.sum(0)
    return Linear(weights, bias, None if dense is None else dense.T @ coefficients)


def _beside(matrix: Any, dense: Floats | None) -> Any:
    from scipy.sparse import csr_array, hstack  # noqa: PLC0415 — not needed to serve

    return hstack([matrix, csr_array(dense)], format="csr")


def _parted(whole: Linear, features: int) -> Linear:
    return Linear(whole.weights[:features], whole.bias, whole.weights[features:])


def _fit_large(matrix: Any, labels: Labels, count: int, *, aside: bool) -> Linear:
    """One against the rest; the silent intent's phrases are only against that one: an article about the weather
    must not lose its questions to everyday ones about it."""
    if not aside:
        return _fit_svm(matrix, labels, count)
    own = np.flatnonzero(labels)
    intents = _fit_svm(matrix[own], labels[own] - 1, count - 1)
    silent = _fit_svm(matrix, (labels == 0).astype(np.int64), 2)
    return Linear(np.hstack([silent.weights[:, 1:], intents.weights]), np.concatenate([silent.bias[1:], intents.bias]))


def _fit_svm(matrix: Any, labels: Labels, count: int) -> Linear:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 — seconds to import, for few

    # liblinear knows 32-bit places only.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    machine = LinearSVC(C=1.0, tol=_SVM_TOLERANCE, dual=True, random_state=0).fit(matrix, labels)
    weights, bias = machine.coef_.T, machine.intercept_
    if count == 2:  # scikit-learn keeps one column for two classes
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    sharp = np.float32(_SHARPNESS)
    return Linear(sharp * weights.astype(np.float32), sharp * bias.astype(np.float32))
