"""How sure an answer is: a number in 0–1 that one threshold can split into answer and not.

The classifier's probability is blind to questions it was never taught; the nearest training phrase and
the share of the text's words that the intent's phrases have are blind to rivals. Together they see both.
A logistic curve over the three, fitted on phrases, whole intents and everyday questions that were held
out of training, turns them into a confidence whose meaning does not change with the knowledge base.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import Floats

ANSWER = 0.55
"""Confidence from which answering is right by calibration; the recommended setting."""
CLARIFY = 0.3
"""Confidence from which "did you mean" is worth a question; the recommended setting."""

_FLOOR = 1e-3
_LIKENESS_COUNTS = 1.0
"""How much the nearest phrase counts beside the probability where likely intents are put in order. By
cross-validation: with ten phrases an intent it is worth half a point and more, with hundreds next to nothing."""
_RIDGE = 4.0  # what PLAIN counts against the cases
_STEPS = 25
_STRAYING = 0.04  # everyday questions that may reach ANSWER
_MOST_LOWERED, _MOST_RAISED = 2.0, 1.5
"""How far the curve is moved at most. Trials of a small knowledge base know too little to be sure of anything: it is
raised as far as that of one a few times its size is, and then nearly twice as many questions are answered."""

Flags = NDArray[np.bool_]
Doubles = NDArray[np.float64]


class Evidence(NamedTuple):
    """What speaks for an intent, each 0–1: the classifier's probability, the highest cosine to one of
    its phrases, and the weighted share of the text's words that occur in its phrases."""

    probability: Floats
    likeness: Floats
    coverage: Floats

    def inputs(self) -> Doubles:
        """One row a case for the logistic curve, a constant first."""
        chance, likeness = (np.log(np.clip(part, _FLOOR, 1)) for part in self[:2])
        columns = [np.ones_like(chance), chance, likeness, self.coverage]
        result: Doubles = np.stack(columns, axis=-1).astype(np.float64)
        return result


def standing(probability: float, likeness: float) -> float:
    """By what likely intents are put in order: the higher, the better it fits."""
    return math.log(max(probability, _FLOOR)) + _LIKENESS_COUNTS * math.log(max(likeness, _FLOOR))


def standings(probability: Floats, likeness: Floats) -> Doubles:
    """The same of many."""
    chance, near = (np.log(np.maximum(part, _FLOOR)) for part in (probability, likeness))
    result: Doubles = (chance + _LIKENESS_COUNTS * near).astype(np.float64)
    return result


class Curve(NamedTuple):
    """confidence = 1 / (1 + exp(-(offset + probability·ln p + likeness·ln c + coverage·v)))."""

    offset: float
    probability: float
    likeness: float
    coverage: float

    def level(self, evidence: Evidence) -> Doubles:
        """The log-odds of being right."""
        result: Doubles = evidence.inputs() @ np.array(self)
        return result

    def without_likeness(self, probability: float, coverage: float) -> float:
        """What a single case's probability and coverage say: its log-odds but for `of_likeness`, which only
        lowers them."""
        return self.offset + self.probability * math.log(max(probability, _FLOOR)) + self.coverage * coverage

    def of_likeness(self, likeness: float) -> float:
        """What a single case's likeness adds to its log-odds: at most 0."""
        return self.likeness * math.log(min(max(likeness, _FLOOR), 1.0))


def sigmoid(level: float) -> float:
    """The probability, 0–1, with these log-odds."""
    return 1 / (1 + math.exp(-min(max(level, -30.0), 30.0)))


PLAIN = Curve(-0.5, 1.8, 0.3, 3.2)
"""For a knowledge base too small to hold anything out."""


def fit_curve(evidence: Evidence, right: Flags, weight: Doubles) -> Curve:
    """The curve that best tells right from wrong held-out answers: weighted maximum likelihood, drawn
    towards PLAIN so that a few dozen cases do not decide alone.

    Gives PLAIN where the cases are all right or all wrong. A kind of evidence that would speak against
    an answer the more there is of it counts nothing: that is chance, not knowledge.
    """
    if right.all() or not right.any():
        return PLAIN
    inputs, truth = evidence.inputs(), right.astype(np.float64)
    used = np.ones(len(PLAIN), np.bool_)
    while True:
        beta = np.zeros(len(PLAIN))
        beta[used] = _newton(inputs[:, used], truth, weight, np.array(PLAIN)[used])
        against = (beta < 0) & (np.arange(len(beta)) > 0)
        if not against.any():
            return Curve(*beta.tolist())
        used &= ~against


def settle(curve: Curve, levels: Doubles) -> Curve:
    """`curve` moved so that of everyday questions with these levels only few reach ANSWER, and those do.

    Those that the classifier itself set aside have level -inf.
    """
    if not len(levels):
        return curve
    allowed = float(np.quantile(levels, 1 - _STRAYING, method="higher"))
    moved = math.log(ANSWER / (1 - ANSWER)) - allowed
    return curve._replace(offset=curve.offset + min(max(moved, -_MOST_LOWERED), _MOST_RAISED))


def _newton(inputs: Doubles, truth: Doubles, weight: Doubles, prior: Doubles) -> Doubles:
    """Weighted logistic regression with a ridge around `prior`, so the likelihood is strictly concave."""
    beta = prior.copy()
    ridge = _RIDGE * np.eye(len(beta))
    for _ in range(_STEPS):
        chance = _chances(inputs @ beta)
        slope = inputs.T @ (weight * (truth - chance)) - ridge @ (beta - prior)
        bend = (inputs * (weight * chance * (1 - chance))[:, None]).T @ inputs + ridge
        beta = beta + np.linalg.solve(bend, slope)
    return beta


def _chances(level: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-np.clip(level, -30, 30)))
    return result
