"""What understanding is learnt from and what learning tells: phrases, labels, and the report of a training."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import field

from gateway.messages import Value

if TYPE_CHECKING:
    from gateway.storage.work import Work


class Phrase(Value, frozen=True, kw_only=True):
    """One training example: how somebody asks for `intent` in `language`."""

    intent: str
    language: str
    text: str


class Clash(Value, frozen=True, kw_only=True):
    """A phrasing that several articles have: the bot can only guess which is meant."""

    text: str
    intents: tuple[str, ...]


class DialPoint(Value, frozen=True, kw_only=True):
    """What follows from answering only from `confidence` on, measured on phrases held out of training.

    All are shares, 0–1: `answered` of the questions that an article is for, `right` of those answers,
    `strange` of the questions on matters that the knowledge base lacks, which get an answer all the same.
    """

    confidence: float
    answered: float
    right: float
    strange: float


class TrainingReport(Value, frozen=True, kw_only=True):
    """What a training gave: the knowledge-base revision, phrases and intents used, seconds taken.

    `labelled` of the phrases are customers' messages that people labelled; `languages` counts phrases by
    language; `clashes` are the first of the phrasings in several articles; `dial` is what each setting of
    "how sure before answering" gives, empty where the knowledge base is too small to hold anything out.
    `without_embeddings` says why sentence vectors that were wanted could not be had; empty where they could,
    or none were wanted.
    """

    revision: int
    phrases: int
    intents: int
    seconds: float
    labelled: int = 0
    languages: dict[str, int] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    dial: tuple[DialPoint, ...] = ()
    without_embeddings: str = ""


class Taught(Value, frozen=True, kw_only=True):
    """What is to be evaluated: its name, its phrases, and the articles that politely refuse to answer."""

    name: str
    phrases: tuple[Phrase, ...]
    declined: frozenset[str] = frozenset()


class Evaluating(Value, frozen=True, kw_only=True):
    """How to evaluate: the file of questions to ask (None: cross-validation in `folds` parts), the share of
    answers that must be right, and the folder for the report."""

    test: Path | None
    folds: int
    precision: float
    out: Path


class Labelled(Value, frozen=True, kw_only=True):
    """A customer's message whose meaning a person settled: `intent` is the article that answers it, None
    where none ever should. `message` and `by` are the numbers of the message and of the agent or editor,
    where there are any."""

    text: str
    language: str
    intent: str | None
    message: int | None = None
    by: int | None = None


class Labels(Protocol):
    """Labelled messages, which the next training learns from beside the articles' phrasings."""

    async def put(self, work: Work, labelled: Labelled, now: datetime) -> None:
        """Remember it; a later label of the same message replaces the earlier."""
        ...

    async def remove(self, work: Work, message: int) -> bool:
        """Forget the label of a message; whether there was one."""
        ...
