"""A trained model: plain arrays, what they say of a text, and their bytes.

The bytes are an `.npz` archive without pickled objects, so a foreign file can be refused but never run.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.errors import FrontdeskError
from gateway.messages import Value
from gateway.ports import Ranked
from nlu.confidence import Curve, sigmoid, standing
from nlu.embeddings.joined import Joined, taken_out
from nlu.features import TOTAL, Floats, Ints, Reader
from nlu.normal import read
from nlu.postings import Postings, Sparse
from nlu.regression import softmax
from nlu.repair import Repair, meant_from
from nlu.vectors import Vectors, Weigher, Word
from nlu.vocabulary import common_skeletons

FORMAT = 3
ASIDE = ""
"""The silent intent of everyday questions: it takes its share of probability and is never ranked."""
_DAMAGED = "the stored model is damaged: its arrays do not fit; publish or train again"
_RANKED = 6
_OFTEN = 3
"""Times that phrases have a word from which it is at hand from the start: what others are is looked up when met."""
NOTHING = -10.0
"""Log-odds that make a confidence of less than half of the last digit told."""
LOOKED_AT = 4
"""Intents whose nearest phrase is looked for at most: as many as are ever offered, and one. To look for all of
them is most of the work of a message."""
ENOUGH = 0.97
"""And no further than the intents that have this much of the probability: what is left is nobody's answer."""


class Card(Value, frozen=True, kw_only=True):
    """What a model says of itself: its format, the knowledge-base revision it was trained from, its
    intents in the order of the weights' columns, the confidence curve, an unseen feature's weight."""

    format: int
    revision: int
    intents: tuple[str, ...]
    curve: tuple[float, float, float, float]
    unseen: float
    phrases: int


class Arrays(NamedTuple):
    """The numbers of a model with F features, k intents and n phrases.

    `starts` (F + 1), `rows` and `values` list for each feature the phrases that have it, phrases being
    sorted by intent; `firsts` is the first phrase of each intent.
    """

    gains: Floats
    weights: Floats
    bias: Floats
    starts: Ints
    rows: Ints
    values: Floats
    firsts: Ints
    counts: Ints


class Learnt(NamedTuple):
    """What a training gives and the bytes hold: `features` and `words` are names, in the arrays' order."""

    card: Card
    features: Sequence[str]
    words: Sequence[str]
    arrays: Arrays
    joined: Joined | None = None


class _Way(NamedTuple):
    """How some texts are ranked: the curve, each intent's score for each text, whether anything of a text is known,
    and what gives the likeness of the nearest phrase for pairs of a text and an intent."""

    curve: Curve
    scores: Floats
    known: list[bool]
    likeness: Callable[[Sequence[int], Sequence[int]], list[float]]


class _Draft(NamedTuple):
    """The likeliest intents of a text, and the log-odds of the first of them as if one of their phrases
    said just the same; the others have none that comes to the last digit. The nearest phrase is looked for
    of so many as `looked_at`."""

    intents: list[int]
    levels: list[float]
    chances: list[float]
    looked_at: int = 0


