"""What is measured of understanding, each trial giving a few figures."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles

import msgspec

from gateway.learning import Phrase
from gateway.storage.engine import Database
from gateway.storage.migrate import migrate
from nlu.embeddings.joined import Encodes
from nlu.model import Model
from nlu.normal import read
from nlu.trainer import ProcessTrainer
from nlu.training import train
from tests.bench.nlu_messages import AT_ONCE, Messages
from tests.bench.nlu_sets import Row, Set, banking77, clinc150, mistyped, phrases, ru_chatbot_intents, shots
from tests.bench.processes import ROOT

DRAWS = 5
LABELLED = 1000
SMALL, LARGE = 1700, 10_000


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value beside its goal: at least `goal`, or at most where `less` is better; None: no goal."""

    name: str
    value: float
    unit: str = "%"
    goal: float | None = None
    less: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal is."""
        return self.goal is None or (self.value <= self.goal if self.less else self.value >= self.goal)


Answers = list[tuple[str, float]]


def model_of(rows: list[Row], language: str, labelled: Sequence[Phrase] = (), encoder: Encodes | None = None) -> Model:
    """The model that `rows` teach."""
    learnt, report = train(1, phrases(rows, language), labelled, encoder=encoder)
    assert not report.without_embeddings, report.without_embeddings
    return Model(learnt)


def ask(model: Model, rows: Sequence[Row], encoder: Encodes | None = None) -> Answers:
    """The likeliest intent of each, with its confidence."""
    found: Answers = []
    for begin in range(0, len(rows), AT_ONCE):
        texts = [row.text for row in rows[begin : begin + AT_ONCE]]
        told = model.rank_all([read(text).words for text in texts], encoder.vectors(texts) if encoder else None)
        found += [(one[0].intent, one[0].confidence) if one else ("", 0.0) for one in told]
    return found


def accuracy(model: Model, rows: Sequence[Row], encoder: Encodes | None = None) -> float:
    """Per cent of `rows` whose intent comes first."""
    return 100 * mean(got == row.intent for (got, _), row in zip(ask(model, rows, encoder), rows, strict=True))


def banking(where: Path) -> Iterator[Figure]:
    """Much and little to learn from, mistyped questions, and what labelled messages add."""
    found = banking77(where)
    model = model_of(found.train, found.language)
    clean = accuracy(model, found.test)
    yield Figure(name="BANKING77, all 10,003 phrases", value=clean, goal=91.5)
    chance = random.Random(0)
    wrong = [Row(mistyped(row.text, found.language, chance), row.intent) for row in found.test]
    cost = clean - accuracy(model, wrong)
    name = "BANKING77, lost by a typing mistake in one letter of ten"
    yield Figure(name=name, value=cost, unit="points", goal=6, less=True)
    few = [shots(found.train, 10, seed) for seed in range(DRAWS)]
    taught = [accuracy(model_of(rows, found.language), found.test) for rows in few]
    yield Figure(name=f"BANKING77, 10 phrases an intent (mean of {DRAWS} draws)", value=mean(taught), goal=78)
    rest = sorted(set(found.train) - set(few[0]))
    labelled = random.Random(0).sample(rest, LABELLED)
    learnt = [Phrase(intent=row.intent, language=found.language, text=row.text) for row in labelled]
    gained = accuracy(model_of(few[0], found.language, learnt), found.test) - taught[0]
    yield Figure(name=f"… won by {LABELLED:,} labelled messages", value=gained, unit="points", goal=5)


def russian(where: Path) -> Iterator[Figure]:
    """Many intents of Russian chat."""
    found = ru_chatbot_intents(where)
    yield Figure(name="ru_chatbot_intents", value=accuracy(model_of(found.train, found.language), found.test), goal=77)


def rejecting(where: Path) -> Iterator[Figure]:
    """In scope, and out of it: by Larson's rule and with a twentieth of validation refused."""
    yield from in_and_out_of_scope(clinc150(where), "CLINC150", 92)


