"""The embedded engine: understands texts with the newest stored model (`gateway.ports.Engine`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from msgspec import structs

from gateway.errors import FrontdeskError
from gateway.messages import clean_text
from gateway.ports import Entity, Ranked, Understanding, Utterance
from gateway.storage.engine import Database
from nlu.embeddings.embedder import Embedder
from nlu.entities import Extractor
from nlu.features import Floats
from nlu.language import Languages
from nlu.memory import Memory, Remembered
from nlu.model import Model, from_bytes
from nlu.mood import Moods
from nlu.normal import LIMIT, Reading, read
from nlu.storage import Models
from nlu.time_pieces import may_name_a_time

_log = structlog.get_logger(__name__)


_AT_ONCE = 25
_SIGNS_AT_ONCE = LIMIT
_WORDS_AT_ONCE = 32


class Heard(NamedTuple):
    """What somebody said, and its text without what JSON and databases refuse: it is stored."""

    utterance: Utterance
    text: str


class EmbeddedEngine:
    """Language, entities and mood at once; a ranking from the moment a model is stored.

    Args:
        database: where trainings put their models.
        extractor: finds entities, knowing the firm's order numbers and phone regions.
        language: the firm's own language (uk, ru or en), for texts that show none.
        embedder: gives sentence vectors, which a model that was taught with them looks at as well; without them, and
            while there are none, the light classifier of the same model ranks.
    """

    def __init__(
        self, database: Database, extractor: Extractor, *, language: str = "uk", embedder: Embedder | None = None
    ) -> None:
        self._embedder = embedder
        self._database = database
        self._extractor = extractor
        self._fallback = language
        self._languages = Languages()
        self._moods = Moods()
        self._model: Model | None = None
        self._memory = Memory()
        self._trained_at: datetime | None = None
        self._refused: tuple[int, datetime | None] | None = None
        self._compared: tuple[int | None, datetime | None] | None = None

    @property
    def revision(self) -> int | None:
        """The knowledge-base revision of the model in service; None before any training."""
        return self._model.revision if self._model else None

    @property
    def encoder(self) -> str | None:
        """The fingerprint of the encoder that the model in service was taught with; None: it was taught without."""
        return self._model.joined.card.encoder if self._model and self._model.joined else None

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """One understanding for each utterance, in order. Between portions of a few milliseconds' worth the
        event loop is left to others."""
        model, memory = self._model, self._memory
        known = [self._recall(memory, one) for one in utterances]
        heard = [Heard(one, clean_text(one.text)) for one, found in zip(utterances, known, strict=True) if not found]
        new: list[Understanding] = []
        for some in _portions(heard):
            if new:
                await asyncio.sleep(0)
            readings = [read(one.text[:LIMIT]) for one in some]
            embeddings = await self._embed(model, [reading.text for reading in readings])
            words = [reading.words for reading in readings]
            rankings = await _rank(model, words, embeddings) if model else [()] * len(some)
            made = [self._one(*each) for each in zip(some, readings, rankings, strict=True)]
            if embeddings is not None or not self._wants_vectors(model):
                _remember(memory, some, made)
            new += made
        understood = iter(new)
        return [found or next(understood) for found in known]

    def _wants_vectors(self, model: Model | None) -> bool:
        """Whether `model` ranks better than it does without them; what it said then is not to be remembered."""
        return self._embedder is not None and model is not None and model.joined is not None

    async def _embed(self, model: Model | None, texts: Sequence[str]) -> Floats | None:
        """The texts' sentence vectors, where `model` was taught with those that the embedder gives."""
        if self._embedder is None or model is None or model.joined is None:
            return None
        if model.joined.card.encoder != self._embedder.fingerprint:
            return None
        return await self._embedder.vectors(texts)

    def _recall(self, memory: Memory, asked: Utterance) -> Understanding | None:
        """What is remembered of the same words, with times counted from now."""
        known = memory.recall(asked)
        if known is None:
            return None
        said = known.understanding
        if not known.timed:
            return said
        return structs.replace(said, entities=self._entities(asked, said.text[:LIMIT], said.language))

    def _one(self, heard: Heard, reading: Reading, ranking: tuple[Ranked, ...]) -> Understanding:
        asked = heard.utterance
        guess = self._languages.guess(reading, asked.language, self._fallback)
        return Understanding(
            text=heard.text,
            language=guess.language,
            language_confidence=guess.probability,
            ranking=ranking,
            entities=self._entities(asked, reading.text, guess.language),
            mood=self._moods.of(reading),
        )

    def _entities(self, asked: Utterance, text: str, language: str) -> tuple[Entity, ...]:
        return self._extractor.find(text, now=asked.now, zone=asked.zone, language=language)

    async def refresh(self) -> bool:
        """Swap in a newer stored model, or a newer training of the same revision; whether one was taken.

        A model that cannot be read is logged once and the old one keeps serving.
        """
        if self._embedder:
            self._embedder.look()
        taken = await self._take_newer()
        self._compare_encoders()
        return taken

    async def _take_newer(self) -> bool:
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
        # One assignment: an `understand` under way keeps the model it began with, and what it remembers.
        self._model, self._memory, self._trained_at = model, Memory(), version[1]
        _log.info("model_taken", revision=revision)
        return True

    def _compare_encoders(self) -> None:
        """Tell once for each model that it was taught without, or with other vectors than there are."""
        mine = self._embedder.fingerprint if self._embedder else None
        version = (self.revision, self._trained_at)
        if mine is None or self._model is None or version == self._compared:
            return
        self._compared = version
        if self.encoder != mine:
            reason = "taught without them" if self.encoder is None else "taught with another model's"
            _log.warning("embeddings_unused", revision=self.revision, reason=reason, remedy="frontdesk train")


def _remember(memory: Memory, heard: Sequence[Heard], understood: Sequence[Understanding]) -> None:
    for one, understanding in zip(heard, understood, strict=True):
        timed = may_name_a_time(understanding.text)
        memory.keep(one.utterance, Remembered(understanding=understanding, timed=timed))


async def _rank(model: Model, texts: Sequence[Sequence[str]], embeddings: Floats | None) -> list[tuple[Ranked, ...]]:
    """Their rankings. Others come in while new words are met: to mend a mistyped one is most of the work."""
    words = [word for text in texts for word in text]
    for begin in range(0, len(words) - _WORDS_AT_ONCE, _WORDS_AT_ONCE):
        model.meet(words[begin : begin + _WORDS_AT_ONCE])
        await asyncio.sleep(0)
    return model.rank_all(texts, embeddings)


def _portions(heard: Sequence[Heard]) -> Iterator[Sequence[Heard]]:
    """`heard` in runs that take a few milliseconds each."""
    begin, signs = 0, 0
    for end, one in enumerate(heard):
        signs += min(len(one.text), LIMIT)
        if end - begin == _AT_ONCE or (signs > _SIGNS_AT_ONCE and end > begin):
            yield heard[begin:end]
            begin, signs = end, min(len(one.text), LIMIT)
    if begin < len(heard):
        yield heard[begin:]
