"""A trained model: plain arrays, what they say of a text, and their bytes.

The bytes are an `.npz` archive without pickled objects, so a foreign file can be refused but never run.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.errors import FrontdeskError
from gateway.messages import Value
from gateway.ports import Ranked
from nlu.confidence import Curve, Evidence
from nlu.features import TOTAL, Floats, Ints, Reader, Vector, Weights, coverage, presence
from nlu.regression import softmax
from nlu.repair import Repair
from nlu.vocabulary import common_skeletons

FORMAT = 1
ASIDE = ""
"""The silent intent of everyday questions: it takes its share of probability and is never ranked."""
_RANKED = 10


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


class Model:
    """Ranks the intents of a text. Not changed after it was made; safe to share between threads."""

    def __init__(self, card: Card, features: Sequence[str], words: Sequence[str], arrays: Arrays) -> None:
        self.card = card
        self.features = tuple(features)
        self.words = tuple(words)
        self.arrays = arrays
        self._curve = Curve(*card.curve)
        self._weights = Weights({name: n for n, name in enumerate(features)}, arrays.gains, card.unseen)
        counts = dict(zip(words, arrays.counts.tolist(), strict=True))
        self._reader = Reader(Repair(counts, common_skeletons()))
        self._starts_list: list[int] = arrays.starts.tolist()
        labels = np.searchsorted(arrays.firsts, np.arange(card.phrases), side="right") - 1
        self._present = presence(arrays.starts, arrays.rows, labels, len(card.intents))

    @property
    def revision(self) -> int:
        """The knowledge-base revision it was trained from."""
        return self.card.revision

    def rank(self, text: str) -> tuple[Ranked, ...]:
        """The likeliest intents of `text`, best first; none where no word of it is known."""
        vector = self._weights.vector(self._reader.grams(self._reader.words(text)))
        if not len(vector.indices):
            return ()
        chances = softmax(vector.values @ self.arrays.weights[vector.indices] + self.arrays.bias)
        evidence = Evidence(chances, self._likeness(vector), coverage(vector, self._present))
        confidence = self._curve.at(evidence)
        intents = self.card.intents
        order = [place for place in np.argsort(-chances, kind="stable") if intents[place] != ASIDE][:_RANKED]
        # Never surer of the second than of the first, whatever the nearest phrase says.
        falling = np.minimum.accumulate(confidence[order])
        return tuple(
            Ranked(intent=intents[place], confidence=round(float(sure), 4))
            for place, sure in zip(order, falling, strict=True)
        )

    def _likeness(self, vector: Vector) -> Floats:
        """For each intent the highest cosine between the text and one of its phrases."""
        arrays = self.arrays
        begins = self._starts_list
        slices = [(begins[number], begins[number + 1]) for number in vector.indices.tolist()]
        # Copying slices beats indexing by a list of places three times over.
        rows = np.concatenate([arrays.rows[begin:end] for begin, end in slices])
        products = np.concatenate([arrays.values[begin:end] for begin, end in slices])
        products *= np.repeat(vector.values, [end - begin for begin, end in slices])
        dots = np.bincount(rows, products, minlength=self.card.phrases)
        best = np.maximum.reduceat(dots, arrays.firsts)
        result: Floats = (best / (vector.length * TOTAL)).astype(np.float32)
        return result


def to_bytes(model: Model) -> bytes:
    """`model` as an archive that `from_bytes` reads."""
    stored: dict[str, NDArray[np.generic]] = dict(model.arrays._asdict())
    stored["card"] = _pack(msgspec.json.encode(model.card))
    stored["features"] = _pack("\n".join(model.features).encode())
    stored["words"] = _pack("\n".join(model.words).encode())
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
        arrays = Arrays(**stored)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise FrontdeskError(f"the stored model cannot be read ({error}); publish or train again") from error
    if card.format != FORMAT:
        raise FrontdeskError(
            f"the stored model has format {card.format}, this version reads {FORMAT}; publish or train again"
        )
    _check(card, len(features), len(words), arrays)
    return Model(card, features, words, arrays)


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
    sound = sound and all(np.isfinite(array).all() for array in (arrays.gains, arrays.weights, arrays.bias))
    if not sound:
        raise FrontdeskError("the stored model is damaged: its arrays do not fit; publish or train again")


def _pack(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)
