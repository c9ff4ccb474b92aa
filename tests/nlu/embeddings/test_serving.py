"""Tests of the engine with sentence vectors: in time, or as if there were none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from gateway.learning import TrainingReport
from gateway.operating.checkup import Verdict
from gateway.storage.engine import Database
from nlu.candidates import ProcessCandidates
from nlu.embeddings.checkup import look
from nlu.embeddings.embedder import AGAIN, WAITING, Embedder
from nlu.embeddings.encoder import Encoder, open_encoder
from nlu.embeddings.joined import Encodes
from nlu.engine import EmbeddedEngine
from nlu.entities import Extractor
from nlu.features import Floats
from nlu.model import Learnt, from_bytes, to_bytes
from nlu.storage import Models
from nlu.trainer import ProcessTrainer
from tests.conftest import SteppingClock
from tests.nlu.embeddings.tiny import encoder, settings, write_model
from tests.nlu.samples import PHRASES, utterance

ASKED = "where is my consignment"
"""Without the vector of a word that no phrase has the bot is not sure of it."""


class Gate:
    """The tiny encoder, which answers when it is let."""

    def __init__(self, tiny: Encoder) -> None:
        self._tiny = tiny
        self.fingerprint = tiny.fingerprint
        self.open = threading.Event()
        self.open.set()
        self.failure = ""

    def vectors(self, texts: Sequence[str]) -> Floats:
        assert self.open.wait(30)
        if self.failure:
            raise FrontdeskError(self.failure)
        return self._tiny.vectors(texts)


Serving = Callable[[Callable[[Embeddings], Encodes]], Embedder]


@pytest.fixture
def gate(tiny: Encoder) -> Iterator[Gate]:
    made = Gate(tiny)
    yield made
    made.open.set()


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Makes embedders that wait only a moment, and closes them."""
    made: list[Embedder] = []

    def make(open_: Callable[[Embeddings], Encodes]) -> Embedder:
        made.append(Embedder(Embeddings(), open_=open_, patience=0.3))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def _put(database: Database, clock: SteppingClock, learnt: Learnt, revision: int = 1) -> None:
    report = TrainingReport(revision=revision, phrases=1, intents=1, seconds=0.1)
    async with database.write() as work:
        await Models(work.connection).put(report, to_bytes(learnt), clock())


async def _best(engine: EmbeddedEngine, text: str = ASKED) -> str | None:
    (found,) = await engine.understand([utterance(text)])
    return found.best.intent if found.best and found.best.confidence > 0.3 else None


async def test_loads_beside_and_understands_by_vectors_from_then_on(
    sqlite_database: Database, clock: SteppingClock, taught: Learnt, gate: Gate, serving: Serving
) -> None:
    await _put(sqlite_database, clock, taught)
    loaded = threading.Event()

    def open_slowly(_: Embeddings) -> Encodes:
        assert loaded.wait(30)
        return gate

    embedder = serving(open_slowly)
    engine = EmbeddedEngine(sqlite_database, Extractor(), embedder=embedder)
    assert await engine.refresh()
    assert await _best(engine) is None
    assert await _best(engine, "where is my parcel") == "track"
    loaded.set()
    assert await embedder.ready()
    assert await _best(engine) == "track"  # what was said before was not remembered


async def test_late_or_failing_vectors_are_done_without_and_told_once(
    sqlite_database: Database, clock: SteppingClock, taught: Learnt, gate: Gate, serving: Serving
) -> None:
    await _put(sqlite_database, clock, taught)
    embedder = serving(lambda _: gate)
    engine = EmbeddedEngine(sqlite_database, Extractor(), embedder=embedder)
    await engine.refresh()
    await embedder.ready()
    with capture_logs() as logs:
        gate.open.clear()
        assert await _best(engine) is None
        assert await _best(engine, "where is my parcel") == "track"
        gate.open.set()
        gate.failure = "out of memory"
        assert await _best(engine) is None
        gate.failure = ""
        assert await _best(engine) == "track"
    assert [line["event"] for line in logs] == ["embeddings_rest", "embeddings_are_back"]


