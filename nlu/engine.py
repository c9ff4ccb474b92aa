"""The embedded engine: understands texts with the newest stored model (`gateway.ports.Engine`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from gateway.errors import FrontdeskError
from gateway.messages import clean_text
from gateway.ports import Ranked, Understanding, Utterance
from gateway.storage.engine import Database
from nlu.entities import Extractor
from nlu.language import Languages
from nlu.model import Model, from_bytes
from nlu.mood import Moods
from nlu.normal import LIMIT
from nlu.storage import Models

_log = structlog.get_logger(__name__)


class EmbeddedEngine:
    """Language, entities and mood at once; a ranking from the moment a model is stored.

    Args:
        database: where trainings put their models.
        extractor: finds entities, knowing the firm's order numbers and phone regions.
        language: the firm's own language (uk, ru or en), for texts that show none.
    """

    def __init__(self, database: Database, extractor: Extractor, *, language: str = "uk") -> None:
        self._database = database
        self._extractor = extractor
        self._fallback = language
        self._languages = Languages()
        self._moods = Moods()
        self._model: Model | None = None
        self._trained_at: datetime | None = None
        self._refused: tuple[int, datetime | None] | None = None

    @property
    def revision(self) -> int | None:
        """The knowledge-base revision of the model in service; None before any training."""
        return self._model.revision if self._model else None

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """One understanding for each utterance, in order. Takes under a millisecond each, so it stays
        in the event loop but lets others in between."""
        model = self._model
        found = []
        for utterance in utterances:
            found.append(self._one(model, utterance))
            await asyncio.sleep(0)
        return found

    def _one(self, model: Model | None, utterance: Utterance) -> Understanding:
        cleaned = clean_text(utterance.text)  # the understanding is stored as JSON, which takes no surrogates
        text = cleaned[:LIMIT]
        guess = self._languages.guess(text, utterance.language, self._fallback)
        return Understanding(
            text=cleaned,
            language=guess.language,
            language_confidence=guess.probability,
            ranking=_rank(model, text),
            entities=self._extractor.find(text, now=utterance.now, zone=utterance.zone, language=guess.language),
            mood=self._moods.of(text),
        )

    async def refresh(self) -> bool:
        """Swap in a newer stored model, or a newer training of the same revision; whether one was taken.

        A model that cannot be read is logged once and the old one keeps serving.
        """
        async with self._database.read() as work:
            models = Models(work.connection)
            revision = await models.newest()
            if revision is None:
                return False
            version = (revision, await models.trained_at(revision))
            if version in ((self.revision, self._trained_at), self._refused):
                return False
            data = await models.arrays(revision)
        if data is None:
            return False
        try:
            model = await asyncio.to_thread(from_bytes, data)
        except FrontdeskError as error:
            self._refused = version
            _log.error("model_refused", revision=revision, reason=str(error))
            return False
        # One assignment: an `understand` under way keeps the model it began with.
        self._model, self._trained_at = model, version[1]
        _log.info("model_taken", revision=revision)
        return True


def _rank(model: Model | None, text: str) -> tuple[Ranked, ...]:
    return model.rank(text) if model else ()
