"""The quick arithmetic of serving against the plain sums that it stands for, and against training's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports import Ranked
from nlu.confidence import Curve, Evidence, standing
from nlu.counts import Counts
from nlu.features import TOTAL, Floats, Ints, Places, Reader
from nlu.index import Index
from nlu.model import ASIDE, ENOUGH, LOOKED_AT, NOTHING, Learnt, Model
from nlu.normal import read
from nlu.postings import Postings, Sparse
from nlu.regression import softmax
from nlu.repair import Repair
from nlu.vectors import Weigher
from nlu.vocabulary import common_skeletons
from tests.nlu.samples import PHRASES

_ASKED = [phrase.text for phrase in PHRASES[::3]] + [
    "псоилка пошкожена",
    "skilky koshtuie dostavka do Kyieva",
    "посилка посилка посилка",
    "хто переміг у лізі чемпіонів",
    "доставка 5 кг і 20 кг",
    "ult vjz gjcskrf",
    "?!",
    "where is my parcel, how much is delivery and when do you close on sunday",
]


def _dense(sparse: Sparse, row: int, width: int) -> Floats:
    dense = np.zeros(width, np.float32)
    begin, end = sparse.starts[row : row + 2]
    dense[sparse.indices[begin:end]] = sparse.values[begin:end]
    return dense


def test_serving_and_training_weigh_alike() -> None:
    reader = Reader()
    documents = [reader.grams(reader.words(phrase.text), read(phrase.text).words) for phrase in PHRASES]
    labels = np.array([ord(phrase.intent[1]) % 5 for phrase in PHRASES], np.int64)
    counts = Counts(documents)
    taught = np.arange(0, len(documents), 2)
    gains = counts.gains(taught, labels[taught], 0.7)
    rows = counts.rows(gains)
    known = np.flatnonzero(gains.known)
    names = [counts.names[number] for number in known]
    weigher = Weigher(names, gains.known[known], gains.unseen, reader, lambda _: 0)
    asked = (0, 1, 7, 31)
    vectors = weigher.vectors([read(PHRASES[row].text).words for row in asked])
    for place, row in enumerate(asked):
        dense = _dense(vectors.features, place, len(known))
        assert np.allclose(dense, rows.matrix[[row]].toarray()[0][known], atol=1e-6)
        assert vectors.lengths[place] == pytest.approx(float(rows.lengths[row]), rel=1e-5)
        stems = {word.stem: word.weight for word in vectors.words[place]}
        assert sum(stems.values()) == pytest.approx(float(rows.word_totals[row]), rel=1e-5)


def _plainly(learnt: Learnt, text: str) -> list[Ranked]:
    """The ranking by whole matrices, every phrase looked at."""
    card, arrays = learnt.card, learnt.arrays
    width = len(learnt.features)
    columns = Sparse(arrays.starts.astype(np.intp), arrays.rows, arrays.values)
    phrases = np.stack([_dense(columns, feature, card.phrases) for feature in range(width)])
    counts = dict(zip(learnt.words, arrays.counts.tolist(), strict=True))
    reader = Reader(Repair(counts, common_skeletons()))
    weigher = Weigher(learnt.features, arrays.gains, card.unseen, reader, lambda _: 0)
    vectors = weigher.vectors([read(text).words])
    vector = _dense(vectors.features, 0, width)
    if not vector.any():
        return []
    chances = softmax(vector @ arrays.weights + arrays.bias)
    order = [place for place in np.argsort(-chances, kind="stable") if card.intents[place] != ASIDE]
    chances = chances[order]
    likeness = np.maximum.reduceat(vector @ phrases, arrays.firsts)[order].astype(np.float32)
    likeness /= vectors.lengths[0] * TOTAL
    has = np.logical_or.reduceat(phrases > 0, arrays.firsts, axis=1)[:, order]
    stems = {word.stem: word for word in vectors.words[0]}.values()
    covered = sum(word.weight * has[word.number] for word in stems if word.number >= 0)
    covered = np.zeros(len(chances)) + covered / sum(word.weight for word in stems)
    # Put in order by their nearest phrases as well, while those before leave room; the others take the last one's.
    curve = Curve(*card.curve)
    hopeful = np.array([curve.without_likeness(*each) >= NOTHING for each in zip(chances, covered, strict=True)])
    hopeful &= np.cumsum(chances) - chances < ENOUGH
    looked_at = min(LOOKED_AT, int(np.logical_and.accumulate(hopeful).sum()))
    likeness[looked_at:] = likeness[max(looked_at - 1, 0)]
    levels = curve.level(Evidence(chances, likeness, covered.astype(np.float32)))
    standings = [standing(*each) for each in zip(chances.tolist(), likeness.tolist(), strict=True)]
    places = [*sorted(range(looked_at), key=lambda place: -standings[place]), *range(looked_at, len(order))]
    falling = np.minimum.accumulate(1 / (1 + np.exp(-levels[places])))
    return [
        Ranked(intent=card.intents[order[place]], confidence=sure)
        for place, sure in zip(places, falling.tolist(), strict=True)
    ]


@pytest.mark.parametrize("text", _ASKED)
def test_ranking_is_what_the_plain_sums_give(learnt: Learnt, model: Model, text: str) -> None:
    found, plain = model.rank(text), _plainly(learnt, text)
    assert [one.intent for one in found] == [one.intent for one in plain]
    assert [one.confidence for one in found] == pytest.approx([one.confidence for one in plain], abs=6e-5)


def _sparse(matrix: np.ndarray) -> Sparse:
    rows, columns = np.nonzero(matrix)
    starts: Places = rows.searchsorted(np.arange(len(matrix) + 1))
    return Sparse(starts, columns.astype(np.int32), matrix[rows, columns].astype(np.float32))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 63, 64, 65, 130]))
def test_the_nearest_phrase_is_found_whatever_the_number_of_intents(seed: int, intents: int) -> None:
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, 5, intents)
    phrases, features = int(sizes.sum()), 12
    matrix = chance.uniform(0.1, 1, (phrases, features)) * (chance.random((phrases, features)) < 0.3)
    texts = chance.uniform(0.1, 1, (3, features)) * (chance.random((3, features)) < 0.5)
    firsts: Ints = (np.cumsum(sizes) - sizes).astype(np.int32)
    postings = Postings(_sparse(matrix.T), firsts, phrases)
    of, asked = np.repeat(np.arange(3), intents), np.tile(np.arange(intents), 3)
    expected = np.maximum.reduceat(texts @ matrix.T, firsts, axis=1).reshape(-1)
    found = postings.likeness(_sparse(texts), of.tolist(), asked.tolist())
    assert found == pytest.approx(expected, abs=1e-5)
    assert postings.likeness(_sparse(texts), of[::-1].tolist(), asked[::-1].tolist()) == found[::-1]  # nothing is left
    for feature in range(features):
        having = {int(intent) for intent in np.repeat(np.arange(intents), sizes)[matrix[:, feature] > 0]}
        assert {n for n in range(intents) if postings.intents(feature) >> n & 1} == having


def test_names_are_found_by_their_hashes() -> None:
    names = [f"name {n}" for n in range(1000)]
    index = Index(names)
    assert index.find([*names[::-1], "other", "name 1000"]).tolist() == [*range(999, -1, -1), -1, -1]
    assert index.find([]).tolist() == []
