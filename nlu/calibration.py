"""What a knowledge base's own phrases tell of confidence, when some are held out of trial trainings.

A third of the phrases, some intents whole, and everyday questions are put to a model that never saw them:
the first tell how sure a right answer is, the others how sure a wrong one. No example of what customers ask
in vain is needed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gateway.learning import DialPoint
from nlu.confidence import PLAIN, Curve, Doubles, Evidence, Flags, fit_curve, settle, standings
from nlu.corpus import Corpus
from nlu.counts import Labels, Rows
from nlu.embeddings.joined import SHARE, turn_of
from nlu.features import TOTAL, Floats, presence
from nlu.fitting import ROUGH, Recipe, fit
from nlu.model import ASIDE, ENOUGH, LOOKED_AT
from nlu.products import products
from nlu.regression import softmax

_FOLDS = 3
_HELD_INTENTS = 6  # one intent in six is held out whole in each fold
_HELD_PHRASES = 2500  # phrases that calibration looks at: more only takes longer
_MUCH = 1.5  # times as many phrases as calibration looks at, from which the dial has a trial of its own
_DIAL_PHRASES = 5000  # phrases that the trial for the dial learns: nearly as good as all, in half the time
_SMALLEST = 60  # phrases below which nothing is held out
_STRANGE_SHARE = 0.1  # what phrases of unknown intents count, against known ones, whatever their number
_EVERYDAY_SHARE = 1.0  # and everyday questions
_DIAL = tuple(round(0.05 * step, 2) for step in range(1, 20))


class Calibration(NamedTuple):
    """The confidence curve, and what each threshold would do; no points where nothing could be held out."""

    curve: Curve
    dial: tuple[DialPoint, ...]


class _Trial(NamedTuple):
    """Held-out phrases put to a trial model: evidence for its best answer, whether that was right,
    whether the phrase's intent was unknown to it, an everyday question, or set aside as one."""

    evidence: Evidence
    right: Flags
    strange: Flags
    everyday: Flags
    aside: Flags


def calibrate(corpus: Corpus, recipe: Recipe, embeddings: Floats | None = None) -> Calibration:
    """The confidence curve and the dial, from phrases and whole intents left out of trial trainings; those of the
    joined classifier where there are the phrases' sentence vectors."""
    if len(corpus.labels) < _SMALLEST or len(corpus.intents) < _HELD_INTENTS:
        return Calibration(PLAIN, ())
    chance = np.random.default_rng(0)
    picked = chance.permutation(len(corpus.labels))[:_HELD_PHRASES]
    named = [number for number, intent in enumerate(corpus.intents) if intent != ASIDE]
    held_intents = chance.permutation(named)
    trials = [_trial(corpus, recipe, embeddings, picked, held_intents, fold) for fold in range(_FOLDS)]
    asked = _Trial(
        Evidence(*(np.concatenate(parts) for parts in zip(*(trial.evidence for trial in trials), strict=True))),
        *(np.concatenate(parts) for parts in zip(*(trial[1:] for trial in trials), strict=True)),
    )
    curve = _curve(asked)
    if len(corpus.labels) > _MUCH * len(picked):
        # Those trials knew a small part of what the model will know: it answers more, and the dial must say so.
        asked = _trial(corpus, recipe, embeddings, picked, held_intents, 0, most=_DIAL_PHRASES)
    return Calibration(curve, _dial(asked, np.where(asked.aside, -np.inf, curve.level(asked.evidence))))


def _curve(asked: _Trial) -> Curve:
    known = ~asked.strange & ~asked.everyday
    told = ~asked.aside
    weight = np.ones(len(asked.right))
    for group, share in ((asked.strange, _STRANGE_SHARE), (asked.everyday, _EVERYDAY_SHARE)):
        if (group & told).any():
            weight[group] = share * known.sum() / (group & told).sum()
    curve = fit_curve(Evidence(*(part[told] for part in asked.evidence)), asked.right[told], weight[told])
    return settle(curve, np.where(asked.aside, -np.inf, curve.level(asked.evidence))[asked.everyday])


