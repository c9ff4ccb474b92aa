"""Multinomial logistic regression on a Gram matrix, by L-BFGS in the space the matrix spans.

With K = X·Xᵀ the weights are W = Xᵀ·A, so training needs only K and the n × k coefficients A: for a few
thousand phrases one dense product a step, faster than walking the sparse features, and no library.
L-BFGS is Nocedal & Wright, Numerical Optimization, algorithm 7.4, with K's inner product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import Floats

_MEMORY = 6
_STEPS = 120


class _Pair(NamedTuple):
    """A step and the gradient's change along it, each with its product with K."""

    step: Floats
    bent: Floats
    k_step: Floats
    k_bent: Floats
    weight: float


def softmax(scores: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    result: Floats = powers / powers.sum(-1, keepdims=True)
    return result


def fit_coefficients(gram: Floats, intents: NDArray[np.int64], count: int, *, cost: float, tolerance: float) -> Floats:
    """The n × `count` coefficients that minimise ½·tr(AᵀKA) + cost · cross-entropy.

    `tolerance` is the gradient's length at which to stop, as a share of the first gradient's.
    """
    problem = _Problem(gram, intents, count, cost)
    return problem.solve(tolerance)


class _Problem:
    def __init__(self, gram: Floats, intents: NDArray[np.int64], count: int, cost: float) -> None:
        self._gram = gram
        self._cost = np.float32(cost)
        self._true = np.arange(len(intents)), intents
        self._shape = len(intents), count
        self._pairs: list[_Pair] = []

    def _value(self, coefficients: Floats, scores: Floats) -> tuple[float, Floats]:
        """What is to be made small, and each phrase's probabilities."""
        top = scores.max(1)
        chances = np.exp(scores - top[:, None])
        sums = chances.sum(1)
        loss = float((np.log(sums) + top - scores[self._true]).sum())
        chances /= sums[:, None]
        return 0.5 * _dot(coefficients, scores) + float(self._cost) * loss, chances

    def _gradient(self, coefficients: Floats, chances: Floats) -> Floats:
        """The gradient there, made in the place of `chances`."""
        chances[self._true] -= np.float32(1)
        chances *= self._cost
        chances += coefficients
        return chances

    def _direction(self, gradient: Floats, k_gradient: Floats) -> tuple[Floats, Floats]:
        """The way down and its product with K, from the gradient and the last steps."""
        way, k_way = gradient.copy(), k_gradient.copy()
        amounts = []
        for pair in reversed(self._pairs):
            amount = np.float32(pair.weight * _dot(pair.k_step, way))
            amounts.append(amount)
            way -= amount * pair.bent
            k_way -= amount * pair.k_bent
        scale = np.float32(self._first_scale())
        way *= scale
        k_way *= scale
        for pair, amount in zip(self._pairs, reversed(amounts), strict=True):
            back = amount - np.float32(pair.weight * _dot(pair.k_bent, way))
            way += back * pair.step
            k_way += back * pair.k_step
        return -way, -k_way

    def _first_scale(self) -> float:
        if self._pairs:
            last = self._pairs[-1]
            return 1 / (last.weight * _dot(last.bent, last.k_bent))
        return 1 / (1 + 25 * float(self._cost) * float(self._gram.diagonal().max()))

    def solve(self, tolerance: float) -> Floats:
        coefficients = np.zeros(self._shape, np.float32)
        scores = np.zeros(self._shape, np.float32)
        value, chances = self._value(coefficients, scores)
        gradient = self._gradient(coefficients, chances)
        k_gradient = self._gram @ gradient
        goal = tolerance * tolerance * _dot(gradient, k_gradient)
        for _ in range(_STEPS):
            if _dot(gradient, k_gradient) <= goal:
                break
            way, k_way = self._direction(gradient, k_gradient)
            slope, length = _dot(gradient, k_way), np.float32(1)
            while True:
                moved, moved_scores = coefficients + length * way, scores + length * k_way
                new_value, chances = self._value(moved, moved_scores)
                if new_value <= value + 1e-4 * float(length) * slope or length < 1e-5:
                    break
                length = length / np.float32(2)
            new_gradient = self._gradient(moved, chances)
            new_k_gradient = self._gram @ new_gradient
            self._remember(length * way, length * k_way, new_gradient - gradient, new_k_gradient - k_gradient)
            coefficients, scores, value = moved, moved_scores, new_value
            gradient, k_gradient = new_gradient, new_k_gradient
        return coefficients

    def _remember(self, step: Floats, k_step: Floats, bent: Floats, k_bent: Floats) -> None:
        curvature = _dot(step, k_bent)
        if curvature > 0:
            self._pairs = [*self._pairs[1 - _MEMORY :], _Pair(step, bent, k_step, k_bent, 1 / curvature)]


def _dot(one: Floats, other: Floats) -> float:
    return float(np.vdot(one, other))