async def test_the_loop_is_not_held_up_and_only_so_many_wait(gate: Gate, serving: Serving) -> None:
    embedder = serving(lambda _: gate)
    await embedder.ready()
    gate.open.clear()
    asked = [asyncio.create_task(embedder.vectors(["parcel"])) for _ in range(WAITING)]
    await asyncio.sleep(0)
    assert await embedder.vectors(["one too many"]) is None
    assert not any(task.done() for task in asked)
    gate.open.set()
    assert all(found is not None for found in await asyncio.gather(*asked))
    assert await embedder.vectors(["parcel"]) is not None


async def test_a_model_that_is_missing_is_tried_again_after_a_while(tmp_path: Path) -> None:
    now = 0.0
    embedder = Embedder(settings(tmp_path / "later"), now=lambda: now)
    with capture_logs() as logs:
        assert not await embedder.ready()
        assert "there is no folder" in embedder.failure
        write_model(tmp_path / "later")
        assert not await embedder.ready()
        now = AGAIN
        assert await embedder.ready()
    embedder.close()
    assert [line["event"] for line in logs] == ["embeddings_missing", "embeddings_loaded"]
    assert embedder.failure == ""


async def test_a_model_taught_with_another_encoder_ranks_without(
    sqlite_database: Database, clock: SteppingClock, taught: Learnt, tmp_path: Path, serving: Serving
) -> None:
    await _put(sqlite_database, clock, taught)
    other = encoder(write_model(tmp_path, seed=1))
    embedder = serving(lambda _: other)
    engine = EmbeddedEngine(sqlite_database, Extractor(), embedder=embedder)
    await engine.refresh()
    await embedder.ready()
    with capture_logs() as logs:
        await engine.refresh()
        await engine.refresh()
    assert [(line["event"], line["remedy"]) for line in logs] == [("embeddings_unused", "frontdesk train")]
    assert await _best(engine) is None
    assert await _best(engine, "where is my parcel") == "track"


async def test_trains_in_its_process_and_keeps_vectors(
    sqlite_database: Database, clock: SteppingClock, folder: Path, tiny: Encoder, tmp_path: Path
) -> None:
    trainer = ProcessTrainer(sqlite_database, clock, embeddings=settings(folder), vectors=tmp_path / "kept")
    report = await trainer.train(1, PHRASES)
    assert report.without_embeddings == ""
    assert [path.stem for path in (tmp_path / "kept").iterdir()] == [tiny.fingerprint]
    async with sqlite_database.read() as view:
        stored = await Models(view.connection).arrays(1)
    assert stored
    assert from_bytes(stored).rank(ASKED, tiny.vectors([ASKED]))[0].intent == "track"
    trial = await ProcessCandidates(sqlite_database, embeddings=settings(folder), vectors=tmp_path / "kept").ask(
        PHRASES, [ASKED]
    )
    assert trial.before
    assert trial.before[0][0].intent == trial.after[0][0].intent == "track"


async def test_a_training_without_its_model_says_why_and_teaches_the_light_one(
    sqlite_database: Database, clock: SteppingClock, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        report = await ProcessTrainer(sqlite_database, clock, embeddings=settings(tmp_path / "no")).train(1, PHRASES)
    assert "there is no folder" in report.without_embeddings
    assert [line["event"] for line in logs] == ["model_trained", "trained_without_embeddings"]
    async with sqlite_database.read() as view:
        stored = await Models(view.connection).arrays(1)
    assert stored
    assert from_bytes(stored).joined is None


async def test_the_doctors_look(folder: Path, tiny: Encoder, gate: Gate, serving: Serving, tmp_path: Path) -> None:
    (missing,) = await look(Embedder(settings(tmp_path / "no")), None, trained=False)
    assert (missing.verdict, "there is no folder" in missing.says) == (Verdict.PROBLEM, True)
    embedder = serving(lambda _: open_encoder(settings(folder)))
    (good,) = await look(embedder, tiny.fingerprint, trained=True)
    assert (good.verdict, good.says.startswith("64 numbers a text")) == (Verdict.OK, True)
    for taught_with, says in ((None, "without this model"), ("another", "with another model")):
        (found,) = await look(embedder, taught_with, trained=True)
        assert (found.verdict, found.fix) == (Verdict.PROBLEM, "run: frontdesk train")
        assert says in found.says
    gate.open.clear()
    (slow,) = await look(serving(lambda _: gate), tiny.fingerprint, trained=True)
    assert slow.verdict is Verdict.PROBLEM