def _dial(asked: _Trial, levels: Doubles) -> tuple[DialPoint, ...]:
    """What answering from each confidence on would have done to the phrases that were held out."""
    known = ~asked.strange & ~asked.everyday
    if not known.any() or not asked.strange.any():
        return ()
    points = []
    for confidence in _DIAL:
        answered = levels >= np.log(confidence / (1 - confidence))
        right = asked.right[answered & known].mean() if (answered & known).any() else 1.0
        shares = (answered[known].mean(), right, answered[asked.strange].mean())
        answered_share, right_share, strange_share = (round(float(share), 4) for share in shares)
        points.append(
            DialPoint(confidence=confidence, answered=answered_share, right=right_share, strange=strange_share)
        )
    return tuple(points)


def _trial(
    corpus: Corpus,
    recipe: Recipe,
    embeddings: Floats | None,
    picked: Labels,
    held_intents: Labels,
    fold: int,
    *,
    most: int = 0,
) -> _Trial:
    """Train on `picked`, or on `most` phrases of all, without a third of the picked and without some intents; then
    ask about those."""
    strange_intents = held_intents[fold::_FOLDS][: max(len(held_intents) // _HELD_INTENTS, 1)]
    strange = np.isin(corpus.labels[picked], strange_intents)
    tested = strange | (np.arange(len(picked)) % _FOLDS == fold)
    taught, asked = picked[~tested], picked[tested]
    if most:
        known = ~np.isin(corpus.labels, strange_intents)
        known[asked] = False
        taught = np.sort(np.random.default_rng(1).permutation(np.flatnonzero(known))[:most])
    kept, labels = np.unique(corpus.labels[taught], return_inverse=True)
    gains = corpus.counts.gains(taught, labels, recipe.evenness, sized=recipe.large)
    rows = corpus.counts.rows(gains)
    aside = corpus.intents.index(ASIDE) if ASIDE in corpus.intents else -1
    evidence, best = _evidence(rows, recipe, embeddings, taught, labels, asked, aside=kept[0] == aside)
    return _Trial(
        evidence=evidence,
        right=kept[best] == corpus.labels[asked],
        strange=strange[tested],
        everyday=corpus.labels[asked] == aside,
        aside=kept[best] == aside,
    )


def _evidence(
    rows: Rows, recipe: Recipe, embeddings: Floats | None, taught: Labels, labels: Labels, asked: Labels, *, aside: bool
) -> tuple[Evidence, Labels]:
    """What speaks for the best answer to each question `asked`, and which intent number that is, by a
    classifier of the phrases `taught`; `aside` as in `fit`."""
    known, questions = rows.matrix[taught], rows.matrix[asked]
    if embeddings is not None:
        embeddings = turn_of(embeddings[taught], labels, large=recipe.large, aside=aside).of(embeddings)
    dense = None if embeddings is None else SHARE * embeddings
    linear = fit(known, labels, recipe, ROUGH, aside=aside, dense=None if dense is None else dense[taught])
    chances = softmax(linear.scores(questions, None if dense is None else dense[asked]))
    if embeddings is None:
        cosines = products(questions, rows.compared[taught]) / (rows.lengths[asked] * TOTAL)[:, None]
    else:
        cosines = embeddings[asked] @ embeddings[taught].T
    order = np.argsort(labels, kind="stable")
    begins = np.searchsorted(labels[order], np.arange(chances.shape[1]))
    nearest = np.maximum.reduceat(cosines[:, order], begins, axis=1)
    best = _first(chances, nearest, aside=aside)
    told = np.arange(len(asked)), best
    columns = known.tocsc()
    present = presence(columns.indptr, columns.indices, labels, chances.shape[1])
    covered = (rows.words[asked] @ present.astype(np.float32))[told]
    return Evidence(chances[told], nearest[told], covered / rows.word_totals[asked]), best


def _first(chances: Floats, nearest: Floats, *, aside: bool) -> Labels:
    """The intent that a model would put first, by the chance and the nearest phrase of each; the silent intent,
    which is number 0 where there is one (`aside`), where that is likeliest."""
    named = chances.copy()
    if aside:
        named[:, 0] = 0
    likely = np.argsort(-named, axis=1, kind="stable")[:, :LOOKED_AT]
    chance = np.take_along_axis(named, likely, 1)
    order = standings(chance, np.take_along_axis(nearest, likely, 1))
    order[chance.cumsum(1) - chance >= ENOUGH] = -np.inf
    best: Labels = np.take_along_axis(likely, order.argmax(1)[:, None], 1)[:, 0]
    if aside:
        best[chances.argmax(1) == 0] = 0
    return best
