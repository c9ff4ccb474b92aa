"""Tests of the classifier's optimiser against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from nlu.regression import fit_coefficients, softmax


def test_finds_what_scikit_learn_finds() -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(90, 8)).astype(np.float32)
    intents = (rows @ chance.normal(size=(8, 3))).argmax(1)
    coefficients = fit_coefficients(rows @ rows.T, intents, 3, cost=2.0, tolerance=1e-4)
    ours = softmax(rows @ (rows.T @ coefficients))
    theirs = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-8, max_iter=2000).fit(rows, intents)
    assert np.abs(ours - theirs.predict_proba(rows)).max() < 0.01


def test_softmax_stands_large_scores() -> None:
    assert np.allclose(softmax(np.array([[1000.0, 0.0]], np.float32)), [[1, 0]])