def in_and_out_of_scope(found: Set, title: str, goal: float, encoder: Encodes | None = None) -> Iterator[Figure]:
    """The figures of a set that has questions out of its scope."""
    model = model_of(found.train, found.language, encoder=encoder)
    inside, outside = ask(model, found.test, encoder), ask(model, found.strange_test, encoder)
    known, strange = ask(model, found.validation, encoder), ask(model, found.strange_validation, encoder)
    right = 100 * mean(got == row.intent for (got, _), row in zip(inside, found.test, strict=True))
    yield Figure(name=f"{title}, in scope", value=right, goal=goal)
    by_larson = larson_threshold(found.validation, known, strange)
    yield Figure(name=f"{title}, out of scope refused (Larson's rule)", value=_refused(outside, by_larson), goal=55)
    confidences = sorted(sure for _, sure in known)
    twentieth = confidences[len(confidences) // 20]
    name = f"{title}, out of scope refused (with 5 % of validation)"
    yield Figure(name=name, value=_refused(outside, twentieth), goal=80)
    yield Figure(name="… and in scope then", value=_refused(inside, twentieth))


def larson_threshold(validation: Sequence[Row], known: Answers, unknown: Answers) -> float:
    """The threshold that is right for most of validation, of which `unknown` are the answers to the 100
    out-of-scope questions and `known` to the others.

    Larson et al. 2019, An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction, section 4
    ("oos-threshold"): https://aclanthology.org/D19-1131/
    """
    rights = [(sure, got == row.intent) for (got, sure), row in zip(known, validation, strict=True)]
    strange = [sure for _, sure in unknown]

    def score(threshold: float) -> int:
        return sum(right and sure >= threshold for sure, right in rights) + sum(sure < threshold for sure in strange)

    return max(sorted({*strange, *(sure for sure, _ in rights)}), key=score)


def _refused(answers: Answers, threshold: float) -> float:
    return 100 * mean(sure < threshold for _, sure in answers)


def costs(where: Path) -> Iterator[Figure]:
    """Time of trainings in a process of their own, of a message alone and among fifty, and memory."""
    found = banking77(where)
    few = shots(found.train, SMALL // 77 + 1, 0)[: SMALL - 77]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        asyncio.run(migrate(url))
        # The small one last: messages are understood with the newest model.
        for revision, rows, goal in ((1, found.train[: LARGE - 77], 15), (2, few, 3)):
            seconds, count = asyncio.run(_train(url, revision, phrases(rows, found.language)))
            name = f"training on {count:,} phrases, process and all"
            yield Figure(name=name, value=seconds, unit="s", goal=goal, less=True)
        yield from _messages(url, [row.text for row in found.test])


async def _train(url: str, revision: int, taught: list[Phrase]) -> tuple[float, int]:
    database = Database(url)
    try:
        trainer = ProcessTrainer(database, lambda: datetime.now(UTC))
        began = time.perf_counter()
        report = await trainer.train(revision, taught)
        return time.perf_counter() - began, report.phrases
    finally:
        await database.close()


def _messages(url: str, texts: list[str]) -> Iterator[Figure]:
    """In a process of its own, on one thread: arithmetic must not borrow the other cores, nor others its memory."""
    command = [sys.executable, "-m", "tests.bench.nlu_messages", url]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    asked = msgspec.json.encode(list(dict.fromkeys(texts)))
    done = subprocess.run(command, input=asked, capture_output=True, check=True, cwd=ROOT, env=os.environ | threads)
    found = msgspec.json.decode(done.stdout, type=Messages)
    centiles = quantiles(found.alone, n=100)
    yield Figure(name="a message alone, p50", value=centiles[49], unit="ms", goal=0.8, less=True)
    yield Figure(name="a message alone, p99", value=centiles[98], unit="ms", goal=3, less=True)
    yield Figure(name=f"a message among {AT_ONCE}, mean", value=mean(found.together), unit="ms")
    yield Figure(name="more resident with engine and model", value=found.megabytes, unit="MB", goal=60, less=True)
