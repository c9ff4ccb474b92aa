"""Trains in a process of its own and stores what comes out: `gateway.ports.Trainer`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from gateway.embeddings_settings import Embeddings
from gateway.learning import Phrase, TrainingReport
from gateway.ports import Clock
from gateway.storage.engine import Database
from nlu.processes import run_apart
from nlu.storage import Models, StoredLabels
from nlu.worker import Task, decode_result

COMMAND = (sys.executable, "-m", "nlu.worker")
SECONDS = 300.0
EMBEDDING_SECONDS = 1800.0
"""With sentence vectors, which the first training has to reckon for every phrase."""

_log = structlog.get_logger(__name__)


class ProcessTrainer:
    """One training at a time; a later one waits for the earlier.

    Args:
        database: where the model is stored (`nlu.storage.Models`).
        clock: gives the time to store with it.
        limit: seconds after which a training is killed.
        command: the training program and its arguments.
        embeddings: the model of sentence vectors, where such are used.
        vectors: the folder in which those of phrases are kept; None: they are not.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        limit: float | None = None,
        command: Sequence[str] = COMMAND,
        embeddings: Embeddings | None = None,
        vectors: Path | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit or (EMBEDDING_SECONDS if embeddings else SECONDS)
        self._embeddings = embeddings
        self._vectors = str(vectors or "")
        self._command = tuple(command)
        self._turn = asyncio.Lock()

    async def train(self, revision: int, phrases: Sequence[Phrase]) -> TrainingReport:
        """Train on `phrases` and what people labelled, and store the model under `revision`.

        Raises FrontdeskError where the phrases do not suffice, the process fails or takes too long;
        the model in service is not touched then.
        """
        async with self._turn:
            async with self._database.read() as view:
                labelled = await StoredLabels().phrases(view)
            task = Task(
                revision=revision,
                phrases=tuple(phrases),
                labelled=tuple(labelled),
                embeddings=self._embeddings,
                vectors=self._vectors,
            )
            report, arrays = decode_result(await self._run(msgspec.json.encode(task)))
            async with self._database.write() as work:
                await Models(work.connection).put(report, arrays, self._clock())
        _log.info(
            "model_trained", revision=revision, phrases=report.phrases, intents=report.intents, seconds=report.seconds
        )
        if report.without_embeddings:
            _log.warning("trained_without_embeddings", revision=revision, reason=report.without_embeddings)
        return report

    async def _run(self, task: bytes) -> bytes:
        """The process's standard output. Raises FrontdeskError; never leaves the process running."""
        return await run_apart(self._command, task, limit=self._limit, name="training")