class Model:
    """Ranks the intents of texts. Not changed after it was made; safe to share between threads."""

    def __init__(self, learnt: Learnt) -> None:
        card, arrays = learnt.card, learnt.arrays
        self.card = card
        self._curve = Curve(*card.curve)
        self._weights, self._bias = arrays.weights, arrays.bias
        self.joined = learnt.joined
        """The classifier that also looks at sentence vectors, where one was taught."""
        self._firsts = arrays.firsts
        self._hopeless = [Ranked(intent=intent, confidence=0.0) for intent in card.intents]
        self._ranked = np.array([intent != ASIDE for intent in card.intents])
        self._most = min(_RANKED, int(self._ranked.sum()))
        columns = Sparse(arrays.starts.astype(np.intp), arrays.rows, arrays.values)
        self._postings = Postings(columns, arrays.firsts, card.phrases)
        counts = dict(zip(learnt.words, arrays.counts.tolist(), strict=True))
        reader = Reader(Repair(counts, common_skeletons(), least=meant_from(card.phrases)))
        self._weigher = Weigher(learnt.features, arrays.gains, card.unseen, reader, self._postings.intents)
        often = [word for word, count in counts.items() if count >= _OFTEN]
        self._weigher.learn(sorted(often, key=lambda word: -counts[word]))

    @property
    def revision(self) -> int:
        """The knowledge-base revision it was trained from."""
        return self.card.revision

    def rank(self, text: str, embeddings: Floats | None = None) -> tuple[Ranked, ...]:
        """The likeliest intents of `text`, best first; none where no word of it is known."""
        return self.rank_all([read(text).words], embeddings)[0]

    def rank_all(self, texts: Sequence[Sequence[str]], embeddings: Floats | None = None) -> list[tuple[Ranked, ...]]:
        """The same of many texts, given as words (see `nlu.normal.read`).

        `embeddings` are their sentence vectors, by the encoder that `joined` was taught with; with them `joined`
        ranks, and a text need have no known word.
        """
        if not texts:
            return []
        vectors = self._weigher.vectors(texts)
        if embeddings is None or self.joined is None:
            way = self._by_features(vectors)
        else:
            way = self._by_both(vectors, self.joined, embeddings)
        chances = softmax(way.scores)
        order = np.argsort(np.where(self._ranked, -chances, 1), kind="stable")[:, : self._most]
        chances = chances[np.arange(len(texts))[:, None], order]
        drafts = list(map(partial(_draft, way.curve), way.known, vectors.words, order.tolist(), chances.tolist()))
        of = [text for text, draft in enumerate(drafts) for _ in range(draft.looked_at)]
        intents = [intent for draft in drafts for intent in draft.intents[: draft.looked_at]]
        likenesses = iter(way.likeness(of, intents))
        return [self._told(way.curve, draft, likenesses) for draft in drafts]

    def _by_features(self, vectors: Vectors) -> _Way:
        features = vectors.features

        def likeness(of: Sequence[int], intents: Sequence[int]) -> list[float]:
            products = self._postings.likeness(features, of, intents)
            return [product / (vectors.lengths[text] * TOTAL) for product, text in zip(products, of, strict=True)]

        return _Way(self._curve, _scores(features, self._weights, self._bias), vectors.known, likeness)

    def _by_both(self, vectors: Vectors, joined: Joined, embeddings: Floats) -> _Way:
        embeddings = joined.turn.of(embeddings)

        def likeness(of: Sequence[int], intents: Sequence[int]) -> list[float]:
            return joined.likeness(embeddings, of, intents, self._firsts)

        scores = _scores(vectors.features, joined.weights, joined.bias) + embeddings @ joined.dense
        return _Way(joined.curve, scores, [bool(words) for words in vectors.words], likeness)

    def nearest(self, text: str, phrases: Sequence[str]) -> int:
        """Which of `phrases` is likest `text` to this model, by cosine; -1 where none shares anything."""
        features = self._weigher.vectors([read(one).words for one in (text, *phrases)]).features
        weight = np.zeros(len(self._weights), np.float32)
        mine = slice(features.starts[0], features.starts[1])
        weight[features.indices[mine]] = features.values[mine]
        shared = [
            float(features.values[begin:end] @ weight[features.indices[begin:end]])
            for begin, end in pairwise(features.starts[1:].tolist())
        ]
        best = int(np.argmax(shared)) if shared else -1
        return best if shared and shared[best] > 0 else -1

    def meet(self, words: Iterable[str]) -> None:
        """Look up words that `rank_all` will be asked about: what they are is remembered."""
        self._weigher.meet(words)

    def _told(self, curve: Curve, draft: _Draft, likenesses: Iterator[float]) -> tuple[Ranked, ...]:
        """The ranking; `likenesses` are those of the nearest phrases of the first intents that have a level, which
        are put in order anew by them. The later ones' phrases are taken to be as near as the last that was looked
        for."""
        near = list(islice(likenesses, draft.looked_at))
        places = sorted(range(len(near)), key=lambda place: -standing(draft.chances[place], near[place]))
        added = [curve.of_likeness(one) for one in near]
        lowest, told = math.inf, []
        for place in (*places, *range(len(near), len(draft.levels))):
            # Never surer of the second than of the first, whatever the nearest phrase says.
            lowest = min(lowest, draft.levels[place] + added[min(place, len(added) - 1)])
            intent = self.card.intents[draft.intents[place]]
            told.append(Ranked(intent=intent, confidence=round(sigmoid(lowest), 4)))
        return (*told, *[self._hopeless[intent] for intent in draft.intents[len(told) :]])


