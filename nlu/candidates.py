"""Trains a model that is asked and thrown away, in a process of its own: `gateway.improving.candidates.Candidates`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from gateway.improving.candidates import Trial
from gateway.learning import Phrase
from gateway.storage.engine import Database
from nlu.candidate_worker import CandidateTask
from nlu.processes import run_apart
from nlu.storage import Models, StoredLabels

COMMAND = (sys.executable, "-m", "nlu.candidate_worker")
SECONDS = 300.0

_log = structlog.get_logger(__name__)


class ProcessCandidates:
    """One candidate at a time; a later one waits for the earlier.

    Args:
        database: where the labels and the model in service are read; nothing is written.
        limit: seconds after which a trial is killed.
        command: the program and its arguments.
        embeddings, vectors: as `nlu.trainer.ProcessTrainer` has them; nothing is written there.
    """

    def __init__(
        self,
        database: Database,
        *,
        limit: float = SECONDS,
        command: Sequence[str] = COMMAND,
        embeddings: Embeddings | None = None,
        vectors: Path | None = None,
    ) -> None:
        self._database = database
        self._embeddings = embeddings
        self._vectors = str(vectors or "")
        self._limit = limit
        self._command = tuple(command)
        self._turn = asyncio.Lock()

    async def ask(self, phrases: Sequence[Phrase], texts: Sequence[str]) -> Trial:
        """See `Candidates.ask`."""
        async with self._turn:
            async with self._database.read() as view:
                labelled = await StoredLabels().phrases(view)
                models = Models(view.connection)
                newest = await models.newest()
                stored = None if newest is None else await models.arrays(newest)
            task = CandidateTask(
                phrases=tuple(phrases),
                labelled=tuple(labelled),
                texts=tuple(texts),
                stored=stored,
                embeddings=self._embeddings,
                vectors=self._vectors,
            )
            encoded = await asyncio.to_thread(msgspec.json.encode, task)
            output = await run_apart(self._command, encoded, limit=self._limit, name="trial")
        try:
            trial = await asyncio.to_thread(msgspec.json.decode, output, type=Trial)
        except msgspec.MsgspecError as error:
            raise FrontdeskError("the trial gave no answers") from error
        _log.info("candidate_asked", phrases=trial.phrases, texts=len(texts), seconds=trial.seconds)
        return trial
