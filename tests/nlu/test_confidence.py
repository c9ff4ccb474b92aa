"""Tests of the confidence curve."""

from __future__ import annotations

import numpy as np
import pytest

from nlu.confidence import ANSWER, PLAIN, Evidence, fit_curve, settle, sigmoid


def _cases(seed: int = 0) -> tuple[Evidence, np.ndarray]:
    chance = np.random.default_rng(seed)
    parts = chance.uniform(0.05, 1, size=(3, 500)).astype(np.float32)
    right = (np.log(parts[0]) + 3 * parts[2] + chance.normal(0, 0.7, 500)) > 0.7
    return Evidence(*parts), right


def test_the_curve_tells_right_from_wrong() -> None:
    evidence, right = _cases()
    sure = 1 / (1 + np.exp(-fit_curve(evidence, right, np.ones(500)).level(evidence)))
    assert sure[right].mean() > sure[~right].mean() + 0.4
    assert abs(sure.mean() - right.mean()) < 0.03


def test_more_evidence_never_means_less_confidence() -> None:
    evidence, right = _cases()
    curve = fit_curve(evidence, ~right, np.ones(500))
    assert all(value >= 0 for value in curve[1:])


def test_nothing_to_learn_from_gives_the_plain_curve() -> None:
    evidence, right = _cases()
    assert fit_curve(evidence, np.ones_like(right), np.ones(500)) == PLAIN
    assert fit_curve(evidence, np.zeros_like(right), np.ones(500)) == PLAIN


def test_settling_lets_few_everyday_questions_through() -> None:
    levels = np.concatenate([np.linspace(-2, 1.5, 300), np.full(100, -np.inf)])
    moved = settle(PLAIN, levels).offset - PLAIN.offset
    through = (1 / (1 + np.exp(-(levels + moved))) > ANSWER).mean()
    assert 0.03 < through < 0.1


def test_settling_moves_only_so_far() -> None:
    assert settle(PLAIN, np.full(50, 9.0)).offset == pytest.approx(PLAIN.offset - 2)
    assert settle(PLAIN, np.array([])) == PLAIN
    # Nothing everyday comes near: what a small knowledge base is unsure of is answered.
    assert settle(PLAIN, np.full(9, -np.inf)).offset == pytest.approx(PLAIN.offset + 1.5)


def test_one_case_has_the_level_it_has_among_many() -> None:
    evidence, right = _cases()
    evidence.likeness[:3] = (0.0, 1.0, 1.2)
    curve = fit_curve(evidence, right, np.ones(500))
    levels = curve.level(evidence)
    for place, (probability, likeness, coverage) in enumerate(zip(*(part.tolist() for part in evidence), strict=True)):
        one = curve.without_likeness(probability, coverage) + curve.of_likeness(likeness)
        assert one == pytest.approx(levels[place], abs=1e-5)
    assert sigmoid(0.0) == 0.5
    assert 0 <= sigmoid(-1e9) < sigmoid(1e9) <= 1