def _draft(curve: Curve, known: bool, words: Sequence[Word], intents: list[int], chances: list[float]) -> _Draft:
    """What can be said before the nearest phrases are looked for."""
    if not known:
        return _Draft([], [], [])
    stems = {word.stem: (word.weight, word.intents) for word in words}.values()
    total = sum([weight for weight, _ in stems])
    levels, looked_at, rest = [], 0, 1.0
    for intent, chance in zip(intents, chances, strict=True):
        one = 1 << intent
        covered = sum([weight for weight, having in stems if having & one]) / total
        level = curve.without_likeness(chance, covered)
        if level < NOTHING:
            break  # nor can any after it: see `Model._told`
        levels.append(level)
        if rest > 1 - ENOUGH and looked_at < LOOKED_AT:
            looked_at += 1
        rest -= chance
    return _Draft(intents, levels, chances, looked_at)


def _scores(texts: Sparse, weights: Floats, bias: Floats) -> Floats:
    scores = np.empty((len(texts.starts) - 1, len(bias)), np.float32)
    for row, (begin, end) in enumerate(pairwise(texts.starts.tolist())):
        np.dot(texts.values[begin:end], weights.take(texts.indices[begin:end], 0), out=scores[row])
    scores += bias
    return scores


def to_bytes(learnt: Learnt) -> bytes:
    """`learnt` as an archive that `from_bytes` reads."""
    stored: dict[str, NDArray[np.generic]] = dict(learnt.arrays._asdict())
    stored["card"] = _pack(msgspec.json.encode(learnt.card))
    stored["features"] = _pack("\n".join(learnt.features).encode())
    stored["words"] = _pack("\n".join(learnt.words).encode())
    if learnt.joined:
        stored |= learnt.joined.arrays()
    target = io.BytesIO()
    np.savez(target, allow_pickle=False, **stored)
    return target.getvalue()


def from_bytes(data: bytes) -> Model:
    """The model in `data`. Raises FrontdeskError where that is cut short, foreign or of another format."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
        card = msgspec.json.decode(stored.pop("card").tobytes(), type=Card)
        features = stored.pop("features").tobytes().decode().split("\n")
        words = stored.pop("words").tobytes().decode().split("\n")
        joined = taken_out(stored)
        arrays = Arrays(**stored)
    except (ValueError, LookupError, TypeError, OSError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise FrontdeskError(f"the stored model cannot be read ({error}); publish or train again") from error
    if card.format != FORMAT:
        raise FrontdeskError(
            f"the stored model has format {card.format}, this version reads {FORMAT}; publish or train again"
        )
    _check(card, len(features), len(words), arrays)
    if joined and not joined.sound(len(features), len(card.intents), card.phrases):
        raise FrontdeskError(_DAMAGED)
    return Model(Learnt(card, features, words, arrays, joined))


def _check(card: Card, features: int, words: int, arrays: Arrays) -> None:
    """Raise FrontdeskError where the arrays do not fit each other: serving would fail far from here."""
    intents, entries = len(card.intents), len(arrays.rows)
    shapes = {
        "gains": (features,),
        "weights": (features, intents),
        "bias": (intents,),
        "starts": (features + 1,),
        "rows": (entries,),
        "values": (entries,),
        "firsts": (intents,),
        "counts": (words,),
    }
    sound = all(getattr(arrays, name).shape == shape for name, shape in shapes.items())
    sound = sound and bool(np.all(np.diff(arrays.starts) >= 0)) and int(arrays.starts[-1]) == entries
    sound = sound and (not entries or 0 <= int(arrays.rows.min()) <= int(arrays.rows.max()) < card.phrases)
    sound = sound and bool(np.all(np.diff(arrays.firsts) > 0)) and int(arrays.firsts[-1]) < card.phrases
    sound = sound and min(card.curve[1:]) >= 0
    sound = sound and all(np.isfinite(array).all() for array in (arrays.gains, arrays.weights, arrays.bias))
    if not sound:
        raise FrontdeskError(_DAMAGED)


def _pack(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)
