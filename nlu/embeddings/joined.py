"""The joined classifier: light features with a language model's sentence vectors beside them.

A text's row is the light one with a multiple of its sentence vector (of length one) behind it. The classifier of such
rows is stored beside the light one, which serves wherever there is no vector.

Where there are few phrases the vectors are evened out first: directions in which phrases of one intent differ much
(how something is said) count less, those in which they are alike (what is asked) count more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.messages import Value
from nlu.confidence import Curve
from nlu.features import Floats, Ints

SHARE = np.float32(2.0)
"""What a sentence vector counts for, as `nlu.features.SHARES` do for the light blocks."""
_EVENNESS = 0.3  # 0 leaves directions as they are, 1 makes them all count alike
_FLOOR = 0.3  # of the mean spread: what is added to each direction's
_PREFIX = "joined_"
_CARD = f"{_PREFIX}card"

Halves = NDArray[np.float16]


class Encodes(Protocol):
    """Gives sentence vectors; `fingerprint` is the same for the same model, prefix and way of reading."""

    @property
    def fingerprint(self) -> str: ...

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row of length one for each text. Raises FrontdeskError."""
        ...


class JoinedCard(Value, frozen=True, kw_only=True):
    """Whose vectors the classifier was taught with, and its confidence curve."""

    encoder: str
    curve: tuple[float, float, float, float]


class Turn(NamedTuple):
    """Evens vectors of d numbers out: d numbers are taken away, then a d × d matrix is applied."""

    mean: Floats
    matrix: Floats

    def of(self, embeddings: Floats) -> Floats:
        """The vectors evened out, of length one again."""
        turned = (embeddings - self.mean) @ self.matrix
        result: Floats = turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), np.float32(1e-9))
        return result


def no_turn(width: int) -> Turn:
    """What leaves vectors as they are."""
    return Turn(np.zeros(width, np.float32), np.eye(width, dtype=np.float32))


def turn_of(embeddings: Floats, intents: NDArray[np.int64], *, large: bool, aside: bool) -> Turn:
    """What is done to vectors where phrases with these, of these intents, are taught: nothing where they are many
    (`large`). `aside` tells whether intent 0 is the silent one, whose phrases have nothing in common."""
    if large:
        return no_turn(embeddings.shape[1])
    own = intents >= int(aside)
    return even_out(embeddings[own], intents[own])


def even_out(embeddings: Floats, intents: NDArray[np.int64]) -> Turn:
    """What makes the directions in which vectors of one intent differ count more alike."""
    mean, sizes = embeddings.mean(0), np.bincount(intents)
    sums = np.zeros((len(sizes), embeddings.shape[1]))
    np.add.at(sums, intents, embeddings)
    apart = embeddings - (sums / np.maximum(sizes, 1)[:, None])[intents]
    spread, directions = np.linalg.eigh(apart.T @ apart / len(apart))
    scale = (np.maximum(spread, 0) + max(_FLOOR * float(spread.mean()), 1e-9)) ** (-_EVENNESS / 2)
    return Turn(mean, (directions * scale).astype(np.float32))


class Joined(NamedTuple):
    """With F features, k intents, n phrases and vectors of d numbers: F × k light weights, k biases, d × k weights of
    the vectors, and the phrases' vectors, n × d. Vectors are what `turn` (`mean` and `matrix`) makes of them."""

    card: JoinedCard
    weights: Floats
    bias: Floats
    dense: Floats
    vectors: Halves
    mean: Floats
    matrix: Floats

    @property
    def turn(self) -> Turn:
        """What is done to a text's vector first."""
        return Turn(self.mean, self.matrix)

    @property
    def curve(self) -> Curve:
        """The confidence curve of this classifier."""
        return Curve(*self.card.curve)

    def likeness(self, embeddings: Floats, of: Sequence[int], intents: Sequence[int], firsts: Ints) -> list[float]:
        """For each pair of a text and an intent the highest cosine of the text's vector with a phrase's of the
        intent; `firsts` is the first phrase of each."""
        ends = np.append(firsts[1:], len(self.vectors))
        return [
            float((self.vectors[firsts[intent] : ends[intent]].astype(np.float32) @ embeddings[text]).max())
            for text, intent in zip(of, intents, strict=True)
        ]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is stored of it, by name."""
        named: dict[str, NDArray[Any]] = {
            f"{_PREFIX}{name}": part for name, part in self._asdict().items() if name != "card"
        }
        return named | {_CARD: np.frombuffer(msgspec.json.encode(self.card), np.uint8)}

    def sound(self, features: int, intents: int, phrases: int) -> bool:
        """Whether the arrays fit each other and a model with so many."""
        width = self.dense.shape[0]
        fits = self.weights.shape == (features, intents) and self.bias.shape == (intents,)
        fits = fits and self.mean.shape == (width,) and self.matrix.shape == (width, width)
        fits = fits and self.dense.shape == (width, intents) and self.vectors.shape == (phrases, width)
        return fits and min(self.card.curve[1:]) >= 0 and all(bool(np.isfinite(part).all()) for part in self[1:])


def taken_out(stored: dict[str, NDArray[Any]]) -> Joined | None:
    """The joined classifier among `stored` arrays, which it is taken out of; None where there is none.

    Raises KeyError, TypeError, IndexError or msgspec.MsgspecError where it is not whole.
    """
    mine: Mapping[str, NDArray[Any]] = {
        name.removeprefix(_PREFIX): stored.pop(name) for name in list(stored) if name.startswith(_PREFIX)
    }
    if not mine:
        return None
    parts = {name: part for name, part in mine.items() if name != "card"}
    return Joined(card=msgspec.json.decode(mine["card"].tobytes(), type=JoinedCard), **parts)
